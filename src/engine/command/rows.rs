//! The rows of a unit, each checked against its table when it comes.

use std::collections::HashMap;
use std::fmt;

use super::check::{self, Given};
use super::fault::Fault;
use super::tables::{Table, Tables};
use crate::schema::{Cell, Row};
use crate::store::TableRows;

/// Where in the output a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A line, from 1.
    Line(u64),
    /// A row of the table, from 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(n) => write!(f, "line {n}"),
            Self::Row(n) => write!(f, "row {n}"),
        }
    }
}

/// Rows so far.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    tables: &'a Tables,
    feature_mode: &'a str,
    filled: Vec<Filled<'a>>,
}

#[derive(Debug)]
struct Filled<'a> {
    table: &'a Table,
    rows: Vec<Row>,
    /// Where the key was first.
    keys: HashMap<String, Place>,
}

impl<'a> Rows<'a> {
    /// None yet.
    pub(super) fn new(tables: &'a Tables, feature_mode: &'a str) -> Self {
        Self { tables, feature_mode, filled: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn add<'v, N: AsRef<str>>(
        &mut self,
        table: &str,
        place: Place,
        values: impl Iterator<Item = (N, Given<'v>)>,
    ) -> Result<(), Fault> {
        let at = self.at(table, place)?;
        let known = self.filled[at].table;
        let mut cells: Vec<Option<Cell>> = vec![None; known.columns().len()];
        for (name, given) in values {
            let name = name.as_ref();
            set(known, &mut cells, name, given).map_err(|what| fault(known, place, name, &what))?;
        }
        complete(known, &mut cells, self.feature_mode)
            .map_err(|(name, what)| fault(known, place, name, &what))?;
        self.filled[at].push(cells, place)
    }

    /// Whether there is a table with such columns; for one that may have no rows.
    pub(super) fn knows<'n>(&self, table: &str, columns: impl Iterator<Item = &'n str>) -> Result<(), Fault> {
        let known = self.tables.get(table).map_err(Fault::Row)?;
        for name in columns {
            known.place(name).map_err(|what| Fault::Row(format!("table {table}, column {name}: {what}")))?;
        }
        Ok(())
    }

    /// The rows by table, in the order in which the tables came.
    pub(super) fn finish(self) -> Vec<TableRows> {
        self.filled.into_iter().map(|filled| (filled.table.name.clone(), filled.rows)).collect()
    }

    fn at(&mut self, table: &str, place: Place) -> Result<usize, Fault> {
        if let Some(at) = self.filled.iter().position(|filled| filled.table.name == table) {
            return Ok(at);
        }
        let table = self.tables.get(table).map_err(|what| Fault::Row(format!("{place}: {what}")))?;
        self.filled.push(Filled { table, rows: Vec::new(), keys: HashMap::new() });
        Ok(self.filled.len() - 1)
    }
}

impl Filled<'_> {
    fn push(&mut self, cells: Vec<Option<Cell>>, place: Place) -> Result<(), Fault> {
        if !self.table.key.is_empty() {
            let key = self.table.key.iter().map(|column| &cells[*column]).collect::<Vec<_>>();
            if let Some(first) = self.keys.insert(format!("{key:?}"), place) {
                let named = self.table.key.iter().map(|column| self.named(&cells, *column));
                let what = format!("has the key of {first} again: {}", named.collect::<Vec<_>>().join(", "));
                return Err(Fault::Row(format!("table {}, {place}: {what}", self.table.name)));
            }
        }
        let names = self.table.columns().iter().map(|column| column.name);
        let given = names.zip(cells).filter_map(|(name, cell)| Some((name, cell?)));
        self.rows.push(Row(given.collect()));
        Ok(())
    }

