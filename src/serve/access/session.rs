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
    pub(super) fn code(&self, holder: Holder, now: Instant) -> std::io::Result<Secret> {
        let code = Secret::plain()?;
        put(&mut locked(&self.codes), code.hash(), holder, (now, now + CODE));
        Ok(code)
    }

    /// Uses a code up.
    pub(super) fn redeem(&self, code: &Secret, now: Instant) -> Option<Holder> {
        let (holder, until) = locked(&self.codes).remove(&code.hash())?;
        (now < until && !*holder.1.borrow()).then_some(holder)
    }

    /// Begins a session.
    pub(super) fn begin(&self, holder: Holder, now: Instant) -> std::io::Result<Secret> {
        let session = Secret::plain()?;
        put(&mut locked(&self.sessions), session.hash(), holder, (now, now + SESSION));
        Ok(session)
    }

    /// Whose session it is.
    pub(super) fn find(&self, session: &Secret, now: Instant) -> Option<Holder> {
        let mut sessions = locked(&self.sessions);
        let hash = session.hash();
        let (holder, until) = sessions.get(&hash)?;
        if now < *until && !*holder.1.borrow() {
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

fn put(
    all: &mut HashMap<String, (Holder, Instant)>,
    hash: String,
    holder: Holder,
    (now, until): (Instant, Instant),
) {
    if all.len() >= MOST {
        all.retain(|_, ((_, ended), until)| now < *until && !*ended.borrow());
        if let (true, Some(oldest)) =
            (all.len() >= MOST, all.iter().min_by_key(|(_, (_, until))| *until).map(|(hash, _)| hash.clone()))
        {
            all.remove(&oldest);
        }
    }
    all.insert(hash, (holder, until));
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    fn holder() -> (Holder, watch::Sender<bool>) {
        let token = Token {
            name: "anna".into(),
            hash: String::new(),
            scram: None,
            created: Utc::now(),
            expires: None,
            sources: Vec::new(),
            may: Vec::new(),
        };
        let (end, ended) = watch::channel(false);
        ((Arc::new(token), ended), end)
    }

    #[test]
    fn a_code_signs_in_once_and_not_for_long() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (holder, _end) = holder();
        let code = sessions.code(holder.clone(), now).unwrap();
        assert!(sessions.redeem(&code, now + CODE.saturating_sub(Duration::from_secs(1))).is_some());
        assert!(sessions.redeem(&code, now).is_none(), "it was used");
        let late = sessions.code(holder, now).unwrap();
        assert!(sessions.redeem(&late, now + CODE).is_none());
        assert_eq!((CODE.as_secs(), SESSION.as_secs()), (600, 12 * 3600));
    }

    #[test]
    fn a_session_ends_with_its_time_and_with_its_token() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (holder, end) = holder();
        let session = sessions.begin(holder.clone(), now).unwrap();
        assert!(sessions.find(&session, now + SESSION.saturating_sub(Duration::from_secs(1))).is_some());
        assert!(sessions.find(&session, now + SESSION).is_none());
        let session = sessions.begin(holder.clone(), now).unwrap();
        let code = sessions.code(holder, now).unwrap();
        end.send_replace(true);
        assert!(sessions.find(&session, now).is_none());
        assert!(sessions.redeem(&code, now).is_none());
    }

    #[test]
    fn of_too_many_the_oldest_goes() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (holder, _end) = holder();
        let first = sessions.begin(holder.clone(), now).unwrap();
        let later = now + Duration::from_secs(1);
        let last = (0..MOST).map(|_| sessions.begin(holder.clone(), later).unwrap()).last().unwrap();
        assert!(sessions.find(&first, later).is_none());
        assert!(sessions.find(&last, later).is_some());
    }
}
