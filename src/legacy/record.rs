//! A row of a file, by the names of its fields.

use std::rc::Rc;

/// A row with the names of its fields.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) line: u64,
    names: Rc<Vec<String>>,
    fields: Vec<String>,
}

impl Record {
    /// A row and the names of its fields.
    pub(super) fn new(line: u64, names: Rc<Vec<String>>, fields: Vec<String>) -> Self {
        Self { line, names, fields }
    }

    /// The field of a column; none if the layout has no such column, or the field is empty.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        let place = self.names.iter().position(|name| name == column)?;
        self.fields.get(place).map(|field| field.trim()).filter(|field| !field.is_empty())
    }

    /// The names of its fields.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Changes the field of a column.
    pub(super) fn change(&mut self, column: &str, to: impl Fn(&str) -> String) {
        let place = self.names.iter().position(|name| name == column);
        if let Some(field) = place.and_then(|place| self.fields.get_mut(place)) {
            *field = to(field.trim());
        }
    }

    /// A column that must be there.
    pub(super) fn required(&self, column: &str) -> Result<&str, String> {
        self.get(column).ok_or_else(|| format!("has no `{column}`; it is left out"))
    }
}
