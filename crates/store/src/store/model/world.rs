//! What is in the store, and what must hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::attempts::Moved;
use crate::store::broken::{Break, is_broken};
use crate::store::origin;

/// A request that changes something or asks for something.
#[derive(Debug, Clone)]
pub(super) enum Request {
    Create(String, Arc<[u8]>),
    Note(String, Arc<[u8]>),
    Remove(String),
    Read(String),
    /// The next names behind one, below a prefix.
    Page(String, String, usize),
    Modified(String),
}

impl Request {
    pub(super) fn changes(&self) -> bool {
        matches!(self, Self::Create(..) | Self::Note(..) | Self::Remove(_))
    }

    fn words(&self) -> String {
        match self {
            Self::Create(path, _) => format!("create {path}"),
            Self::Note(path, _) => format!("note {path}"),
            Self::Remove(path) => format!("remove {path}"),
            Self::Read(path) => format!("read {path}"),
            Self::Page(folder, after, _) => format!("list {folder} behind `{after}`"),
            Self::Modified(path) => format!("look at {path}"),
        }
    }
}

/// What a store answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Made(bool),
    Done,
    Content(Option<Arc<[u8]>>),
    Names(Vec<(String, u64)>),
    When(Option<i64>),
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) user: String,
    pub(super) attempt: String,
    pub(super) files: Vec<String>,
}

/// Reads the rows of a file of the ledger; none of a void.
pub(super) type Decode = fn(&str, &[u8]) -> Vec<Row>;

/// The store.
pub(super) struct World {
    objects: BTreeMap<String, (Arc<[u8]>, i64)>,
    ledger: BTreeMap<String, Vec<Row>>,
    /// Attempts that somebody was told are committed.
    told: BTreeSet<(String, String)>,
    decode: Decode,
    time: i64,
    pub(super) trace: Option<Vec<String>>,
}

impl World {
    pub(super) fn new(decode: Decode, is_told: bool) -> Self {
        let (objects, ledger, told) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { objects, ledger, told, decode, time: 0, trace: is_told.then(Vec::new) }
    }

    pub(super) fn say(&mut self, words: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(words());
        }
    }

    /// Does what is asked, for somebody.
    pub(super) fn serve(&mut self, who: &str, request: &Request, how: &str) -> Answer {
        let answer = self.answer(request);
        self.say(|| {
            let said = match &answer {
                Answer::Content(Some(bytes)) => format!("{} bytes", bytes.len()),
                Answer::Content(None) => "nothing".into(),
                Answer::Names(names) => format!("{:?}", names.iter().map(|(n, _)| n).collect::<Vec<_>>()),
                other => format!("{other:?}"),
            };
            format!("{who}: {}: {said}{how}", request.words())
        });
        answer
    }

    fn answer(&mut self, request: &Request) -> Answer {
        self.time += 1;
        match request {
            Request::Create(path, _) if self.objects.contains_key(path) && !is_broken(Break::NoCondition) => {
                Answer::Made(false)
            }
            Request::Create(path, bytes) => {
                self.put(path, bytes);
                Answer::Made(true)
            }
            Request::Note(path, bytes) => {
                self.put(path, bytes);
                Answer::Done
            }
            Request::Remove(path) => {
                self.objects.remove(path);
                self.ledger.remove(path);
                Answer::Done
            }
            Request::Read(path) => {
                Answer::Content(self.objects.get(path).map(|(bytes, _)| Arc::clone(bytes)))
            }
            Request::Page(folder, after, most) => Answer::Names(self.page(folder, after, *most)),
            Request::Modified(path) => Answer::When(self.objects.get(path).map(|(_, when)| *when)),
        }
    }

    fn put(&mut self, path: &str, bytes: &Arc<[u8]>) {
        if path.starts_with("users/") {
            self.ledger.insert(path.to_owned(), (self.decode)(path, bytes));
        }
        self.objects.insert(path.to_owned(), (Arc::clone(bytes), self.time));
    }

    fn page(&self, folder: &str, after: &str, most: usize) -> Vec<(String, u64)> {
        let from = if after.is_empty() { folder } else { after };
        let below =
            self.objects.range::<str, _>((std::ops::Bound::Excluded(from), std::ops::Bound::Unbounded));
        let of_folder = below.take_while(|(path, _)| path.starts_with(folder));
        of_folder.take(most).map(|(path, (bytes, _))| (path.clone(), bytes.len() as u64)).collect()
    }

    /// Somebody was told that attempts are committed.
    pub(super) fn tell(
        &mut self,
        attempts: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), String> {
        self.told.extend(attempts);
        self.check()
    }

    /// Rows that are not in newer files.
    pub(super) fn counting(&self) -> Vec<&Row> {
        let rows = || self.ledger.values().flatten();
        let moved = Moved::among(rows().map(|row| row.attempt.as_str()));
        rows().filter(|row| !moved.has(&row.attempt)).collect()
    }

    /// What must hold at any moment.
    pub(super) fn check(&self) -> Result<(), String> {
        let rows = self.counting();
        let mut names = HashSet::new();
        for row in &rows {
            if let Some(gone) = row.files.iter().find(|file| !self.objects.contains_key(*file)) {
                return Err(format!("{} of {} is committed, and {gone} is gone", row.attempt, row.user));
            }
            if !names.insert((row.user.as_str(), origin(&row.attempt).0)) {
                return Err(format!("{} of {} counts twice", row.attempt, row.user));
            }
        }
        let is_lost = |told: &&(String, String)| !names.contains(&(told.0.as_str(), told.1.as_str()));
        match self.told.iter().find(is_lost) {
            Some((user, attempt)) => Err(format!("{attempt} of {user} was told as committed, and is not")),
            None => Ok(()),
        }
    }
}
