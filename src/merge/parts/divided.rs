//! All stages one after the other, or one of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::exchange::{Exchange, failed};
use super::files::Turn;
use super::handed::Handed;
use super::identity::Identity;
use super::making::Making;
use super::record::{PartFile, Record};
use crate::attempts::{Damage, OpenRun};
use crate::merge::about::About;
use crate::merge::error::MergeError;
use crate::merge::outcome::MergeOutcome;
use crate::merge::request::Merge;
use crate::merge::stage::{Parts, Stage};
use crate::merge::survey::{Seen, Survey};
use crate::merge::tables::Tables;
use crate::schema::{CONTROL, TableSchema};
use crate::sql::Session;
use crate::store::StoreError;
use crate::tables::{PASSED, Passed, Piece, RunFiles, SortedTables};

/// A data file that cannot be used: place of its run, path, and why.
type Fault = (usize, String, String);

/// A merge that is divided into parts.
#[derive(Debug)]
pub(in crate::merge) struct Divided<'a> {
    pub(super) merge: &'a Merge<'a>,
    pub(super) runs: &'a [OpenRun],
    pub(super) exchange: Exchange,
    pub(super) bounds: Bounds,
    pub(super) parts: Parts,
    /// What another process has seen of plan and ledger.
    seen: RefCell<Option<Seen>>,
    /// Whether other processes need what this one sees of plan and ledger: they do parts, and nobody has handed it on.
    hands_on: bool,
    /// What is to be handed on, as a file.
    to_hand_on: RefCell<Option<Vec<u8>>>,
    /// Held until it is handed on.
    turn: RefCell<Option<Turn>>,
}

impl<'a> Divided<'a> {
    pub(in crate::merge) fn open(merge: &'a Merge<'a>, runs: &'a [OpenRun]) -> Result<Self, MergeError> {
        if let Some(imported) = runs.iter().find(|run| run.is_imported)
            && (merge.parts.only.is_some() || merge.parts.resume || merge.runner.is_some())
        {
            return Err(MergeError::PartOfPredecessor(imported.place.clone()));
        }
        let parts = merge.parts;
        let mut turn = None;
        let exchange = |identity| Exchange::open(&merge.output, parts, identity);
        let (bounds, exchange, seen) = if parts.only.is_none() {
            let bounds = Bounds::of(runs, parts.count)?;
            (bounds, exchange(Identity::of(merge, runs)?)?, None)
        } else {
            let exchange = exchange(Identity::of(merge, runs)?)?;
            let mut handed = exchange.handed()?;
            if handed.is_none() {
                turn = Turn::take(runs.first().and_then(|run| run.place.folder()));
                // Whoever had it before has handed on what it saw.
                handed = exchange.handed()?;
            }
            match handed {
                Some(Handed { bounds, seen }) => (bounds, exchange, Some(seen)),
                None => (Bounds::of(runs, parts.count)?, exchange, None),
            }
        };
        let hands_on = seen.is_none() && (parts.only.is_some() || merge.runner.is_some());
        let (seen, to_hand_on, turn) = (RefCell::new(seen), RefCell::default(), RefCell::new(turn));
        Ok(Self { merge, runs, exchange, bounds, parts, seen, hands_on, to_hand_on, turn })
    }

    /// What another process has seen of plan and ledger, if one has handed it on.
    pub(in crate::merge) fn seen(&self) -> Option<Seen> {
        self.seen.take()
    }

    /// Whether a stage is done now, and which parts of it.
    fn asked(&self, stage: Stage) -> Vec<u32> {
        match self.parts.only {
            Some((only, _)) if only != stage => Vec::new(),
            Some((_, Some(part))) => vec![part],
            None | Some((_, None)) => stage.parts(self.parts.count).collect(),
        }
    }

    /// Has others do the parts of a stage that are not done; false if they are for this process.
    fn is_done_elsewhere(&self, stage: Stage) -> Result<bool, MergeError> {
        let Some(runner) = self.merge.runner.filter(|_| stage.has_parts()) else { return Ok(false) };
        let mut missing = Vec::new();
        for part in self.asked(stage) {
            if self.exchange.done(stage, part)?.is_none() {
                missing.push(part);
            }
        }
        if missing.is_empty() {
            return Ok(true);
        }
        let Err(why) = runner.run(stage, &missing) else { return Ok(true) };
        let done = self.exchange.done_so_far()?;
        if done.is_none() {
            self.exchange.clear()?;
        }
        Err(MergeError::NotDone { why, done })
    }

    /// Which data files cannot be used. Whoever is to find that out knows of none yet: what plan and ledger say is judged
    /// before.
    pub(in crate::merge) fn damage(&self, seen: &Seen) -> Result<Damage, MergeError> {
        if self.hands_on {
            *self.to_hand_on.borrow_mut() = Some(Handed::encode(&self.bounds, seen).map_err(failed)?);
        }
        let next = match self.parts.only {
            Some((Stage::Survey, _)) => return Ok(Damage::default()),
            Some((only, _)) => only,
            None => Stage::Runs,
        };
        if self.merge.runner.is_some() {
            self.hand_on()?;
        }
        self.look(&seen.found.files)?;
        let mut damage = Vec::new();
        for record in self.exchange.all(Stage::Survey, next)? {
            let faults: Vec<Fault> = noted(&record, Stage::Survey)?;
            damage.extend(faults.into_iter().map(|(run, path, why)| ((run, path), why)));
        }
        Ok(Damage::found(damage))
    }

