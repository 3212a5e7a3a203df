//! Units that did not end `ok`, for people.

use serde::{Deserialize, Serialize};

use crate::progress::{grouped, others};
use crate::store::{LedgerRow, UnitState};

/// Units with problems that are shown.
const SHOWN: usize = 10;

/// A unit that did not end `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The user.
    pub user_id: String,
    /// The feature mode.
    pub feature_mode: String,
    /// `failed` or `skipped`.
    pub state: UnitState,
    /// Why.
    pub reason: String,
}

/// Whether a unit is one, by its row in the ledger.
pub(super) fn problem(row: &LedgerRow) -> Option<Problem> {
    (row.state != UnitState::Ok).then(|| Problem {
        user_id: row.user_id.clone(),
        feature_mode: row.feature_mode.clone(),
        state: row.state,
        reason: row.reason.clone().unwrap_or_default(),
    })
}

/// What went wrong with the units of a run, or of some of its shares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problems {
    /// The run.
    #[serde(skip)]
    pub(super) run: String,
    /// Units that failed or were skipped, with the reason; of a run without locks the first of each worker.
    #[serde(rename = "problems")]
    pub units: Vec<Problem>,
    /// How many there are in all.
    #[serde(skip)]
    pub(super) count: u64,
    /// Units whose data files are missing or of another length, and which.
    pub damaged: Vec<String>,
}

impl Problems {
    /// The first units that failed or were skipped, a line after `indent` for all of one reason.
    pub fn text(&self, indent: &str) -> String {
        let mut out = String::new();
        let groups = grouped(&self.units, |p| (&p.reason, &p.user_id));
        for group in groups.iter().take(SHOWN) {
            let p = group[0];
            let unit = format!("{indent}{} {} {}", p.user_id, p.feature_mode, p.state.as_str());
            out.push_str(&format!("{unit}: {}\n", p.reason));
            out.push_str(&others(indent, group[1..].iter().map(|p| p.user_id.as_str())));
        }
        let more: usize = groups.iter().skip(SHOWN).map(Vec::len).sum();
        if more > 0 {
            out.push_str(&format!(
                "{indent}… and {more} more; `results sql --run {} --query failures` counts them by reason\n",
                self.run
            ));
        }
        if self.count > self.units.len() as u64 {
            out.push_str(&format!(
                "{indent}… {} in all; `results sql --run {} --query failures` has the others\n",
                self.count, self.run
            ));
        }
        for damaged in self.damaged.iter().take(SHOWN) {
            out.push_str(&format!("{indent}damaged: {damaged}\n"));
        }
        if self.damaged.len() > SHOWN {
            out.push_str(&format!("{indent}… and {} more are damaged\n", self.damaged.len() - SHOWN));
        }
        out
    }
}
