//! The methods in words, from the settings.

use super::table::in_markdown;
use crate::config::{
    AdaptiveRule, AisCorrection, Analysis, CondNull, Config, Discretize, FdrMethod, GapMode, GuardRule,
    KSelection, KStrategy, PValueRule, QuantileRule,
};
use crate::measures;
use crate::schema::Schemas;
use crate::store::MergeManifest;

/// What the methods are told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Study<'a> {
    /// Of the merged results.
    pub manifest: &'a MergeManifest,
    /// Tables and what they are.
    pub schemas: &'a Schemas,
    /// Users with a result, if the output has them.
    pub users: Option<u64>,
    /// Number of tests of differences over all users.
    pub tests: usize,
    /// Number of tests of single directions over all users.
    pub couplings: usize,
}

/// The methods in Markdown.
pub(crate) fn methods(study: &Study<'_>) -> String {
    let manifest = study.manifest;
    let mut parts = vec!["# Methods".to_owned(), subjects(study)];
    match &manifest.config {
        Some(config) if matches!(config.analysis, Analysis::Builtin) => {
            parts.push(input(config));
            parts.push(estimators(config, study.schemas));
            parts.push(orders(&config.k_selection));
            parts.push(significance(config));
        }
        Some(_) => parts.push(
            "The rows were made by a program of its own (`analysis.engine: command`), which says how.".to_owned(),
        ),
        None => parts.push(
            "The configuration does not stand in `merge.yaml`, so the estimators are not described here (results of \
             the older pipeline, or an output of an older version: merge again)."
                .to_owned(),
        ),
    }
    parts.push(correction(study));
    parts.push(again(manifest));
    parts.join("\n\n") + "\n"
}

fn subjects(study: &Study<'_>) -> String {
    let manifest = study.manifest;
    let users = study.users.map(|users| format!("{users} users, ")).unwrap_or_default();
    let mut text = format!(
        "The analysis was made with `results` {}. It has {users}{} of {} planned units (a user in a feature mode).",
        manifest.tool_version, manifest.units_ok, manifest.units
    );
    if !manifest.complete {
        text.push_str(" **The output is not complete.**");
    }
    let skipped = &manifest.accepted_skipped;
    if !skipped.is_empty() {
        let all: Vec<String> = skipped
            .iter()
            .map(|unit| format!("{} ({})", in_markdown(&unit.user_id), in_markdown(&unit.reason)))
            .collect();
        text.push_str(&format!(" Left out: {}.", all.join("; ")));
    }
    text
}

fn input(config: &Config) -> String {
    let data = &config.data;
    let sources: Vec<String> = config
        .feature_modes
        .iter()
        .filter_map(|mode| data.sources.get(mode).map(|sql| format!("{} = `{sql}`", in_markdown(mode))))
        .collect();
    let gaps = match (config.gaps.mode, config.gaps.max_seconds) {
        (GapMode::Ignore, _) => "Rows were taken for neighbours whatever lay between them.".to_owned(),
        (GapMode::Break, Some(seconds)) => format!("Histories do not cross steps of more than {seconds} s."),
        (GapMode::Break, None) => {
            "Histories do not cross steps of more than 1.5 times the median step of the recording.".to_owned()
        }
    };
    let condition = match &data.condition {
        Some(sql) => format!("the condition `{sql}`"),
        None => format!("the hour of the day in {} equal bins as the condition", config.hour_bins),
    };
    format!(
        "Source (A): {}, as {}. Target (S): `{}`, as {}. Conditional measures have {condition}. {gaps} Recordings with \
         fewer than {} rows were left out.",
        sources.join("; "),
        symbols(data.discretize_source),
        data.target,
        symbols(data.discretize_target),
        data.min_rows
    )
}

fn symbols(discretize: Discretize) -> String {
    match discretize {
        Discretize::None => "symbols as they are".to_owned(),
        Discretize::Quantiles { bins, rule } => {
            let rule = match rule {
                QuantileRule::Ranked => "by rank, equal values in one bin",
                QuantileRule::AveragedInvertedCdf => "edges by the averaged inverted distribution function",
                QuantileRule::Linear => "edges by linear interpolation",
            };
            format!("{bins} bins of equal frequency ({rule})")
        }
    }
}

fn estimators(config: &Config, schemas: &Schemas) -> String {
    let named: Vec<String> = measures::asked(config)
        .map(|measure| {
            let what =
                schemas.get(measure.name()).map(|schema| schema.description.as_str()).unwrap_or_default();
            let what = what.split([',', ';', '.']).next().unwrap_or_default();
            format!("{} ({})", in_markdown(measure.family()), what)
        })
        .collect();
    let taus: Vec<String> = config.taus.iter().map(u32::to_string).collect();
    let mut text = format!(
        "Measures: {}. Values are plug-in estimates from counts, in bits; Granger causality is an F statistic of linear \
         models. Lags: τ = {} steps.",
        named.join("; "),
        taus.join(", ")
    );
    for sentence in measures::asked(config).filter_map(|measure| measure.methods(config)) {
        text.push_str(&format!(" {sentence}"));
    }
    text
}

