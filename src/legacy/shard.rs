//! A directory of the predecessor, read.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::error::LegacyError;
use super::error_log::{self, Logged};
use super::finding::{Finding, Findings, Kind};
use super::form;
use super::layout::{self, ERROR_LOG, HBIN_COUNTS, K_SELECTED, RUN_INFO, STATUS, Touched, all_files, packed};
use super::settings::{self, Settings};
use super::spelling::Spellings;
use super::unit::{Call, LegacyUnit};
use super::{hour_bins, k_selection, measures, units};
use crate::dataset::NoText;
use crate::schema::{Cell, Row, SchemaError, Schemas};

/// A directory of the predecessor: what it holds, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LegacyShard {
    /// The directory.
    pub dir: PathBuf,
    /// Its name.
    pub name: String,
    /// Its settings; none if `run_info.yaml` is missing or cannot be used.
    pub settings: Option<Settings>,
    /// Shard and number of shards, if the directory's name tells.
    pub shard: Option<(u32, u32)>,
    /// Users of its shard, by its `status.json`.
    pub users: Option<u64>,
    /// When it was made, microseconds since 1970, as far as that is known.
    pub ended_us: Option<i64>,
    /// Names of its files that were read.
    pub files: BTreeSet<&'static str>,
    /// The units, by user, feature mode and attempt.
    pub units: Vec<LegacyUnit>,
    /// What is wrong or assumed.
    pub findings: Vec<Finding>,
    /// The significance calls it made, from q values over its own users only.
    pub calls: Vec<Call>,
}

/// Bytes of a directory's files, by name.
pub(super) type Files = BTreeMap<&'static str, Vec<u8>>;

/// Reads a directory of the predecessor.
///
/// Whatever is wrong with its rows is a finding; the other rows are there.
///
/// # Errors
/// The directory is none of the predecessor's, or a file of it cannot be read at all.
pub(crate) fn read(dir: &Path, schemas: &Schemas) -> Result<LegacyShard, LegacyError> {
    if !super::is_legacy(dir) {
        return Err(LegacyError::NotLegacy { dir: dir.to_owned() });
    }
    let mut files = Files::new();
    for file in all_files() {
        // A file that was packed afterwards counts where the file itself is not there.
        for name in [Some(file.to_owned()), packed(file)].into_iter().flatten() {
            let path = dir.join(name);
            match std::fs::read(&path) {
                Ok(bytes) => {
                    files.entry(file).or_insert(bytes);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(LegacyError::Read { path, source }),
            }
        }
    }
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = whole.file_name().map_or_else(|| "legacy".into(), |name| name.to_string_lossy().into_owned());
    let mut shard = read_files(dir, &name, &files, schemas)?;
    let mut others = Findings::default();
    for Touched { file, name: other } in super::touched(dir) {
        let what = format!("{other} lies there too and is not read");
        let remedy = format!("only {file} and {file}.gz are: what it holds besides has to stand there");
        others.add(file, 0, Kind::Form, what, &remedy);
    }
    shard.findings.extend(others.in_folder(&name));
    Ok(shard)
}

/// Reads the bytes of a directory's files.
pub(super) fn read_files(
    dir: &Path,
    name: &str,
    files: &Files,
    schemas: &Schemas,
) -> Result<LegacyShard, SchemaError> {
    let mut findings = Findings::default();
    let settings = files.get(RUN_INFO).and_then(|bytes| settings::read(bytes, &mut findings));
    let users = files.get(STATUS).and_then(|bytes| users_of(bytes, &mut findings));
    missing(files, &mut findings);
    let (mut entries, mut calls) = (Vec::new(), Vec::new());
    for measure in layout::measures() {
        if let Some(bytes) = files.get(measure.file) {
            let (rows, made) = measures::read(&measure, bytes, schemas, &mut findings)?;
            entries.extend(rows);
            calls.extend(made);
        }
    }
    let logged = files.get(ERROR_LOG.file).map(|bytes| error_log::read(bytes, &mut findings));
    let mut logged = logged.unwrap_or_default();
    if let Some(bytes) = files.get(HBIN_COUNTS.file) {
        let bins = settings.as_ref().map(|s| s.config.hour_bins).or_else(|| bins_of(&entries));
        entries.extend(hour_bins::read(bytes, bins, schemas, &mut findings)?);
    }
    let mut choices = files.get(K_SELECTED.file).map(|bytes| k_selection::read(bytes, &mut findings));
    let chosen = choices.iter().flatten().map(|choice| (K_SELECTED.file, choice.user_id.as_str()));
    let measured = entries.iter().map(|entry| (entry.file, entry.user_id.as_str()));
    let failed = logged.iter().map(|entry| (ERROR_LOG.file, entry.user_id.as_str()));
    let spellings = Spellings::of(measured.chain(chosen).chain(failed), &mut findings);
    let ids = entries.iter_mut().map(|entry| &mut entry.user_id);
    let ids = ids.chain(choices.iter_mut().flatten().map(|choice| &mut choice.user_id));
    let ids = ids.chain(logged.iter_mut().map(|entry| &mut entry.user_id));
    ids.chain(calls.iter_mut().map(|call| &mut call.user_id)).for_each(|id| spellings.mend(id));
    if let Some(choices) = choices {
        let named = choices.iter().filter_map(|choice| choice.feature_mode.as_deref());
        let modes = modes(settings.as_ref(), &entries, &logged, named);
        let grid = settings.as_ref().map(|s| &s.config.k_selection.k_grid);
        let largest = grid.and_then(|grid| grid.iter().max().copied()).map(i64::from);
        let context = k_selection::Context { modes: &modes, measured: &entries, largest };
        let rows = k_selection::entries(choices, &context, schemas, &mut findings)?;
        entries.extend(rows);
    }
    let modes = modes(settings.as_ref(), &entries, &logged, std::iter::empty());
    let ended_us = settings.as_ref().and_then(|s| s.ended_us).or_else(|| stamp_us(name));
    Ok(LegacyShard {
        dir: dir.to_owned(),
        name: name.to_owned(),
        settings,
        shard: shard_of(name),
        users,
        ended_us,
        files: files.keys().copied().collect(),
        units: units::assemble(entries, logged, &modes, &mut findings),
        findings: findings.in_folder(name),
        calls,
    })
}

/// A run that ended has every file of a measure, with a header only if it is empty.
fn missing(files: &Files, findings: &mut Findings) {
    for measure in layout::measures().filter(|measure| !files.contains_key(measure.file)) {
        let what = "is not there, so the run was interrupted before its end, or the file was lost";
        findings.add(
            measure.file,
            0,
            Kind::MissingFile,
            what,
            "look for it in another copy of the directory",
        );
    }
    if !files.contains_key(RUN_INFO) {
        let what = "is not there; settings are taken from another directory, or from the rows";
        findings.add(RUN_INFO, 0, Kind::Settings, what, "");
    }
}

/// Feature modes in the order of the settings, then others in the order in which they come.
fn modes<'a>(
    settings: Option<&'a Settings>,
    entries: &'a [Entry],
    logged: &'a [Logged],
    named: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    // Without settings to say so, a mode of the defaults need not be one of the run.
    let configured = settings.into_iter().flat_map(|s| s.config.feature_modes.iter().map(String::as_str));
    let seen = entries.iter().map(|entry| entry.feature_mode.as_str());
    let failed = logged.iter().filter_map(|entry| entry.feature_mode.as_deref());
    let mut modes: Vec<String> = Vec::new();
    for mode in configured.chain(seen).chain(failed).chain(named) {
        if !modes.iter().any(|known| known == mode) {
            modes.push(mode.to_owned());
        }
    }
    modes
}

