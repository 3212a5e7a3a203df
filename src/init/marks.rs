//! Commas, points and percent signs in the numbers of a column: decimal marks, or marks that no number has in a run.

use super::labels::is_unknown;
use super::sql::quoted;
use crate::dataset::{Value, means_missing, value};

/// Fewer points with three digits behind each say nothing of thousands.
const FEW_POINTS: usize = 3;

/// Columns of which it is said one by one.
const MOST_NOTES: usize = 5;

/// How a mark stands in the numbers of a column.
#[derive(Debug, Clone, Default)]
struct Mark {
    /// As a decimal mark without a doubt: `1,5`, `0,123`.
    fractions: usize,
    /// Before three digits, which may be thousands: `1,134`.
    thirds: usize,
    /// Between thousands without a doubt: `1,234,567`, `1,134.5`.
    groups: usize,
    /// The first of what may be thousands.
    example: Option<String>,
}

/// What the numbers of a column are written with.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    comma: Mark,
    point: Mark,
    cells: usize,
    numbers: usize,
    percents: usize,
    has_hundreds: bool,
    has_thousands: bool,
    first: Option<String>,
    varies: bool,
}

/// How cells become numbers that a run reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mend {
    /// What is taken out.
    remove: Vec<char>,
    /// Whether a comma is the decimal mark.
    decimal_comma: bool,
    /// A cell that shows it.
    example: String,
}

/// How the numbers of a table are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spelling {
    /// Whether numbers have a decimal comma.
    pub(super) decimal_comma: bool,
    /// Of each column.
    pub(super) mends: Vec<Option<Mend>>,
}

impl Mark {
    /// Whether it stands between thousands, where whole numbers without it may be as large as those say.
    fn is_between_thousands(&self, beside: bool, few: usize) -> bool {
        self.groups > 0 || self.fractions == 0 && self.thirds >= few && beside
    }

    fn take(&mut self, parts: &[&str], cell: &str) {
        let three = |part: &&str| part.len() == 3;
        let leads = (1..=3).contains(&parts[0].len()) && !parts[0].starts_with('0');
        match (leads && parts[1..].iter().all(three), parts.len()) {
            (true, 2) => self.thirds += 1,
            (true, _) => self.groups += 1,
            (false, 2) => return self.fractions += 1,
            (false, _) => return,
        }
        self.example.get_or_insert_with(|| cell.to_owned());
    }
}

