//! Rows to be drawn, column by column.

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; those that are not finite are counted and not drawn.
    Numbers(Vec<Option<f64>>),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Microseconds since 1970, UTC.
    Times(Vec<Option<i64>>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
            Self::Times(values) => values.len(),
        }
    }
}

/// Columns of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    columns: Vec<(String, Values)>,
    len: usize,
}

impl Rows {
    /// Of columns with their names. What is longer than the shortest column is left out.
    pub fn new(columns: Vec<(String, Values)>) -> Self {
        let len = columns.iter().map(|(_, values)| values.len()).min().unwrap_or_default();
        Self { columns, len }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The values of a column.
    pub fn column(&self, name: &str) -> Option<&Values> {
        self.columns.iter().find(|(own, _)| own == name).map(|(_, values)| values)
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|(name, _)| name.as_str()).collect()
    }
}
