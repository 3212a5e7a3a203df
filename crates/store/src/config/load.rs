//! From files to a [`Config`]: built-in defaults, `compat`, quality profile, file, command line.

use std::path::{Path, PathBuf};

use super::analysis::read_analysis;
use super::catalogue::{MeasureSettings, read_blocks};
use super::data::read_data;
use super::defaults::{defaults, keep_to_the_guide};
use super::error::ConfigError;
use super::gates::read_quality;
use super::homes::homes;
use super::input::GapMode;
use super::model::{AdaptiveRule, Compat, Config, KStrategy};
use super::null_settings;
use super::presets;
use super::program::Analysis;
use super::read::{Findings, Section};
use super::tree::{Kind, Node};
use crate::text_file;

/// Longest name of a run: with the time it is a folder's name, of which file systems allow 255 bytes.
const LONGEST_NAME: usize = 200;

/// Where a configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// The defaults.
    Defaults,
    /// A preset by name.
    Preset(String),
    /// A file.
    File(PathBuf),
}

/// Settings of the command line, which beat the file's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Data folder.
    pub data: Option<String>,
    /// Number of users.
    pub users: Option<u32>,
    /// Seed.
    pub seed: Option<u64>,
}

/// A configuration and what is worth saying about its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Keys that were read over, and why.
    pub notices: Vec<String>,
}

