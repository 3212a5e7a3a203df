//! The place of an output: made beside it, and put there when it is whole.
//!
//! A folder gets its name at once. An object store has no names to be changed: the files are made in a folder of this
//! machine and put there one by one, `merge.yaml` last. Who begins that makes [`CLAIM`] first, so that two merges do not
//! mix their files.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::error::MergeError;
use super::stage::{OF_PARTS, is_of_parts};
use crate::beside::{Beside, Scratch};
use crate::export::is_free;
use crate::sources::SourceError;
use crate::store::{
    Created, Entry, Holder, Location, MERGE_MANIFEST, Object, Storage, StoreError, new_attempt_id, upload,
};

/// Says who is putting an output into an object store.
const CLAIM: &str = "_merging";

/// Says of which merge parts are.
pub(super) const IDENTITY_OF_PARTS: &str = "_parts/merge.parquet";

/// What a pass over plan and ledger has seen, for processes that do parts.
pub(super) const SEEN_OF_PARTS: &str = "_parts/seen.parquet";

/// Says who does all parts of a merge.
pub(super) const CLAIM_OF_PARTS: &str = "_parts/claim";

/// How often a folder is removed, or put into its place: whoever does a part that another one has done already may write
/// there until it sees that the merge has ended.
const TRIES: usize = 100;

/// What is at the place of an output that may be made there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Nothing.
    Empty,
    /// What passed between parts of a merge.
    WithParts,
}

/// Refuses a place that is taken: by anything, for one process; by anything but parts, for several.
///
/// # Errors
/// It is taken, or cannot be looked at.
pub fn is_free_for(output: &Location, parts: u32) -> Result<(), MergeError> {
    if parts > 1 { has_room(output).map(|_| ()) } else { check(output) }
}

/// Refuses a place where anything is.
pub(super) fn check(output: &Location) -> Result<(), MergeError> {
    match has_room(output)? {
        Room::Empty => Ok(()),
        Room::WithParts => {
            let begun_by = begun_by(&*output.storage()?)?.map(|holder| holder.to_string());
            Err(MergeError::PartsThere { output: output.clone(), begun_by })
        }
    }
}

/// What is at a place; refuses one with something else than parts.
pub(super) fn has_room(output: &Location) -> Result<Room, MergeError> {
    let Some(dir) = output.folder() else {
        let storage = output.storage()?;
        let there = storage.list("").map_err(StoreError::from)?;
        let has = |name: &str| there.iter().any(|entry| entry.path == name);
        // Whoever put them together may have got no further than some files of the output, which the parts have too.
        let is_begun = has(CLAIM) && has(IDENTITY_OF_PARTS) && !has(MERGE_MANIFEST);
        return match there.iter().find(|entry| !is_of_parts(&entry.path)) {
            Some(_) if !is_begun => Err(taken(output, &*storage, &there)),
            None if there.is_empty() => Ok(Room::Empty),
            _ => Ok(Room::WithParts),
        };
    };
    if is_free(dir) {
        return Ok(Room::Empty);
    }
    let is_other = |entry: fs::DirEntry| !OF_PARTS.iter().any(|own| entry.file_name() == *own);
    let has_others = |mut entries: fs::ReadDir| entries.any(|entry| entry.map_or(true, is_other));
    if fs::read_dir(dir).map_or(true, has_others) {
        return Err(MergeError::OutputExists(output.clone()));
    }
    Ok(Room::WithParts)
}

/// Removes all that passed between parts of an output, and the output's folder, if nothing else is in it.
pub(super) fn remove_parts(output: &Path) -> Result<(), MergeError> {
    for own in OF_PARTS {
        let own = output.join(own);
        for tries in 1.. {
            match fs::remove_dir_all(&own) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries < TRIES => {}
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(MergeError::Write { path: own, source });
                }
                _ => break,
            }
        }
    }
    let _ = fs::remove_dir(output);
    Ok(())
}

/// Who does all parts of a merge that is under way, or was.
pub(super) fn begun_by(storage: &dyn Storage) -> Result<Option<Holder>, MergeError> {
    let said = storage.read(CLAIM_OF_PARTS).map_err(StoreError::from)?;
    Ok(said.and_then(|said| Holder::parse(&String::from_utf8(said).ok()?)))
}

/// What lies at a place of an object store.
fn taken(output: &Location, storage: &dyn Storage, there: &[Entry]) -> MergeError {
    let has = |name: &str| there.iter().any(|entry| entry.path == name);
    if has(MERGE_MANIFEST) || !has(CLAIM) {
        return MergeError::OutputExists(output.clone());
    }
    let said = storage.read(CLAIM).ok().flatten();
    let begun_by = said.and_then(|said| Some(String::from_utf8(said).ok()?.lines().next()?.to_owned()));
    let files = match there.len() - 1 {
        0 => "the beginning".to_owned(),
        1 => "one file".to_owned(),
        n => format!("{n} files"),
    };
    MergeError::Unfinished { output: output.clone(), files, begun_by }
}

/// A folder in which an output is made. It is removed unless it is put into its place.
#[derive(Debug)]
pub(super) enum Staged {
    /// It becomes the output.
    Beside(Beside),
    /// Its files are put into an object store.
    Away(Scratch, Arc<dyn Storage>),
}

impl Staged {
    /// A folder for an output that is to be at a place.
    pub(super) fn of(output: &Location) -> Result<Self, MergeError> {
        let Some(dir) = output.folder() else {
            static COUNTER: AtomicU32 = AtomicU32::new(0);
            let name = format!("merge-{}", COUNTER.fetch_add(1, Ordering::Relaxed));
            let scratch = Scratch::new(&name).map_err(SourceError::Scratch)?;
            return Ok(Self::Away(scratch, output.storage()?));
        };
        let folder = Beside::of(dir);
        let path = folder.path();
        fs::create_dir_all(path).map_err(|source| MergeError::Write { path: path.to_owned(), source })?;
        Ok(Self::Beside(folder))
    }

