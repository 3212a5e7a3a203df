//! Transfer entropy given the condition: the tables `stratified_cte` and `true_cte`.

use results_numerics::nulls::{Pooled, Told, test_selected};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::conditional::{
    self, Conditioned, Definition, Embedding, Lag, Options, Permuted, Pooling, conditional, stratified,
};
use results_numerics::numerics::embedding::{Histories, Symbols};

use super::gate::{Checked, violation};
use super::measure::{Measure, Predecessor};
use super::row::{Both, Values, both, details, sampling};
use super::unit::{Direction, Unit};
use crate::config::{
    Block, CondEmbedding, CondLag, CondNull, ConditionAt, Conditional, Config, Gate, GateAction,
    GateSettings, Section, SourceHistory, StrataPooling,
};
use crate::schema::Row;

/// Pooled over strata of the condition.
#[derive(Debug)]
pub(super) struct Stratified;

/// Given the condition.
#[derive(Debug)]
pub(super) struct True;

/// What differs between the two measures.
struct Kind {
    name: &'static str,
    family: &'static str,
    values: Values,
    /// Whether the choice of the source history applies.
    own_source_history: bool,
}

const STRATIFIED: Kind = Kind {
    name: "stratified_cte",
    family: "CTE",
    values: Values { forth: "CTE_A2S", back: "CTE_S2A", delta: "Delta_CTE" },
    own_source_history: false,
};

const TRUE: Kind = Kind {
    name: "true_cte",
    family: "TRUE_CTE",
    values: Values { forth: "CTE_true_A2S", back: "CTE_true_S2A", delta: "Delta_CTE_true" },
    own_source_history: true,
};

/// The gate of both.
const GATE: GateSettings = GateSettings {
    name: "cte",
    default: Gate {
        min_samples: 200,
        min_samples_per_state: None,
        min_samples_per_bin: Some(50),
        action: GateAction::FilterBins,
    },
    bins: true,
};

/// The settings of both.
const BLOCK: Block = Block::Root { name: "conditional", read: settings };

fn settings(s: &mut Section<'_>, config: &mut Config) {
    let d = &mut config.conditional;
    s.set("embedding", "before_selection or after_selection", &mut d.embedding);
    s.set("lag", "uniform or data_shift", &mut d.lag);
    s.set("condition_at", "target or previous", &mut d.condition_at);
    s.set("source_history", "full or one", &mut d.source_history);
    s.set("null", "within_condition or global", &mut d.null);
    s.set("pooling", "observations or fisher", &mut d.pooling);
    s.set("min_stratum_observations", "a whole number from 0", &mut d.min_stratum_observations);
}

impl Measure for Stratified {
    fn name(&self) -> &'static str {
        STRATIFIED.name
    }

    fn family(&self) -> &'static str {
        STRATIFIED.family
    }

    fn key(&self) -> &'static str {
        "stratified_te"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GATE)
    }

    fn block(&self) -> Option<Block> {
        Some(BLOCK)
    }

    fn methods(&self, config: &Config) -> Option<String> {
        let pooling = match config.conditional.pooling {
            StrataPooling::Observations => "weighted by observations",
            StrataPooling::Fisher => "weighted by samples, p combined by Fisher's method",
        };
        let least = config.conditional.min_stratum_observations;
        Some(format!("Strata of at least {least} observations were pooled, {pooling}."))
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        rows(unit, self, &STRATIFIED)
    }

    fn predecessor(&self) -> Option<Predecessor> {
        Some(Predecessor::new(
            "per_user_cte.csv",
            &[
                "user_id,feature_mode,k,l,tau,hour_bins,CTE_A2S,CTE_S2A,Delta_CTE,p_A2S,p_S2A,q_A2S,q_S2A,p_Delta_CTE,q_Delta_CTE,n_samples,n_samples_per_bin_min,low_n,low_n_hours,bins_filtered,quality_passed",
            ],
        ))
    }
}

impl Measure for True {
    fn name(&self) -> &'static str {
        TRUE.name
    }

    fn family(&self) -> &'static str {
        TRUE.family
    }

    fn key(&self) -> &'static str {
        "true_cte"
    }

    fn is_default(&self) -> bool {
        true
    }

    fn is_in_guide(&self) -> bool {
        false
    }

    fn gate(&self) -> Option<GateSettings> {
        Some(GATE)
    }

    fn block(&self) -> Option<Block> {
        Some(BLOCK)
    }

    fn rows(&self, unit: &mut Unit<'_>) -> Vec<Row> {
        rows(unit, self, &TRUE)
    }

    fn predecessor(&self) -> Option<Predecessor> {
        Some(Predecessor::new(
            "per_user_true_cte.csv",
            &[
                "user_id,feature_mode,k,l,tau,hour_bins,CTE_true_A2S,CTE_true_S2A,Delta_CTE_true,p_A2S,p_S2A,q_A2S,q_S2A,p_Delta_CTE_true,q_Delta_CTE_true,n_samples,n_samples_per_bin_min,low_n,low_n_hours,bins_filtered,quality_passed",
            ],
        ))
    }
}

