//! A part that is being made: files beside their place, named when they are whole, and a record of them at last.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;

use super::exchange::{Exchange, failed, folder, not_written, record_path};
use super::files::{length_of, make_folder, name_file, remove_folder};
use super::record::{PartFile, Record};
use crate::beside::Scratch;
use crate::merge::error::MergeError;
use crate::merge::place::hash_in;
use crate::merge::stage::{PARTS, Stage};
use crate::sources::SourceError;
use crate::store::{Created, Object, StoreError, checksum, upload};

/// A part that is being made.
pub(super) struct Making<'a> {
    exchange: &'a Exchange,
    stage: Stage,
    part: u32,
    dir: PathBuf,
    _scratch: Option<Scratch>,
    files: Vec<PartFile>,
}

impl<'a> Making<'a> {
    /// Begins a part.
    pub(super) fn of(exchange: &'a Exchange, stage: Stage, part: u32) -> Result<Self, MergeError> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        exchange.identify()?;
        let name = format!("_made-{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let (dir, scratch) = if let Some(folder) = exchange.output.folder() {
            // Beside its place a file needs no more than a name.
            (folder.join(PARTS).join(name), None)
        } else {
            let scratch = Scratch::new(&format!("parts-{name}")).map_err(SourceError::Scratch)?;
            (scratch.path().to_owned(), Some(scratch))
        };
        make_folder(&dir)?;
        Ok(Self { exchange, stage, part, dir, _scratch: scratch, files: Vec::new() })
    }

    /// Where its files are made.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A name for a new file.
    pub(super) fn new_file(&self) -> PathBuf {
        self.dir.join(format!("{}.new", self.files.len()))
    }

    /// Takes a file over whose bytes all belong together.
    pub(super) async fn whole(&mut self, name: &str, file: &Path) -> Result<(), MergeError> {
        let length = length_of(file)?;
        let checksum = hash_in(file, 0, length)?;
        let (run, part, groups) = (0, None, 0..0);
        let whole = PartFile {
            name: name.to_owned(),
            path: String::new(),
            run,
            part,
            groups,
            offset: 0,
            length,
            checksum,
        };
        self.pieces(file, vec![whole]).await
    }

    /// Takes a file over, and what is said of its pieces.
    pub(super) async fn pieces(&mut self, file: &Path, pieces: Vec<PartFile>) -> Result<(), MergeError> {
        let end = file.extension().is_some_and(|end| end == "csv");
        let path = format!(
            "{}/{:04}.{}",
            folder(self.stage, self.part),
            self.files.len(),
            if end { "csv" } else { "parquet" }
        );
        self.put(&path, file).await?;
        self.files.extend(pieces.into_iter().map(|piece| PartFile { path: path.clone(), ..piece }));
        Ok(())
    }

    /// Gives a file its name. Whoever finds the same bytes there did the same; others were cut short.
    async fn put(&self, path: &str, file: &Path) -> Result<(), MergeError> {
        let storage = &*self.exchange.storage;
        if let Some(folder) = self.exchange.output.folder() {
            return name_file(file, &folder.join(path));
        }
        if upload(storage, path, file).await.map_err(not_written)? == Created::Existed {
            let length = length_of(file)?;
            let own = hash_in(file, 0, length)?;
            let there = storage.read(path).map_err(StoreError::from)?;
            if there.is_none_or(|there| checksum(&there) != own) {
                storage.remove(path).map_err(StoreError::from)?;
                let _ = upload(storage, path, file).await.map_err(not_written)?;
            }
        }
        Ok(())
    }

    /// What is made of it so far.
    pub(super) fn so_far(&self) -> Record {
        Record::new(self.files.clone(), &())
    }

    /// Says that it is done, and what was seen.
    pub(super) fn finish(self, note: &impl Serialize) -> Result<Record, MergeError> {
        let record = Record::new(self.files.clone(), note);
        let path = record_path(self.stage, self.part);
        let object = Object { path, bytes: record.encode().map_err(failed)? };
        crate::failpoint::hit("part", &object.path);
        if self.exchange.storage.create(&object).map_err(not_written)? == Created::Existed {
            let there = self.exchange.storage.read(&object.path).map_err(StoreError::from)?;
            if there.as_deref() != Some(&object.bytes[..]) {
                self.exchange.storage.remove(&object.path).map_err(StoreError::from)?;
                let _ = self.exchange.storage.create(&object).map_err(not_written)?;
            }
        }
        Ok(record)
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        remove_folder(&self.dir);
    }
}
