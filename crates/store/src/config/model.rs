//! The resolved configuration: every setting has a value, nothing is left to a default.
//!
//! Files are parsed by [`super::load()`]; this module only says what a configuration *is*.
//! `compat: predecessor` changes defaults (see [`Config::compat`]); every choice it makes is an
//! option of its own here, so a user can move from one behaviour to the other step by step.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::day_hours::DayHours;
use super::input::{DataConfig, Gaps};
use super::locks::Locks;
use super::nulls::Nulls;
use super::program::Analysis;
use super::quality::Quality;
use super::store::StoreConfig;

/// A complete configuration of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Name of the run, used for the directory: the preset's or the file's stem.
    pub name: String,
    /// Folder with the users' input files.
    pub data_root: String,
    /// Folder below which run directories are made.
    pub out_dir: String,
    /// Take the first `n_users` users of the sorted list; `None` takes all.
    pub n_users: Option<u32>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Which defaults the other settings started from.
    pub compat: Compat,
    /// What analyses a user; runs of before there was a choice have the built-in measures.
    #[serde(default)]
    pub analysis: Analysis,
    /// How input files are read and turned into symbols.
    pub data: DataConfig,
    /// Feature modes; each user is analysed once per mode.
    pub feature_modes: Vec<String>,
    /// Number of equal bins of the day used as condition.
    pub hour_bins: u32,
    /// Source lags in steps.
    pub taus: Vec<u32>,
    /// Keys of the measures that are computed, in the order of their catalogue.
    pub analysis_modes: Vec<String>,
    /// How the history length k is chosen.
    pub k_selection: KSelection,
    /// Surrogates per test when they are not adaptive, and the most when they are.
    pub surrogates: u32,
    /// Significance.
    pub statistical: Statistical,
    /// How conditional measures are defined.
    pub conditional: Conditional,
    /// Symbolic transfer entropy.
    pub ste: Ste,
    /// Granger causality.
    pub granger: Granger,
    /// Breaks in the recording.
    pub gaps: Gaps,
    /// Name of the quality profile the gates come from.
    pub quality_profile: String,
    /// Quality gates, resolved from the profile and the inline block.
    pub quality_control: Quality,
    /// Correction for multiple testing, applied by `merge` only.
    pub fdr: Fdr,
    /// How the run is carried out; changes no number.
    pub runtime: Runtime,
    /// How object stores are reached; changes no number.
    #[serde(default, skip_serializing_if = "StoreConfig::is_usual")]
    pub store: StoreConfig,
    /// Settings of the measures that have no block above, by table; of those that are computed only.
    // Absent from the text while empty: its hash is the fingerprint of runs made before there were any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<String, serde_json::Value>,
}

/// Where the defaults come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compat {
    /// The corrected behaviour.
    None,
    /// The predecessor's behaviour, defects included.
    Predecessor,
}

/// How k is chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KSelection {
    /// The rule.
    pub strategy: KStrategy,
    /// Candidates, in order.
    pub k_grid: Vec<u32>,
    /// Largest k allowed; `None` for no cap.
    pub k_max: Option<u32>,
    /// k of the strategy `fixed`.
    pub k_fixed: u32,
    /// History of the source of the strategy `fixed`; `None` for `k_fixed`.
    // Absent from the text while absent: fingerprints stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l_fixed: Option<u32>,
    /// Reduce k when the data cannot fill the joint states.
    pub undersampling_guard: bool,
    /// What the guard counts.
    pub guard_rule: GuardRule,
    /// Smallest samples per joint state for the guard.
    pub guard_min_samples_per_state: f64,
    /// A k for each variable instead of the target's k for both directions.
    pub per_variable: bool,
    /// Surrogates of the strategy `AIS_CORRECTED` with `ais_correction: null_subtracted`.
    pub ais_surrogates: u32,
    /// Correction used by `AIS_CORRECTED`.
    pub ais_correction: AisCorrection,
}

/// Rule for k.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KStrategy {
    /// Largest plug-in active information storage.
    #[serde(rename = "AIS")]
    Ais,
    /// `AIS`, with cap and guard on.
    #[serde(rename = "GUARDED_AIS")]
    GuardedAis,
    /// Largest bias-corrected active information storage.
    #[serde(rename = "AIS_CORRECTED")]
    AisCorrected,
    /// Shortest code by the mixture of Krichevsky and Trofimov, for each variable its own.
    #[serde(rename = "KT")]
    Kt,
    /// Smallest Bayesian information criterion, for each variable its own.
    #[serde(rename = "BIC")]
    Bic,
    /// `k_fixed`.
    #[serde(rename = "fixed")]
    Fixed,
}

/// What the undersampling guard divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardRule {
    /// Observations of the test over its possible joint states, real alphabets.
    Observations,
    /// Smallest of the 24 hour counts over `b_S^k * 5^k`; no effect if no k qualifies.
    RawHours,
}