fn orders(k: &KSelection) -> String {
    let grid: Vec<String> = k.k_grid.iter().map(u32::to_string).collect();
    let grid = grid.join(", ");
    let rule = match k.strategy {
        KStrategy::Fixed => return format!("History length: k = {} for every user.", k.k_fixed),
        KStrategy::Ais | KStrategy::GuardedAis => "the largest active information storage".to_owned(),
        KStrategy::AisCorrected => match k.ais_correction {
            AisCorrection::MillerMadow => {
                "the largest active information storage after the correction of Miller and Madow".to_owned()
            }
            AisCorrection::NullSubtracted => format!(
                "the largest active information storage minus the mean of {} surrogates",
                k.ais_surrogates
            ),
        },
        KStrategy::Kt => "the shortest code of the series (mixture of Krichevsky and Trofimov)".to_owned(),
        KStrategy::Bic => "the smallest Bayesian information criterion".to_owned(),
    };
    let each = if k.per_variable || matches!(k.strategy, KStrategy::Kt | KStrategy::Bic) {
        "a length for each variable"
    } else {
        "one length for both directions"
    };
    let cap = k.k_max.map(|most| format!(", at most {most}")).unwrap_or_default();
    let guard = match (k.undersampling_guard, k.guard_rule) {
        (false, _) => String::new(),
        (true, GuardRule::Observations) => format!(
            " k was reduced where fewer than {} observations a joint state were left.",
            k.guard_min_samples_per_state
        ),
        (true, GuardRule::RawHours) => format!(
            " k was reduced where an hour of the day had fewer than {} rows a joint state.",
            k.guard_min_samples_per_state
        ),
    };
    format!("History length: for each user that of {grid}{cap} with {rule}; {each}.{guard}")
}

fn significance(config: &Config) -> String {
    let adaptive = &config.statistical.adaptive_surrogates;
    let number = match (adaptive.enabled, adaptive.rule) {
        (false, _) => format!("{} surrogates", config.surrogates),
        (true, AdaptiveRule::BesagClifford) => format!(
            "at most {} surrogates, until {} of them reached the observed value (Besag and Clifford 1991)",
            config.surrogates, adaptive.exceedances
        ),
        (true, AdaptiveRule::FreshStages) => {
            let stages: Vec<String> = adaptive.stages.iter().map(u32::to_string).collect();
            format!("stages of {} surrogates", stages.join(", "))
        }
    };
    let p = match config.statistical.p_value {
        PValueRule::AddOne => "p = (1 + exceedances) / (1 + surrogates)",
        PValueRule::Raw => "p = exceedances / surrogates",
    };
    let within = match config.conditional.null {
        CondNull::WithinCondition => "within the condition for conditional measures",
        CondNull::Global => "over all observations for conditional measures too",
    };
    let nulls = &config.statistical.nulls;
    if nulls.is_permute() {
        return format!(
            "Significance of a user's values: {number} a test, each a permutation of the source's histories over the \
             observations, {within}; {p}."
        );
    }
    let kinds: Vec<&str> = nulls.nulls.iter().map(|null| null.words()).collect();
    let all = if kinds.len() > 1 { "; the p of a test is the largest of theirs (Berger 1982)" } else { "" };
    format!(
        "Significance of a user's values: {number} a test and null, by {}{all}; {p}, or exceedances / arrangements \
         where all arrangements of the days were gone through. Effective values are values less their exact mean over \
         all permutations of the source within the cells of the target's past.",
        kinds.join(" and by ")
    )
}

fn correction(study: &Study<'_>) -> String {
    let fdr = &study.manifest.fdr;
    let method = match fdr.method {
        FdrMethod::Bh => "Benjamini and Hochberg",
        FdrMethod::By => "Benjamini and Yekutieli",
    };
    let families: Vec<String> = fdr.families.iter().map(|family| in_markdown(family)).collect();
    let by_tau = if fdr.by_tau { ", and of a lag" } else { ", all lags together" };
    let couplings = match study.couplings {
        0 => String::new(),
        tests => format!(
            " Whether the effective values of a direction lie above 0 was tested over users by the one-sided Wilcoxon \
             signed-rank test; these {tests} tests are a family of their own."
        ),
    };
    format!(
        "False discovery rate: q by {method} over all users, a family being the tests of a direction of a measure \
         ({}){by_tau}; α = {}. The difference of {} was tested over users by the Wilcoxon signed-rank \
         test, with the Hodges–Lehmann estimate and its 95 % bootstrap interval; these {} tests are a family of their \
         own.{couplings}",
        families.join(", "),
        fdr.alpha,
        if study.manifest.nulls {
            "the effective values of the two directions"
        } else {
            "the two directions"
        },
        study.tests
    )
}

fn again(manifest: &MergeManifest) -> String {
    let runs: Vec<String> = manifest.sources.iter().map(|run| format!("`{}`", run.run_id)).collect();
    format!(
        "To do it again: seed {}, settings with the fingerprint `{}`, merged from {}.",
        manifest.seed,
        manifest.config_fingerprint,
        runs.join(", ")
    )
}

#[cfg(test)]
mod tests;
