//! A control is planned and registered, or joined.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::error::ControlError;
use super::pairs::pairs;
use crate::attempts::{Attempts, Damage, OpenRun, Precedence};
use crate::config::{Analysis, Config};
use crate::dataset::{Input, PairInput, UserInput};
use crate::run::{Planned, Subject, create_control};
use crate::schema::Schemas;
use crate::sources::Source;
use crate::store::{ControlOf, Location, Run, RunState, UnitState};

/// A control that is asked for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// Of which run.
    pub of: Location,
    /// Where it shall be.
    pub at: Location,
    /// Most pairs.
    pub pairs: usize,
    /// Number of shards.
    pub shards: u32,
    /// The tables.
    pub schemas: &'a Schemas,
}

/// Chooses pairs among the users of the run that have results, and registers them as a run, or joins the one that is
/// there. `note` gets what people should know.
///
/// # Errors
/// There is nothing to be put beside anything, or the control cannot be registered.
pub(crate) fn create(request: Request<'_>, note: &dyn Fn(&str)) -> Result<Run, ControlError> {
    let run = open(&request.of)?;
    let manifest = run.manifest();
    if manifest.state == RunState::Incomplete {
        note(&format!("{} is not complete; the pairs are of the users that are done", run.name()));
    }
    let folder = manifest.input.folder.clone();
    let config = Config {
        name: format!("{}_control", manifest.config.name),
        data_root: folder,
        ..manifest.config.clone()
    };
    let control = ControlOf { of: manifest.run_id.clone(), dir: request.of.full_name() };
    let subjects = subjects(&run, request.pairs, note)?;
    let Request { at, shards, schemas, .. } = request;
    let planned = Planned { config: &config, shards, only_shards: Vec::new(), schemas };
    Ok(create_control(at, planned, &subjects, control)?)
}

/// The run, if there can be a control of it.
fn open(place: &Location) -> Result<Run, ControlError> {
    if let Ok(Source::Merged(_, manifest)) = Source::open(place) {
        let runs = manifest.sources.into_iter().map(|run| run.dir).collect();
        return Err(ControlError::Merged { dir: place.to_string(), runs });
    }
    let run = Run::open(place)?;
    if let Some(control) = &run.manifest().control {
        return Err(ControlError::OfControl { run: run.name(), of: control.dir.clone() });
    }
    match run.manifest().config.analysis {
        Analysis::Command(_) => Err(ControlError::OfProgram { run: run.name() }),
        Analysis::Builtin => Ok(run),
    }
}

/// Pairs of users, each in the feature modes in which both have results.
fn subjects(run: &Run, most: usize, note: &dyn Fn(&str)) -> Result<Vec<Subject>, ControlError> {
    let by_mode = with_results(run)?;
    let inputs = inputs(run)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut subjects: Vec<Subject> = Vec::new();
    let (mut possible, mut seen) = (0, BTreeSet::new());
    for (mode, users) in &by_mode {
        let users: Vec<&str> =
            users.iter().map(String::as_str).filter(|id| inputs.contains_key(*id)).collect();
        seen.extend(users.iter().copied());
        possible = possible.max(users.len() * users.len().saturating_sub(1));
        for (source, target) in pairs(&users, run.manifest().seed, most) {
            let pair =
                PairInput { source: inputs[users[source]].clone(), target: inputs[users[target]].clone() };
            let place = *places.entry(pair.id()).or_insert(subjects.len());
            if place == subjects.len() {
                subjects.push(Subject { id: pair.id(), input: Input::Pair(pair), feature_modes: Vec::new() });
            }
            subjects[place].feature_modes.push(mode.clone());
        }
    }
    if subjects.is_empty() {
        return Err(match seen.into_iter().next() {
            None => ControlError::NoResults { run: run.name(), units: run.own_units()?.count() },
            Some(user) => ControlError::OneUser { run: run.name(), user: user.to_owned() },
        });
    }
    if possible < most {
        note(&format!("{} users make {possible} pairs, all of which are taken", seen.len()));
    }
    Ok(subjects)
}

/// The users with results, by feature mode.
fn with_results(run: &Run) -> Result<BTreeMap<String, BTreeSet<String>>, ControlError> {
    let runs = [OpenRun::new(run.clone())];
    let attempts = Attempts::of(&runs, Precedence::Latest, &Damage::default())?;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, row) in attempts.counting(&runs)? {
        if row.state == UnitState::Ok {
            found.entry(row.feature_mode).or_default().insert(row.user_id);
        }
    }
    Ok(found)
}

/// The files of the users of the plan.
fn inputs(run: &Run) -> Result<HashMap<&str, UserInput>, ControlError> {
    let mut inputs = HashMap::new();
    for unit in run.expected()? {
        if !inputs.contains_key(unit.user_id.as_str()) {
            let input = serde_json::from_str(&unit.input)
                .map_err(|source| ControlError::Input { user: unit.user_id.clone(), source })?;
            inputs.insert(unit.user_id.as_str(), input);
        }
    }
    Ok(inputs)
}
