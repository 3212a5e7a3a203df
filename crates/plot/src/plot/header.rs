//! The header of a plot: the comment lines at the top of its file.

use super::error::{HeaderError, unknown};
use super::spec::{At, Axis, Field, Layer, Mark, Plot, ScaleKind};

/// The sections of a report.
pub const SECTIONS: [&str; 4] = ["run", "data", "findings", "quality"];

pub(super) const KEYS: [&str; 20] = [
    "mark",
    "x",
    "y",
    "low",
    "high",
    "color",
    "size",
    "label",
    "facet",
    "free",
    "layer",
    "x-scale",
    "y-scale",
    "color-scale",
    "needs",
    "section",
    "order",
    "caption",
    "empty",
    "param",
];

const FIELDS: [&str; 7] = ["x", "y", "low", "high", "color", "size", "label"];
const SCALES: [&str; 3] = ["x-scale", "y-scale", "color-scale"];

/// A line of the header.
struct Line {
    number: usize,
    key: String,
    value: String,
}

/// Reads the header of a file.
struct Reader<'a> {
    file: &'a str,
    lines: Vec<Line>,
}

impl Plot {
    /// What the text of a file says; `file` is how messages name it.
    ///
    /// # Errors
    /// A key, mark, scale or section does not exist, stands there twice, or is missing.
    pub fn parse(file: &str, text: &str) -> Result<Self, HeaderError> {
        let (title, lines) = lines(text);
        let reader = Reader { file, lines };
        reader.check_keys()?;
        if title.is_empty() {
            return Err(reader.wrong(1, "the first line is the title of the plot, like `-- What is seen?`"));
        }
        if is_key(&title) {
            let what = format!(
                "the first line is the title of the plot, like `-- What is seen?`, and `{}` stands below it",
                super::text::shown(&title, 60)
            );
            return Err(reader.wrong(1, what));
        }
        let (mark_line, mark) = reader.mark()?;
        let fields = reader.fields(mark, mark_line)?;
        let (facet_line, facets) = reader.listed("facet");
        if facets.len() > 2 {
            return Err(reader
                .wrong(facet_line, format!("{} columns to facet by, and two are the most", facets.len())));
        }
        let (scales, scale_lines) = reader.scales()?;
        let text = |key: &str| reader.get(key).map(|line| line.value.clone());
        let plot = Self {
            file: file.to_owned(),
            title,
            mark,
            fields,
            facets,
            layers: reader.layers()?,
            scales,
            free: reader.free()?,
            needs: reader.listed("needs").1,
            section: reader.section()?,
            order: reader.order()?,
            caption: text("caption").unwrap_or_default(),
            empty: text("empty").unwrap_or_else(|| "No rows to draw.".to_owned()),
            mark_line,
            facet_line,
            scale_lines,
        };
        reader.check_scales(&plot)?;
        Ok(plot)
    }

    /// Whether the text of a file is one of a plot: it says which mark it has.
    pub fn is_one(text: &str) -> bool {
        let (title, lines) = lines(text);
        title.starts_with("mark:") || lines.iter().any(|line| line.key == "mark")
    }
}

/// Whether what stands behind `--` is a line of the header, but for those of parameters.
pub(super) fn is_key(said: &str) -> bool {
    said.split_once(':').is_some_and(|(key, _)| key != "param" && KEYS.contains(&key))
}

/// The title and the lines `-- key: value`; a line that is indented goes on with the one before it.
fn lines(text: &str) -> (String, Vec<Line>) {
    let mut title = String::new();
    let mut lines: Vec<Line> = Vec::new();
    let comments = text.lines().map_while(|line| line.strip_prefix("--"));
    for (at, comment) in comments.enumerate() {
        let said = comment.trim();
        if at == 0 {
            said.clone_into(&mut title);
        } else if comment.starts_with("   ") {
            if let Some(last) = lines.last_mut() {
                last.value.push(' ');
                last.value.push_str(said);
            }
        } else if said.starts_with("param ") {
            // The parameters are the query's.
        } else if let Some((key, value)) = said.split_once(':')
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        {
            lines.push(Line { number: at + 1, key: key.to_owned(), value: value.trim().to_owned() });
        }
    }
    (title, lines)
}

