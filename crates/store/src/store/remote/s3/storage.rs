//! A run below a prefix of a bucket.

use std::io;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{Error, GetOptions, ObjectStoreExt};

use super::bucket::Bucket;
use super::copies::Copies;
use super::create::create;
use super::error::{self, is_absent, taken};
use super::facts::Asked;
use super::file::RemoteFile;
use super::in_words::InWords;
use super::probe::{self, Found};
use super::{listing, runtime};
use crate::hidden::is_hidden;
use crate::store::attempt::new_attempt_id;
use crate::store::error::{StorageError, StoreError};
use crate::store::remote::url::RemoteUrl;
use crate::store::storage::{Created, Entry, Held, Hold, Object, Objects, ReadAt, Storage};

/// Creates of one publication that are in flight.
const IN_FLIGHT: usize = 16;

/// Storage below a prefix of a bucket.
///
/// What is answered is durable there, and seen by everybody whose request begins later. It keeps no locks: objects have
/// names that are given once and are made by [`Storage::create`], so nothing is ever written twice but by
/// [`Storage::note`], whose names have one writer each. [`Storage::replace`] overwrites without asking; a run on
/// such a store does not use it.
#[derive(Debug)]
pub(super) struct RemoteStorage {
    bucket: Arc<Bucket>,
    /// Shown to people, and where keys begin.
    url: RemoteUrl,
    /// Of objects, if each is brought once.
    copies: OnceLock<Arc<Copies>>,
}

impl RemoteStorage {
    pub(super) fn new(bucket: Arc<Bucket>, url: RemoteUrl) -> Self {
        Self { bucket, url, copies: OnceLock::new() }
    }

    fn open_there(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        let failed = || self.failed("open", path);
        let key = self.key(path).map_err(failed())?;
        let (bucket, prefix) = (Arc::clone(&self.bucket), self.url.prefix().to_owned());
        let opened = runtime::wait(&self.bucket.runtime, RemoteFile::open(bucket, key, prefix));
        Ok(opened.map_err(failed())?.map(|file| Arc::new(file) as Arc<dyn ReadAt>))
    }

    fn failed(&self, action: &'static str, path: &str) -> impl FnOnce(io::Error) -> StorageError {
        let path = self.url.join(path).to_string();
        move |source| StorageError { action, path, source }
    }

    fn key(&self, path: &str) -> io::Result<ObjectPath> {
        let whole = self.url.join(path);
        ObjectPath::parse(whole.prefix()).map_err(|e| error::no_key(&e))
    }

