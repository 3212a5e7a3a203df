//! Reports that were made: each is made once for a state of its source.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Bytes of those that are kept; the oldest make room.
const MOST: usize = 16 << 20;

/// Reports by their marks, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<VecDeque<(String, Bytes)>>);

impl Kept {
    /// One that was made.
    pub(super) fn get(&self, tag: &str) -> Option<Bytes> {
        self.all().iter().find(|(name, _)| name == tag).map(|(_, bytes)| bytes.clone())
    }

    /// Keeps one. What is larger than all room is not kept.
    pub(super) fn put(&self, tag: &str, bytes: &Bytes) {
        let mut all = self.all();
        all.retain(|(name, _)| name != tag);
        if bytes.len() > MOST {
            return;
        }
        all.push_back((tag.to_owned(), bytes.clone()));
        while all.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MOST {
            all.pop_front();
        }
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(String, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        let kept = Kept::default();
        let tags = ["a", "b", "c", "d", "e"];
        let report = Bytes::from(vec![0; MOST / 3]);
        for tag in tags {
            kept.put(tag, &report);
            kept.put(tag, &report);
        }
        assert_eq!(tags.map(|tag| kept.get(tag).is_some()), [false, false, true, true, true]);
        kept.put(tags[4], &Bytes::from(vec![0; MOST + 1]));
        assert!(kept.get(tags[4]).is_none() && kept.get(tags[3]).is_some());
    }
}