/// Bias correction of active information storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AisCorrection {
    /// Miller–Madow: observed cells only.
    MillerMadow,
    /// Minus the mean of a permutation null.
    NullSubtracted,
}

/// Significance testing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistical {
    /// Whether the number of surrogates adapts.
    pub adaptive_surrogates: Adaptive,
    /// How p is computed from exceedances.
    pub p_value: PValueRule,
    /// What values are compared with.
    #[serde(flatten)]
    pub nulls: Nulls,
}

/// Adaptive surrogates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// Off: always `surrogates`.
    pub enabled: bool,
    /// The stopping rule.
    pub rule: AdaptiveRule,
    /// Besag–Clifford: stop after this many exceedances.
    pub exceedances: u32,
    /// Surrogates of each stage of `fresh_stages`; Besag–Clifford draws at most `surrogates`.
    pub stages: Vec<u32>,
    /// Stages stop at p at or below this.
    pub p_sig: f64,
    /// Stages stop at p at or above this.
    pub p_nonsig: f64,
}

/// When adaptive surrogates stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdaptiveRule {
    /// A valid sequential p-value (Besag and Clifford 1991).
    BesagClifford,
    /// Fresh surrogates at every stage, the last stage's p.
    FreshStages,
}

/// p from exceedances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PValueRule {
    /// `(1 + exceedances) / (1 + surrogates)`.
    AddOne,
    /// `exceedances / surrogates`; can be 0.
    Raw,
}

/// How conditional measures are defined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conditional {
    /// When histories are taken relative to the selection of bins.
    pub embedding: CondEmbedding,
    /// What the lag means.
    pub lag: CondLag,
    /// The time whose condition is used.
    pub condition_at: ConditionAt,
    /// Source history of `true_cte`.
    pub source_history: SourceHistory,
    /// How surrogates are permuted.
    pub null: CondNull,
    /// How strata become one value and one p.
    pub pooling: StrataPooling,
    /// Fewest observations of a stratum that counts.
    pub min_stratum_observations: u32,
}

/// When to embed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CondEmbedding {
    /// On the full series; then observations are selected.
    BeforeSelection,
    /// On the concatenation of what is left.
    AfterSelection,
}

/// Meaning of tau in conditional measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CondLag {
    /// Newest source sample at t - tau, as in `te`.
    Uniform,
    /// Series are shifted by tau and then tested at lag 1: tau + 1 for tau of 2 and more.
    DataShift,
}

/// The time of the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionAt {
    /// The predicted sample's.
    Target,
    /// The sample before it.
    Previous,
}

/// Source history of `true_cte`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceHistory {
    /// l, as the row says.
    Full,
    /// Always 1.
    One,
}

/// Permutation scheme of conditional measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CondNull {
    /// Within cells of the condition.
    WithinCondition,
    /// Over all observations.
    Global,
}

/// How strata are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrataPooling {
    /// Weight by observations; permute within strata and test the pooled value.
    Observations,
    /// Weight by samples; combine the strata's p-values by Fisher's method.
    Fisher,
}

/// Symbolic transfer entropy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ste {
    /// Length of the ordinal patterns.
    pub dimension: u32,
    /// Most history of patterns.
    pub max_history: u32,
    /// What equal values do.
    pub ties: TieRule,
}

/// Ties in ordinal patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieRule {
    /// Earlier sample ranks lower.
    Stable,
    /// A tie is a symbol of its own.
    TieSymbols,
}

/// Granger causality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granger {
    /// Largest lag tried.
    pub max_lag: u32,
}

/// Correction for multiple testing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fdr {
    /// Level of significance calls.
    pub alpha: f64,
    /// The procedure.
    pub method: FdrMethod,
    /// Whether each tau is a family of its own.
    pub by_tau: bool,
    /// Measures that are corrected (`TE`, `CTE`, `TRUE_CTE`, `STE`, `GC`).
    pub families: Vec<String>,
}

/// Correction procedure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FdrMethod {
    /// Benjamini–Hochberg.
    Bh,
    /// Benjamini–Yekutieli.
    By,
}

/// How a run is carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Runtime {
    /// Shard processes when the command line names none.
    pub concurrency: u32,
    /// Threads of one process; `None` is all cores, divided among the shards.
    pub threads: Option<u32>,
    /// Most users that have a folder each; with more, users are put into buckets and units are
    /// committed in groups. `None` for a folder each, however many.
    #[serde(default)]
    pub user_folders: Option<u64>,
    /// Seconds that finished units wait for others to be committed with, where there are buckets.
    #[serde(default)]
    pub commit_seconds: f64,
    /// Whether the table `day_hours` is written. A run says yes or no; one of before there was a choice says nothing.
    #[serde(default, skip_serializing_if = "DayHours::is_auto")]
    pub day_hours: DayHours,
    /// What keeps its writers apart. A run says which; one of before there was a choice says nothing.
    #[serde(default, skip_serializing_if = "Locks::is_auto")]
    pub locks: Locks,
}
