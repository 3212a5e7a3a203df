//! What passes between stages: files in a folder of the output, made unless they are there, each with a checksum.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use super::handed::Handed;
use super::identity::Identity;
use super::record::{PartFile, Record};
use crate::merge::error::MergeError;
use crate::merge::place::{
    CLAIM_OF_PARTS as CLAIM, IDENTITY_OF_PARTS as IDENTITY, Room, SEEN_OF_PARTS as SEEN, begun_by, has_room,
    hash_of, remove_parts,
};
use crate::merge::stage::{PARTS, Parts, Stage};
use crate::store::{
    Created, Holder, Location, Object, ParquetParts, Storage, StorageError, StoreError, checksum,
};

/// What a merge in parts has left where others who do parts of it look for it.
#[derive(Debug)]
pub(in crate::merge) struct Begun {
    /// A hash of what tells the merge from others.
    pub(in crate::merge) mark: String,
    /// Identities of its runs.
    pub(in crate::merge) runs: Vec<String>,
}

impl Begun {
    /// Of an output; none where no merge in parts is under way.
    pub(in crate::merge) fn at(output: &Location) -> Result<Option<Self>, MergeError> {
        let there = output.storage()?.read(IDENTITY).map_err(StoreError::from)?;
        Ok(there.and_then(|bytes| {
            let mark = checksum(&bytes);
            let runs = Record::decode(bytes)?.note::<Identity>()?.into_runs();
            Some(Self { mark, runs })
        }))
    }

    /// Removes what a part has left that was done when its merge had ended already: nobody else does.
    pub(in crate::merge) fn tidy(output: &Location) -> Result<(), MergeError> {
        let storage = output.storage()?;
        match storage.read(IDENTITY).map_err(StoreError::from)? {
            Some(_) => Ok(()),
            None => clear(output, &*storage),
        }
    }
}

/// The files of parts.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) output: Location,
    pub(super) storage: Arc<dyn Storage>,
    parts: Parts,
    identity: Identity,
    /// Whether it stands there of which merge they are.
    is_identified: Cell<bool>,
    /// What was done again.
    notes: RefCell<Vec<String>>,
}

impl Exchange {
    /// Those of an output that is about to be made, or gone on with.
    pub(super) fn open(output: &Location, parts: Parts, identity: Identity) -> Result<Self, MergeError> {
        let there = has_room(output)?;
        let storage = output.storage()?;
        let begun_by = if there == Room::Empty { None } else { begun_by(&*storage)? };
        let (output, is_identified, notes) = (output.clone(), Cell::new(false), RefCell::default());
        let exchange = Self { output, storage, parts, identity, is_identified, notes };
        if parts.of_another {
            return exchange.is_begun().map(|()| exchange);
        }
        if parts.only.is_some() {
            // Who does a part adds to what is there; who is refused leaves nothing behind.
            if there == Room::WithParts {
                exchange.differs()?;
            }
            return Ok(exchange);
        }
        let output = exchange.output.clone();
        // Whether a process of another machine is at work is known to who says that it has ended; two do no harm.
        let is_at_work = |holder: &&Holder| {
            let is_elsewhere = holder.host != Holder::this_process().host;
            !(holder.is_ending() || parts.resume && is_elsewhere)
        };
        if let Some(holder) = begun_by.as_ref().filter(is_at_work) {
            return Err(MergeError::AtWork { output, by: holder.to_string() });
        }
        if !parts.resume && there == Room::WithParts {
            let begun_by = begun_by.map(|holder| holder.to_string());
            return Err(MergeError::PartsThere { output, begun_by });
        }
        exchange.identify()?;
        let bytes = format!("{}\n", Holder::this_process()).into_bytes();
        let claim = Object { path: CLAIM.to_owned(), bytes };
        exchange.storage.note(&claim).map_err(not_written)?;
        Ok(exchange)
    }

    /// Says of which merge the parts are, unless it stands there, or refuses to add to those of another one.
    pub(super) fn identify(&self) -> Result<(), MergeError> {
        if self.is_identified.get() {
            return Ok(());
        }
        if self.parts.of_another {
            self.is_begun()?;
        } else {
            let own = Record::new(Vec::new(), &self.identity).encode().map_err(failed)?;
            let object = Object { path: IDENTITY.to_owned(), bytes: own };
            if self.storage.create(&object).map_err(not_written)? == Created::Existed {
                self.differs()?;
            }
        }
        self.is_identified.set(true);
        Ok(())
    }

    /// Refuses parts of another merge.
    fn differs(&self) -> Result<(), MergeError> {
        self.is_this().map(|_| ())
    }

