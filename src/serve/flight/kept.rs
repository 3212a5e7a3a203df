//! What is kept between two calls of somebody: under a handle that nobody can guess, for a while after its last use.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::login::Who;
use crate::serve::access::{Ended, Ending, Secret};

/// How long something is kept after its last use.
pub(super) const KEEP: Duration = Duration::from_mins(10);

/// Bytes at most of what is kept for a token.
const BYTES: usize = 16 << 20;

/// What is counted for a thing beside its own bytes.
const BESIDE: usize = 1 << 10;

/// What becomes of one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// It is refused.
    Refuses,
    /// The one goes that was not used for the longest time.
    OldestGoes,
}

/// Things of one kind.
#[derive(Debug)]
pub(super) struct Kept<T> {
    /// What they are called.
    what: &'static str,
    /// So many over one connection.
    most: usize,
    full: Full,
    keep: Duration,
    all: Mutex<HashMap<Bytes, Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    token: String,
    ended: watch::Receiver<bool>,
    connection: SocketAddr,
    used: Instant,
    bytes: usize,
    thing: Arc<T>,
}

impl<T> Kept<T> {
    /// None yet.
    pub(super) fn new(what: &'static str, most: usize, full: Full) -> Self {
        Self { what, most, full, keep: KEEP, all: Mutex::default() }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Bytes, Entry<T>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a thing of so many bytes; gives its handle.
    pub(super) fn put(&self, who: &Who, thing: T, bytes: usize) -> Result<Bytes, Ended> {
        let handle = Secret::plain().map_err(|error| Ended::new(Ending::Died, error.to_string()))?;
        let handle = Bytes::copy_from_slice(handle.reveal().as_bytes());
        let bytes = bytes + BESIDE;
        let mut all = self.all();
        while let Some(words) = self.is_full(&all, who, bytes) {
            let own = all.iter().filter(|(_, entry)| entry.token == who.token());
            let oldest = own.min_by_key(|(_, entry)| entry.used).map(|(handle, _)| handle.clone());
            match oldest.filter(|_| self.full == Full::OldestGoes) {
                Some(oldest) => drop(all.remove(&oldest)),
                None => return Err(Ended::new(Ending::QueueFull, words)),
            }
        }
        let entry = Entry {
            token: who.token().to_owned(),
            ended: who.caller.login.ended.clone(),
            connection: who.connection,
            used: Instant::now(),
            bytes,
            thing: Arc::new(thing),
        };
        all.insert(handle.clone(), entry);
        Ok(handle)
    }

    /// Why another thing of so many bytes is too much, if it is.
    fn is_full(&self, all: &HashMap<Bytes, Entry<T>>, who: &Who, bytes: usize) -> Option<String> {
        let (mut there, mut taken) = (0, bytes);
        for entry in all.values().filter(|entry| entry.token == who.token()) {
            there += usize::from(entry.connection == who.connection);
            taken += entry.bytes;
        }
        let what = self.what;
        let words = if there >= self.most {
            format!("{there} {what}s are kept on this connection already")
        } else if taken > BYTES {
            format!("the {what}s of this token take more than {} MB", BYTES >> 20)
        } else {
            return None;
        };
        Some(format!("{words}\n(hint: close those that are not needed)"))
    }

    /// The thing of a handle. One of another token is not there.
    pub(super) fn get(&self, who: &Who, handle: &[u8]) -> Result<Arc<T>, Ended> {
        let mut all = self.all();
        let found = all.get_mut(handle).filter(|entry| entry.token == who.token() && entry.holds(self.keep));
        let Some(entry) = found else { return Err(self.unknown()) };
        entry.used = Instant::now();
        Ok(Arc::clone(&entry.thing))
    }

    /// Lets a thing go; gives it, if it was there.
    pub(super) fn remove(&self, who: &Who, handle: &[u8]) -> Option<Arc<T>> {
        let mut all = self.all();
        let is_own = all.get(handle).is_some_and(|entry| entry.token == who.token());
        if is_own { all.remove(handle).map(|entry| entry.thing) } else { None }
    }

    /// Lets all go that somebody keeps over a connection.
    pub(super) fn leave(&self, who: &Who) {
        self.all().retain(|_, entry| entry.token != who.token() || entry.connection != who.connection);
    }

    /// Lets go what was not used for long, or whose token holds no more.
    pub(super) fn give_up(&self) {
        // What goes may close files, which others need not wait for.
        let gone: Vec<Entry<T>> =
            self.all().extract_if(|_, entry| !entry.holds(self.keep)).map(|(_, entry)| entry).collect();
        drop(gone);
    }

    /// What is said of a handle that is not there.
    pub(super) fn unknown(&self) -> Ended {
        let what = self.what;
        let words = format!(
            "the {what} is not there\n(hint: begin again; one is kept for {} min after its last use, for its own token, and \
             until it was read or closed)",
            KEEP.as_secs() / 60
        );
        Ended::new(Ending::NotFound, words)
    }
}

impl<T> Entry<T> {
    fn holds(&self, keep: Duration) -> bool {
        // What is at work is in use.
        let is_fresh = self.used.elapsed() < keep || Arc::strong_count(&self.thing) > 1;
        is_fresh && !*self.ended.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::access::{Access, NewToken, State};
    use crate::serve::desk::Caller;

    fn access() -> (tempfile::TempDir, Access) {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        (dir, Access::open(&state, false).unwrap().0)
    }

    fn token(access: &Access, name: &str) -> Secret {
        access.tokens.create(NewToken { name: name.into(), ..NewToken::default() }).unwrap()
    }

    fn who(access: &Access, token: &Secret, port: u16) -> Who {
        let connection = SocketAddr::from(([127, 0, 0, 1], port));
        let login = access.by_token(token, connection.ip(), "flight").unwrap();
        Who { caller: Caller { login, address: connection.ip(), protocol: "flight" }, connection }
    }

    #[test]
    fn a_handle_is_good_for_its_token_alone() {
        let (_dir, access) = access();
        let [anna, ben] = ["anna", "ben"].map(|name| token(&access, name));
        let (elsewhere, ben, anna) = (who(&access, &anna, 2), who(&access, &ben, 1), who(&access, &anna, 1));
        let kept = Kept::new("thing", 2, Full::Refuses);
        let handle = kept.put(&anna, 7, 0).unwrap();
        assert_eq!(*kept.get(&elsewhere, &handle).unwrap(), 7, "another connection of the same token");
        let said = [kept.get(&ben, &handle).unwrap_err(), kept.get(&anna, b"guess").unwrap_err()];
        assert_eq!(said[0], said[1], "nothing tells whether it is there");
        assert!(kept.remove(&ben, &handle).is_none());
        kept.give_up();
        assert!(kept.get(&anna, &handle).is_ok());
        access.tokens.revoke("anna").unwrap();
        access.tokens.look().unwrap();
        assert!(kept.get(&anna, &handle).is_err());
        kept.give_up();
        assert!(kept.all().is_empty());
    }

    #[test]
    fn what_nobody_uses_goes_and_what_is_at_work_stays() {
        let (_dir, access) = access();
        let anna = who(&access, &token(&access, "anna"), 1);
        let kept = Kept { keep: Duration::ZERO, ..Kept::new("thing", 2, Full::Refuses) };
        let handles = [1, 2].map(|n| kept.put(&anna, n, 0).unwrap());
        let at_work = Arc::clone(&kept.all()[&handles[0]].thing);
        kept.give_up();
        assert!(kept.get(&anna, &handles[0]).is_ok() && kept.get(&anna, &handles[1]).is_err());
        drop(at_work);
        kept.give_up();
        assert!(kept.all().is_empty());
        assert_eq!(KEEP, Duration::from_mins(10));
    }

    #[test]
    fn too_many_are_refused_or_the_oldest_goes() {
        let (_dir, access) = access();
        let anna = token(&access, "anna");
        let [anna, other] = [1, 2].map(|port| who(&access, &anna, port));
        let kept = Kept::new("thing", 2, Full::Refuses);
        let first = kept.put(&anna, 1, 0).unwrap();
        kept.put(&anna, 2, 0).unwrap();
        let said = kept.put(&anna, 3, 0).unwrap_err();
        assert!(said.ending == Ending::QueueFull && said.detail.contains("2 things"), "{said:?}");
        kept.put(&other, 3, 0).unwrap();
        assert!(kept.put(&other, 4, BYTES).unwrap_err().detail.contains("16 MB"));
        assert_eq!(kept.remove(&anna, &first).as_deref(), Some(&1));
        kept.put(&anna, 4, 0).unwrap();
        kept.leave(&anna);
        assert_eq!(kept.all().len(), 1, "that of the other connection");
        let tickets = Kept::new("ticket", 2, Full::OldestGoes);
        let handles = [1, 2, 3].map(|n| tickets.put(&anna, n, 0).unwrap());
        assert!(tickets.get(&anna, &handles[0]).is_err());
        assert!(tickets.get(&anna, &handles[1]).is_ok() && tickets.get(&anna, &handles[2]).is_ok());
    }
}