/// Loads a configuration; `folder` holds presets and quality profiles of the user's own, `measures` are those there are.
pub fn load(
    source: &ConfigSource,
    overrides: &Overrides,
    folder: Option<&Path>,
    measures: &[MeasureSettings],
) -> Result<Loaded, ConfigError> {
    let (name, file, text) = match source {
        ConfigSource::Defaults => ("run".to_owned(), "defaults".to_owned(), String::new()),
        ConfigSource::Preset(name) => presets::preset(name, folder)?,
        ConfigSource::File(path) => {
            let text =
                text_file::read(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (stem, path.display().to_string(), text)
        }
    };
    let mut loaded = read(&name, &file, &text, folder, measures)?;
    let config = &mut loaded.config;
    if let Some(data) = &overrides.data {
        config.data_root.clone_from(data);
    }
    if overrides.users.is_some() {
        config.n_users = overrides.users.filter(|n| *n > 0);
    }
    if let Some(seed) = overrides.seed {
        config.seed = seed;
    }
    Ok(loaded)
}

/// Reads the text of a configuration file.
pub fn parse(
    file: &str,
    text: &str,
    folder: Option<&Path>,
    measures: &[MeasureSettings],
) -> Result<Loaded, ConfigError> {
    read("run", file, text, folder, measures)
}

/// Reads a text; `name` is the run's if the text names none.
fn read(
    name: &str,
    file: &str,
    text: &str,
    folder: Option<&Path>,
    measures: &[MeasureSettings],
) -> Result<Loaded, ConfigError> {
    let findings = Findings { homes, ..Findings::new(file) };
    let node = match Node::parse(text) {
        Ok(node) => node,
        Err((line, fault)) => {
            findings.problem(line, format!("invalid YAML: {fault}"));
            return Err(ConfigError::Problems(findings.problems.into_inner()));
        }
    };
    let config = read_config(name, &node, &findings, folder, measures)?;
    let problems = findings.problems.into_inner();
    if problems.is_empty() {
        Ok(Loaded { config, notices: findings.notices.into_inner() })
    } else {
        Err(ConfigError::Problems(problems))
    }
}

fn read_config(
    name: &str,
    node: &Node,
    findings: &Findings,
    folder: Option<&Path>,
    measures: &[MeasureSettings],
) -> Result<Config, ConfigError> {
    let mut root = Section::root(node, findings);
    let mut compat = Compat::None;
    root.set("compat", "`none` or `predecessor`", &mut compat);
    let mut c = defaults(compat, measures);
    read_analysis(&mut root, &mut c);
    if c.analysis != Analysis::Builtin {
        keep_to_the_guide(&mut c, measures);
    }
    name.clone_into(&mut c.name);
    read_places(&mut root, &mut c);
    root.set("n_users", "a whole number or null", &mut c.n_users);
    c.n_users = c.n_users.filter(|n| *n > 0);
    root.set("seed", "a whole number from 0", &mut c.seed);
    root.set("hour_bins", "a whole number from 1", &mut c.hour_bins);
    root.require("hour_bins", (1..=100_000).contains(&c.hour_bins), "must be from 1 to 100000");
    read_taus(&mut root, &mut c.taus);
    root.require("taus", !c.taus.is_empty(), "must name at least one lag");
    root.require("taus", is_unique(&c.taus), "names a lag twice");
    read_modes(&mut root, &mut c, measures);
    root.set("surrogates", "a whole number from 0", &mut c.surrogates);
    root.require("surrogates", c.surrogates <= 10_000_000, "must be at most 10000000");
    if c.surrogates == 0 {
        root.notice("`surrogates` is 0: every p will be empty");
    }
    read_data(&mut root, compat, &mut c);
    read_k_selection(&mut root, &mut c);
    let chooses_nulls = read_statistical(&mut root, &mut c);
    null_settings::fit_to_times(&root, chooses_nulls, &mut c);
    read_blocks(&mut root, &mut c, measures);
    read_small_sections(&mut root, &mut c);
    read_quality(&mut root, &mut c, folder, measures)?;
    root.ignored(&["jvm"], "not needed: this program doesn't use Java, and memory follows the samples");
    let why = "no effect here";
    root.ignored(&["min_samples_per_state", "checkpoint", "heartbeat_interval", "schema_version"], why);
    root.finish();
    Ok(c)
}

/// Reads the name and the folders.
fn read_places(root: &mut Section<'_>, c: &mut Config) {
    root.set("name", "a text", &mut c.name);
    if root.has("name") {
        root.require("name", !c.name.trim().is_empty(), "must not be empty");
        let is_part = !c.name.contains(['/', '\\']) && !c.name.chars().any(char::is_control);
        root.require(
            "name",
            is_part,
            "is part of a folder's name: it must hold no `/`, `\\` or control character",
        );
        root.require(
            "name",
            c.name.len() <= LONGEST_NAME,
            "is part of a folder's name: it must have at most 200 bytes",
        );
    }
    root.set("data_root", "a folder", &mut c.data_root);
    root.set("out_dir", "a folder", &mut c.out_dir);
    for (key, folder) in [("data_root", &c.data_root), ("out_dir", &c.out_dir)] {
        let is_home = folder.starts_with('~');
        root.require(key, !is_home, "begins with `~`, which only a shell replaces: write the folder in full");
        let is_shell = folder.starts_with('$') || folder.starts_with('%') && folder.ends_with('%');
        root.require(
            key,
            !is_shell,
            "holds a variable, which only a shell replaces: write the folder in full",
        );
        root.require(
            key,
            !folder.trim().is_empty(),
            "must be a folder; `.` is the one that the program is called in",
        );
        let is_plain = !folder.chars().any(char::is_control);
        root.require(key, is_plain, "holds a control character: write the folder on one line");
    }
    // Older files name a directory with a stamp in it; run directories carry one of their own.
    if let Some(i) = c.out_dir.find("<STAMP>") {
        c.out_dir = Path::new(&c.out_dir[..i]).parent().map_or("out".into(), |p| p.display().to_string());
    }
}

fn is_unique<T: Ord + Clone>(values: &[T]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort();
    sorted.windows(2).all(|w| w[0] != w[1])
}

/// Most lags of a range.
const MOST_LAGS: u32 = 10_000;

/// Reads lags: a list, or a range such as `1..12`.
fn read_taus(root: &mut Section<'_>, taus: &mut Vec<u32>) {
    let what = "a list of whole numbers from 0, or a range such as 1..12";
    let range = root.get("taus").and_then(|node| match &node.kind {
        Kind::Scalar(serde_json::Value::String(text)) => text.split_once(".."),
        _ => None,
    });
    let Some((first, last)) = range else { return root.set("taus", what, taus) };
    match (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
        (Ok(first), Ok(last)) if first <= last && last - first < MOST_LAGS => {
            *taus = (first..=last).collect();
        }
        (Ok(first), Ok(last)) if first <= last => {
            root.fault("taus", &format!("has more than {MOST_LAGS} lags: {first}..{last}"));
        }
        (Ok(_), Ok(_)) => root.fault("taus", &format!("begins above its end: write {last}..{first}")),
        _ => root.fault("taus", &format!("must be {what}, not \"{first}..{last}\"")),
    }
}

/// The measures that are asked for, in the order of the catalogue.
fn read_modes(root: &mut Section<'_>, c: &mut Config, measures: &[MeasureSettings]) {
    let keys: Vec<&str> = measures.iter().map(|measure| measure.key).collect();
    root.set_names("analysis_modes", &keys, &mut c.analysis_modes);
    let is_named = !root.has("analysis_modes") || !c.analysis_modes.is_empty();
    root.require("analysis_modes", is_named, "must name at least one analysis");
    let asked = keys.into_iter().filter(|key| c.analysis_modes.iter().any(|mode| mode == key));
    c.analysis_modes = asked.map(str::to_owned).collect();
}

fn read_k_selection(root: &mut Section<'_>, c: &mut Config) {
    let Some(mut s) = root.section("k_selection") else { return };
    let k = &mut c.k_selection;
    let usual = (k.k_fixed, k.l_fixed);
    s.set("strategy", "AIS, GUARDED_AIS, AIS_CORRECTED, KT, BIC or fixed", &mut k.strategy);
    if k.strategy == KStrategy::GuardedAis {
        k.undersampling_guard = true;
        k.k_max = Some(4);
    }
    s.set("k_grid", "a list of whole numbers from 1", &mut k.k_grid);
    s.require("k_grid", !k.k_grid.is_empty(), "must name at least one k");
    s.require("k_grid", k.k_grid.iter().all(|k| (1..=64).contains(k)), "must hold numbers from 1 to 64");
    s.require("k_grid", is_unique(&k.k_grid), "names a k twice");
    s.set("k_max", "a whole number from 1 or null", &mut k.k_max);
    s.require("k_max", k.k_max != Some(0), "must be from 1, or null for no cap");
    s.set("k_fixed", "a whole number from 1", &mut k.k_fixed);
    s.require("k_fixed", (1..=64).contains(&k.k_fixed), "must be from 1 to 64");
    s.set("l_fixed", "a whole number from 1, or null for `k_fixed`", &mut k.l_fixed);
    s.require("l_fixed", k.l_fixed.is_none_or(|l| (1..=64).contains(&l)), "must be from 1 to 64");
    if k.strategy != KStrategy::Fixed {
        for (key, is_usual) in [("k_fixed", k.k_fixed == usual.0), ("l_fixed", k.l_fixed == usual.1)] {
            if !is_usual {
                s.notice(&format!("{}: no effect without `strategy: fixed`", s.name(key)));
            }
        }
    }
    s.set("undersampling_guard", "true or false", &mut k.undersampling_guard);
    s.set("guard_rule", "observations or raw_hours", &mut k.guard_rule);
    s.set("guard_min_samples_per_state", "a number from 0", &mut k.guard_min_samples_per_state);
    s.require("guard_min_samples_per_state", k.guard_min_samples_per_state >= 0.0, "must be from 0");
    s.set("per_variable", "true or false", &mut k.per_variable);
    s.set("ais_surrogates", "a whole number from 1", &mut k.ais_surrogates);
    s.require("ais_surrogates", k.ais_surrogates > 0, "must be from 1");
    s.set("ais_correction", "miller_madow or null_subtracted", &mut k.ais_correction);
    // The predecessor took such a cap for k itself.
    let smallest = k.k_grid.iter().min().copied().unwrap_or(0);
    let capped = k.strategy != KStrategy::Fixed && c.compat == Compat::None;
    s.require(
        "k_max",
        !capped || k.k_max.is_none_or(|max| max == 0 || max >= smallest),
        "allows no k of `k_grid`",
    );
    s.ignored(&["criterion", "min_samples_per_state"], "no effect here");
    s.finish();
}

/// Reads `statistical`; says whether the file chooses the nulls.
fn read_statistical(root: &mut Section<'_>, c: &mut Config) -> bool {
    let Some(mut s) = root.section("statistical") else { return false };
    let chooses_nulls = s.has("nulls") && !s.is_empty("nulls");
    null_settings::read(&mut s, &mut c.statistical.nulls);
    s.set("p_value", "add_one or raw", &mut c.statistical.p_value);
    let a = &mut c.statistical.adaptive_surrogates;
    if let Some(node) = s.get("adaptive_surrogates") {
        if let Kind::Scalar(serde_json::Value::Bool(enabled)) = node.kind {
            a.enabled = enabled;
        } else if matches!(node.kind, Kind::Scalar(serde_json::Value::String(_))) {
            // A word such as `yes` is told what to write.
            s.set("adaptive_surrogates", "true, false or a map of keys", &mut a.enabled);
        } else if let Some(mut s) = s.section("adaptive_surrogates") {
            s.set("enabled", "true or false", &mut a.enabled);
            s.set("rule", "besag_clifford or fresh_stages", &mut a.rule);
            let usual = a.exceedances;
            s.set("exceedances", "a whole number from 1", &mut a.exceedances);
            s.require("exceedances", a.exceedances > 0, "must be from 1");
            let too_many =
                a.enabled && a.rule == AdaptiveRule::BesagClifford && a.exceedances >= c.surrogates;
            if too_many && a.exceedances != usual {
                let never =
                    format!("no effect, besag_clifford draws at most `surrogates`, here {}", c.surrogates);
                s.notice(&format!("{}: {never}", s.name("exceedances")));
            }
            s.set("stages", "a list of whole numbers from 1", &mut a.stages);
            s.require("stages", !a.stages.is_empty() && !a.stages.contains(&0), "must hold numbers from 1");
            s.set("p_sig", "a number from 0 to 1", &mut a.p_sig);
            s.set("p_nonsig", "a number from 0 to 1", &mut a.p_nonsig);
            s.require("p_sig", (0.0..=1.0).contains(&a.p_sig), "must be from 0 to 1");
            s.require("p_nonsig", (0.0..=1.0).contains(&a.p_nonsig), "must be from 0 to 1");
            s.require("p_nonsig", a.p_sig < a.p_nonsig, "must be above `p_sig`");
            let unused = a.enabled && a.rule == AdaptiveRule::BesagClifford && s.has("stages");
            if unused && a.stages.iter().max() != Some(&c.surrogates) {
                let most = format!("besag_clifford draws at most `surrogates`, here {}", c.surrogates);
                s.notice(&format!("{}: {most}", s.name("stages")));
            }
            s.finish();
        }
    }
    s.ignored(&["surrogates", "alpha", "permutations"], "no effect here, use `surrogates` and `fdr.alpha`");
    s.finish();
    chooses_nulls
}

fn read_small_sections(root: &mut Section<'_>, c: &mut Config) {
    if let Some(mut s) = root.section("gaps") {
        s.set("mode", "break or ignore", &mut c.gaps.mode);
        s.set("max_seconds", "a number above 0 or null", &mut c.gaps.max_seconds);
        s.require("max_seconds", c.gaps.max_seconds.is_none_or(|m| m > 0.0), "must be above 0");
        if c.gaps.mode == GapMode::Ignore && c.gaps.max_seconds.is_some() {
            s.notice(&format!("{}: no effect with `mode: ignore`", s.name("max_seconds")));
        }
        s.finish();
    }
    if let Some(mut s) = root.section("fdr") {
        s.set("alpha", "a number between 0 and 1", &mut c.fdr.alpha);
        s.require("alpha", c.fdr.alpha > 0.0 && c.fdr.alpha < 1.0, "must be between 0 and 1");
        s.set("method", "bh or by", &mut c.fdr.method);
        s.set("by_tau", "true or false", &mut c.fdr.by_tau);
        s.set("families", "a list of measures", &mut c.fdr.families);
        s.finish();
    }
    if let Some(mut s) = root.section("runtime") {
        s.set("concurrency", "a whole number from 1", &mut c.runtime.concurrency);
        s.require("concurrency", (1..=4096).contains(&c.runtime.concurrency), "must be from 1 to 4096");
        s.set("threads", "a whole number from 1 or null", &mut c.runtime.threads);
        s.require("threads", c.runtime.threads != Some(0), "must be from 1");
        s.set("user_folders", "a whole number or null", &mut c.runtime.user_folders);
        s.set("commit_seconds", "a number of seconds", &mut c.runtime.commit_seconds);
        s.set("day_hours", "auto, true or false", &mut c.runtime.day_hours);
        s.set("locks", "auto, flock or lease", &mut c.runtime.locks);
        let is_time = (0.0..=3600.0).contains(&c.runtime.commit_seconds);
        s.require("commit_seconds", is_time, "must be from 0 to 3600");
        s.ignored(
            &["checkpoint", "heartbeat_interval", "resume", "log_level"],
            "no effect, every user is kept the moment it is done",
        );
        s.finish();
    }
    c.store.read(root);
    // The predecessor had this block and never read it.
    root.ignored(&["conditional_transfer_entropy"], "no effect here, see `conditional`");
}