    /// Refuses what is not under way, or another merge.
    fn is_begun(&self) -> Result<(), MergeError> {
        if self.is_this()? { Ok(()) } else { Err(MergeError::HasEnded { output: self.output.clone() }) }
    }

    /// Whether parts are there; refuses those of another merge.
    fn is_this(&self) -> Result<bool, MergeError> {
        let Some(there) = self.storage.read(IDENTITY).map_err(StoreError::from)? else { return Ok(false) };
        let there = Record::decode(there).and_then(|record| record.note::<Identity>());
        let difference = match there {
            None => Some(format!("{IDENTITY} is damaged, or of another version")),
            Some(there) => self.identity.difference(&there),
        };
        difference.map_or(Ok(true), |difference| {
            Err(MergeError::OtherParts { output: self.output.clone(), difference })
        })
    }

    /// What another process has handed on, if one has. What is damaged is removed.
    pub(super) fn handed(&self) -> Result<Option<Handed>, MergeError> {
        let Some(bytes) = self.storage.read(SEEN).map_err(StoreError::from)? else { return Ok(None) };
        let handed = Handed::decode(bytes);
        if handed.is_none() {
            self.notes
                .borrow_mut()
                .push(format!("plan and ledger are gone through again: {SEEN} is not what was written"));
            self.storage.remove(SEEN).map_err(StoreError::from)?;
        }
        Ok(handed)
    }

    /// Hands on what was found out, unless somebody has.
    pub(super) fn hand_on(&self, bytes: Vec<u8>) -> Result<(), MergeError> {
        self.identify()?;
        let object = Object { path: SEEN.to_owned(), bytes };
        self.storage.create(&object).map(|_| ()).map_err(not_written)
    }

    /// The record of a part, if it is done and none of its files is damaged. What is damaged is removed.
    pub(super) fn done(&self, stage: Stage, part: u32) -> Result<Option<Record>, MergeError> {
        let path = record_path(stage, part);
        let Some(bytes) = self.storage.read(&path).map_err(StoreError::from)? else { return Ok(None) };
        let fault = match Record::decode(bytes) {
            None => format!("{path} is not what was written"),
            Some(record) => match record.files.iter().find_map(|file| self.fault(file)) {
                None => return Ok(Some(record)),
                Some(fault) => fault,
            },
        };
        let of = if stage.has_parts() { format!(" {part} of {}", self.parts.count) } else { String::new() };
        let note = format!("the part{of} of the stage {} is done again: {fault}", stage.name());
        self.notes.borrow_mut().push(note);
        self.storage.remove(&path).map_err(StoreError::from)?;
        for entry in self.storage.list(&folder(stage, part)).map_err(StoreError::from)? {
            self.storage.remove(&entry.path).map_err(StoreError::from)?;
        }
        Ok(None)
    }

    /// The records of all parts of a stage, which another stage needs.
    pub(super) fn all(&self, needs: Stage, stage: Stage) -> Result<Vec<Record>, MergeError> {
        let mut records = Vec::new();
        let mut missing = Vec::new();
        for part in needs.parts(self.parts.count) {
            let bytes = self.storage.read(&record_path(needs, part)).map_err(StoreError::from)?;
            match bytes.and_then(Record::decode) {
                Some(record) => records.push(record),
                None => missing.push(part),
            }
        }
        let Some(first) = missing.first() else { return Ok(records) };
        let make = stage_words(needs, *first);
        Err(MergeError::PartsMissing {
            output: Box::new(self.output.clone()),
            stage: stage.name(),
            missing: parts_words(needs, &missing, self.parts.count),
            make,
        })
    }

    /// What is done, in words; none if nothing is.
    pub(super) fn done_so_far(&self) -> Result<Option<String>, MergeError> {
        let there = self.storage.list(PARTS).map_err(StoreError::from)?;
        let there: BTreeSet<String> = there.into_iter().map(|entry| entry.path).collect();
        let mut words = Vec::new();
        for stage in Stage::ALL {
            let parts = stage.parts(self.parts.count);
            let all = parts.len();
            let done: Vec<u32> = parts.filter(|part| there.contains(&record_path(stage, *part))).collect();
            match done.len() {
                0 => {}
                done if done == all => words.push(format!("the stage {}", stage.name())),
                _ => words.push(parts_words(stage, &done, self.parts.count)),
            }
        }
        Ok((!words.is_empty()).then(|| words.join(", ")))
    }

