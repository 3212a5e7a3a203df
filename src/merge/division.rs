//! What processes that do parts of a merge have to know of it.

use std::path::{Path, PathBuf, absolute};

use serde::{Deserialize, Serialize};

use super::accepted::AcceptSkipped;
use super::outcome::MergeOutcome;
use super::parts::Begun;
use super::request::{Merge, OnConflict};
use super::stage::{Parts, Stage};
use crate::error::chain;
use crate::export::ExportFormat;
use crate::sources::Folder;
use crate::store::{Location, Object, Run, StoreError};

/// All that a process has to know to do any part of a merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Division {
    runs: Vec<String>,
    output: String,
    parts: u32,
    allow_partial: bool,
    accept_skipped: Option<AcceptSkipped>,
    on_conflict: OnConflict,
    formats: Vec<ExportFormat>,
    only: Vec<String>,
    expected: Option<Vec<String>>,
    control: Option<String>,
    memory: Option<u64>,
    definitions: Option<PathBuf>,
}

impl Division {
    /// Of a merge, with names that mean the same to processes that began elsewhere. `definitions` is the folder of
    /// tables and queries of the user's own.
    pub fn of(merge: &Merge<'_>, definitions: Option<&Path>) -> Self {
        Self {
            runs: merge.shards.iter().map(Location::from_everywhere).collect(),
            output: merge.output.from_everywhere(),
            parts: merge.parts.count,
            allow_partial: merge.allow_partial,
            accept_skipped: merge.accept_skipped.clone(),
            on_conflict: merge.on_conflict,
            formats: merge.formats.clone(),
            only: merge.only.clone(),
            expected: merge.expected.clone(),
            control: merge.control.as_ref().map(Location::from_everywhere),
            memory: merge.memory,
            definitions: definitions.map(|dir| absolute(dir).unwrap_or_else(|_| dir.to_owned())),
        }
    }

    /// How many parts there are.
    pub fn parts(&self) -> u32 {
        self.parts
    }

    /// Where the output goes.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// What tells the merge from others; none before it has begun.
    ///
    /// # Errors
    /// The output cannot be asked.
    pub fn mark(&self) -> Result<Option<String>, String> {
        let begun = Begun::at(&place(&self.output)?).map_err(|error| chain(&error))?;
        Ok(begun.map(|begun| begun.mark))
    }

    /// Whether this process can do parts of the merge that another one has begun: it sees the runs, and the output as
    /// the other one does, and may write there.
    ///
    /// # Errors
    /// What is not seen.
    pub fn probe(&self, mark: &str) -> Result<(), String> {
        let output = place(&self.output)?;
        let begun = Begun::at(&output).map_err(|error| format!("cannot read {output}: {}", chain(&error)))?;
        let begun = begun.filter(|begun| begun.mark == mark);
        let begun = begun.ok_or_else(|| {
            format!("what the merge has begun is not seen in {output}: it is another place there, or none")
        })?;
        for (run, id) in self.runs.iter().zip(begun.runs) {
            let opened = Run::open(&place(run)?).map_err(|error| chain(&error))?;
            if opened.manifest().run_id != id {
                return Err(format!("{run} is another run there"));
            }
        }
        if let Some(folder) = self.definitions.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(format!("the folder {} of --definitions is not seen", folder.display()));
        }
        let unwritten = |why: &dyn std::fmt::Display| format!("cannot write into {output}: {why}");
        crate::failpoint::error("probe", &self.output).map_err(|error| unwritten(&error))?;
        let path = format!("_parts/probe-{}-{}", crate::system::host_tag(), std::process::id());
        let written: Result<(), StoreError> = output.storage().and_then(|storage| {
            let _ = storage.create(&Object { path: path.clone(), bytes: b"probe\n".to_vec() })?;
            Ok(storage.remove(&path)?)
        });
        written.map_err(|error| unwritten(&chain(&error)))
    }

    /// Does a part of a stage; gives what is worth knowing of it.
    ///
    /// # Errors
    /// Why it is not done, for people.
    pub async fn carry_out(&self, stage: Stage, part: u32) -> Result<Vec<String>, String> {
        let runs = self.runs.iter().map(|run| place(run)).collect::<Result<Vec<_>, _>>()?;
        let folder = Folder(self.definitions.clone());
        let mut loaded = folder.load_for(&runs).map_err(|failure| failure.to_string())?;
        if self.control.is_some() {
            loaded.schemas.stand_beside_a_control();
        }
        let merge = Merge {
            allow_partial: self.allow_partial,
            accept_skipped: self.accept_skipped.clone(),
            on_conflict: self.on_conflict,
            formats: self.formats.clone(),
            only: self.only.clone(),
            expected: self.expected.clone(),
            control: self.control.as_deref().map(place).transpose()?,
            memory: self.memory,
            parts: Parts {
                count: self.parts,
                only: Some((stage, Some(part))),
                resume: false,
                of_another: true,
            },
            ..Merge::new(runs, place(&self.output)?, loaded.as_ref())
        };
        let merged = merge.run().await;
        Begun::tidy(&merge.output).map_err(|error| chain(&error))?;
        let merged = merged.map_err(|error| chain(&error))?;
        match merged.outcome {
            MergeOutcome::PartDone => Ok(merged.notes),
            _ => Err("the run is not what it was when the merge began".to_owned()),
        }
    }
}

fn place(name: &str) -> Result<Location, String> {
    name.parse::<Location>().map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queries::Queries;
    use crate::schema::Schemas;
    use crate::sql::Definitions;

    #[test]
    fn names_mean_the_same_everywhere_and_what_is_not_known_is_refused() {
        let (schemas, queries) = (Schemas::load(None).unwrap(), Queries::load(None).unwrap());
        let definitions = Definitions { schemas: &schemas, queries: &queries };
        let runs = vec!["run".parse().unwrap(), "s3://bucket/run".parse().unwrap()];
        let mut merge = Merge::new(runs, Path::new("out"), definitions);
        merge.parts.count = 7;
        merge.accept_skipped = Some(AcceptSkipped::Users(vec!["u1".into()]));
        let division = Division::of(&merge, Some(Path::new("own")));
        let here = std::env::current_dir().unwrap().display().to_string();
        let told = serde_json::to_string(&division).unwrap();
        let runs =
            format!("\"runs\":[\"{here}/run\",\"s3://bucket/run\"],\"output\":\"{here}/out\",\"parts\":7");
        assert!(told.contains(&runs) && told.contains(&format!("\"definitions\":\"{here}/own\"")), "{told}");
        assert_eq!(serde_json::from_str::<Division>(&told).unwrap(), division);
        let more = told.replacen('{', "{\"of_tomorrow\":1,", 1);
        assert!(serde_json::from_str::<Division>(&more).is_err());
        // Nothing has begun there.
        assert_eq!(division.mark(), Ok(None));
        assert!(division.probe("x").unwrap_err().contains("what the merge has begun is not seen in "));
    }
}
