//! A schema in words, as `results schema show` and the reference have it.

use super::table::{Column, ColumnType, Derived, TableSchema};

impl TableSchema {
    /// What tells its rows apart.
    pub fn key_in_words(&self) -> String {
        if self.key.is_empty() {
            return "none; the rows are a list in the order written".to_owned();
        }
        self.full_key().collect::<Vec<_>>().join(", ")
    }
}

impl ColumnType {
    /// Its name, as a schema file has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
        }
    }
}

impl Column {
    /// What the schema says of the values; empty if it says nothing.
    pub fn allowed(&self) -> String {
        let show = |bound: Option<f64>| bound.map_or(String::new(), |bound| bound.to_string());
        let is_ranged = self.min.is_some() || self.max.is_some();
        let range = is_ranged.then(|| format!("{}..{}", show(self.min), show(self.max)));
        let list = self.values.as_ref().map(|values| values.join("|"));
        let setting = self.config.as_ref().map(|key| format!("= {key}"));
        [range, list, setting].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// What `merge` makes of which columns.
impl std::fmt::Display for Derived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Q { q_of, family } => write!(f, "q of {q_of} per {}", family.join(", ")),
            Self::GroupP { group_p_of, by } => write!(f, "test of {group_p_of} per {}", by.join(", ")),
            Self::GroupQ { group_q_of, .. } => write!(f, "q of the test of {group_q_of}"),
            Self::Control { control_of } => write!(f, "share of strangers that {control_of} calls"),
        }
    }
}
