//! Quality gates.

use crate::config::{Gate, GateAction};

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Why there is too little data, if there is.
    pub reason: Option<String>,
    /// Whether nothing is to be computed.
    pub omit: bool,
    /// The verdict as a column; under `compat` a mere warning counts as passed, as it did.
    pub passed: bool,
    /// Whether there are fewer rows than the gate asks for.
    pub low_n: bool,
}

/// Checks rows, and joint states if the gate asks for them; `states` may exceed any integer.
pub(super) fn check(what: &str, gate: &Gate, rows: usize, states: Option<f64>, compat: bool) -> Checked {
    let reason = violation(what, gate, rows, states);
    Checked {
        omit: reason.is_some() && matches!(gate.action, GateAction::Skip | GateAction::Error),
        passed: reason.is_none() || (compat && gate.action == GateAction::Warn),
        low_n: rows < gate.min_samples as usize,
        reason,
    }
}

/// Why a gate does not pass, if it does not.
pub(super) fn violation(what: &str, gate: &Gate, rows: usize, states: Option<f64>) -> Option<String> {
    if rows < gate.min_samples as usize {
        return Some(format!("{what} has {rows} rows, fewer than {}", gate.min_samples));
    }
    let (min, states) = gate.min_samples_per_state.zip(states)?;
    let per_state = rows as f64 / states;
    (per_state < min)
        .then(|| format!("{what} has {per_state:.3} rows per possible joint state, fewer than {min}"))
}

/// Severity of an entry in `issues` about a violated gate.
pub(super) fn severity(gate: &Gate) -> &'static str {
    if gate.action == GateAction::Error { "error" } else { "warning" }
}