/// A row for each tau, both directions in it.
fn rows(unit: &mut Unit<'_>, measure: &dyn Measure, kind: &Kind) -> Vec<Row> {
    let condition = Symbols::new(&unit.series.condition, "condition");
    let bins = Bins::new(unit, kind, condition.as_ref().ok());
    unit.tell(kind.family, &bins.checked, &unit.config.quality_control.cte);
    let taus = unit.config.taus.iter();
    taus.map(|&tau| {
        let (found, reasons) = if bins.checked.omit {
            ([None, None], [None, None])
        } else {
            both(unit, kind.family, tau, |unit, direction| {
                let condition = condition.as_ref().map_err(Clone::clone)?;
                tested(unit, kind, direction, tau, condition, &bins)
            })
        };
        let told = found.each_ref().map(|found| found.as_ref().map(|found| found.told.clone()));
        unit.keep(measure, tau, &told);
        let row = row(unit, kind, tau, &bins, &found, &told);
        details(row, unit, &told, &reasons)
    })
    .collect()
}

/// What the gate says of the bins of the condition.
struct Bins {
    /// Rows of the smallest bin.
    least: Option<usize>,
    /// Bins below the minimum.
    low: Vec<usize>,
    /// Whether a bin takes part.
    keep: Vec<bool>,
    checked: Checked,
}

impl Bins {
    fn new(unit: &Unit<'_>, kind: &Kind, condition: Option<&Symbols>) -> Self {
        let rule = &unit.config.quality_control.cte;
        let counts = counts(unit, condition);
        let min = rule.min_samples_per_bin.unwrap_or(0) as usize;
        let low: Vec<usize> = (0..counts.len()).filter(|&b| counts[b] < min).collect();
        let total = violation("cte", rule, unit.series.len(), states(unit, kind));
        let enough = total.is_none();
        let violated = !enough || !low.is_empty();
        let filters = rule.action == GateAction::FilterBins;
        let keep: Vec<bool> = counts.iter().map(|&count| !filters || count >= min).collect();
        let passed = match rule.action {
            // As it was: a warning counts as passed, and so does filtering whatever it leaves.
            GateAction::Warn if unit.compat() => true,
            GateAction::FilterBins if unit.compat() => enough,
            // Leaving bins out settles the matter as long as some are left.
            GateAction::FilterBins => enough && keep.contains(&true),
            GateAction::Warn | GateAction::Skip | GateAction::Error => !violated,
        };
        let omit = match rule.action {
            GateAction::Skip | GateAction::Error => violated,
            GateAction::FilterBins => !enough || (condition.is_some() && !keep.contains(&true)),
            GateAction::Warn => false,
        };
        let reason: Vec<String> =
            [total, bins_reason(&low, min, filters, &keep)].into_iter().flatten().collect();
        let checked = Checked {
            reason: violated.then(|| reason.join("; ")),
            omit,
            passed,
            low_n: unit.series.len() < rule.min_samples as usize,
        };
        Self { least: counts.iter().min().copied(), low, keep, checked }
    }
}

fn bins_reason(low: &[usize], min: usize, filters: bool, keep: &[bool]) -> Option<String> {
    let end = match (filters, keep.contains(&true)) {
        (false, _) => "",
        (true, true) => " and are left out",
        (true, false) => " and are left out: no bin remains",
    };
    (!low.is_empty()).then(|| format!("bins {} have fewer than {min} rows{end}", json(low)))
}

/// Rows of every bin: up to the largest that occurs, as the predecessor has it, or of all there can be.
fn counts(unit: &Unit<'_>, condition: Option<&Symbols>) -> Vec<usize> {
    let Some(condition) = condition else { return Vec::new() };
    let seen = if condition.is_empty() { 0 } else { condition.base as usize };
    let levels = unit.series.condition_levels as usize;
    let mut counts = vec![0; if unit.compat() { seen } else { seen.max(levels) }];
    for bin in &condition.values {
        counts[*bin as usize] += 1;
    }
    counts
}

/// Joint states a tuple can have, whatever the bin.
fn states(unit: &Unit<'_>, kind: &Kind) -> Option<f64> {
    let pair = unit.pair().ok()?;
    let length = source_history(unit, kind, unit.order.l);
    let target = unit.order.k as i32 + 1;
    Some(f64::from(pair.source.base).powi(length as i32) * f64::from(pair.target.base).powi(target))
}

