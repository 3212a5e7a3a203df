//! Granger causality: the table `gc`.

use results_numerics::nulls::Verdict;
use results_numerics::numerics::NoValue;
use results_numerics::numerics::embedding::Histories;
use results_numerics::numerics::granger::{FTest, Regression, granger, select_lag};

use super::measure::{Measure, Mended, Predecessor};
use super::row::Both;
use super::unit::{Direction, Unit};
use crate::config::{Block, Config, Gate, GateSettings, Section};
use crate::schema::{Cell, Row};

/// What decided where no null is one of this measure's.
const PARAMETRIC: &str = "parametric";

/// Granger causality.
#[derive(Debug)]
pub(super) struct Gc;

impl Measure for Gc {
    fn name(&self) -> &'static str {
        "gc"
    }

    fn family(&self) -> &'static str {
        "GC"
    }

    fn key(&self) -> &'static str {
        "gc"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GateSettings { name: "gc", default: Gate::USUAL, bins: false })
    }

    fn block(&self) -> Option<Block> {
        Some(Block::Root { name: "granger", read: settings })
    }

    fn methods(&self, config: &Config) -> Option<String> {
        Some(format!("The order of linear models was at most {}.", config.granger.max_lag))
    }

    /// One row a unit: both directions at the lag that AIC chooses.
    fn planned_rows(&self, _: &Config) -> u64 {
        1
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        let gate = &unit.config.quality_control.gc;
        let checked = unit.check("gc", self.family(), gate, None);
        let (lag, forth, back) = if checked.omit { (None, None, None) } else { tests(unit) };
        let judged = lag.map_or([None, None], |lag| judge(unit, lag, [forth, back]));
        let called = |test: Option<FTest>, verdict: &Option<Verdict>| match verdict {
            Some(verdict) if applies(verdict) => verdict.p(),
            _ => test.map(|t| t.p),
        };
        let sign = match (forth, back) {
            // Both have the same degrees of freedom; F still tells them apart where p is too small to.
            (Some(a), Some(b)) if a.f > b.f => Some("A2S"),
            (Some(_), Some(_)) => Some("S2A"),
            // The predecessor has a sign even where nothing could be computed.
            _ => unit.compat().then_some("S2A"),
        };
        let either = forth.or(back);
        let row = Row::new()
            .with("feature_mode", unit.id.feature_mode)
            .with("gc_optimal_lag", lag.or(unit.compat().then_some(0)))
            .with("GC_A2S_pval", called(forth, &judged[0]))
            .with("GC_S2A_pval", called(back, &judged[1]))
            .with("sign_GC", sign)
            .with("n_samples", unit.series.len())
            .with("low_n", checked.low_n)
            .with("quality_passed", checked.passed)
            .with("F_A2S", forth.map(|t| t.f))
            .with("F_S2A", back.map(|t| t.f))
            .with("df1", either.map(|t| t.df1))
            .with("df2", either.map(|t| t.df2))
            .with("n_obs", either.map(|t| t.n))
            .with("quality_reason", checked.reason)
            .with("segments", unit.series.segment_starts.len())
            .with("missing_target_share", unit.missing_target_share());
        if unit.config.statistical.nulls.is_permute() {
            return vec![row];
        }
        let by = |verdict: &Option<Verdict>| match verdict {
            Some(verdict) if applies(verdict) => verdict.decisive().map(|(null, _)| null),
            verdict => verdict.as_ref().map(|_| PARAMETRIC),
        };
        let floor = |verdict: &Option<Verdict>| verdict.as_ref().and_then(Verdict::floor);
        let row = row
            .with("p_GC_parametric_A2S", forth.map(|t| t.p))
            .with("null_A2S", by(&judged[0]))
            .with("p_floor_A2S", floor(&judged[0]))
            .with("p_GC_parametric_S2A", back.map(|t| t.p))
            .with("null_S2A", by(&judged[1]))
            .with("p_floor_S2A", floor(&judged[1]));
        vec![row]
    }

    fn predecessor(&self) -> Option<Predecessor> {
        let headers = &[
            "user_id,feature_mode,gc_optimal_lag,GC_A2S_pval,GC_S2A_pval,q_GC_A2S,q_GC_S2A,sign_GC,n_samples,low_n,quality_passed",
        ];
        Some(Predecessor { file: "per_user_gc.csv", headers, mend })
    }
}

fn settings(s: &mut Section<'_>, config: &mut Config) {
    let granger = &mut config.granger;
    s.set("max_lag", "a whole number from 1", &mut granger.max_lag);
    s.require("max_lag", (1..=100).contains(&granger.max_lag), "must be from 1 to 100");
}

/// The lag and both directions; what cannot be computed is told in `issues`, each for itself.
fn tests(unit: &mut Unit<'_>) -> (Option<usize>, Option<FTest>, Option<FTest>) {
    let (a, s) = (&unit.series.source, &unit.series.target);
    let starts = unit.segments();
    let lag = match select_lag(a, s, starts, unit.config.granger.max_lag as usize) {
        Ok(lag) => lag,
        Err(why) => {
            tell(unit, "lag", &why);
            return (None, None, None);
        }
    };
    let (forth, back) = (granger(a, s, starts, lag), granger(s, a, starts, lag));
    let mut told = |name, outcome: Result<FTest, NoValue>| outcome.map_err(|why| tell(unit, name, &why)).ok();
    (Some(lag), told("A2S", forth), told("S2A", back))
}

/// Asks the nulls about both directions; nobody where there is no choice of them: the p of the F test stands.
fn judge(unit: &mut Unit<'_>, lag: usize, tests: Both<FTest>) -> Both<Verdict> {
    if unit.config.statistical.nulls.is_permute() {
        return [None, None];
    }
    let (a, s) = (&unit.series.source, &unit.series.target);
    let h = Histories { target: lag, source: lag, lag: 1 };
    let found = [Direction::A2S, Direction::S2A].map(|direction| {
        let [forth, back] = tests;
        direction.of(forth, back).0?;
        let (source, target) = direction.of(a, s);
        let rows = Regression::new(source, target, unit.segments(), lag);
        let key = unit.key("gc", direction.name(), lag as u32);
        Some(unit.judge(h, |judges| judges.tell_rows(&rows, unit.clock(), key)))
    });
    unit.keep_verdicts(&Gc, lag as u32, &found.each_ref().map(Option::as_ref));
    found
}

/// Whether any null is one of this measure's.
fn applies(verdict: &Verdict) -> bool {
    !verdict.each.is_empty()
}

fn tell(unit: &mut Unit<'_>, what: &str, why: &NoValue) {
    unit.issues.add("warning", Gc.family(), None, &format!("{what}: {why}"));
}

/// The predecessor wrote `S2A` where both p were empty, and lag 0 where no lag could be fitted.
fn mend(row: &mut Row) -> Vec<Mended> {
    let absent = |row: &Row, name: &str| {
        row.0.iter().find(|(column, _)| *column == name).is_none_or(|(_, cell)| *cell == Cell::Null)
    };
    let no_p = absent(row, "GC_A2S_pval") && absent(row, "GC_S2A_pval");
    let mut mended = Vec::new();
    for (name, cell) in &mut row.0 {
        if *name == "sign_GC" && no_p && *cell != Cell::Null {
            *cell = Cell::Null;
            mended.push(Mended {
                what: "sign_GC names a direction though both p are empty; it was taken as empty",
                remedy: "Granger causality was not computed; make it again",
            });
        }
        if *name == "gc_optimal_lag" && *cell == Cell::Int(0) {
            *cell = Cell::Null;
        }
    }
    mended
}
