//! Symbolic transfer entropy, that of ordinal patterns: the table `ste`.

use results_numerics::nulls::{Judges, Plan, Sample, Stop, Told};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::embedding::{Symbols, times};
use results_numerics::numerics::ordinal::{Ties, patterns};
use results_numerics::numerics::transfer::transfer_entropy;

use super::gate::Checked;
use super::measure::{Measure, Predecessor};
use super::row::{Both, Values, both, details, sampling};
use super::unit::{Direction, Order, Unit};
use crate::config::{Block, Config, Gate, GateSettings, Section, TieRule};
use crate::schema::Row;

/// Fewest patterns the predecessor tests; else the quality gate decides.
const FEWEST_PATTERNS: usize = 100;

/// Symbolic transfer entropy.
#[derive(Debug)]
pub(super) struct Ste;

const VALUES: Values = Values { forth: "STE_A2S", back: "STE_S2A", delta: "Delta_STE" };

impl Measure for Ste {
    fn name(&self) -> &'static str {
        "ste"
    }

    fn family(&self) -> &'static str {
        "STE"
    }

    fn key(&self) -> &'static str {
        "ste"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GateSettings { name: "ste", default: Gate::USUAL, bins: false })
    }

    fn block(&self) -> Option<Block> {
        Some(Block::Root { name: "ste", read: settings })
    }

    fn methods(&self, config: &Config) -> Option<String> {
        Some(format!("Ordinal patterns have {} samples.", config.ste.dimension))
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        let gate = &unit.config.quality_control.ste;
        let checked = unit.check("ste", self.family(), gate, None);
        let patterns = Patterns::of(unit);
        let taus = unit.config.taus.iter();
        taus.map(|&tau| {
            let (found, reasons) = if checked.omit {
                ([None, None], [None, None])
            } else {
                both(unit, self.family(), tau, |unit, direction| patterns.tested(unit, direction, tau))
            };
            unit.keep(self, tau, &found);
            row(unit, patterns.kappa, tau, &checked, &found, &reasons)
        })
        .collect()
    }

    fn predecessor(&self) -> Option<Predecessor> {
        Some(Predecessor::new(
            "per_user_ste.csv",
            &[
                "user_id,feature_mode,k,tau,STE_A2S,STE_S2A,Delta_STE,p_A2S,p_S2A,q_A2S,q_S2A,p_Delta_STE,q_Delta_STE,n_samples,low_n,quality_passed",
            ],
        ))
    }
}

fn settings(s: &mut Section<'_>, config: &mut Config) {
    let ste = &mut config.ste;
    s.set("dimension", "a whole number from 2", &mut ste.dimension);
    s.require("dimension", (2..=7).contains(&ste.dimension), "must be from 2 to 7");
    s.set("max_history", "a whole number from 1", &mut ste.max_history);
    s.require("max_history", (1..=64).contains(&ste.max_history), "must be from 1 to 64");
    s.set("ties", "stable or tie_symbols", &mut ste.ties);
}

/// Both pattern series.
struct Patterns {
    source: Symbols,
    target: Symbols,
    starts: Vec<usize>,
    /// The row that each pattern ends at.
    rows: Vec<usize>,
    /// History lengths in patterns.
    kappa: Order,
}

impl Patterns {
    fn of(unit: &Unit<'_>) -> Self {
        let options = unit.config.ste;
        let ties = match options.ties {
            TieRule::Stable => Ties::Stable,
            TieRule::TieSymbols => Ties::Symbols,
        };
        let of = |series: &[i32]| patterns(series, unit.segments(), options.dimension as usize, ties);
        let ((source, starts), (target, _)) = (of(&unit.series.source), of(&unit.series.target));
        let kappa = Order {
            k: unit.order.k.min(options.max_history),
            l: unit.order.l.min(options.max_history),
            ..unit.order
        };
        let rows = last_rows(unit, options.dimension as usize);
        Self { source, target, starts, rows, kappa }
    }

    fn tested(&self, unit: &Unit<'_>, direction: Direction, tau: u32) -> Result<Told, NoValue> {
        let (source, target) = direction.of(&self.source, &self.target);
        let h = self.kappa.histories(direction, tau);
        let mut plan = unit.plan.clone();
        if unit.compat() {
            if target.len() < FEWEST_PATTERNS {
                return Err(NoValue::FewPatterns { patterns: target.len(), min: FEWEST_PATTERNS });
            }
            // The predecessor's surrogates are never adaptive here.
            plan = Plan { stop: Stop::AtEnd, ..plan };
        } else {
            for (symbols, series) in [
                (&self.source, "pattern series of the source"),
                (&self.target, "pattern series of the target"),
            ] {
                if !symbols.varies() {
                    return Err(NoValue::Constant { series });
                }
            }
        }
        let mut observations = transfer_entropy(source, target, &self.starts, h)?;
        if observations.times.is_empty() && !unit.compat() {
            let (rows, segments) = (target.len(), self.starts.len());
            return Err(NoValue::NoObservations { rows, segments, history: h.reach() });
        }
        observations.times.iter_mut().for_each(|time| *time = self.rows[*time]);
        let sample = Sample { clock: unit.clock(), ..Sample::of(&observations) };
        let key = unit.key("ste", direction.name(), tau);
        Ok(unit.judge(h, |judges| Judges { plan: &plan, ..*judges }.tell(sample, key)))
    }
}

/// The row that each pattern ends at; none crosses a break.
fn last_rows(unit: &Unit<'_>, dimension: usize) -> Vec<usize> {
    times(unit.series.len(), unit.segments(), dimension.saturating_sub(1))
}

fn row(
    unit: &Unit<'_>,
    kappa: Order,
    tau: u32,
    checked: &Checked,
    found: &Both<Told>,
    reasons: &Both<NoValue>,
) -> Row {
    let row = Row::new().with("feature_mode", unit.id.feature_mode).with("k", unit.order.k).with("tau", tau);
    let row = VALUES
        .write(row, unit, found)
        .with("low_n", checked.low_n)
        .with("quality_passed", checked.passed)
        .with("kappa", kappa.k)
        .with("kappa_source", kappa.l);
    details(sampling(row, unit, checked.reason.as_deref()), unit, found, reasons)
}
