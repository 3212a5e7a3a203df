//! What the rows of several measures share: a test in both directions at every lag, and its columns.

use results_numerics::nulls::{Exact, Told};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::stats::t_quantile;

use super::unit::{Direction, Unit};
use crate::schema::Row;

/// A test in both directions.
pub type Both<T> = [Option<T>; 2];

/// Tests both directions at a lag, and says why there is no value; that is told in `issues` too.
pub fn both<T>(
    unit: &mut Unit<'_>,
    method: &'static str,
    tau: u32,
    test: impl Fn(&Unit<'_>, Direction) -> Result<T, NoValue>,
) -> (Both<T>, Both<NoValue>) {
    let mut reasons = [None, None];
    let found = Direction::BOTH.map(|direction| match test(unit, direction) {
        Ok(found) => Some(found),
        Err(why) => {
            unit.issues.add("warning", method, Some(tau), &format!("{}: {why}", direction.name()));
            let [forth, back] = &mut reasons;
            *direction.of(forth, back).0 = Some(why);
            None
        }
    });
    (found, reasons)
}

/// Names of the columns with the values.
#[derive(Debug, Clone, Copy)]
pub struct Values {
    /// Value of A2S.
    pub forth: &'static str,
    /// Value of S2A.
    pub back: &'static str,
    /// Their difference.
    pub delta: &'static str,
}

impl Values {
    /// The row with values, difference, p, and the number of rows.
    pub fn write(&self, row: Row, unit: &Unit<'_>, [forth, back]: &Both<Told>) -> Row {
        let value = |t: &Option<Told>| t.as_ref().map(|t| t.estimate.value);
        let p = |t: &Option<Told>| t.as_ref().and_then(|t| t.verdict.p());
        row.with(self.forth, value(forth))
            .with(self.back, value(back))
            .with(self.delta, value(forth).zip(value(back)).map(|(a, b)| a - b))
            .with("p_A2S", p(forth))
            .with("p_S2A", p(back))
            .with("n_samples", unit.series.len())
    }
}

/// The row with what is said of the data.
pub fn sampling(row: Row, unit: &Unit<'_>, quality_reason: Option<&str>) -> Row {
    row.with("k_at_grid_edge", unit.order.at_grid_edge)
        .with("segments", unit.series.segment_starts.len())
        .with("missing_target_share", unit.missing_target_share())
        .with("quality_reason", quality_reason)
}

/// The row with what each direction's test says beside its value and p.
pub fn details(row: Row, unit: &Unit<'_>, [forth, back]: &Both<Told>, reasons: &Both<NoValue>) -> Row {
    let row = BACK.write(FORTH.write(row, forth.as_ref()), back.as_ref());
    if unit.config.statistical.nulls.is_permute() {
        return row;
    }
    let row = OF_BACK.write(OF_FORTH.write(row, forth.as_ref()), back.as_ref());
    let [why, why_back] = reasons.each_ref().map(|why| why.as_ref().map(ToString::to_string));
    row.with("reason_A2S", why.or_else(|| no_p(forth.as_ref())))
        .with("reason_S2A", why_back.or_else(|| no_p(back.as_ref())))
}

/// Why a test has no p.
fn no_p(told: Option<&Told>) -> Option<String> {
    told?.verdict.missing().map(|(null, why)| format!("`{null}`: {why}"))
}

/// Column names of one direction.
struct Details {
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

const FORTH: Details = Details {
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

const BACK: Details = Details {
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

impl Details {
    /// Columns stay null without a test.
    fn write(&self, row: Row, told: Option<&Told>) -> Row {
        let Some(Told { estimate, exact, verdict, .. }) = told else { return row };
        let null = verdict.decisive().map(|(_, null)| null);
        // Where values were compared with shuffled observations only, as it was before there was a choice.
        let bias = exact.map_or(null.and_then(|null| null.mean), |exact| Some(exact.bias));
        let per_state = (estimate.states > 0).then(|| estimate.n as f64 / estimate.states as f64);
        row.with(self.n_obs, estimate.n)
            .with(self.states, estimate.states)
            .with(self.samples_per_state, per_state)
            .with(self.exceedances, null.and_then(|null| null.exceedances))
            .with(self.surrogates, null.and_then(|null| null.drawn))
            .with(self.null_mean, null.and_then(|null| null.mean))
            .with(self.null_std, null.and_then(|null| null.std))
            .with(self.z, null.and_then(|null| null.z()))
            .with(self.effective, bias.map(|bias| estimate.value - bias))
            .with(self.corrected, estimate.corrected)
    }
}

/// Column names of one direction, where there is a choice of nulls.
struct OfNulls {
    bias: &'static str,
    null: &'static str,
    p_floor: &'static str,
    share: &'static str,
    se: &'static str,
    low: &'static str,
    high: &'static str,
}

const OF_FORTH: OfNulls = OfNulls {
    bias: "bias_A2S",
    null: "null_A2S",
    p_floor: "p_floor_A2S",
    share: "share_A2S",
    se: "se_A2S",
    low: "low_A2S",
    high: "high_A2S",
};

const OF_BACK: OfNulls = OfNulls {
    bias: "bias_S2A",
    null: "null_S2A",
    p_floor: "p_floor_S2A",
    share: "share_S2A",
    se: "se_S2A",
    low: "low_S2A",
    high: "high_S2A",
};

impl OfNulls {
    /// Columns stay null without a test.
    fn write(&self, row: Row, told: Option<&Told>) -> Row {
        let Some(Told { estimate, exact, verdict, .. }) = told else { return row };
        let effective = exact.map(|Exact { bias, .. }| estimate.value - bias);
        let open = exact.map(|exact| exact.open).filter(|open| *open > 0.0);
        let days = exact.and_then(|exact| exact.jackknife);
        let half = days.and_then(|days| Some(days.error * t_quantile(0.975, days.days - 1)?));
        let ends = effective.zip(half);
        row.with(self.bias, exact.map(|exact| exact.bias))
            .with(self.null, verdict.decisive().map(|(null, _)| null))
            .with(self.p_floor, verdict.floor())
            .with(self.share, effective.zip(open).map(|(effective, open)| effective / open))
            .with(self.se, days.map(|days| days.error))
            .with(self.low, ends.map(|(effective, half)| effective - half))
            .with(self.high, ends.map(|(effective, half)| effective + half))
    }
}
