//! A directory that is served, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::happened::Happened;
use super::identity::{Seen, seen};
use super::place::{AWAY, is_away, is_one, place};
use super::told::Told;
use crate::event::kept_events;
use crate::run::{self, Pulse};
use crate::serve::access::Ended;
use crate::serve::mark::Mark;
use crate::sources::Source as Opened;
use crate::store::{EXPECTED, MANIFEST, MERGE_MANIFEST, MergeManifest, Protocol, Run};

/// Where workers say where they stand.
const STATUS: &str = "_status";

/// Bytes of a manifest at most: a larger one is none of ours.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Files that are named where some are gone.
const NAMED: usize = 3;

/// What a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A run.
    Run,
    /// Merged results.
    Merged,
    /// Something that cannot be read.
    Damaged,
}

/// What `state` of a source can be.
pub(crate) const STATES: [&str; 5] = ["complete", "running", "incomplete", "partial", "damaged"];

/// What is known of a source without asking its tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// One of `STATES`.
    pub state: String,
    /// What is wrong with it, if something is.
    pub problem: Option<String>,
    /// Users of the plan, where it says how many.
    pub users: Option<u64>,
    /// Units of the plan.
    pub units: u64,
    /// Units that are done.
    pub done: u64,
    /// Units that failed or were skipped.
    pub not_ok: u64,
    /// Units per minute.
    pub per_minute: Option<f64>,
    /// Seconds that are left.
    pub eta_seconds: Option<u64>,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Version of the tool.
    pub tool_version: String,
    /// Id of the run, or ids of those that were merged.
    pub run_ids: Vec<String>,
    /// Seed of every random stream.
    pub seed: Option<u64>,
    /// Fingerprint of the settings.
    pub config_fingerprint: String,
    /// Rows of each table, of merged results.
    pub rows: BTreeMap<String, u64>,
    /// Changes when the source does, as far as is known without listing its files.
    pub mark: String,
}

/// A directory that is served.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name: the only handle that a client has.
    pub name: String,
    /// Where it is.
    pub dir: PathBuf,
    /// What is known of it.
    pub summary: Summary,
    /// Where a run stands.
    pub pulse: Option<Pulse>,
    /// What befell its workers.
    pub happened: Happened,
    /// Whether there was a run or an output when it was looked at, whole or damaged.
    pub is_there: bool,
    read: Option<Read>,
    /// What is told in the place of its paths.
    told: Told,
    /// When it was looked at.
    looked: Instant,
}

/// What was read of a directory, and need not be read again while its files are the same.
#[derive(Debug, Clone)]
struct Read {
    manifest: Mark,
    /// The folder in which workers say where they stand, if nothing of it changes by itself any more.
    status: Option<Mark>,
    opened: Known,
}

#[derive(Debug, Clone)]
enum Known {
    Run(Run),
    Merged(Arc<MergeManifest>),
}

impl Source {
    /// Looks at a directory, as it was `before` if it was looked at: then only what is new is read.
    pub(crate) fn look(name: &str, dir: &Path, before: Option<&Self>) -> Self {
        let was = manifest_of(dir);
        match read(name, dir, before) {
            Ok(source) => source,
            Err(problem) => {
                let problem = Told::of(dir, name, &[]).hide(&problem);
                let summary = Summary {
                    kind: Kind::Damaged,
                    state: "damaged".into(),
                    problem: Some(problem),
                    ..nothing(name)
                };
                let happened = Happened::default();
                Self {
                    name: name.to_owned(),
                    dir: dir.to_owned(),
                    summary,
                    pulse: None,
                    happened,
                    is_there: is_still_there(dir, was.as_ref()),
                    read: None,
                    told: Told::of(dir, name, &[]),
                    looked: Instant::now(),
                }
            }
        }
    }

    /// Words without the place where it is: its name is the only handle that a client has.
    pub(crate) fn hide(&self, words: &str) -> String {
        self.told.hide(words)
    }

    /// The same source, asked together with others, whose places are hidden too.
    pub(crate) fn with(&self, others: &[Arc<Self>]) -> Self {
        let told = others.iter().fold(self.told.clone(), |told, other| told.and(&other.told));
        Self { told, ..self.clone() }
    }

