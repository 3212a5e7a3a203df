//! Quality gates.

use crate::config::Gate;

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Enough data.
    Passed,
    /// Too little, and why.
    Violated(String),
}

impl Verdict {
    /// The reason, if it is violated.
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Violated(reason) => Some(reason),
        }
    }
}

/// Checks rows, and joint states if the gate asks for them; `states` may exceed any integer.
pub(super) fn gate(what: &str, gate: &Gate, rows: usize, states: Option<f64>) -> Verdict {
    if rows < gate.min_samples as usize {
        return Verdict::Violated(format!("{what} has {rows} rows, fewer than {}", gate.min_samples));
    }
    if let (Some(min), Some(states)) = (gate.min_samples_per_state, states) {
        let per_state = rows as f64 / states;
        if per_state < min {
            return Verdict::Violated(format!(
                "{what} has {per_state:.3} rows per possible joint state, fewer than {min}"
            ));
        }
    }
    Verdict::Passed
}
