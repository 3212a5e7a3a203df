//! Several directories opened together: runs, merged outputs, and outputs of the predecessor, which are
//! imported into runs in a folder of their own for as long as they are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::SourceError;
use super::source::Source;
use crate::attempts::OpenRun;
use crate::beside::Scratch;
use crate::legacy::{self, Call, Finding, LegacyShard};
use crate::schema::Schemas;
use crate::store::{Location, MergeManifest, Run};

/// What several directories hold.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// Runs, and directories of the predecessor as runs.
    pub runs: Vec<OpenRun>,
    /// Outputs of `merge`.
    pub merged: Vec<(Location, MergeManifest)>,
    /// What was noticed while the predecessor's directories were read.
    pub legacy: Vec<Finding>,
    /// The q values the predecessor's directories have, with the directory's name.
    pub calls: Vec<(String, Call)>,
    /// Where they were imported to.
    pub folder: Option<Scratch>,
}

impl Opened {
    /// Opens directories. `expected` names the users that the predecessor's should have.
    ///
    /// # Errors
    /// A directory is none of these, or cannot be read.
    pub(crate) fn of(
        places: &[Location],
        expected: Option<&[String]>,
        schemas: &Schemas,
    ) -> Result<Self, SourceError> {
        let mut opened = Self::default();
        let mut shards = Vec::new();
        for place in places {
            match place {
                Location::Pinned(..) | Location::PinnedUrl(..) => {
                    opened.runs.push(OpenRun::new(Run::open(place)?));
                    continue;
                }
                Location::Folder(dir) if legacy::is_legacy(dir) => {
                    shards.push(legacy::read(dir, schemas)?);
                    continue;
                }
                Location::Folder(_) | Location::Storage(_) | Location::Url(_) => {}
            }
            match Source::open(place)? {
                Source::Run(run) => opened.runs.push(*run),
                Source::Merged(place, manifest) => opened.merged.push((place, *manifest)),
            }
        }
        if !shards.is_empty() {
            opened.import(shards, expected, schemas)?;
        }
        tell_apart(&mut opened.runs);
        Ok(opened)
    }

    fn import(
        &mut self,
        shards: Vec<LegacyShard>,
        expected: Option<&[String]>,
        schemas: &Schemas,
    ) -> Result<(), SourceError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let n = COUNTER.fetch_add(1, Ordering::Relaxed);
        let folder = Scratch::new(&format!("import-{n}")).map_err(SourceError::Scratch)?;
        let imported = legacy::import(&shards, folder.path(), expected, schemas)?;
        self.folder = Some(folder);
        for (dir, shard) in imported.runs.iter().zip(shards) {
            self.runs.push(OpenRun::imported(Run::open(dir)?, &shard.dir));
            self.calls.extend(shard.calls.into_iter().map(|call| (shard.name.clone(), call)));
            self.legacy.extend(shard.findings);
        }
        self.legacy.extend(imported.findings);
        Ok(())
    }
}

/// Runs whose directories are called alike are named with as much of their path as tells them apart.
fn tell_apart(runs: &mut [OpenRun]) {
    const MOST: usize = 100;
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        alike.entry(run.name.clone()).or_default().push(at);
    }
    for places in alike.into_values().filter(|places| places.len() > 1) {
        let names = |most| places.iter().map(|at| runs[*at].place.last_parts(most)).collect::<Vec<_>>();
        let are_apart = |names: &Vec<String>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
        for (at, name) in (2..MOST).map(names).find(are_apart).into_iter().flatten().enumerate() {
            runs[places[at]].name = name;
        }
    }
}
