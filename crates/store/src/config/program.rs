//! What analyses a user: the measures of this program, or another program.

use serde::{Deserialize, Serialize};

/// What analyses a user.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "snake_case")]
pub enum Analysis {
    /// The measures of this program.
    #[default]
    Builtin,
    /// Another program; the settings of the measures have no effect.
    Command(Program),
}

/// Another program that analyses a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The program and its arguments, with placeholders.
    pub command: Vec<String>,
    /// A process a unit, or longer-lived ones.
    pub mode: ProgramMode,
    /// Form of the rows.
    pub rows: RowFormat,
    /// Seconds a unit may take; `None` for no limit. Changes no number.
    pub timeout: Option<f64>,
    /// Folder it is started in, absolute. Changes no number.
    pub folder: String,
}

/// How a program is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgramMode {
    /// A process a unit.
    #[default]
    PerUnit,
    /// Processes that do one unit after another, told on standard input.
    Worker,
}

/// How a program gives rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowFormat {
    /// A line of JSON a row.
    #[default]
    Ndjson,
    /// An Arrow IPC stream a table.
    Arrow,
}