fn bins_of(entries: &[Entry]) -> Option<u32> {
    common_bins(entries.iter().flat_map(|entry| &entry.rows))
}

/// The number of bins that rows of conditional measures name, if they agree.
pub(super) fn common_bins<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<u32> {
    let cells = rows.flat_map(|row| row.0.iter().filter(|(name, _)| *name == "hour_bins"));
    let found: BTreeSet<i64> =
        cells.filter_map(|(_, cell)| if let Cell::Int(bins) = cell { Some(*bins) } else { None }).collect();
    if found.len() == 1 { found.first().and_then(|bins| u32::try_from(*bins).ok()) } else { None }
}

/// The number of users that `status.json` tells; how far it says they were is of no use.
fn users_of(status: &[u8], findings: &mut Findings) -> Option<u64> {
    let status = match form::unpacked(STATUS, status, findings) {
        Ok(text) => text,
        Err(NoText { what, remedy }) => {
            let what = format!("is {what}, which is not read; how many users the shard had is not known");
            findings.add(STATUS, 0, Kind::Settings, what, &remedy);
            return None;
        }
    };
    // What was cut off while it was written says nothing.
    let status = status.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&status);
    let status: serde_json::Value = serde_json::from_slice(status).ok()?;
    settings::count(status.get("pipeline")?.get("total_users")?)
}

/// `…_shard2of3` or `shard2of3`.
fn shard_of(name: &str) -> Option<(u32, u32)> {
    let (before, numbers) = name.rsplit_once("shard")?;
    let (index, rest) = numbers.split_once("of")?;
    let of: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let (index, of) = (index.parse::<u32>().ok()?, of.parse::<u32>().ok()?);
    (index < of && (before.is_empty() || before.ends_with(['_', '-', '.']))).then_some((index, of))
}

/// The minute in a directory's name, such as `full_bins6_20261123_1300_shard0of3`.
fn stamp_us(name: &str) -> Option<i64> {
    let parts: Vec<&str> = name.split('_').collect();
    parts.windows(2).find_map(|pair| {
        let text = format!("{} {}", pair[0], pair[1]);
        let time = chrono::NaiveDateTime::parse_from_str(&text, "%Y%m%d %H%M").ok()?;
        Some(time.and_utc().timestamp_micros())
    })
}