    /// What a request answers; none if there is nothing of that name.
    fn ask<T, R>(
        &self,
        asked: Asked,
        path: &str,
        request: impl FnOnce(Arc<Bucket>, ObjectPath) -> R + Send + 'static,
    ) -> io::Result<Option<T>>
    where
        T: Send + 'static,
        R: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (bucket, key, prefix) = (Arc::clone(&self.bucket), self.key(path)?, self.url.prefix().to_owned());
        runtime::wait(&self.bucket.runtime, async move {
            let begun = Instant::now();
            match request(Arc::clone(&bucket), key).await {
                Ok(answer) => {
                    bucket.has_answered(asked);
                    Ok(Some(answer))
                }
                Err(error) if is_absent(&error) => Ok(None),
                Err(error) => Err(bucket.explain(error, asked, begun, &prefix).await),
            }
        })
    }

    /// Whether the bucket is.
    fn is_there(&self) -> io::Result<()> {
        let (bucket, prefix) = (Arc::clone(&self.bucket), self.url.prefix().to_owned());
        runtime::wait(&self.bucket.runtime, async move { bucket.there(&prefix).await })
    }

    fn put(&self, object: &Object, hasty: bool) -> io::Result<()> {
        let bytes = Bytes::from(object.bytes.clone());
        let prefix = self.url.prefix().to_owned();
        let put = async move |bucket: Arc<Bucket>, key: ObjectPath| {
            if let Err(error) = bucket.there(&prefix).await {
                return Ok(Err(error));
            }
            let client = if hasty { &bucket.hasty } else { &bucket.store };
            client.put(&key, bytes.into()).await.map(drop).map(Ok)
        };
        let absent = || io::Error::from(io::ErrorKind::NotFound);
        self.ask(Asked::Put, &object.path, put)?.ok_or_else(absent)?
    }

    /// Begins to make an object; the answer goes to `done`.
    fn begin(&self, object: &Object, done: &mpsc::Sender<Made>) -> io::Result<()> {
        let (bucket, key, prefix) =
            (Arc::clone(&self.bucket), self.key(&object.path)?, self.url.prefix().to_owned());
        let (path, bytes, done) = (object.path.clone(), Bytes::from(object.bytes.clone()), done.clone());
        self.bucket.runtime.spawn(async move {
            let made = create(&bucket, &prefix, &key, &bytes).await;
            done.send((path, made))
        });
        Ok(())
    }

    /// Makes objects that nobody else makes, several at once. Returns when all are answered.
    fn create_all(&self, objects: &[Object]) -> Result<(), StorageError> {
        let Some(first) = objects.first() else { return Ok(()) };
        // Once for all of them: each would ask again, one after the other, where nobody answers.
        self.is_there().map_err(self.failed("write", &first.path))?;
        let (done, answers) = mpsc::channel();
        let (mut waiting, mut all) = (objects.iter(), Ok(()));
        let mut flying = 0;
        loop {
            // Once one has failed, no other is begun.
            let next = if all.is_ok() && flying < IN_FLIGHT { waiting.next() } else { None };
            if let Some(object) = next {
                self.begin(object, &done).map_err(self.failed("write", &object.path))?;
                flying += 1;
                continue;
            }
            if flying == 0 {
                return all;
            }
            let lost =
                || (String::new(), Err(io::Error::other("a request to the store ended without an answer")));
            let (path, made): Made = answers.recv().unwrap_or_else(|_| lost());
            flying -= 1;
            crate::failpoint::hit("created", &path);
            match made {
                Ok(Created::Yes) => {}
                Ok(Created::Existed) => all = all.and(Err(self.failed("write", &path)(taken()))),
                Err(error) => all = all.and(Err(self.failed("write", &path)(error))),
            }
        }
    }
}

/// An object and what became of its create.
type Made = (String, io::Result<Created>);

