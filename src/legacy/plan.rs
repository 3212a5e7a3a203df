//! What directories of the predecessor should hold together.
//!
//! The predecessor kept no plan. Users and feature modes are those that any directory names, and those that
//! the caller expects; rows a unit follow from the settings.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::LegacyError;
use super::finding::{Findings, Kind};
use super::hour_bins;
use super::layout::{HBIN_COUNTS, K_SELECTED};
use super::settings;
use super::shard::{LegacyShard, common_bins};
use super::spelling;
use super::unit::LegacyUnit;
use crate::config::{Config, KStrategy};
use crate::measures::{self, planned_rows};
use crate::schema::{Cell, Row};
use crate::store::ExpectedUnit;

/// The plan of all directories.
#[derive(Debug)]
pub(super) struct Plan {
    /// The settings of each directory.
    pub(super) configs: Vec<Config>,
    /// Rows of a complete unit.
    pub(super) rows: Arc<BTreeMap<String, u64>>,
    /// All units.
    pub(super) units: Vec<ExpectedUnit>,
    /// Number of shards.
    pub(super) shards: u32,
    /// Shard of each directory.
    pub(super) own: Vec<u32>,
}

impl Plan {
    /// Makes it.
    pub(super) fn of(
        dirs: &[LegacyShard],
        expected: Option<&[String]>,
        findings: &mut Findings,
    ) -> Result<Self, LegacyError> {
        let known = dirs.iter().find_map(|dir| dir.settings.as_ref()).map(|s| s.config.clone());
        let base = match known {
            Some(config) => config,
            None => inferred(dirs, findings)?,
        };
        let rows = Arc::new(rows_of_a_unit(&base, dirs));
        let (shards, own) = divide(dirs, findings);
        contradictions(dirs, (shards, &own), findings);
        let units = units(&base, dirs, expected, &rows, (shards, &own), findings);
        let configs = dirs.iter().map(|dir| dir.settings.as_ref().map_or(&base, |s| &s.config).clone());
        Ok(Self { configs: configs.collect(), rows, units, shards, own })
    }

    /// Whether a unit has all rows that are planned.
    pub(super) fn is_complete(&self, unit: &LegacyUnit) -> bool {
        self.rows.iter().all(|(table, planned)| {
            let there = unit.tables.iter().filter(|(name, _)| name == table).map(|(_, rows)| rows.len());
            there.sum::<usize>() as u64 == *planned
        })
    }
}

/// Settings as the rows show them.
fn inferred(dirs: &[LegacyShard], findings: &mut Findings) -> Result<Config, LegacyError> {
    let mut config = settings::defaults()?;
    let tables = || dirs.iter().flat_map(|dir| &dir.units).flat_map(|unit| &unit.tables);
    let has = |file: &str| dirs.iter().any(|dir| dir.files.contains(file));
    let taus: BTreeSet<u32> = tables().flat_map(|(_, rows)| rows).filter_map(tau).collect();
    let measured = |name: &str| tables().any(|(table, rows)| table == name && !rows.is_empty());
    let measures = || measures::all().iter().filter(|measure| measured(measure.name()));
    config.analysis_modes = measures().map(|measure| measure.key().to_owned()).collect();
    config.taus = taus.into_iter().collect();
    config.feature_modes = modes(&[], dirs).into_iter().collect();
    if let Some(bins) = common_bins(tables().flat_map(|(_, rows)| rows)) {
        config.hour_bins = bins;
    }
    if !has(K_SELECTED.file) {
        config.k_selection.strategy = KStrategy::Fixed;
    }
    let what = format!(
        "no run_info.yaml can be used; from the rows, the plan has taus {:?}, {} bins and the analyses {}",
        config.taus,
        config.hour_bins,
        measures().map(|measure| measure.name()).collect::<Vec<_>>().join(", ")
    );
    let remedy =
        "results of which no row is anywhere cannot be missed; give a directory with its run_info.yaml";
    findings.add(ALL, 0, Kind::Assumed, what, remedy);
    Ok(config)
}

/// Name of findings about all directories.
pub(super) const ALL: &str = "(all directories)";

fn tau(row: &Row) -> Option<u32> {
    match row.0.iter().find(|(name, _)| *name == "tau") {
        Some((_, Cell::Int(tau))) => u32::try_from(*tau).ok(),
        _ => None,
    }
}