    /// The same of a request without an answer.
    pub(crate) fn hide_ended(&self, ended: Ended) -> Ended {
        let Ended { ending, detail, hint, place } = ended;
        Ended { ending, detail: self.hide(&detail), hint: hint.map(|hint| self.hide(&hint)), place }
    }

    /// Whether it can be asked.
    pub(crate) fn is_whole(&self) -> bool {
        self.summary.kind != Kind::Damaged
    }
}

/// The manifest of a run or an output of this machine.
fn manifest_of(dir: &Path) -> Option<Mark> {
    [MERGE_MANIFEST, MANIFEST].iter().find_map(|name| Mark::of(&dir.join(name)))
}

/// Whether there is a run or an output, whole or damaged, and the one that `was` there: what was put there while it was
/// looked at is not what was seen.
fn is_still_there(dir: &Path, was: Option<&Mark>) -> bool {
    if is_away(dir) {
        return place(dir).storage().and_then(|storage| is_one(&*storage, "")).unwrap_or(false);
    }
    was.is_some() && manifest_of(dir).as_ref() == was
}

fn nothing(name: &str) -> Summary {
    Summary {
        name: name.to_owned(),
        kind: Kind::Damaged,
        state: String::new(),
        problem: None,
        users: None,
        units: 0,
        done: 0,
        not_ok: 0,
        per_minute: None,
        eta_seconds: None,
        created: String::new(),
        tool_version: String::new(),
        run_ids: Vec::new(),
        seed: None,
        config_fingerprint: String::new(),
        rows: BTreeMap::new(),
        mark: String::new(),
    }
}

fn read(name: &str, dir: &Path, before: Option<&Source>) -> Result<Source, String> {
    if is_away(dir) {
        return read_away(name, dir, before);
    }
    // The manifest of an output counts where both are.
    let is_merged = dir.join(MERGE_MANIFEST).exists();
    let manifest = dir.join(if is_merged { MERGE_MANIFEST } else { MANIFEST });
    let found = Mark::of(&manifest);
    let about = std::fs::metadata(&manifest);
    if about.as_ref().is_ok_and(|about| about.len() > LARGEST_MANIFEST) {
        return Err(format!("{} is larger than any manifest", manifest.display()));
    }
    // A pipe, say, has no end.
    if about.is_ok_and(|about| !about.is_file()) {
        return Err(format!("{} is not a file", manifest.display()));
    }
    let read = before.and_then(|before| before.read.as_ref());
    match read.filter(|read| Some(read.manifest) == found).map(|read| &read.opened) {
        Some(Known::Run(run)) if !is_merged && dir.join(EXPECTED).exists() => {
            of_run(name, dir, run, (found, before))
        }
        Some(Known::Merged(merged)) if is_merged => of_merged(name, dir, merged, found),
        // A run is not opened for its rows, so that no lock is taken.
        _ if !is_merged && found.is_some() => {
            let run = Run::open(dir).map_err(|error| crate::error::chain(&error))?;
            of_run(name, dir, &run, (found, None))
        }
        _ => match Opened::open(&dir.into()).map_err(|error| crate::error::chain(&error))? {
            Opened::Run(opened) => of_run(name, dir, &opened.run, (found, None)),
            Opened::Merged(_, manifest) => of_merged(name, dir, &Arc::new(*manifest), found),
        },
    }
}

/// The same in an object store, where every look is paid for: not more often than every so often.
fn read_away(name: &str, dir: &Path, before: Option<&Source>) -> Result<Source, String> {
    let fresh = before.filter(|before| before.is_whole() && before.looked.elapsed() < AWAY);
    if let Some(before) = fresh {
        return Ok(before.clone());
    }
    match Opened::open(&place(dir)).map_err(|error| crate::error::chain(&error))? {
        Opened::Run(opened) => of_run(name, dir, &opened.run, (None, None)),
        Opened::Merged(_, manifest) => of_merged(name, dir, &Arc::new(*manifest), None),
    }
}

