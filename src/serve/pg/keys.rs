//! Who may end which query: a number and a key a connection, by which another connection asks for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::TryRng;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

/// The connections that there are.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: i32,
    all: HashMap<i32, ([u8; 4], watch::Sender<bool>)>,
}

/// The key of a connection, as long as that is there.
#[derive(Debug)]
pub(super) struct Key {
    keys: Arc<Keys>,
    pub(super) number: i32,
    pub(super) secret: i32,
    cancel: watch::Sender<bool>,
}

impl Keys {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key for a connection.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(super) fn key(self: &Arc<Self>) -> std::io::Result<Key> {
        let mut secret = [0; 4];
        rand::rngs::SysRng.try_fill_bytes(&mut secret).map_err(std::io::Error::other)?;
        let cancel = watch::channel(false).0;
        let mut known = self.known();
        loop {
            known.last = if known.last == i32::MAX { 1 } else { known.last + 1 };
            if !known.all.contains_key(&known.last) {
                break;
            }
        }
        let number = known.last;
        known.all.insert(number, (secret, cancel.clone()));
        Ok(Key { keys: Arc::clone(self), number, secret: i32::from_be_bytes(secret), cancel })
    }

    /// Ends what a connection asks, if the key is its own. Nobody is told whether it was.
    pub(super) fn cancel(&self, number: i32, secret: &[u8]) {
        if let Some((own, cancel)) = self.known().all.get(&number)
            && bool::from(own.as_slice().ct_eq(secret))
        {
            cancel.send_replace(true);
        }
    }
}

impl Key {
    /// A statement begins: what was to be ended before is over.
    pub(super) fn begin(&self) -> watch::Receiver<bool> {
        self.cancel.send_replace(false);
        self.cancel.subscribe()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.keys.known().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_key_ends_a_query() {
        let keys = Arc::new(Keys::default());
        let (one, other) = (keys.key().unwrap(), keys.key().unwrap());
        let (at_one, at_other) = (one.begin(), other.begin());
        keys.cancel(one.number, &[]);
        keys.cancel(one.number, &(one.secret ^ 1).to_be_bytes());
        keys.cancel(999, &one.secret.to_be_bytes());
        assert!(!*at_one.borrow());
        keys.cancel(one.number, &one.secret.to_be_bytes());
        assert!(*at_one.borrow() && !*at_other.borrow());
        assert!(!*one.begin().borrow(), "it holds for one statement");
        drop((one, other));
        assert!(keys.known().all.is_empty());
    }
}
