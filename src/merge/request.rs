//! What is asked of a merge.

use serde::{Deserialize, Serialize};

use super::accepted::AcceptSkipped;
use super::error::MergeError;
use super::runner::PartRunner;
use super::size::Size;
use super::stage::Parts;
use super::survey::Survey;
use crate::attempts::OpenRun;
use crate::export::ExportFormat;
use crate::schema::{CONTROL, TableSchema};
use crate::sources::Opened;
use crate::sql::Definitions;
use crate::store::Location;
use crate::tables::listed;

/// What to do when two attempts of a unit differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnConflict {
    /// Refuse, and show where they differ.
    Stop,
    /// Take the attempt that ended last.
    Latest,
    /// Take the attempt that ended first.
    First,
}

/// A merge.
#[derive(Debug)]
pub struct Merge<'a> {
    /// The runs.
    pub shards: Vec<Location>,
    /// Where the output goes; must not exist.
    pub output: Location,
    /// Whether an output with gaps is written.
    pub allow_partial: bool,
    /// Skipped units that the output is complete without.
    pub accept_skipped: Option<AcceptSkipped>,
    /// What to do about differing duplicates.
    pub on_conflict: OnConflict,
    /// Formats that are written; none means all.
    pub formats: Vec<ExportFormat>,
    /// Tables that are written; none means all.
    pub only: Vec<String>,
    /// Users that must be there, besides those of the plans.
    pub expected: Option<Vec<String>>,
    /// A control of one of the runs, or what was merged of it.
    pub control: Option<Location>,
    /// Bytes that queries may take before they go on on the disk.
    pub memory: Option<u64>,
    /// Into how many parts it is divided.
    pub parts: Parts,
    /// Who does the parts of stages that have several; this process, without any.
    pub runner: Option<&'a dyn PartRunner>,
    /// Is told how large it is, before a data file is read.
    pub told: fn(Size),
    /// The tables and queries.
    pub definitions: Definitions<'a>,
}

impl<'a> Merge<'a> {
    /// A merge of all tables that stops at whatever is missing or differs; fields change what it is to do.
    pub fn new(shards: Vec<Location>, output: impl Into<Location>, definitions: Definitions<'a>) -> Self {
        Self {
            shards,
            output: output.into(),
            allow_partial: false,
            accept_skipped: None,
            on_conflict: OnConflict::Stop,
            formats: Vec::new(),
            only: Vec::new(),
            expected: None,
            control: None,
            memory: None,
            parts: Parts::default(),
            runner: None,
            told: |_| (),
            definitions,
        }
    }

    /// Whether something passes between parts.
    pub(super) fn is_divided(&self) -> bool {
        self.parts.are_several() || self.runner.is_some()
    }

    /// Whether this process does all of it. Then it brings each file of a run far away once.
    pub(super) fn is_alone(&self) -> bool {
        self.parts.only.is_none() && self.runner.is_none()
    }

    /// The tables that are written: those that the runs plan or have, unless some are named.
    pub(super) fn wanted(&self, runs: &[OpenRun], survey: &Survey) -> Vec<&TableSchema> {
        let schemas = self.definitions.schemas;
        let manifests: Vec<_> = runs.iter().map(|run| run.run.manifest()).collect();
        let mut there = listed(schemas, &manifests, |table| survey.files.has(table));
        if self.control.is_some() {
            there.insert(CONTROL.to_owned());
        }
        let is_wanted = |s: &&TableSchema| {
            if self.only.is_empty() { there.contains(&s.table) } else { self.only.contains(&s.table) }
        };
        schemas.iter().filter(is_wanted).collect()
    }

    /// Whether CSV files are written.
    pub(super) fn csv(&self) -> bool {
        self.formats.is_empty() || self.formats.contains(&ExportFormat::Csv)
    }

    /// Whether Parquet files are written.
    pub(super) fn parquet(&self) -> bool {
        self.formats.is_empty() || self.formats.contains(&ExportFormat::Parquet)
    }

    /// The directories that are merged.
    pub(super) fn open(&self) -> Result<Opened, MergeError> {
        let mut seen = std::collections::BTreeSet::new();
        for place in &self.shards {
            if !seen.insert(place.full_name()) {
                return Err(MergeError::Twice(place.clone()));
            }
        }
        let opened = Opened::of(&self.shards, self.expected.as_deref(), self.definitions.schemas)?;
        match opened.merged.first() {
            Some((place, _)) => Err(MergeError::NotARun(place.clone())),
            None => Ok(opened),
        }
    }
}