    /// Hands on what was seen of plan and ledger, so that no other process has to go through them.
    fn hand_on(&self) -> Result<(), MergeError> {
        let handed = self.to_hand_on.take().map_or(Ok(()), |bytes| self.exchange.hand_on(bytes));
        drop(self.turn.take());
        handed
    }

    /// Looks whether data files are whole.
    fn look(&self, files: &RunFiles) -> Result<(), MergeError> {
        if self.is_done_elsewhere(Stage::Survey)? {
            return Ok(());
        }
        for part in self.asked(Stage::Survey) {
            if self.exchange.done(Stage::Survey, part)?.is_none() {
                let faults = files.faults_of_share((part, self.parts.count), self.runs);
                Making::of(&self.exchange, Stage::Survey, part)?.finish(&faults)?;
            }
        }
        Ok(())
    }

    /// The stages, as far as they are not done.
    pub(in crate::merge) async fn carry_out(&self, about: &About<'_>) -> Result<MergeOutcome, MergeError> {
        self.hand_on()?;
        if self.parts.only.is_some() {
            self.look(&about.survey.files)?;
        }
        for stage in [Stage::Runs, Stage::Ranges, Stage::Combine, Stage::Write] {
            if self.is_done_elsewhere(stage)? {
                continue;
            }
            for part in self.asked(stage) {
                if self.exchange.done(stage, part)?.is_some() {
                    continue;
                }
                match stage {
                    Stage::Runs => self.sort(about.survey, part).await?,
                    Stage::Ranges => self.count(about.survey, part).await?,
                    Stage::Combine => self.combine(about).await?,
                    _ => self.write(about, part).await?,
                }
            }
        }
        if self.asked(Stage::Together).is_empty() {
            return Ok(MergeOutcome::PartDone);
        }
        self.together(about).await
    }

    /// What is left to do once it has ended: what passed between the parts goes with the merge that needed it.
    pub(in crate::merge) fn ended(
        &self,
        outcome: &Result<MergeOutcome, MergeError>,
    ) -> Result<(), MergeError> {
        let is_refused = match outcome {
            Ok(outcome) => !matches!(outcome, MergeOutcome::Written(_) | MergeOutcome::PartDone),
            // What the disk or the network did may be gone on with; the same arguments fail again.
            Err(error) => ["M26", "M27", "M28"].contains(&error.code()),
        };
        // Who does parts one by one may mend what was refused, and has the others still.
        if is_refused && self.parts.only.is_none() { self.exchange.clear() } else { Ok(()) }
    }

    /// What was done again, in words.
    pub(in crate::merge) fn into_notes(self) -> Vec<String> {
        self.exchange.into_notes()
    }

    /// The tables that have rows of users.
    pub(super) fn schemas_of_rows(&self) -> Result<Vec<&'a TableSchema>, MergeError> {
        let schemas = self.merge.definitions.schemas;
        let ledger = schemas.ledger().map_err(StoreError::from)?;
        Ok(schemas.data_tables().chain([ledger]).collect())
    }

    /// The tables of a part of the users, or of none of them, and what it hands on.
    pub(super) fn tables(
        &self,
        survey: &Survey,
        part: Option<u32>,
        stage: Stage,
    ) -> Result<(Tables, Vec<Passed>), MergeError> {
        let records = match part {
            Some(_) => self.exchange.all(Stage::Runs, stage)?,
            None => Vec::new(),
        };
        let mut pieces = Vec::new();
        let files = || records.iter().flat_map(|record| &record.files);
        for end in files().filter(|file| file.part.is_none()) {
            self.exchange.verified(end)?;
        }
        for file in files().filter(|file| file.part == part) {
            let PartFile { name, path, run, groups, .. } = self.exchange.verified(file)?;
            let run_name = self.runs.get(*run).map_or("", |run| run.name.as_str());
            pieces.push(Piece { table: name, run: *run, run_name, path, groups: groups.clone() });
        }
        let schemas = self.merge.definitions.schemas;
        let sorted = SortedTables::of_part(&pieces, &self.exchange.storage, &survey.attempts, schemas)?;
        let (session, passed) =
            Session::of_sorted(&sorted, self.runs, self.merge.memory, self.merge.definitions)?;
        Ok((Tables { session, sorted }, passed))
    }

    /// Makes what the parts of a stage have handed on known to a session.
    pub(super) fn take_over(
        &self,
        session: &Session,
        records: &[Record],
        space: impl Fn(&str) -> Option<&'static str>,
    ) -> Result<(), MergeError> {
        let mut paths: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for file in records.iter().flat_map(|record| &record.files) {
            if space(&file.name).is_some() {
                let file = self.exchange.verified(file)?;
                paths.entry(&file.name).or_default().push(file.path.clone());
            }
        }
        for (name, paths) in paths {
            let space = space(name).unwrap_or(PASSED);
            session.register_files(space, name, &self.exchange.storage, &paths)?;
        }
        Ok(())
    }
}

/// What was seen of a part.
pub(super) fn noted<T: serde::de::DeserializeOwned>(record: &Record, stage: Stage) -> Result<T, MergeError> {
    record.note().ok_or_else(|| {
        let file = format!("a record of the stage {}", stage.name());
        StoreError::Damaged { file, what: "is of another version of the program".into() }.into()
    })
}

/// The rows of a control that is merged with the run.
pub(super) fn with_control(session: &Session, about: &About<'_>) -> Result<(), MergeError> {
    match &about.control {
        Some(rows) => Ok(session.batch(CONTROL, rows.clone())?),
        None => Ok(()),
    }
}