impl Storage for RemoteStorage {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        let Some((last, before)) = objects.split_last() else { return Ok(Created::Yes) };
        self.create_all(before)?;
        self.create(last)
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        let (done, answer) = mpsc::channel();
        let failed = || self.failed("write", &object.path);
        self.begin(object, &done).map_err(failed())?;
        drop(done);
        let lost = || io::Error::other("a request to the store ended without an answer");
        let (path, made) = answer.recv().map_err(|_| failed()(lost()))?;
        crate::failpoint::hit("created", &path);
        made.map_err(failed())
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        self.put(object, false).map_err(self.failed("write", &object.path))
    }

    /// Gives up after 10 seconds and tries nothing twice: what it writes is soon out of date.
    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.put(object, true).map_err(self.failed("write", &object.path))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        crate::failpoint::hit("open", path);
        let get = async |bucket: Arc<Bucket>, key: ObjectPath| {
            let answer = bucket.store.get(&key).await?;
            let length = answer.meta.size;
            Ok((answer.bytes().await?, length))
        };
        let failed = || self.failed("read", path);
        let Some((bytes, length)) = self.ask(Asked::Get, path, get).map_err(failed())? else {
            return Ok(None);
        };
        if bytes.len() as u64 != length {
            return Err(failed()(error::cut(bytes.len() as u64, length)));
        }
        Ok(Some(bytes.into()))
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        crate::failpoint::hit("open", path);
        match self.copies.get() {
            Some(copies) => copies.open(path, || self.open_there(path)),
            None => self.open_there(path),
        }
    }

    fn bring_once(&self, room: u64) {
        // Without a place for copies, each reader asks.
        if self.copies.get().is_none()
            && let Ok(copies) = Copies::new(room)
        {
            let _ = self.copies.set(copies);
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        let failed = || self.failed("list", folder);
        let list = async |bucket: Arc<Bucket>, key: ObjectPath| listing::below(&bucket.store, &key).await;
        let listed = self.ask(Asked::List, folder, list).map_err(failed())?.unwrap_or_default();
        let root = self.key("").map_err(failed())?;
        let relative = |key: &str| {
            let rest = key.strip_prefix(root.as_ref())?;
            Some(if root.as_ref().is_empty() { rest } else { rest.strip_prefix('/')? }.to_owned())
        };
        let entry = |object: object_store::ObjectMeta| {
            Some(Entry { path: relative(object.location.as_ref())?, bytes: object.size })
        };
        let mut entries: Vec<Entry> = listed.into_iter().filter_map(entry).collect();
        entries.retain(|entry| !is_hidden(&entry.path));
        entries.sort();
        Ok(entries)
    }

    /// Asks for the first keys only: a folder of data has thousands.
    fn has_any(&self, folder: &str) -> Result<bool, StorageError> {
        let list = async |bucket: Arc<Bucket>, key: ObjectPath| {
            let mut listed = bucket.store.list((!key.as_ref().is_empty()).then_some(&key));
            while let Some(object) = listed.try_next().await? {
                // Hidden ones are others'.
                let rest = object.location.as_ref().strip_prefix(key.as_ref()).unwrap_or_default();
                if !is_hidden(rest.trim_start_matches('/')) {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let found = self.ask(Asked::List, folder, list).map_err(self.failed("list", folder))?;
        Ok(found.unwrap_or(false))
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>, StorageError> {
        let list = async |bucket: Arc<Bucket>, key: ObjectPath| {
            let listed = bucket.store.list_with_delimiter((!key.as_ref().is_empty()).then_some(&key)).await?;
            let name = |folder: &ObjectPath| Some(folder.as_ref().rsplit('/').next()?.to_owned());
            Ok(listed.common_prefixes.iter().filter_map(name).collect::<Vec<_>>())
        };
        let mut found =
            self.ask(Asked::List, folder, list).map_err(self.failed("list", folder))?.unwrap_or_default();
        found.retain(|name| !is_hidden(name));
        found.sort();
        Ok(found)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        let head = async |bucket: Arc<Bucket>, key: ObjectPath| {
            let asked = GetOptions { head: true, ..GetOptions::default() };
            Ok(bucket.store.get_opts(&key, asked).await?.meta.size)
        };
        self.ask(Asked::Head, path, head).map_err(self.failed("look at", path))
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        let head = async |bucket: Arc<Bucket>, key: ObjectPath| {
            let asked = GetOptions { head: true, ..GetOptions::default() };
            Ok(bucket.store.get_opts(&key, asked).await?.meta.last_modified.timestamp_micros())
        };
        self.ask(Asked::Head, path, head).map_err(self.failed("look at", path))
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        let delete = async |bucket: Arc<Bucket>, key: ObjectPath| bucket.store.delete(&key).await;
        self.ask(Asked::Delete, path, delete).map(drop).map_err(self.failed("remove", path))
    }

    fn keeps_locks(&self) -> bool {
        false
    }

    fn probe(&self) -> Result<(), StoreError> {
        // Hidden: no listing of the run shows it, should it stay.
        let name = format!(".probe-{}", new_attempt_id());
        let failed = || self.failed("write", &name);
        let (bucket, prefix) = (Arc::clone(&self.bucket), self.url.prefix().to_owned());
        let key = self.key(&name).map_err(failed())?;
        let found =
            runtime::wait(&self.bucket.runtime, async move { probe::probe(&bucket, &prefix, &key).await });
        let store = format!("s3://{}", self.url.bucket());
        match found.map_err(failed())? {
            Found::Kept => Ok(()),
            Found::Overwritten => Err(StoreError::NoConditions { store }),
            Found::Unlisted => Err(StoreError::LateListing { store }),
        }
    }

    fn lock(&self, name: &str, _: Hold, _: Duration) -> Result<Option<Held>, StorageError> {
        Err(self.failed("lock", name)(error::no_locks()))
    }

    fn name(&self) -> String {
        self.url.to_string()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        let prefix = self.key("").map_err(self.failed("name as an object", ""))?;
        let url = format!("s3://{}/", self.url.bucket());
        Ok(Objects { url, prefix, store: Arc::new(InWords::new(&self.bucket, self.url.prefix())) })
    }
}
