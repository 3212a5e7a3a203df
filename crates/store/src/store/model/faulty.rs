//! A storage without locks, whose requests go through the stage.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::stage::{Actor, Died};
use super::world::{Answer, Request};
use crate::store::broken::{Break, is_broken};
use crate::store::made::{Made, one_by_one};
use crate::store::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage, StorageError};

/// Whoever asks a store: on the stage, or when nobody else is there.
pub(super) trait Asks: Send + Sync {
    /// The answer; none if it is lost.
    fn ask(&self, request: Request) -> Result<Option<Answer>, Died>;
    /// How many names are in a part of a listing.
    fn page(&self) -> usize;
}

impl Asks for Actor {
    fn ask(&self, request: Request) -> Result<Option<Answer>, Died> {
        Actor::ask(self, request)
    }

    fn page(&self) -> usize {
        1 + self.below(4)
    }
}

/// The storage of somebody.
pub(super) struct Faulty<A>(pub(super) A);

impl<A> std::fmt::Debug for Faulty<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Faulty")
    }
}

fn died(path: &str) -> StorageError {
    StorageError { action: "ask for", path: path.to_owned(), source: io::Error::other("the process died") }
}

impl<A: Asks> Faulty<A> {
    fn once(&self, path: &str, request: Request) -> Result<Option<Answer>, StorageError> {
        self.0.ask(request).map_err(|Died| died(path))
    }

    /// Asks until there is an answer.
    fn ask(&self, path: &str, request: &Request) -> Result<Answer, StorageError> {
        loop {
            if let Some(answer) = self.once(path, request.clone())? {
                return Ok(answer);
            }
        }
    }

    fn content(&self, path: &str) -> Result<Option<Arc<[u8]>>, StorageError> {
        match self.ask(path, &Request::Read(path.to_owned()))? {
            Answer::Content(content) => Ok(content),
            other => unreachable!("{other:?}"),
        }
    }
}

#[derive(Debug)]
struct Content(Bytes);

impl ReadAt for Content {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let start = offset as usize;
        if start + length > self.0.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(self.0.slice(start..start + length))
    }
}

impl<A: Asks> Storage for Faulty<A> {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        Ok(match one_by_one(self, objects)? {
            Made::Ours => Created::Yes,
            Made::Theirs(_) => Created::Existed,
        })
    }

    /// As the contract has it: who is refused, or hears nothing, looks what is there.
    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        let body: Arc<[u8]> = object.bytes.as_slice().into();
        loop {
            match self.once(&object.path, Request::Create(object.path.clone(), Arc::clone(&body)))? {
                Some(Answer::Made(true)) => return Ok(Created::Yes),
                Some(_) if is_broken(Break::NoReadBack) => return Ok(Created::Existed),
                None if is_broken(Break::NoReadBack) => continue,
                _ => {}
            }
            match self.content(&object.path)? {
                Some(there) if there == body => return Ok(Created::Yes),
                Some(_) => return Ok(Created::Existed),
                None => {}
            }
        }
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        panic!("{} is replaced in a run without locks", object.path)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        let body: Arc<[u8]> = object.bytes.as_slice().into();
        self.ask(&object.path, &Request::Note(object.path.clone(), body)).map(drop)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.content(path)?.map(|bytes| bytes.to_vec()))
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        let content = self.content(path)?.map(|bytes| Content(Bytes::copy_from_slice(&bytes)));
        Ok(content.map(|content| Arc::new(content) as Arc<dyn ReadAt>))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or_else(String::new, |entry| entry.path.clone());
            let page = Request::Page(prefix.clone(), after, self.0.page());
            let Answer::Names(names) = self.ask(folder, &page)? else { return Ok(entries) };
            if names.is_empty() {
                return Ok(entries);
            }
            entries.extend(names.into_iter().map(|(path, bytes)| Entry { path, bytes }));
        }
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        Ok(self.content(path)?.map(|bytes| bytes.len() as u64))
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        match self.ask(path, &Request::Modified(path.to_owned()))? {
            Answer::When(when) => Ok(when),
            other => unreachable!("{other:?}"),
        }
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.ask(path, &Request::Remove(path.to_owned())).map(drop)
    }

    fn keeps_locks(&self) -> bool {
        false
    }

    fn lock(&self, name: &str, _: Hold, _: Duration) -> Result<Option<Held>, StorageError> {
        panic!("{name} is locked in a run without locks")
    }

    fn name(&self) -> String {
        "model".into()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        Err(died("objects"))
    }
}
