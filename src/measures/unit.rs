//! A unit that is being analysed: what all measures start from.

use results_numerics::nulls::{Clock, PRule, Plan, Stop, StreamKey};
use results_numerics::numerics::NoValue;
use results_numerics::numerics::embedding::{Histories, Observations, Symbols};

use super::gate::{Checked, check, severity};
use super::issues::Issues;
use super::times::Times;
use crate::config::{AdaptiveRule, Compat, Config, Gate, PValueRule};
use crate::dataset::Series;
use crate::schema::Row;

/// A unit: a user in a feature mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitId<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
}

/// The chosen history lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Of the target.
    pub k: u32,
    /// Of the source.
    pub l: u32,
    /// Whether k is the largest candidate: a larger one might be better still.
    pub at_grid_edge: bool,
}

/// Which of the two series is the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The source drives the target.
    A2S,
    /// The target drives the source.
    S2A,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::A2S, Self::S2A];

    /// As columns and random streams have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::A2S => "A2S",
            Self::S2A => "S2A",
        }
    }

    /// What drives and what is driven, of something of the source (A) and of the target (S).
    pub fn of<T>(self, a: T, s: T) -> (T, T) {
        match self {
            Self::A2S => (a, s),
            Self::S2A => (s, a),
        }
    }
}

impl Order {
    /// Histories of a direction at a lag.
    pub fn histories(self, direction: Direction, tau: u32) -> Histories {
        let (source, target) = direction.of(self.l, self.k);
        Histories { target: target as usize, source: source as usize, lag: tau as usize }
    }
}

/// The symbols of both series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Source symbols.
    pub source: Symbols,
    /// Target symbols.
    pub target: Symbols,
}

/// The lags of a direction of a measure, and their observations if these are one sample.
type Lags = Vec<(u32, Option<Observations>)>;

/// A unit that is being analysed.
#[derive(Debug)]
pub struct Unit<'a> {
    /// Which one.
    pub id: &'a UnitId<'a>,
    /// Its data.
    pub series: &'a Series,
    /// The settings.
    pub config: &'a Config,
    /// How values are tested.
    pub plan: Plan,
    /// The history lengths.
    pub order: Order,
    /// What has no value, or is doubtful.
    pub issues: Issues<'a>,
    /// Rows of the table `nulls` so far.
    pub(super) nulls: Vec<Row>,
    /// What the measure at work needs for its scan over lags.
    pub(super) lags: [Lags; 2],
    /// Rows of the table `lag_scan` so far.
    pub(super) scans: Vec<Row>,
    /// When rows are, if values are compared with more than shuffled observations.
    times: Option<Times>,
    pair: Result<Pair, NoValue>,
}

impl<'a> Unit<'a> {
    /// A unit before its history lengths are chosen.
    pub(super) fn new(id: &'a UnitId<'a>, series: &'a Series, config: &'a Config) -> Self {
        let symbols = || {
            let source = Symbols::new(&series.source, "source")?;
            Ok(Pair { source, target: Symbols::new(&series.target, "target")? })
        };
        let k = config.k_selection.k_fixed;
        Self {
            id,
            series,
            config,
            plan: plan(config),
            order: Order { k, l: k, at_grid_edge: false },
            issues: Issues::of(id.feature_mode),
            nulls: Vec::new(),
            lags: [Lags::new(), Lags::new()],
            scans: Vec::new(),
            times: Times::of(series, config),
            pair: symbols(),
        }
    }

    /// The symbols, or why there are none.
    ///
    /// # Errors
    /// A symbol is negative.
    pub fn pair(&self) -> Result<&Pair, NoValue> {
        self.pair.as_ref().map_err(Clone::clone)
    }

    /// Starts of segments; one for a series without any.
    pub fn segments(&self) -> &'a [usize] {
        if self.series.segment_starts.is_empty() { &[0] } else { &self.series.segment_starts }
    }

    /// When the rows are, if that is known and asked for.
    pub(super) fn clock(&self) -> Option<Clock<'_>> {
        self.times.as_ref().map(Times::clock)
    }

    /// The random stream of one test.
    pub fn key<'k>(&self, measure: &'k str, direction: &'static str, tau: u32) -> StreamKey<'k>
    where
        'a: 'k,
    {
        let UnitId { user_id, feature_mode } = *self.id;
        StreamKey::new(self.config.seed, user_id, feature_mode, measure, direction, tau)
    }

    /// Checks a quality gate; a violated one is told in `issues`.
    pub fn check(&mut self, what: &str, method: &'static str, gate: &Gate, states: Option<f64>) -> Checked {
        let checked = check(what, gate, self.series.len(), states, self.compat());
        self.tell(method, &checked, gate);
        checked
    }

    /// Tells of a gate in `issues`.
    pub(super) fn tell(&mut self, method: &'static str, checked: &Checked, gate: &Gate) {
        if let Some(reason) = &checked.reason {
            self.issues.add(severity(gate), method, None, reason);
        }
    }

    /// Whether the predecessor's edge cases hold.
    pub fn compat(&self) -> bool {
        self.config.compat == Compat::Predecessor
    }

    /// Share of rows without a target value among those read.
    pub fn missing_target_share(&self) -> f64 {
        self.series.rows_without_target as f64 / self.series.rows_read.max(1) as f64
    }
}

/// How values are tested, in the words of the numerics.
fn plan(config: &Config) -> Plan {
    let adaptive = &config.statistical.adaptive_surrogates;
    Plan {
        surrogates: config.surrogates,
        stop: match adaptive.rule {
            _ if !adaptive.enabled => Stop::AtEnd,
            AdaptiveRule::BesagClifford => Stop::AtExceedances(adaptive.exceedances),
            AdaptiveRule::FreshStages => Stop::Stages {
                stages: adaptive.stages.clone(),
                p_sig: adaptive.p_sig,
                p_nonsig: adaptive.p_nonsig,
            },
        },
        p: match config.statistical.p_value {
            PValueRule::AddOne => PRule::AddOne,
            PValueRule::Raw => PRule::Raw,
        },
    }
}