    /// The folder.
    pub(super) fn dir(&self) -> &Path {
        match self {
            Self::Beside(folder) => folder.path(),
            Self::Away(folder, _) => folder.path(),
        }
    }

    /// A new file of it, written by the function and flushed to the disk.
    pub(super) fn file(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> std::io::Result<()>,
    ) -> Result<(), MergeError> {
        let path = self.dir().join(name);
        let written = File::create_new(&path).and_then(|mut file| {
            write(&mut file)?;
            file.sync_all()
        });
        written.map_err(|source| MergeError::Write { path, source })
    }

    /// Puts it into the place of the output, which must be free; a merge that goes on may have put files there before it
    /// was ended.
    pub(super) async fn put(self, output: &Location, goes_on: bool) -> Result<(), MergeError> {
        match self {
            Self::Beside(folder) => put_beside(folder, output, goes_on),
            Self::Away(folder, storage) => put_away(folder.path(), output, &*storage, goes_on).await,
        }
    }
}

/// Moves a folder into its place as a whole, and over what passed between parts.
fn put_beside(mut folder: Beside, output: &Location, goes_on: bool) -> Result<(), MergeError> {
    for tries in 1.. {
        if let Some(place) = output.folder().filter(|_| goes_on) {
            remove_parts(place)?;
        }
        let Err(source) = folder.put_folder() else { break };
        let is_of_parts = goes_on && tries < TRIES && matches!(has_room(output), Ok(Room::WithParts));
        match output.folder() {
            _ if is_of_parts => {}
            // Another merge may have been quicker.
            Some(dir) if is_free(dir) => return Err(MergeError::Write { path: dir.to_owned(), source }),
            _ => return Err(MergeError::OutputExists(output.clone())),
        }
    }
    Ok(())
}

/// Puts the files of a folder into an object store, the manifest last.
async fn put_away(
    dir: &Path,
    output: &Location,
    storage: &dyn Storage,
    goes_on: bool,
) -> Result<(), MergeError> {
    storage.probe()?;
    let claim = format!("{}\n{}\n", Holder::this_process(), new_attempt_id());
    let claim = Object { path: CLAIM.to_owned(), bytes: claim.into_bytes() };
    let is_claimed = storage.create(&claim).map_err(StoreError::from)? == Created::Existed;
    if is_claimed && !goes_on {
        let there = storage.list("").map_err(StoreError::from)?;
        return Err(taken(output, storage, &there));
    }
    // Whoever ended a moment ago has taken its claim away.
    let others = storage.list("").map_err(StoreError::from)?;
    if !is_claimed && others.iter().any(|entry| entry.path != CLAIM && !is_of_parts(&entry.path)) {
        storage.remove(CLAIM).map_err(StoreError::from)?;
        return Err(MergeError::OutputExists(output.clone()));
    }
    for name in in_order(dir)? {
        crate::failpoint::hit("put", &name);
        let file = dir.join(&name);
        match upload(storage, &name, &file).await.map_err(StoreError::from)? {
            Created::Yes => {}
            Created::Existed if is_claimed && is_same(storage, &name, &file)? => {}
            Created::Existed => return Err(MergeError::OutputExists(output.clone())),
        }
    }
    Ok(storage.remove(CLAIM).map_err(StoreError::from)?)
}

/// Whether an object has the bytes of a file.
fn is_same(storage: &dyn Storage, name: &str, file: &Path) -> Result<bool, MergeError> {
    let own = fs::metadata(file).map_err(|source| MergeError::Write { path: file.to_owned(), source })?;
    let Some(there) = storage.open(name).map_err(StoreError::from)? else { return Ok(false) };
    if there.length() != own.len() {
        return Ok(false);
    }
    let read = |at: u64, length: usize| there.read_at(at, length);
    let hash = hash_of(there.length(), read).map_err(|source| {
        MergeError::from(StoreError::Damaged { file: name.to_owned(), what: source.to_string() })
    })?;
    Ok(hash == hash_in(file, 0, own.len())?)
}

/// BLAKE3 of some bytes of a file.
pub(super) fn hash_in(file: &Path, offset: u64, length: u64) -> Result<String, MergeError> {
    let failed = |source| MergeError::Write { path: file.to_owned(), source };
    let opened = File::open(file).map_err(failed)?;
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        opened.read_exact_at(&mut bytes, offset + at)?;
        Ok(bytes)
    };
    hash_of(length, read).map_err(failed)
}

/// BLAKE3 of so many bytes that are read from a place on.
pub(super) fn hash_of<B: AsRef<[u8]>>(
    length: u64,
    read: impl Fn(u64, usize) -> std::io::Result<B>,
) -> std::io::Result<String> {
    const PIECE: u64 = 1 << 20;
    let mut hash = blake3::Hasher::new();
    let mut at = 0;
    while at < length {
        let piece = PIECE.min(length - at);
        hash.update(read(at, usize::try_from(piece).unwrap_or_default())?.as_ref());
        at += piece;
    }
    Ok(hash.finalize().to_hex().to_string())
}

/// The names of the files of a folder, the manifest last.
fn in_order(dir: &Path) -> Result<Vec<String>, MergeError> {
    let failed = |source| MergeError::Write { path: PathBuf::from(dir), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_by_key(|name| (name == MERGE_MANIFEST, name.clone()));
    Ok(names)
}

#[cfg(test)]
mod tests;