/// Rows of each table that a complete unit has.
fn rows_of_a_unit(config: &Config, dirs: &[LegacyShard]) -> BTreeMap<String, u64> {
    let has = |file: &str| dirs.iter().any(|dir| dir.files.contains(file));
    let mut rows: BTreeMap<String, u64> =
        planned_rows(config).into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect();
    // The hours were never counted; a file that no directory has was not asked for.
    rows.remove(HBIN_COUNTS.table);
    if has(HBIN_COUNTS.file) {
        let bins = u64::from(config.hour_bins).min(hour_bins::COLUMNS as u64);
        rows.insert(HBIN_COUNTS.table.to_owned(), bins);
    }
    let unnamed = dirs.iter().flat_map(|dir| &dir.findings).any(|f| f.kind == Kind::ModeUnknown);
    if !has(K_SELECTED.file) || unnamed {
        rows.remove(K_SELECTED.table);
    }
    rows
}

fn modes(configured: &[String], dirs: &[LegacyShard]) -> BTreeSet<String> {
    let seen = dirs.iter().flat_map(|dir| &dir.units).map(|unit| unit.feature_mode.clone());
    configured.iter().cloned().chain(seen).collect()
}

/// Number of shards and the shard of each directory: as their names say, or a shard a directory.
fn divide(dirs: &[LegacyShard], findings: &mut Findings) -> (u32, Vec<u32>) {
    let named: Vec<(u32, u32)> = dirs.iter().filter_map(|dir| dir.shard).collect();
    if let Some((_, of)) = named.first()
        && named.len() == dirs.len()
        && named.iter().all(|(_, other)| other == of)
    {
        return (*of, named.iter().map(|(index, _)| *index).collect());
    }
    if !named.is_empty() {
        let what =
            "the names do not divide the users in one way, so each directory was taken as a shard of its own";
        findings.add(ALL, 0, Kind::Directories, what, "name the directories of one run only");
    }
    (dirs.len().max(1) as u32, (0..dirs.len() as u32).collect())
}

fn units(
    config: &Config,
    dirs: &[LegacyShard],
    expected: Option<&[String]>,
    rows: &Arc<BTreeMap<String, u64>>,
    (shards, own): (u32, &[u32]),
    findings: &mut Findings,
) -> Vec<ExpectedUnit> {
    let mut shard_of: BTreeMap<&str, Option<u32>> = BTreeMap::new();
    for (dir, shard) in dirs.iter().zip(own) {
        for unit in &dir.units {
            shard_of.entry(&unit.user_id).or_insert(Some(*shard));
        }
    }
    let of_dirs =
        dirs.iter().map(|dir| dir.units.iter().map(|unit| unit.user_id.as_str()).collect::<BTreeSet<&str>>());
    let of_list = expected.map(|users| users.iter().map(String::as_str).collect::<BTreeSet<&str>>());
    spelling::across(of_dirs.chain(of_list), ALL, findings);
    strangers(&shard_of, expected, findings);
    for user in expected.into_iter().flatten() {
        shard_of.entry(user).or_insert(None);
    }
    let modes = modes(&config.feature_modes, dirs);
    let mut units = Vec::new();
    // The shard of a position is the position modulo shards; which users the shards had is told by where they are.
    let mut taken = vec![0; shards as usize];
    let mut position = |shard: u32| {
        let place = &mut taken[shard as usize];
        *place += 1;
        u64::from(shard) + u64::from(shards) * (*place - 1)
    };
    let unit = |position: u64, shard: u32, user: &str, mode: &str| ExpectedUnit {
        position,
        shard,
        user_id: user.to_owned(),
        feature_mode: mode.to_owned(),
        input: "{}".to_owned(),
        input_bytes: 0,
        rows: Arc::clone(rows),
    };
    for (place, (user, shard)) in shard_of.iter().enumerate() {
        let shard = shard.unwrap_or(place as u32 % shards);
        let position = position(shard);
        units.extend(modes.iter().map(|mode| unit(position, shard, user, mode)));
    }
    if expected.is_none() {
        // Nobody can say who is missing, but that somebody is must not pass.
        let mut unknown: Vec<(u32, String)> = absent(shards, own, findings)
            .into_iter()
            .map(|shard| (shard, format!("(unknown users of shard {shard} of {shards})")))
            .collect();
        unknown.extend(unnamed(dirs, (shards, own), shard_of.len(), unknown.len(), findings));
        for (shard, user) in unknown {
            let position = position(shard);
            units.extend(modes.iter().map(|mode| unit(position, shard, &user, mode)));
        }
    }
    units
}

