//! What queries are asked of, as it is at one moment and for all who answer a part.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attempts::Damage;
use crate::error::chain;
use crate::sources::{Source, SourceError};
use crate::sql::damage::Damaged;
use crate::sql::error::SessionError;
use crate::sql::guard::Refusal;
use crate::store::{Entry, Location, MERGE_MANIFEST, Pinned, ReadLock, Run, StoreError, checksum};

/// Files of a ledger that are looked for on another machine: the others lie beside them.
const LOOKED_FOR: usize = 3;

/// A run or a merged output at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    /// A name that means the same everywhere.
    name: String,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum State {
    /// A run of that id, with those files of the ledger, and without data files that are damaged.
    Run { id: String, ledger: Vec<Entry>, damaged: BTreeMap<String, String> },
    /// An output whose manifest has that checksum.
    Merged(String),
}

/// Places as they are now.
#[derive(Debug, Clone)]
pub(super) struct Now {
    pub(super) places: Vec<Place>,
    /// Where they are for who opens them here.
    pub(super) locations: Vec<Location>,
    /// Their files stay where they are.
    reading: Vec<Arc<ReadLock>>,
}

impl Now {
    pub(super) fn of(dirs: &[Location]) -> Result<Self, SessionError> {
        let mut now = Self { places: Vec::new(), locations: Vec::new(), reading: Vec::new() };
        for dir in dirs {
            let name = dir.from_everywhere();
            let (state, location) = match Source::open(dir) {
                Ok(Source::Run(run)) => {
                    // The lock is held by now: what is listed stays.
                    now.reading.push(run.reading());
                    let ledger = Pinned::ledger_now(run.run.storage())?;
                    let location = dir.clone().pinned(ledger.clone().into());
                    let id = run.run.manifest().run_id.clone();
                    (State::Run { id, ledger, damaged: BTreeMap::new() }, location)
                }
                Ok(Source::Merged(..)) => (State::Merged(manifest_of(dir)?), dir.clone()),
                Err(SourceError::Legacy(_)) => return Err(of_predecessor(dir).into()),
                Err(error) => return Err(error.into()),
            };
            now.places.push(Place { name, state });
            now.locations.push(location);
        }
        Ok(now)
    }

    /// The places without files that were found to be damaged.
    pub(super) fn without(&self, damaged: &Damaged) -> Vec<Place> {
        let mut places = self.places.clone();
        let runs = places.iter_mut().filter_map(|place| match &mut place.state {
            State::Run { damaged, .. } => Some(damaged),
            State::Merged(_) => None,
        });
        for (files, found) in runs.zip(&damaged.runs) {
            *files = found.of_run(0).map(|(file, why)| (file.to_owned(), why.to_owned())).collect();
        }
        places
    }
}

fn of_predecessor(dir: &Location) -> Refusal {
    Refusal::new(
        format!("{dir} is an output of the predecessor, which a cluster doesn't read"),
        "run it without --cluster, or merge it first",
    )
}

fn manifest_of(place: &Location) -> Result<String, StoreError> {
    let bytes = place.storage()?.read(MERGE_MANIFEST)?;
    Ok(checksum(&bytes.unwrap_or_default()))
}

impl Place {
    /// Where it is, as it was.
    pub(super) fn location(&self) -> Result<Location, String> {
        let place = self.name.parse::<Location>();
        let place = place.map_err(|error| format!("{}: {error}", self.name))?;
        Ok(match &self.state {
            State::Run { ledger, .. } => place.pinned(ledger.clone().into()),
            State::Merged(_) => place,
        })
    }

    /// Its damaged files; none of an output.
    pub(super) fn damage(&self) -> Option<Damage> {
        let State::Run { damaged, .. } = &self.state else { return None };
        let file = |(file, why): (&String, &String)| ((0, file.clone()), why.clone());
        Some(Damage::found(damaged.iter().map(file)))
    }

    /// Whether this process sees it as it was.
    ///
    /// # Errors
    /// What is not seen.
    pub(super) fn look(&self) -> Result<(), String> {
        let (name, location) = (&self.name, self.location()?);
        crate::failpoint::error("look", name)
            .map_err(|error| format!("{name} is not seen there: {error}"))?;
        match &self.state {
            State::Merged(manifest) => {
                let seen = manifest_of(&location).map_err(|error| chain(&error))?;
                if seen != *manifest {
                    return Err(format!("the output {name} is not seen there, or is another one"));
                }
            }
            State::Run { id, ledger, .. } => {
                let run = Run::open(&location).map_err(|error| chain(&error))?;
                if run.manifest().run_id != *id {
                    return Err(format!("{name} is another run there"));
                }
                let step = ledger.len().div_ceil(LOOKED_FOR).max(1);
                for file in ledger.iter().step_by(step) {
                    let size = run.storage().size(&file.path).map_err(|error| chain(&error))?;
                    if size != Some(file.bytes) {
                        return Err(format!("the file {} of {name} is not seen there", file.path));
                    }
                }
            }
        }
        Ok(())
    }
}
