//! The table `lag_scan`: whether any of the lags stands out.

use results_numerics::nulls::{LagScan, Told, Unfit, scan_lags};
use results_numerics::numerics::embedding::Observations;

use super::measure::Measure;
use super::row::Both;
use super::unit::{Direction, Unit};
use crate::schema::Row;

/// The table of the scans.
pub(super) const TABLE: &str = "lag_scan";

/// Why the lags of a measure are not scanned whose strata are tested one by one.
const BY_STRATA: &str = "strata are tested by themselves";

impl Unit<'_> {
    /// Keeps the observations of a lag until all lags are there.
    pub(super) fn keep_lag(&mut self, tau: u32, told: &Both<Told>) {
        if !self.config.statistical.nulls.lag_scan {
            return;
        }
        for (kept, told) in self.lags.iter_mut().zip(told) {
            if let Some(told) = told {
                kept.push((tau, told.observations.clone()));
            }
        }
    }

    /// Scans the lags of a measure, now that all are there.
    pub(super) fn scan(&mut self, measure: &dyn Measure) {
        let lags = std::mem::take(&mut self.lags);
        for (direction, lags) in Direction::BOTH.into_iter().zip(lags) {
            if lags.is_empty() {
                continue;
            }
            let row = Row::new()
                .with("feature_mode", self.id.feature_mode)
                .with("measure", measure.name())
                .with("direction", direction.name())
                .with("lags", lags.len());
            let of_lags: Option<Vec<(u32, &Observations)>> =
                lags.iter().map(|(tau, o)| Some((*tau, o.as_ref()?))).collect();
            let row = match of_lags {
                None => row.with("reason", BY_STRATA),
                Some(lags) => match self.scanned(measure, direction, &lags) {
                    Ok(found) => with_scan(row, &found, lags[found.best].0),
                    Err(why) => row.with("reason", why.to_string()),
                },
            };
            self.scans.push(row);
        }
    }

    fn scanned(
        &self,
        measure: &dyn Measure,
        direction: Direction,
        lags: &[(u32, &Observations)],
    ) -> Result<LagScan, Unfit> {
        let name = format!("{}/{TABLE}", measure.name());
        let key = self.key(&name, direction.name(), 0);
        let lags: Vec<&Observations> = lags.iter().map(|(_, o)| *o).collect();
        scan_lags(&lags, self.clock().ok_or(Unfit::NoClock)?, &self.plan, key)
    }
}

fn with_scan(row: Row, found: &LagScan, tau: u32) -> Row {
    row.with("best_tau", tau)
        .with("z", found.z)
        .with("p_scan", found.p)
        .with("p_floor", found.floor)
        .with("exceedances_scan", found.exceedances)
        .with("surrogates_scan", found.surrogates)
        .with("exhaustive", found.is_exhaustive)
        .with("days", found.days)
}
