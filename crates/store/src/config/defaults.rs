//! What every setting is when nobody says otherwise.

use std::collections::BTreeMap;

use super::catalogue::MeasureSettings;
use super::day_hours::DayHours;
use super::gates::built_in_gates;
use super::input::{
    DataConfig, DataFormat, Discretize, GapMode, Gaps, MissingTarget, QuantileRule, RowOrder,
};
use super::locks::Locks;
use super::model::{
    Adaptive, AdaptiveRule, AisCorrection, Compat, CondEmbedding, CondLag, CondNull, ConditionAt,
    Conditional, Config, Fdr, FdrMethod, Granger, GuardRule, KSelection, KStrategy, PValueRule, Runtime,
    SourceHistory, Statistical, Ste, StrataPooling, TieRule,
};
use super::nulls::Nulls;
use super::program::Analysis;
use super::store::StoreConfig;

/// Users' files of the `ExtraSensory` data set.
const EXTRASENSORY_FOLDER: &str = "data/ExtraSensory.per_uuid_features_labels";

/// Seconds that units wait for others where nobody said how long.
pub const COMMIT_SECONDS: f64 = 5.0;

/// The settings before any file is read.
pub(super) fn defaults(compat: Compat, measures: &[MeasureSettings]) -> Config {
    let old = compat == Compat::Predecessor;
    let mut config = Config {
        name: "run".into(),
        data_root: EXTRASENSORY_FOLDER.into(),
        out_dir: "out".into(),
        n_users: None,
        seed: 42,
        compat,
        analysis: Analysis::Builtin,
        data: extrasensory(compat),
        feature_modes: vec!["composite".into()],
        hour_bins: 6,
        taus: vec![1, 2],
        analysis_modes: measures.iter().filter(|m| m.default).map(|m| m.key.to_owned()).collect(),
        k_selection: k_selection(old),
        surrogates: 1000,
        statistical: Statistical {
            adaptive_surrogates: Adaptive {
                enabled: false,
                rule: if old { AdaptiveRule::FreshStages } else { AdaptiveRule::BesagClifford },
                exceedances: 20,
                stages: vec![1000, 3000, 10_000],
                p_sig: 0.01,
                p_nonsig: 0.20,
            },
            p_value: if old { PValueRule::Raw } else { PValueRule::AddOne },
            nulls: Nulls::usual(),
        },
        conditional: conditional(old),
        ste: Ste { dimension: 3, max_history: 2, ties: TieRule::Stable },
        granger: Granger { max_lag: 8 },
        gaps: Gaps { mode: if old { GapMode::Ignore } else { GapMode::Break }, max_seconds: None },
        quality_profile: "balanced".into(),
        quality_control: built_in_gates(measures),
        fdr: Fdr::of(measures),
        runtime: Runtime {
            concurrency: 1,
            threads: None,
            user_folders: Some(2000),
            commit_seconds: COMMIT_SECONDS,
            day_hours: DayHours::default(),
            locks: Locks::default(),
        },
        store: StoreConfig::default(),
        measures: BTreeMap::new(),
    };
    if old {
        keep_to_the_guide(&mut config, measures);
    }
    config
}

/// What was done where nobody said otherwise before orders went by evidence and nulls could be chosen: the guide's
/// way, and what stands in the configurations of programs, which do not look at it.
pub(super) fn keep_to_the_guide(config: &mut Config, measures: &[MeasureSettings]) {
    config.analysis_modes = measures.iter().filter(|m| m.in_guide).map(|m| m.key.to_owned()).collect();
    config.k_selection.strategy = KStrategy::Ais;
    config.k_selection.per_variable = false;
    config.statistical.nulls = Nulls::permute();
}

impl Fdr {
    /// The correction without any settings: of all these measures.
    pub fn of(measures: &[MeasureSettings]) -> Self {
        Self {
            alpha: 0.05,
            method: FdrMethod::Bh,
            by_tau: true,
            families: measures.iter().map(|measure| measure.family.to_owned()).collect(),
        }
    }
}

fn k_selection(old: bool) -> KSelection {
    KSelection {
        strategy: KStrategy::Kt,
        k_grid: vec![1, 2, 3, 4, 5, 6],
        k_max: None,
        k_fixed: 4,
        l_fixed: None,
        undersampling_guard: false,
        guard_rule: if old { GuardRule::RawHours } else { GuardRule::Observations },
        guard_min_samples_per_state: if old { 25.0 } else { 5.0 },
        per_variable: true,
        ais_surrogates: 100,
        ais_correction: AisCorrection::MillerMadow,
    }
}

fn conditional(old: bool) -> Conditional {
    if old {
        Conditional {
            embedding: CondEmbedding::AfterSelection,
            lag: CondLag::DataShift,
            condition_at: ConditionAt::Previous,
            source_history: SourceHistory::One,
            null: CondNull::Global,
            pooling: StrataPooling::Fisher,
            min_stratum_observations: 0,
        }
    } else {
        Conditional {
            embedding: CondEmbedding::BeforeSelection,
            lag: CondLag::Uniform,
            condition_at: ConditionAt::Target,
            source_history: SourceHistory::Full,
            null: CondNull::WithinCondition,
            pooling: StrataPooling::Observations,
            min_stratum_observations: 30,
        }
    }
}

/// The built-in profile of the `ExtraSensory` data set: one file a user, a row a minute.
pub(super) fn extrasensory(compat: Compat) -> DataConfig {
    let sma = r#"(abs("raw_acc:3d:mean_x") + abs("raw_acc:3d:mean_y") + abs("raw_acc:3d:mean_z")) / 3"#;
    let variance = r#"sqrt("raw_acc:3d:std_x" * "raw_acc:3d:std_x" + "raw_acc:3d:std_y" * "raw_acc:3d:std_y" + "raw_acc:3d:std_z" * "raw_acc:3d:std_z")"#;
    let sources = [
        ("composite", format!("0.6 * ({sma}) + 0.4 * {variance}")),
        ("magnitude_only", r#""raw_acc:magnitude_stats:mean""#.to_owned()),
        ("sma_only", sma.to_owned()),
        ("variance_only", variance.to_owned()),
    ];
    DataConfig {
        format: DataFormat::Extrasensory,
        files: "*.features_labels.csv*".into(),
        id_suffixes: vec![".features_labels.csv.gz".into(), ".features_labels.csv".into()],
        timestamp: Some("\"timestamp\"".into()),
        sources: sources.into_iter().map(|(mode, sql)| (mode.to_owned(), sql)).collect(),
        target: "\"label:SITTING\"".into(),
        ..columns(compat)
    }
}

/// What `data.format: columns` starts from.
pub(super) fn columns(compat: Compat) -> DataConfig {
    let old = compat == Compat::Predecessor;
    let rule = if old { QuantileRule::Linear } else { QuantileRule::Ranked };
    DataConfig {
        format: DataFormat::Columns,
        files: "*".into(),
        id_suffixes: Vec::new(),
        user: None,
        timestamp: None,
        sources: BTreeMap::new(),
        target: String::new(),
        condition: None,
        text_columns: Vec::new(),
        discretize_source: Discretize::Quantiles { bins: 5, rule },
        discretize_target: Discretize::None,
        missing_target: if old { MissingTarget::Zero } else { MissingTarget::Break },
        utc_offset_hours: 0.0,
        time_zone: None,
        min_rows: 200,
        order: if old { RowOrder::File } else { RowOrder::Time },
        plausibility: !old,
        reading: super::Reading::default(),
    }
}
