//! What the nulls say of a unit: how they are asked, and the rows of the table `nulls`.

use results_numerics::nulls::{
    CircularShift, Days, Judges, Null, Permute, Surrogates, Told, Verdict, WithinPast,
};
use results_numerics::numerics::embedding::Histories;

use super::measure::Measure;
use super::row::Both;
use super::unit::{Direction, Unit};
use crate::config::NullKind;
use crate::schema::Row;

/// The table of what each null says.
pub(super) const TABLE: &str = "nulls";

/// Fewest steps of a shift, unless a configuration says otherwise.
const MIN_SHIFT: usize = 60;

impl Unit<'_> {
    /// Asks the nulls of the configuration, for tuples of these histories.
    pub(super) fn judge<T>(&self, h: Histories, ask: impl FnOnce(&Judges<'_>) -> T) -> T {
        let of = &self.config.statistical.nulls;
        let least = of.min_shift.map_or(MIN_SHIFT, |steps| steps as usize);
        let shift = CircularShift { least: least.max(h.target + h.source + h.lag) };
        let null = |kind: &NullKind| -> &dyn Null {
            match kind {
                NullKind::Permute => &Permute,
                NullKind::WithinPast => &WithinPast,
                NullKind::CircularShift => &shift,
                NullKind::Days => &Days,
            }
        };
        let nulls: Vec<&dyn Null> = of.nulls.iter().map(null).collect();
        let exact = !of.is_permute();
        ask(&Judges {
            nulls: &nulls,
            stop_above: of.stop_above,
            plan: &self.plan,
            exact,
            observations: of.lag_scan,
        })
    }

    /// Keeps what the nulls say of a measure at a lag.
    pub(super) fn keep(&mut self, measure: &dyn Measure, tau: u32, told: &Both<Told>) {
        self.keep_lag(tau, told);
        self.keep_verdicts(measure, tau, &told.each_ref().map(|told| Some(&told.as_ref()?.verdict)));
    }

    /// Keeps verdicts on both directions of a measure at a lag. Where there is no choice of nulls, all is said in the
    /// row of the measure.
    pub(super) fn keep_verdicts(&mut self, measure: &dyn Measure, tau: u32, found: &Both<&Verdict>) {
        if self.config.statistical.nulls.is_permute() {
            return;
        }
        for (direction, verdict) in Direction::BOTH.into_iter().zip(found) {
            let Some(verdict) = verdict else { continue };
            for each in &verdict.each {
                let row = Row::new()
                    .with("feature_mode", self.id.feature_mode)
                    .with("measure", measure.name())
                    .with("tau", tau)
                    .with("direction", direction.name())
                    .with("null", each.null);
                let row = surrogates(row, each.said.as_ref().ok());
                self.nulls.push(row.with("reason", each.why().map(|why| why.to_string())));
            }
            if let Some((null, why)) = verdict.missing() {
                let what = format!("{}: no p, `{null}` has none: {why}", direction.name());
                self.issues.add("warning", measure.family(), Some(tau), &what);
            }
        }
    }
}

/// The row with what one null's surrogates say.
fn surrogates(row: Row, found: Option<&Surrogates>) -> Row {
    row.with("p", found.and_then(|found| found.p))
        .with("p_floor", found.and_then(|found| found.floor))
        .with("exceedances", found.and_then(|found| found.exceedances))
        .with("surrogates", found.and_then(|found| found.drawn))
        .with("exhaustive", found.map(|found| found.is_exhaustive))
        .with("observed", found.map(|found| found.observed))
        .with("n_obs", found.map(|found| found.observations))
        .with("null_mean", found.and_then(|found| found.mean))
        .with("null_std", found.and_then(|found| found.std))
        .with("z", found.and_then(Surrogates::z))
        .with("days", found.and_then(|found| found.days))
}