/// Source history that a measure uses when a row says l.
fn source_history(unit: &Unit<'_>, kind: &Kind, l: u32) -> u32 {
    let histories = Histories { target: 0, source: l as usize, lag: 0 };
    let used = definition(unit, histories).true_source_history() as u32;
    if kind.own_source_history { used } else { l }
}

fn definition(unit: &Unit<'_>, histories: Histories) -> Definition {
    Definition { histories, options: options(&unit.config.conditional), strict: !unit.compat() }
}

/// The choices in the words of the numerics.
fn options(c: &Conditional) -> Options {
    Options {
        embedding: match c.embedding {
            CondEmbedding::BeforeSelection => Embedding::BeforeSelection,
            CondEmbedding::AfterSelection => Embedding::AfterSelection,
        },
        lag: match c.lag {
            CondLag::Uniform => Lag::Uniform,
            CondLag::DataShift => Lag::DataShift,
        },
        condition_at: match c.condition_at {
            ConditionAt::Target => conditional::ConditionAt::Target,
            ConditionAt::Previous => conditional::ConditionAt::Previous,
        },
        source_history: match c.source_history {
            SourceHistory::Full => conditional::SourceHistory::Full,
            SourceHistory::One => conditional::SourceHistory::One,
        },
        permuted: match c.null {
            CondNull::WithinCondition => Permuted::WithinCondition,
            CondNull::Global => Permuted::Global,
        },
        pooling: match c.pooling {
            StrataPooling::Observations => Pooling::Observations,
            StrataPooling::Fisher => Pooling::Fisher,
        },
        min_stratum_observations: c.min_stratum_observations as usize,
    }
}

fn tested(
    unit: &Unit<'_>,
    kind: &Kind,
    direction: Direction,
    tau: u32,
    condition: &Symbols,
    bins: &Bins,
) -> Result<Pooled, NoValue> {
    let pair = unit.pair()?;
    let (source, target) = direction.of(&pair.source, &pair.target);
    // The predecessor has 0 with p = 1 where nothing varies, unless neither series has two symbols.
    if unit.compat() && source.base.max(target.base) < 2 {
        return Err(NoValue::Constant { series: "pair" });
    }
    let segment_starts = unit.segments();
    let data = Conditioned { source, target, condition, segment_starts, keep: &bins.keep };
    let of = if kind.own_source_history { conditional } else { stratified };
    let h = unit.order.histories(direction, tau);
    let selected = of(&data, &definition(unit, h));
    let key = unit.key(kind.name, direction.name(), tau);
    // Series keep their names in both directions.
    let (source, target) = direction.of("selected source", "selected target");
    let test = |selected| unit.judge(h, |judges| test_selected(selected, judges, unit.clock(), key));
    selected.map(test).map_err(|why| match why {
        NoValue::Constant { series: "selected source" } => NoValue::Constant { series: source },
        NoValue::Constant { series: "selected target" } => NoValue::Constant { series: target },
        why => why,
    })
}

fn row(unit: &Unit<'_>, kind: &Kind, tau: u32, bins: &Bins, found: &Both<Pooled>, told: &Both<Told>) -> Row {
    let [forth, back] = found;
    let order = unit.order;
    // The predecessor counts low bins here even if it keeps them.
    let filtered = unit.compat() || unit.config.quality_control.cte.action == GateAction::FilterBins;
    let used = |t: &Option<Pooled>| t.as_ref().map(|t| t.used.len());
    let excluded = |t: &Option<Pooled>| t.as_ref().map(|t| json(&t.excluded));
    let row = Row::new()
        .with("feature_mode", unit.id.feature_mode)
        .with("k", order.k)
        .with("l", order.l)
        .with("tau", tau)
        .with("hour_bins", unit.config.hour_bins);
    let row = kind
        .values
        .write(row, unit, told)
        .with("n_samples_per_bin_min", bins.least)
        .with("low_n", bins.checked.low_n)
        .with("low_n_hours", json(&bins.low))
        .with("bins_filtered", if filtered { bins.low.len() } else { 0 })
        .with("quality_passed", bins.checked.passed)
        .with("k_S2A", order.l)
        .with("l_S2A", order.k);
    let lag = definition(unit, order.histories(Direction::A2S, tau)).effective_lag();
    sampling(row, unit, bins.checked.reason.as_deref())
        .with("effective_lag", lag)
        .with("source_history_A2S", source_history(unit, kind, order.l))
        .with("source_history_S2A", source_history(unit, kind, order.k))
        .with("strata_used_A2S", used(forth))
        .with("strata_excluded_A2S", excluded(forth))
        .with("strata_used_S2A", used(back))
        .with("strata_excluded_S2A", excluded(back))
}

/// `[3, 7]`
fn json<T: std::fmt::Display>(values: &[T]) -> String {
    let all: Vec<String> = values.iter().map(T::to_string).collect();
    format!("[{}]", all.join(", "))
}