fn strangers(seen: &BTreeMap<&str, Option<u32>>, expected: Option<&[String]>, findings: &mut Findings) {
    let Some(expected) = expected else { return };
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    for user in seen.keys().filter(|user| !expected.contains(*user)) {
        let what = format!("{user} is not among the users that are expected; the results are kept");
        findings.add(ALL, 0, Kind::Directories, what, "");
    }
}

/// What tells users that no file names.
const WHO: &str = "--expect FILE or --data FOLDER says who they are, and that there are no more";

/// Numbers of users in which directories of one run, or of one shard, contradict each other: nobody knows which is right.
fn contradictions(dirs: &[LegacyShard], (shards, own): (u32, &[u32]), findings: &mut Findings) {
    let mut tell = |what: String, counts: BTreeMap<Option<u64>, Vec<&str>>| {
        if counts.len() < 2 {
            return;
        }
        let words = |(count, dirs): (&Option<u64>, &Vec<&str>)| {
            let count = count.map_or("no number".to_owned(), |count| count.to_string());
            match dirs.len() {
                1 => format!("{count} in {}", dirs[0]),
                n => format!("{count} in {} and {} more", dirs[0], n - 1),
            }
        };
        let words: Vec<String> = counts.iter().map(words).collect();
        let what = format!("{what}: {}; the largest is taken", words.join(", "));
        findings.add(ALL, 0, Kind::Directories, what, WHO);
    };
    let mut asked: BTreeMap<Option<u64>, Vec<&str>> = BTreeMap::new();
    for dir in dirs {
        if let Some(settings) = &dir.settings {
            asked.entry(settings.config.n_users.map(u64::from)).or_default().push(&dir.name);
        }
    }
    tell("run_info.yaml differs in n_users".to_owned(), asked);
    for shard in 0..shards {
        let mut counted: BTreeMap<Option<u64>, Vec<&str>> = BTreeMap::new();
        for (dir, _) in dirs.iter().zip(own).filter(|(dir, own)| **own == shard && dir.users.is_some()) {
            counted.entry(dir.users).or_default().push(&dir.name);
        }
        tell(format!("status.json differs in the users of shard {shard}"), counted);
    }
}

/// The largest number of users that any settings ask for.
fn asked(dirs: &[LegacyShard]) -> u32 {
    let settings = dirs.iter().filter_map(|dir| dir.settings.as_ref());
    settings.filter_map(|settings| settings.config.n_users).max().unwrap_or(0)
}

/// Users that the settings or a `status.json` count and that no file names: shard and words for each.
fn unnamed(
    dirs: &[LegacyShard],
    (shards, own): (u32, &[u32]),
    named: usize,
    absent: usize,
    findings: &mut Findings,
) -> Vec<(u32, String)> {
    let mut unknown = Vec::new();
    let mut tell = |shard: u32, count: usize, source: String| {
        if count > 0 {
            let what = format!("{source}, and no file names {count} of them; they are missing");
            findings.add(ALL, 0, Kind::Directories, what, WHO);
            unknown.extend(
                (1..=count).map(|n| (shard, format!("(unknown user {n} of {count} in shard {shard})"))),
            );
        }
    };
    let (mut counted, mut known) = (0, 0);
    for shard in 0..shards {
        let of_shard = || dirs.iter().zip(own).filter(move |(_, own)| **own == shard).map(|(dir, _)| dir);
        let Some(users) = of_shard().filter_map(|dir| dir.users).max() else { continue };
        counted += 1;
        let there: BTreeSet<&str> =
            of_shard().flat_map(|dir| &dir.units).map(|unit| unit.user_id.as_str()).collect();
        let missing = (users as usize).saturating_sub(there.len());
        known += missing;
        tell(shard, missing, format!("status.json counts {users} users of shard {shard}"));
    }
    // `n_users` is the most that are taken; what each shard counts is how many there were.
    if counted < shards {
        let asked = asked(dirs);
        let missing = (asked as usize).saturating_sub(named + absent + known);
        tell(own.first().copied().unwrap_or(0), missing, format!("run_info.yaml has n_users: {asked}"));
    }
    unknown
}

fn absent(shards: u32, own: &[u32], findings: &mut Findings) -> Vec<u32> {
    let absent: Vec<u32> = (0..shards).filter(|shard| !own.contains(shard)).collect();
    for shard in &absent {
        let what = format!("the directory of shard {shard} of {shards} was not found; its users are missing");
        findings.add(ALL, 0, Kind::Directories, what, "name the directory of that shard too");
    }
    absent
}
