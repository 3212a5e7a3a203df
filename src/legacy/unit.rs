//! What a directory of the predecessor says of a unit.

use serde::Serialize;

use crate::schema::Row;
use crate::store::UnitState;

/// A user in a feature mode.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegacyUnit {
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// From 0; more than one where rows of one key differ, each with all rows of the unit.
    pub attempt: u32,
    /// What became of it: `ok` if there is a row of any measure.
    pub state: UnitState,
    /// Why it is not ok.
    pub reason: Option<String>,
    /// The error that ended it, by the log, also if there are rows.
    pub ended_by: Option<String>,
    /// Kept rows of the user.
    pub n_samples: Option<u64>,
    /// History length.
    pub k: Option<u32>,
    /// Rows by table.
    pub tables: Vec<(String, Vec<Row>)>,
}

/// A q value as the directory has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// The table.
    pub table: String,
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// The lag, for tables with a row a lag.
    pub tau: Option<i64>,
    /// The column, such as `q_A2S`.
    pub column: String,
    /// The p it was made of.
    pub p: Option<f64>,
    /// The q, over the users of the shard.
    #[serde(rename = "q_then")]
    pub q: f64,
}