fn of_merged(
    name: &str,
    dir: &Path,
    manifest: &Arc<MergeManifest>,
    found: Option<Mark>,
) -> Result<Source, String> {
    let Seen { mark, names } = seen(dir).map_err(|ended| ended.to_string())?;
    let lost = lost(manifest, &names);
    // Whoever replaces an output takes its files away one by one.
    let is_there = lost.is_none() || is_away(dir) || Mark::of(dir).is_some_and(|mark| mark.is_settled());
    let state = match (&lost, manifest.complete) {
        (Some(_), _) => "damaged",
        (None, true) => "complete",
        (None, false) => "partial",
    };
    let csv_only = || {
        "it has no Parquet files and cannot be asked\n(hint: merge it with --format parquet too)".to_owned()
    };
    let summary = Summary {
        kind: if lost.is_some() { Kind::Damaged } else { Kind::Merged },
        state: state.into(),
        units: manifest.units,
        done: manifest.units_ok,
        not_ok: manifest.units.saturating_sub(manifest.units_ok),
        created: manifest.merged_at.clone(),
        tool_version: manifest.tool_version.clone(),
        run_ids: manifest.sources.iter().map(|run| run.run_id.clone()).collect(),
        seed: Some(manifest.seed),
        config_fingerprint: manifest.config_fingerprint.clone(),
        rows: manifest.rows.clone(),
        problem: lost.or_else(|| (!manifest.parquet).then(csv_only)),
        mark,
        ..nothing(name)
    };
    let opened = Known::Merged(Arc::clone(manifest));
    Ok(Source {
        name: name.to_owned(),
        dir: dir.to_owned(),
        summary,
        pulse: None,
        happened: Happened::default(),
        is_there,
        read: found.map(|manifest| Read { manifest, status: None, opened }),
        told: Told::of(dir, name, &manifest.sources),
        looked: Instant::now(),
    })
}

/// What is told of tables of an output whose files are gone, if some are. No file is opened for it.
fn lost(manifest: &MergeManifest, names: &BTreeSet<String>) -> Option<String> {
    if !manifest.parquet {
        return None;
    }
    let files = manifest.rows.keys().map(|table| format!("{table}.parquet"));
    let gone: Vec<String> = files.filter(|file| !names.contains(file)).collect();
    let more = if gone.len() > NAMED { " and others" } else { "" };
    (!gone.is_empty()).then(|| {
        format!(
            "{}{more} {} gone\n(hint: `results merge` makes the output again, once what is left of it is removed)",
            gone[..gone.len().min(NAMED)].join(", "),
            if gone.len() == 1 { "is" } else { "are" }
        )
    })
}

fn of_run(
    name: &str,
    dir: &Path,
    opened: &Run,
    (found, before): (Option<Mark>, Option<&Source>),
) -> Result<Source, String> {
    let status = Mark::of(&dir.join(STATUS));
    let same = before.and_then(|before| before.read.as_ref()?.status.filter(|old| Some(*old) == status));
    if let (Some(_), Some(before)) = (same, before) {
        return Ok(before.clone());
    }
    let pulse = run::pulse(opened).map_err(|error| crate::error::chain(&error))?;
    let manifest = opened.manifest();
    let counts = pulse.counts;
    let mark = format!("{:?} {} {:?}", manifest.state, manifest.input.plan_fingerprint, counts);
    let summary = Summary {
        kind: Kind::Run,
        state: pulse.state.clone(),
        users: Some(manifest.input.users),
        units: counts.total,
        done: counts.done(),
        not_ok: counts.failed + counts.skipped,
        per_minute: pulse.per_minute,
        eta_seconds: pulse.eta_seconds,
        created: manifest.created_at.clone(),
        tool_version: manifest.tool_version.clone(),
        run_ids: vec![manifest.run_id.clone()],
        seed: Some(manifest.seed),
        config_fingerprint: manifest.config_fingerprint.clone(),
        mark: blake3::hash(mark.as_bytes()).to_hex()[..16].to_owned(),
        ..nothing(name)
    };
    let happened = match opened.protocol() {
        Protocol::Locks => before.map(|before| before.happened.clone()).unwrap_or_default().and_new(dir),
        Protocol::Names => Happened::of(kept_events(opened.storage()).unwrap_or_default()),
    };
    // What a run says that is not complete depends on the time too.
    let is_over = pulse.state == "complete";
    let status = status.filter(|status| is_over && status.is_settled());
    Ok(Source {
        name: name.to_owned(),
        dir: dir.to_owned(),
        summary,
        pulse: Some(pulse),
        happened,
        is_there: true,
        read: found.map(|manifest| Read { manifest, status, opened: Known::Run(opened.clone()) }),
        told: Told::of(dir, name, &[]),
        looked: Instant::now(),
    })
}
