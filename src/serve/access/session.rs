//! Sign-in codes and sessions of browsers, in memory: a restart ends them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::secret::Secret;
use super::tokens::Token;

/// How long a code can be used.
const CODE: Duration = Duration::from_mins(10);

/// How long a session lasts.
pub(super) const SESSION: Duration = Duration::from_hours(12);

/// Sessions and codes at most; the oldest go first.
const MOST: usize = 10_000;

/// A token and what becomes true when it ends.
pub(super) type Holder = (Arc<Token>, watch::Receiver<bool>);

/// Codes and sessions by their hashes.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    codes: Mutex<HashMap<String, (Holder, Instant)>>,
    sessions: Mutex<HashMap<String, (Holder, Instant)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    /// A code that signs in once.
    pub(super) fn code(&self, holder: Holder) -> std::io::Result<Secret> {
        let code = Secret::plain()?;
        put(&mut locked(&self.codes), code.hash(), holder, Instant::now() + CODE);
        Ok(code)
    }

    /// Uses a code up.
    pub(super) fn redeem(&self, code: &Secret) -> Option<Holder> {
        let (holder, until) = locked(&self.codes).remove(&code.hash())?;
        (Instant::now() < until && !*holder.1.borrow()).then_some(holder)
    }

    /// Begins a session.
    pub(super) fn begin(&self, holder: Holder) -> std::io::Result<Secret> {
        let session = Secret::plain()?;
        put(&mut locked(&self.sessions), session.hash(), holder, Instant::now() + SESSION);
        Ok(session)
    }

    /// Whose session it is.
    pub(super) fn find(&self, session: &Secret) -> Option<Holder> {
        let mut sessions = locked(&self.sessions);
        let hash = session.hash();
        let (holder, until) = sessions.get(&hash)?;
        if Instant::now() < *until && !*holder.1.borrow() {
            return Some(holder.clone());
        }
        sessions.remove(&hash);
        None
    }

    /// Ends a session.
    pub(super) fn end(&self, session: &Secret) {
        locked(&self.sessions).remove(&session.hash());
    }
}

fn put(all: &mut HashMap<String, (Holder, Instant)>, hash: String, holder: Holder, until: Instant) {
    if all.len() >= MOST {
        let now = Instant::now();
        all.retain(|_, ((_, ended), until)| now < *until && !*ended.borrow());
        if let (true, Some(oldest)) =
            (all.len() >= MOST, all.iter().min_by_key(|(_, (_, until))| *until).map(|(hash, _)| hash.clone()))
        {
            all.remove(&oldest);
        }
    }
    all.insert(hash, (holder, until));
}
