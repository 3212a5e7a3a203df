//! What a run must produce, and where.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::text::count;
use crate::config::{Analysis, Config};
use crate::dataset::inputs;
use crate::error::Failure;
use crate::measures::planned_rows;
use crate::store::Assignment;
use crate::store::{ExpectedUnit, Run};

/// The units of all shards: every user in every feature mode.
pub(super) fn units(config: &Config, shards: u32) -> Result<Vec<ExpectedUnit>, Failure> {
    let users = inputs(config).map_err(Failure::usage)?;
    let rows: Arc<BTreeMap<String, u64>> = Arc::new(match config.analysis {
        Analysis::Builtin => {
            planned_rows(config).into_iter().map(|(table, n)| (table.to_owned(), n)).collect()
        }
        // How many rows a program gives is its own affair.
        Analysis::Command(_) => BTreeMap::new(),
    });
    let mut modes = config.feature_modes.clone();
    modes.sort();
    let mut units = Vec::with_capacity(users.len() * modes.len());
    for (position, user) in users.iter().enumerate() {
        let input = serde_json::to_string(user).map_err(Failure::error)?;
        for mode in &modes {
            units.push(ExpectedUnit {
                position: position as u64,
                shard: (position as u64 % u64::from(shards)) as u32,
                user_id: user.id.clone(),
                feature_mode: mode.clone(),
                input: input.clone(),
                input_bytes: user.bytes,
                rows: Arc::clone(&rows),
            });
        }
    }
    Ok(units)
}

/// Users that came into the data folder since the run was planned: taken into the plan, or told about.
pub(super) fn newcomers(run: &mut Run, extend: bool) -> Result<(), Failure> {
    let config = run.manifest().config.clone();
    // With a number of users the plan is full, and a user column means reading all files.
    if !extend && (config.n_users.is_some() || config.data.user.is_some()) {
        return Ok(());
    }
    let found = match units(&Config { n_users: None, ..config }, run.manifest().shards) {
        Ok(found) => found,
        // The folder may be gone while what is left to do needs none of it.
        Err(_) if !extend => return Ok(()),
        Err(failure) => return Err(failure),
    };
    let known: HashSet<&str> =
        run.expected().map_err(Failure::error)?.iter().map(|u| u.user_id.as_str()).collect();
    let new: Vec<ExpectedUnit> =
        found.into_iter().filter(|unit| !known.contains(unit.user_id.as_str())).collect();
    let users: BTreeSet<&str> = new.iter().map(|u| u.user_id.as_str()).collect();
    if users.is_empty() {
        return Ok(());
    }
    let some = users.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let more = if users.len() > 3 { ", …" } else { "" };
    let told = format!("{} in the data folder: {some}{more}", count(users.len() as u64, "new user"));
    if !extend {
        eprintln!("note: {told}; --extend takes them into the run");
        return Ok(());
    }
    eprintln!("note: {told}");
    run.extend(new).map_err(Failure::error)
}

/// A directory that is not there yet: name, time, and the shard if it holds only one.
pub(super) fn new_dir(config: &Config, share: Option<Assignment>) -> PathBuf {
    let stamp = chrono::Local::now().format("%Y%m%d_%H%M%S");
    let shard = share.map_or(String::new(), |s| format!("_shard{}of{}", s.index, s.of));
    let name = format!("{}_{stamp}{shard}", config.name);
    let folder = Path::new(&config.out_dir);
    let mut dir = folder.join(&name);
    let mut n = 2;
    while dir.exists() {
        dir = folder.join(format!("{name}_{n}"));
        n += 1;
    }
    dir
}
