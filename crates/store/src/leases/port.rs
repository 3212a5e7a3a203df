//! What the rules of leases know of the world: a store that may not answer, and one clock.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::store::{Created, Object, Storage, StorageError};
use crate::system::since_boot;

/// How often who waits looks whether it is to go on.
const SLICE: Duration = Duration::from_millis(20);

/// Something that is asked of the store.
#[derive(Debug, Clone)]
pub enum Ask {
    /// The content of a file.
    Read(String),
    /// The names of the files in a folder.
    List(String),
    /// Whether a file is there.
    Look(String),
    /// To make a file unless it is there.
    Create(Object),
    /// To write a file of one's own.
    Note(Object),
}

/// What the store said.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The content.
    Content(Option<Vec<u8>>),
    /// The names.
    Names(Vec<String>),
    /// Whether it is there.
    There(bool),
    /// Whether it was made.
    Created(Created),
    /// It was written.
    Noted,
}

/// The world of one who has a lease or wants one.
pub trait Port {
    /// Why there was no answer.
    type Fault;

    /// A clock that is never set; it counts on while the machine sleeps.
    fn now(&self) -> Duration;

    /// Waits. False if one is not to go on.
    fn sleep(&self, time: Duration) -> impl Future<Output = bool>;

    /// Asks. Without an answer, what was asked for may be done, or be done later.
    fn ask(&self, ask: Ask) -> impl Future<Output = Result<Answer, Self::Fault>>;
}

/// A storage, and this machine's clock.
pub struct StorePort<'a> {
    storage: &'a dyn Storage,
    is_over: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for StorePort<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StorePort").field(&self.storage).finish_non_exhaustive()
    }
}

impl<'a> StorePort<'a> {
    /// Of somebody who goes on until `is_over`.
    pub fn new(storage: &'a dyn Storage, is_over: &'a dyn Fn() -> bool) -> Self {
        Self { storage, is_over }
    }
}

impl Port for StorePort<'_> {
    type Fault = StorageError;

    fn now(&self) -> Duration {
        since_boot()
    }

    async fn sleep(&self, time: Duration) -> bool {
        let until = self.now() + time;
        while !(self.is_over)() {
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(SLICE));
        }
        false
    }

    async fn ask(&self, ask: Ask) -> Result<Answer, StorageError> {
        let names = |folder: &str| -> Result<Vec<String>, StorageError> {
            Ok(self.storage.list(folder)?.into_iter().map(|entry| entry.path).collect())
        };
        Ok(match ask {
            Ask::Read(path) => Answer::Content(self.storage.read(&path)?),
            Ask::List(folder) => Answer::Names(names(&folder)?),
            Ask::Look(path) => Answer::There(self.storage.size(&path)?.is_some()),
            Ask::Create(object) => Answer::Created(self.storage.create(&object)?),
            Ask::Note(object) => {
                self.storage.note(&object)?;
                Answer::Noted
            }
        })
    }
}

/// What a future gives whose port answers in the caller's own thread.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// Questions with one kind of answer.
pub(super) async fn read<P: Port>(port: &P, path: String) -> Result<Option<Vec<u8>>, P::Fault> {
    match port.ask(Ask::Read(path)).await? {
        Answer::Content(content) => Ok(content),
        _ => Ok(None),
    }
}

pub(super) async fn list<P: Port>(port: &P, folder: String) -> Result<Vec<String>, P::Fault> {
    match port.ask(Ask::List(folder)).await? {
        Answer::Names(names) => Ok(names),
        _ => Ok(Vec::new()),
    }
}

pub(super) async fn is_there<P: Port>(port: &P, path: String) -> Result<bool, P::Fault> {
    Ok(matches!(port.ask(Ask::Look(path)).await?, Answer::There(true)))
}

pub(super) async fn create<P: Port>(port: &P, path: String, bytes: Vec<u8>) -> Result<Created, P::Fault> {
    match port.ask(Ask::Create(Object { path, bytes })).await? {
        Answer::Created(created) => Ok(created),
        _ => Ok(Created::Existed),
    }
}
