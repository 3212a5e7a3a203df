//! What each direction of a test says beside its value and p.

use crate::numerics::cmi::Estimate;
use crate::numerics::transfer::Tested;
use crate::schema::Row;

/// Column names of one direction.
pub(super) struct Names {
    n_obs: &'static str,
    states: &'static str,
    samples_per_state: &'static str,
    exceedances: &'static str,
    surrogates: &'static str,
    null_mean: &'static str,
    null_std: &'static str,
    z: &'static str,
    effective: &'static str,
    corrected: &'static str,
}

pub(super) const A2S: Names = Names {
    n_obs: "n_obs_A2S",
    states: "states_A2S",
    samples_per_state: "samples_per_state_A2S",
    exceedances: "exceedances_A2S",
    surrogates: "surrogates_A2S",
    null_mean: "null_mean_A2S",
    null_std: "null_std_A2S",
    z: "z_A2S",
    effective: "effective_A2S",
    corrected: "corrected_A2S",
};

pub(super) const S2A: Names = Names {
    n_obs: "n_obs_S2A",
    states: "states_S2A",
    samples_per_state: "samples_per_state_S2A",
    exceedances: "exceedances_S2A",
    surrogates: "surrogates_S2A",
    null_mean: "null_mean_S2A",
    null_std: "null_std_S2A",
    z: "z_S2A",
    effective: "effective_S2A",
    corrected: "corrected_S2A",
};

/// What the columns are made of.
pub(super) struct Figures {
    pub(super) estimate: Estimate,
    pub(super) exceedances: Option<u32>,
    pub(super) surrogates: Option<u32>,
    pub(super) null_mean: Option<f64>,
    pub(super) null_std: Option<f64>,
    pub(super) z: Option<f64>,
}

impl Figures {
    /// Those of a test with one null.
    pub(super) fn of(tested: Tested) -> Self {
        let Tested { estimate, null } = tested;
        Figures {
            estimate,
            exceedances: Some(null.exceedances),
            surrogates: Some(null.surrogates),
            null_mean: null.mean,
            null_std: null.std,
            z: null.z(estimate.value),
        }
    }
}

/// The row with the columns of one direction; they stay null without figures.
pub(super) fn details(row: Row, names: &Names, figures: Option<Figures>) -> Row {
    let Some(f) = figures else { return row };
    let estimate = f.estimate;
    row.with(names.n_obs, estimate.n)
        .with(names.states, estimate.states)
        .with(
            names.samples_per_state,
            (estimate.states > 0).then(|| estimate.n as f64 / estimate.states as f64),
        )
        .with(names.exceedances, f.exceedances)
        .with(names.surrogates, f.surrogates)
        .with(names.null_mean, f.null_mean)
        .with(names.null_std, f.null_std)
        .with(names.z, f.z)
        .with(names.effective, f.null_mean.map(|mean| estimate.value - mean))
        .with(names.corrected, estimate.corrected)
}
