//! Transfer entropy over the whole series: the table `te`.

use results_numerics::nulls::{Sample, Told};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::embedding::Symbols;
use results_numerics::numerics::transfer::transfer_entropy;

use super::gate::Checked;
use super::measure::{Measure, Predecessor};
use super::row::{Both, Values, both, details, sampling};
use super::unit::{Direction, Unit};
use crate::config::{Gate, GateSettings};
use crate::schema::Row;

/// Transfer entropy.
#[derive(Debug)]
pub(super) struct Te;

const VALUES: Values = Values { forth: "TE_A2S", back: "TE_S2A", delta: "Delta_TE" };

impl Measure for Te {
    fn name(&self) -> &'static str {
        "te"
    }

    fn family(&self) -> &'static str {
        "TE"
    }

    fn key(&self) -> &'static str {
        "global_te"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GateSettings { name: "te", default: Gate::USUAL, bins: false })
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        let gate = &unit.config.quality_control.te;
        let checked = unit.check("te", self.family(), gate, states(unit));
        let taus = unit.config.taus.iter();
        taus.map(|&tau| {
            let (found, reasons) = if checked.omit {
                ([None, None], [None, None])
            } else {
                both(unit, self.family(), tau, |unit, direction| tested(unit, direction, tau))
            };
            unit.keep(self, tau, &found);
            row(unit, tau, &checked, &found, &reasons)
        })
        .collect()
    }

    fn predecessor(&self) -> Option<Predecessor> {
        Some(Predecessor::new(
            "per_user_te.csv",
            &[
                "user_id,feature_mode,k,l,tau,TE_A2S,TE_S2A,Delta_TE,p_A2S,p_S2A,q_A2S,q_S2A,p_Delta_TE,q_Delta_TE,n_samples,low_n,quality_passed",
            ],
        ))
    }
}

/// Joint states there can be.
fn states(unit: &Unit<'_>) -> Option<f64> {
    let pair = unit.pair().ok()?;
    let (k, l) = (unit.order.k as i32, unit.order.l as i32);
    Some(f64::from(pair.source.base).powi(l) * f64::from(pair.target.base).powi(k + 1))
}

fn tested(unit: &Unit<'_>, direction: Direction, tau: u32) -> Result<Told, NoValue> {
    let pair = unit.pair()?;
    let (source, target) = direction.of(&pair.source, &pair.target);
    if unit.compat() {
        // The predecessor has 0 with p = 1 where nothing varies, unless neither series has two symbols.
        if source.base.max(target.base) < 2 {
            return Err(NoValue::Constant { series: "pair" });
        }
    } else {
        varies(source, target, direction)?;
    }
    let h = unit.order.histories(direction, tau);
    let observations = transfer_entropy(source, target, unit.segments(), h)?;
    if observations.times.is_empty() && !unit.compat() {
        let (rows, segments) = (target.len(), unit.segments().len());
        return Err(NoValue::NoObservations { rows, segments, history: h.reach() });
    }
    let sample = Sample { clock: unit.clock(), ..Sample::of(&observations) };
    Ok(unit.judge(h, |judges| judges.tell(sample, unit.key("te", direction.name(), tau))))
}

fn varies(source: &Symbols, target: &Symbols, direction: Direction) -> Result<(), NoValue> {
    let names = direction.of("source", "target");
    for (symbols, series) in [(source, names.0), (target, names.1)] {
        if !symbols.varies() {
            return Err(NoValue::Constant { series });
        }
    }
    Ok(())
}

fn row(unit: &Unit<'_>, tau: u32, checked: &Checked, found: &Both<Told>, reasons: &Both<NoValue>) -> Row {
    let row = Row::new()
        .with("feature_mode", unit.id.feature_mode)
        .with("k", unit.order.k)
        .with("l", unit.order.l)
        .with("tau", tau);
    let row = VALUES
        .write(row, unit, found)
        .with("low_n", checked.low_n)
        .with("quality_passed", checked.passed)
        .with("k_S2A", unit.order.l)
        .with("l_S2A", unit.order.k);
    details(sampling(row, unit, checked.reason.as_deref()), unit, found, reasons)
}