    /// Refuses a file of a part that is not what was written.
    pub(super) fn verified<'f>(&self, file: &'f PartFile) -> Result<&'f PartFile, MergeError> {
        self.fault(file).map_or(Ok(file), |what| Err(self.damaged(file, &what)))
    }

    /// The same of a file that somebody has read.
    pub(super) fn compared(&self, file: &PartFile, sum: &str) -> Result<(), MergeError> {
        differs(file, sum).map_or(Ok(()), |what| Err(self.damaged(file, &what)))
    }

    /// What is wrong with a file, and what makes it again.
    fn damaged(&self, file: &PartFile, what: &str) -> MergeError {
        let name = format!("{}/{}", self.output, file.path);
        let again = match self.parts.only.and(maker_of(&file.path)) {
            Some((stage, part)) => format!("`{}`", stage_words(stage, part)),
            None => "the same command with --resume-parts".to_owned(),
        };
        let what = format!("{what}\n(hint: {again} makes it again)");
        StoreError::Damaged { file: name, what }.into()
    }

    fn fault(&self, file: &PartFile) -> Option<String> {
        match self.bytes_hash(file) {
            Ok(Some(sum)) => differs(file, &sum),
            Ok(None) => Some(missing(file)),
            Err(error) => Some(format!("{} cannot be read: {error}", file.path)),
        }
    }

    fn bytes_hash(&self, file: &PartFile) -> std::io::Result<Option<String>> {
        let opened = self.storage.open(&file.path).map_err(std::io::Error::other)?;
        let end = file.offset + file.length;
        let Some(opened) = opened.filter(|opened| opened.length() >= end) else { return Ok(None) };
        if file.part.is_none() && opened.length() > end {
            return Ok(Some("of more bytes than were written".to_owned()));
        }
        hash_of(file.length, |at, length| opened.read_at(file.offset + at, length)).map(Some)
    }

    /// A file to be read in parts.
    pub(super) fn opened(&self, file: &PartFile) -> Result<ParquetParts, MergeError> {
        let opened = self.storage.open(&file.path).map_err(StoreError::from)?;
        opened.map(ParquetParts).ok_or_else(|| self.damaged(file, &missing(file)))
    }

    /// Removes all that passed.
    pub(super) fn clear(&self) -> Result<(), MergeError> {
        clear(&self.output, &*self.storage)
    }

    /// What was done again, in words.
    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner()
    }
}

fn clear(output: &Location, storage: &dyn Storage) -> Result<(), MergeError> {
    if let Some(folder) = output.folder() {
        return remove_parts(folder);
    }
    // Who looks meanwhile sees of which merge they are until the end.
    let mut there = storage.list(PARTS).map_err(StoreError::from)?;
    there.sort_by_key(|entry| [CLAIM, IDENTITY].contains(&entry.path.as_str()));
    for entry in there {
        storage.remove(&entry.path).map_err(StoreError::from)?;
    }
    Ok(())
}

fn differs(file: &PartFile, sum: &str) -> Option<String> {
    (file.checksum != sum).then(|| format!("{} is not what was written", file.path))
}

fn missing(file: &PartFile) -> String {
    format!("{} is missing, or cut", file.path)
}

pub(super) fn folder(stage: Stage, part: u32) -> String {
    format!("{PARTS}/{}-{}/{part:05}", stage as u8, stage.name())
}

pub(super) fn record_path(stage: Stage, part: u32) -> String {
    format!("{}.parquet", folder(stage, part))
}

/// The stage and the part that a file is of.
fn maker_of(path: &str) -> Option<(Stage, u32)> {
    let (stage, rest) = path.strip_prefix(PARTS)?.strip_prefix('/')?.split_once('/')?;
    let (_, name) = stage.split_once('-')?;
    let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name)?;
    Some((stage, rest.split('/').next()?.parse().ok()?))
}

/// The arguments that make a part.
fn stage_words(stage: Stage, part: u32) -> String {
    let part = if stage.has_parts() { format!(" --part {part}") } else { String::new() };
    format!("--stage {}{part}", stage.name())
}

/// Some parts of a stage.
fn parts_words(stage: Stage, parts: &[u32], count: u32) -> String {
    const NAMED: usize = 10;
    if !stage.has_parts() {
        return format!("the stage {}", stage.name());
    }
    let named: Vec<String> = parts.iter().take(NAMED).map(u32::to_string).collect();
    let more = match parts.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let word = if parts.len() == 1 { "part" } else { "parts" };
    format!("{word} {}{more} of {count} of the stage {}", named.join(", "), stage.name())
}

/// Something of the output that cannot be written is told like the output.
pub(super) fn not_written(error: StorageError) -> MergeError {
    MergeError::Write { path: error.path.into(), source: error.source }
}

pub(super) fn failed(error: parquet::errors::ParquetError) -> MergeError {
    MergeError::Export(error.into())
}