impl Reader<'_> {
    fn wrong(&self, line: usize, what: impl Into<String>) -> HeaderError {
        HeaderError { file: self.file.to_owned(), line, what: what.into() }
    }

    fn get(&self, key: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.key == key)
    }

    fn check_keys(&self) -> Result<(), HeaderError> {
        for (at, line) in self.lines.iter().enumerate() {
            if !KEYS.contains(&line.key.as_str()) {
                return Err(self.wrong(line.number, unknown("key", &line.key, &KEYS)));
            }
            let before = self.lines[..at].iter().find(|other| other.key == line.key && line.key != "layer");
            if let Some(before) = before {
                let what =
                    format!("`{}` stands here and in line {}: a plot has one", line.key, before.number);
                return Err(self.wrong(line.number, what));
            }
            if line.value.is_empty() {
                return Err(self.wrong(line.number, format!("`{}` has no value", line.key)));
            }
        }
        Ok(())
    }

    fn mark(&self) -> Result<(usize, Mark), HeaderError> {
        let known = Mark::ALL.map(|(name, _)| name);
        let Some(line) = self.get("mark") else {
            let what = format!("`mark` is missing: write `-- mark: ` and one of {}", known.join(", "));
            return Err(self.wrong(1, what));
        };
        let found = Mark::ALL.into_iter().find(|(name, _)| *name == line.value);
        found
            .map(|(_, mark)| (line.number, mark))
            .ok_or_else(|| self.wrong(line.number, unknown("mark", &line.value, &known)))
    }

    fn fields(&self, mark: Mark, mark_line: usize) -> Result<Vec<(&'static str, Field)>, HeaderError> {
        let mut fields = Vec::new();
        for key in FIELDS {
            let Some(line) = self.get(key) else { continue };
            if !mark.needed().contains(&key) && !mark.allowed().contains(&key) {
                let own = [mark.needed(), mark.allowed()].concat().join(", ");
                return Err(
                    self.wrong(line.number, format!("`{}` has no `{key}`; it has {own}", mark.name()))
                );
            }
            fields.push((key, self.field(line, key == "x" && mark == Mark::Bar)?));
        }
        let has = |key: &str| fields.iter().any(|(own, _)| *own == key);
        if let Some(missing) = mark.needed().iter().find(|key| !has(key)) {
            let what = format!("`{}` needs `{missing}`: write `-- {missing}: COLUMN \"label\"`", mark.name());
            return Err(self.wrong(mark_line, what));
        }
        if mark == Mark::Pair && has("x") == has("y") {
            return Err(self.wrong(mark_line, "`pair` needs `x` or `y`, which says whose the two points are"));
        }
        Ok(fields)
    }

    /// `COLUMN "label"`, or `LOW..HIGH "label"` for bars with edges.
    fn field(&self, line: &Line, may_have_edges: bool) -> Result<Field, HeaderError> {
        let (name, words) = self.words(line.number, &line.value)?;
        let (column, upper) = match name.split_once("..") {
            Some((low, high)) if may_have_edges => (low, Some(high.to_owned())),
            Some(_) => return Err(self.wrong(line.number, "`LOW..HIGH` is for the `x` of bars")),
            None => (name, None),
        };
        for column in [Some(column), upper.as_deref()].into_iter().flatten() {
            self.column(line.number, column)?;
        }
        let title = words.unwrap_or_else(|| column.to_owned());
        Ok(Field { column: column.to_owned(), upper, title, line: line.number })
    }

    /// What stands before a label in quotes, and the label.
    fn words<'b>(&self, line: usize, text: &'b str) -> Result<(&'b str, Option<String>), HeaderError> {
        let Some((before, rest)) = text.split_once('"') else { return Ok((text.trim(), None)) };
        match rest.strip_suffix('"') {
            Some(words) if !words.contains('"') => Ok((before.trim(), Some(words.to_owned()))),
            _ => Err(self.wrong(
                line,
                "a label stands in two quotes at the end of the line, like `p \"p of the test\"`",
            )),
        }
    }

    fn column(&self, line: usize, name: &str) -> Result<(), HeaderError> {
        if name.is_empty() || name.contains(char::is_whitespace) {
            let name = super::text::shown(name, 60);
            return Err(self.wrong(
                line,
                format!("`{name}` isn't a column\n(hint: a label stands in quotes behind the column)"),
            ));
        }
        Ok(())
    }

    fn listed(&self, key: &str) -> (usize, Vec<String>) {
        self.get(key).map_or((0, Vec::new()), |line| {
            let names = line.value.split(',').map(|name| name.trim().to_owned());
            (line.number, names.filter(|name| !name.is_empty()).collect())
        })
    }

    #[allow(clippy::type_complexity, reason = "by key, each")]
    fn scales(&self) -> Result<(Vec<(&'static str, ScaleKind)>, Vec<(&'static str, usize)>), HeaderError> {
        let known = ScaleKind::ALL.map(|(name, _)| name);
        let (mut scales, mut lines) = (Vec::new(), Vec::new());
        for key in SCALES {
            let Some(line) = self.get(key) else { continue };
            let found = ScaleKind::ALL.into_iter().find(|(name, _)| *name == line.value);
            let (_, kind) =
                found.ok_or_else(|| self.wrong(line.number, unknown("scale", &line.value, &known)))?;
            scales.push((key, kind));
            lines.push((key, line.number));
        }
        Ok((scales, lines))
    }

    fn check_scales(&self, plot: &Plot) -> Result<(), HeaderError> {
        let bends = |key| matches!(plot.scale(key), Some(ScaleKind::Log | ScaleKind::Sqrt));
        let is_category = |key| plot.scale(key) == Some(ScaleKind::Category);
        let has_edges = plot.field("x").is_some_and(|x| x.upper.is_some());
        // Which way bars go is known of the rows alone, unless the header says it.
        let along: &[&str] = match (is_category("x-scale") || has_edges, is_category("y-scale")) {
            (true, _) => &["y-scale"],
            (false, true) => &["x-scale"],
            (false, false) => &["x-scale", "y-scale"],
        };
        if plot.mark == Mark::Bar
            && let Some(along) = along.iter().find(|key| bends(key))
        {
            let what =
                "the length of a bar is its value, which only a linear scale shows\n(hint: `mark: point`)";
            return Err(self.wrong(plot.scale_line(along), what));
        }
        for key in SCALES {
            let of = key.trim_end_matches("-scale");
            let has = plot.field(of).is_some() || (of != "color" && plot.mark == Mark::Pair);
            if plot.scale(key).is_some() && !has {
                return Err(
                    self.wrong(plot.scale_line(key), format!("`{key}` has no `{of}` to be the scale of"))
                );
            }
        }
        Ok(())
    }

    fn free(&self) -> Result<Vec<Axis>, HeaderError> {
        let (line, names) = self.listed("free");
        let axis = |name: &String| match name.as_str() {
            "x" => Ok(Axis::X),
            "y" => Ok(Axis::Y),
            other => Err(self.wrong(line, unknown("axis", other, &["x", "y"]))),
        };
        names.iter().map(axis).collect()
    }

    fn layers(&self) -> Result<Vec<Layer>, HeaderError> {
        self.lines.iter().filter(|line| line.key == "layer").map(|line| self.layer(line)).collect()
    }

    fn layer(&self, line: &Line) -> Result<Layer, HeaderError> {
        let form =
            "a layer is `rule y=COLUMN \"words\"`, `rule x=NUMBER \"words\"` or `line y=COLUMN \"words\"`";
        let (what, words) = self.words(line.number, &line.value)?;
        let (kind, place) = what.split_once(' ').ok_or_else(|| self.wrong(line.number, form))?;
        let (axis, at) = place.split_once('=').ok_or_else(|| self.wrong(line.number, form))?;
        let is_line = match kind {
            "rule" => false,
            "line" => true,
            other => return Err(self.wrong(line.number, unknown("layer", other, &["rule", "line"]))),
        };
        let axis = match (axis.trim(), is_line) {
            ("y", _) => Axis::Y,
            ("x", false) => Axis::X,
            _ => return Err(self.wrong(line.number, form)),
        };
        let at = at.trim();
        let at = match at.parse::<f64>() {
            Ok(number) if number.is_finite() && !is_line => At::Number(number),
            _ => {
                self.column(line.number, at)?;
                At::Column(at.to_owned())
            }
        };
        Ok(Layer { is_line, axis, at, words: words.unwrap_or_default(), line: line.number })
    }

    fn section(&self) -> Result<Option<String>, HeaderError> {
        let Some(line) = self.get("section") else { return Ok(None) };
        if SECTIONS.contains(&line.value.as_str()) {
            return Ok(Some(line.value.clone()));
        }
        Err(self.wrong(line.number, unknown("section", &line.value, &SECTIONS)))
    }

    fn order(&self) -> Result<i64, HeaderError> {
        let Some(line) = self.get("order") else { return Ok(1000) };
        let order = line.value.parse();
        order.map_err(|_| {
            self.wrong(line.number, format!("`order` is a whole number, and `{}` isn't one", line.value))
        })
    }
}

#[cfg(test)]
mod tests;
