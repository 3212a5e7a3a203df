//! Quality gates: what there must be for a measure to be computed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Quality gates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Gate of the whole unit.
    pub global: Gate,
    /// Gate of `te`.
    pub te: Gate,
    /// Gate of both conditional measures.
    pub cte: Gate,
    /// Gate of `ste`.
    pub ste: Gate,
    /// Gate of `gc`.
    pub gc: Gate,
    /// Gates of the measures that have none above, by name; of those that are computed only.
    #[serde(flatten)]
    pub more: BTreeMap<String, Gate>,
}

impl Quality {
    /// The gate of that name, if there is one.
    pub fn gate(&self, name: &str) -> Option<Gate> {
        match name {
            "global" => Some(self.global),
            "te" => Some(self.te),
            "cte" => Some(self.cte),
            "ste" => Some(self.ste),
            "gc" => Some(self.gc),
            other => self.more.get(other).copied(),
        }
    }

    /// The gate of that name; one that is asked for the first time is the usual one.
    pub fn gate_mut(&mut self, name: &str) -> &mut Gate {
        match name {
            "global" => &mut self.global,
            "te" => &mut self.te,
            "cte" => &mut self.cte,
            "ste" => &mut self.ste,
            "gc" => &mut self.gc,
            other => self.more.entry(other.to_owned()).or_insert(Gate::USUAL),
        }
    }
}

/// One gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Fewest kept rows.
    pub min_samples: u32,
    /// Fewest rows per joint state; `None` for no test.
    pub min_samples_per_state: Option<f64>,
    /// Fewest rows in a bin of the condition; `None` for no test.
    pub min_samples_per_bin: Option<u32>,
    /// What happens below.
    pub action: GateAction,
}

impl Gate {
    /// What most gates are where a profile leaves them out.
    pub const USUAL: Self = Self {
        min_samples: 100,
        min_samples_per_state: None,
        min_samples_per_bin: None,
        action: GateAction::Warn,
    };
}

/// What a gate does when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateAction {
    /// The measure is not computed; rows say why.
    Skip,
    /// The measure is computed; rows say what was wrong.
    Warn,
    /// Bins below the minimum are left out.
    FilterBins,
    /// The measure fails.
    Error,
}