fn is_figures(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number without its power of ten.
fn mantissa(number: &str) -> &str {
    let power = number.split_once(['e', 'E']);
    power
        .filter(|(_, power)| is_figures(power.trim_start_matches(['-', '+'])))
        .map_or(number, |(begin, _)| begin)
}

impl Marks {
    /// Looks at a cell.
    pub(super) fn add(&mut self, cell: &str) {
        if cell.is_empty() || means_missing(cell) || is_unknown(cell) {
            return;
        }
        self.cells += 1;
        self.varies |= self.first.get_or_insert_with(|| cell.to_owned()) != cell;
        let bare = cell.trim_start_matches(['-', '+']);
        let number = mantissa(bare.trim_end_matches('%').trim_end());
        let parts: Vec<&str> = number.split([',', '.']).collect();
        let whole = usize::from(parts.len() == 2 && parts[0].is_empty());
        if !parts[whole..].iter().all(|part| is_figures(part)) {
            return;
        }
        let (commas, points) = (number.matches(',').count(), number.matches('.').count());
        match (commas, points) {
            (0, 0) => {
                self.has_hundreds |= number.len() > 2 && !number.starts_with('0');
                self.has_thousands |= number.len() > 3;
            }
            (_, 0) => self.comma.take(&parts, cell),
            (0, 1) => self.point.take(&parts, cell),
            (0, _) => return,
            _ if !self.both(number, cell) => return,
            _ => {}
        }
        self.numbers += 1;
        self.percents += usize::from(bare.ends_with('%'));
    }

    /// A number with both marks, of which the last is the decimal one.
    fn both(&mut self, number: &str, cell: &str) -> bool {
        let Some(at) = number.rfind([',', '.']) else { return false };
        let (whole, last) = (&number[..at], &number[at..=at]);
        let (between, decimal) =
            if last == "," { (&mut self.point, &mut self.comma) } else { (&mut self.comma, &mut self.point) };
        let parts: Vec<&str> = whole.split([',', '.']).collect();
        let is_grouped = !whole.contains(last) && parts[1..].iter().all(|part| part.len() == 3);
        if is_grouped {
            between.groups += 1;
            between.example.get_or_insert_with(|| cell.to_owned());
            decimal.fractions += 1;
        }
        is_grouped
    }

    /// Those of a column in two files.
    pub(super) fn and(&mut self, other: &Self) {
        for (one, other) in [(&mut self.comma, &other.comma), (&mut self.point, &other.point)] {
            one.fractions += other.fractions;
            one.thirds += other.thirds;
            one.groups += other.groups;
            one.example = one.example.take().or_else(|| other.example.clone());
        }
        self.cells += other.cells;
        self.numbers += other.numbers;
        self.percents += other.percents;
        self.has_hundreds |= other.has_hundreds;
        self.has_thousands |= other.has_thousands;
        self.varies |= other.varies || self.first != other.first;
        self.first = self.first.take().or_else(|| other.first.clone());
    }

    fn is_numbers(&self) -> bool {
        self.numbers * 2 > self.cells
    }

    /// What has to be taken out of the cells before they are numbers.
    fn mend(&self) -> Option<Mend> {
        if !self.is_numbers() {
            return None;
        }
        let mut remove = Vec::new();
        let mut example = None;
        if self.comma.is_between_thousands(self.has_hundreds, 1) {
            remove.push(',');
            example.clone_from(&self.comma.example);
        }
        let beside = self.has_hundreds && !self.has_thousands;
        if self.point.is_between_thousands(beside, FEW_POINTS) && remove.is_empty() {
            remove.push('.');
            example.clone_from(&self.point.example);
        }
        if self.percents > 1 && self.percents == self.numbers {
            remove.push('%');
            example = example.or_else(|| self.first.clone());
        }
        let decimal_comma = !remove.contains(&',') && self.comma.fractions + self.comma.thirds > 0;
        (!remove.is_empty()).then(|| Mend { remove, decimal_comma, example: example.unwrap_or_default() })
    }

    /// Whether all of its commas may be either.
    fn is_unclear(&self) -> bool {
        self.is_numbers() && self.mend().is_none() && self.comma.thirds > 0 && self.comma.fractions == 0
    }
}

impl Spelling {
    /// How the numbers of columns are read.
    pub(super) fn of(columns: &[Marks], separator: u8) -> Self {
        let mends: Vec<Option<Mend>> = columns.iter().map(Marks::mend).collect();
        let plain = |varying: bool, of: fn(&Marks) -> &Mark| {
            let has = |marks: &&Marks| {
                let mark = of(marks);
                (marks.varies || !varying) && marks.is_numbers() && mark.fractions + mark.thirds > 0
            };
            let unmended = columns.iter().zip(&mends).filter(|(_, mend)| mend.is_none());
            unmended.map(|(marks, _)| marks).filter(has).count()
        };
        // A number that never changes, such as a version, matters only where no other one has a mark.
        let count = |varying| (plain(varying, |marks| &marks.comma), plain(varying, |marks| &marks.point));
        let (commas, points) =
            Some(count(true)).filter(|both| *both != (0, 0)).unwrap_or_else(|| count(false));
        let decimal_comma = commas > points || commas > 0 && commas == points && separator != b',';
        Self { decimal_comma, mends }
    }

    /// What a cell of a column holds.
    pub(super) fn value(&self, column: usize, cell: &str) -> Value {
        match self.mends.get(column).and_then(Option::as_ref) {
            None => value(cell, self.decimal_comma),
            Some(mend) => match value(&cell.replace(&mend.remove[..], ""), mend.decimal_comma) {
                Value::Text(_) => Value::Text(cell.to_owned()),
                value => value,
            },
        }
    }

    /// What has to be said of it.
    pub(super) fn notes(&self, names: &[&str], columns: &[Marks]) -> Vec<String> {
        let mended = names.iter().zip(&self.mends).filter_map(|(name, mend)| Some(mend.as_ref()?.note(name)));
        let mut notes: Vec<String> = mended.collect();
        let more = notes.len().saturating_sub(MOST_NOTES);
        notes.truncate(MOST_NOTES);
        if more > 0 {
            notes.push(format!("… and {more} more columns like these"));
        }
        let with = |is: &dyn Fn(&Marks) -> bool| -> Vec<String> {
            let all = names.iter().zip(columns).zip(&self.mends);
            let fits = all.filter(|((_, marks), mend)| mend.is_none() && marks.is_numbers() && is(marks));
            fits.map(|((name, _), _)| format!("`{name}`")).collect()
        };
        let commas = with(&|marks| marks.comma.fractions > 0);
        let points = with(&|marks| marks.varies && marks.point.fractions + marks.point.thirds > 0);
        if !commas.is_empty() && !points.is_empty() {
            let unread = if self.decimal_comma { &points } else { &commas };
            notes.push(format!(
                "{} has decimal commas and {} decimal points, and `data.decimal` holds for all columns: numbers of {} cannot \
                 be read (hint: write all with one mark, or list a column under `data.text_columns` and replace its mark in \
                 SQL)",
                commas[0], points[0], unread[0]
            ));
        }
        let unclear = with(&Marks::is_unclear);
        if self.decimal_comma && commas.is_empty() && !unclear.is_empty() {
            notes.push(format!(
                "all commas in numbers of {} have three digits behind them: they are taken for decimal commas (hint: if they \
                 stand between thousands, write the numbers without them)",
                unclear.join(", ")
            ));
        }
        notes
    }
}

impl Mend {
    /// The numbers of a column in SQL, which reads it as text.
    pub(super) fn sql(&self, name: &str) -> String {
        let mut sql = quoted(name);
        for mark in &self.remove {
            sql = format!("replace({sql}, '{mark}', '')");
        }
        if self.decimal_comma {
            sql = format!("replace({sql}, ',', '.')");
        }
        format!("CAST({sql} AS DOUBLE)")
    }

    fn note(&self, name: &str) -> String {
        let marks = self.remove.iter().map(|mark| match mark {
            '%' => "percent signs",
            ',' => "commas between thousands",
            _ => "points between thousands",
        });
        format!(
            "`{name}` has {}, as in `{}`, which a run does not read: as source or target `init` writes it as `{}`, which takes \
             them out (hint: better write the file without them; if they are decimal marks, give the column as SQL)",
            marks.collect::<Vec<_>>().join(" and "),
            self.example,
            self.sql(name)
        )
    }
}

/// What the numbers of columns are written with, cell by cell of a row.
pub(super) fn of_rows<'a>(rows: impl Iterator<Item = &'a [String]>, width: usize) -> Vec<Marks> {
    let mut marks = vec![Marks::default(); width];
    for row in rows {
        for (marks, cell) in marks.iter_mut().zip(row) {
            marks.add(cell);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::{Marks, Spelling};
    use crate::dataset::Value;

    fn marks(cells: &[&str]) -> Marks {
        let mut marks = Marks::default();
        for cell in cells {
            marks.add(cell);
        }
        marks
    }

    /// The SQL of a column where it has to be mended, and whether it has decimal commas.
    fn read(cells: &[&str]) -> (String, bool) {
        let spelling = Spelling::of(&[marks(cells)], b';');
        let sql = spelling.mends[0].as_ref().map_or(String::new(), |mend| mend.sql("x"));
        (sql, spelling.decimal_comma)
    }

    #[test]
    fn thousands_are_no_fractions() {
        let commas = "CAST(replace(\"x\", ',', '') AS DOUBLE)";
        for cells in [&["1,134", "345", "12"][..], &["1,234,567", "5"], &["1,134.5", "2.5"]] {
            assert_eq!(read(cells), (commas.to_owned(), false), "{cells:?}");
        }
        let points = read(&["1.134", "345", "1.200", "1.999", "12"]);
        assert_eq!(points, ("CAST(replace(\"x\", '.', '') AS DOUBLE)".to_owned(), false));
        let both = read(&["1.134,5", "2,5"]).0;
        assert_eq!(both, "CAST(replace(replace(\"x\", '.', ''), ',', '.') AS DOUBLE)");
        for cells in [&["1,134", "0,345", "300"][..], &["1,134", "2,5", "345"], &["1,134", "2,345"]] {
            assert_eq!(read(cells), (String::new(), true), "{cells:?}");
        }
        assert_eq!(read(&["1.134", "0.345", "300"]), (String::new(), false));
        assert_eq!(read(&["1.5", "2", "12000"]), (String::new(), false));
        let spelling = Spelling::of(&[marks(&["1,134", "345"])], b';');
        assert_eq!(spelling.value(0, "1,134"), Value::Number(1134.0));
        assert!(spelling.notes(&["x"], &[marks(&["1,134", "345"])])[0].contains("as in `1,134`"));
        let unclear = [marks(&["1,134", "2,345"])];
        let notes = Spelling::of(&unclear, b';').notes(&["x"], &unclear);
        assert!(notes[0].contains("taken for decimal commas"), "{notes:?}");
    }

    #[test]
    fn a_percentage_is_read_without_its_sign() {
        assert_eq!(read(&["12.5%", "3 %"]), ("CAST(replace(\"x\", '%', '') AS DOUBLE)".to_owned(), false));
        assert!(read(&["12,5%", "3%"]).0.contains("replace(replace(\"x\", '%', ''), ',', '.')"));
    }

    #[test]
    fn columns_are_judged_one_by_one() {
        let steps = marks(&["41,1", "0,5"]);
        let of = |other: &[&str], separator| Spelling::of(&[steps.clone(), marks(other)], separator);
        assert!(of(&["1.2", "1.2"], b';').decimal_comma, "a version");
        let mixed = of(&["1.2", "1.3"], b';');
        assert!(mixed.decimal_comma && !of(&["1.2", "1.3"], b',').decimal_comma);
        assert_eq!(mixed.notes(&["a", "b"], &[steps.clone(), marks(&["1.2", "1.3"])]).len(), 1);
        assert!(of(&["v 1.2", "05.01.2026"], b';').decimal_comma);
    }
}