    fn named(&self, cells: &[Option<Cell>], column: usize) -> String {
        let value = match &cells[column] {
            None | Some(Cell::Null) => "null".to_owned(),
            Some(Cell::Bool(v)) => v.to_string(),
            Some(Cell::Int(v)) => v.to_string(),
            Some(Cell::Float(v)) => v.to_string(),
            Some(Cell::Text(v)) => v.clone(),
        };
        format!("{} {value}", self.table.columns()[column].name)
    }
}

fn set(table: &Table, cells: &mut [Option<Cell>], name: &str, given: Given<'_>) -> Result<(), String> {
    let column = table.place(name)?;
    if cells[column].is_some() {
        return Err("is given twice".to_owned());
    }
    // A mode that is null is one left out.
    if table.feature_mode == Some(column) && matches!(given, Given::Null) {
        return Ok(());
    }
    cells[column] = Some(check::cell(&table.columns()[column].column, given)?);
    Ok(())
}

/// The feature mode is filled in; whatever else is missing must be allowed to.
fn complete(
    table: &Table,
    cells: &mut [Option<Cell>],
    feature_mode: &str,
) -> Result<(), (&'static str, String)> {
    for (column, (known, cell)) in table.columns().iter().zip(cells).enumerate() {
        match cell {
            Some(Cell::Text(mode)) if table.feature_mode == Some(column) && *mode != feature_mode => {
                let what = format!("is `{mode}`, but the unit is of `{feature_mode}`\n(hint: leave it out)");
                return Err((known.name, what));
            }
            Some(_) => {}
            None if table.feature_mode == Some(column) => *cell = Some(Cell::Text(feature_mode.to_owned())),
            None if known.column.derived.is_some() => {}
            None => {
                check::null(&known.column).map_err(|what| (known.name, what))?;
            }
        }
    }
    Ok(())
}

fn fault(table: &Table, place: Place, column: &str, what: &str) -> Fault {
    Fault::Row(format!("table {}, {place}, column {column}: {what}", table.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    fn add(rows: &mut Rows<'_>, line: u64, values: &[(&str, Given<'_>)]) -> Result<(), String> {
        let values = values.iter().map(|(name, given)| (*name, given.clone()));
        rows.add("te", Place::Line(line), values).map_err(|e| e.to_string())
    }

    #[test]
    fn rows_are_completed_and_checked() {
        let tables = Tables::new(&Schemas::load(None).unwrap());
        let mut rows = Rows::new(&tables, "m");
        add(&mut rows, 1, &[("tau", Given::Int(1)), ("p_A2S", Given::Float(0.5))]).unwrap();
        add(&mut rows, 2, &[("tau", Given::Int(2)), ("feature_mode", Given::Text("m".into()))]).unwrap();
        let told = add(&mut rows, 3, &[("feature_mode", Given::Text("n".into())), ("tau", Given::Int(3))]);
        assert!(told.unwrap_err().contains("line 3, column feature_mode: is `n`, but the unit is of `m`"));
        let told = add(&mut rows, 4, &[("p_A2S", Given::Int(0))]).unwrap_err();
        assert!(
            told.ends_with("table te, line 4, column tau: has no value, and the schema asks for one"),
            "{told}"
        );
        let told = add(&mut rows, 5, &[("tau", Given::Int(1)), ("tau", Given::Int(2))]).unwrap_err();
        assert!(told.contains("column tau: is given twice"), "{told}");
        let told = add(&mut rows, 6, &[("tau", Given::Float(1.0))]).unwrap_err();
        assert!(told.contains("line 6: has the key of line 1 again: feature_mode m, tau 1"), "{told}");
        let told = add(&mut rows, 7, &[("tau", Given::Int(9)), ("p_A2S", Given::Float(1.5))]).unwrap_err();
        assert!(told.contains("column p_A2S: 1.5 is outside 0 to 1"), "{told}");
        let all = rows.finish();
        let row = |tau: u32| Row::new().with("feature_mode", "m").with("tau", tau);
        assert_eq!(all, [("te".to_owned(), vec![row(1).with("p_A2S", 0.5), row(2)])]);
    }
}
