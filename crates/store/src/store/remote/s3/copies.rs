//! Objects that were brought once, as copies on this machine.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::beside::ScratchFile;
use crate::store::storage::ReadAt;

/// Bytes that are copied at a time.
const PART: u64 = 1 << 20;

/// Copies one behind the other in a file without a name.
#[derive(Debug)]
pub(super) struct Copies {
    file: ScratchFile,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Bytes that there is still room for.
    room: u64,
    /// Where the next copy begins.
    end: u64,
    /// By path; an object that has none is read where it is.
    known: HashMap<String, Arc<Mutex<Option<Range<u64>>>>>,
}

impl Copies {
    /// None yet, and room for so many bytes.
    pub(super) fn new(room: u64) -> io::Result<Arc<Self>> {
        let state = Mutex::new(State { room, end: 0, known: HashMap::new() });
        Ok(Arc::new(Self { file: ScratchFile::new("copies")?, state }))
    }

    /// The copy of an object, which is made if it is opened for the first time; the object itself if there is no room.
    pub(super) fn open<E>(
        self: &Arc<Self>,
        path: &str,
        there: impl FnOnce() -> Result<Option<Arc<dyn ReadAt>>, E>,
    ) -> Result<Option<Arc<dyn ReadAt>>, E> {
        let known = Arc::clone(self.state().known.entry(path.to_owned()).or_default());
        // Who wants the same one meanwhile waits for it.
        let mut place = known.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            let Some(object) = there()? else { return Ok(None) };
            *place = self.bring(&*object);
            if place.is_none() {
                return Ok(Some(object));
            }
        }
        let copy = |place: &Range<u64>| Copy { all: Arc::clone(self), place: place.clone() };
        Ok(place.as_ref().map(|place| Arc::new(copy(place)) as Arc<dyn ReadAt>))
    }

    /// Copies an object; none if it cannot be read, which its reader will meet, or there is no room.
    fn bring(&self, object: &dyn ReadAt) -> Option<Range<u64>> {
        let length = object.length();
        let start = self.take(length)?;
        let mut at = 0;
        while at < length {
            let bytes = object.read_at(at, (length - at).min(PART) as usize).ok()?;
            if self.file.write_at(start + at, &bytes).is_err() {
                self.state().room = 0;
                return None;
            }
            at += bytes.len() as u64;
        }
        Some(start..start + length)
    }

    /// Takes room for so many bytes; where they begin.
    fn take(&self, length: u64) -> Option<u64> {
        let mut state = self.state();
        state.room = state.room.checked_sub(length)?;
        let start = state.end;
        state.end += length;
        Some(start)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Copy {
    all: Arc<Copies>,
    place: Range<u64>,
}

impl ReadAt for Copy {
    fn length(&self) -> u64 {
        self.place.end - self.place.start
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length());
        end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; length];
        self.all.file.read_at(self.place.start + offset, &mut bytes)?;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Bytes that count who reads them, and of which those from some place on cannot be read.
    #[derive(Debug)]
    struct Counted {
        bytes: Bytes,
        read: Arc<AtomicU64>,
        until: usize,
    }

    impl ReadAt for Counted {
        fn length(&self) -> u64 {
            self.bytes.len() as u64
        }

        fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
            let end = offset as usize + length;
            self.read.fetch_add(length as u64, Ordering::Relaxed);
            if end > self.until {
                Err(io::ErrorKind::TimedOut.into())
            } else {
                Ok(self.bytes.slice(offset as usize..end))
            }
        }
    }

    fn bytes(length: usize, of: u8) -> Bytes {
        (0..length).map(|place| (place % 251) as u8 ^ of).collect::<Vec<_>>().into()
    }

    #[test]
    fn each_object_is_read_once() {
        let read = Arc::new(AtomicU64::new(0));
        let copies = Copies::new(5 << 20).unwrap();
        let content = |of: u8| bytes((1 << 20) + 17, of);
        let open = |name: &str, of: u8| {
            let object = Counted { bytes: content(of), read: Arc::clone(&read), until: usize::MAX };
            let there = || Ok::<_, io::Error>(Some(Arc::new(object) as Arc<dyn ReadAt>));
            copies.open(name, there).unwrap().unwrap()
        };
        std::thread::scope(|scope| {
            for name in ["a", "b", "a", "b"] {
                let (open, content) = (&open, &content);
                scope.spawn(move || {
                    let of = name.as_bytes()[0];
                    let file = open(name, of);
                    assert_eq!(file.length(), content(of).len() as u64);
                    assert_eq!(file.read_at(5, 1 << 20).unwrap(), content(of).slice(5..5 + (1 << 20)));
                    assert!(file.read_at(file.length() - 1, 2).is_err());
                });
            }
        });
        assert_eq!(read.load(Ordering::Relaxed), 2 * ((1 << 20) + 17));
        assert!(copies.open("c", || Ok::<_, io::Error>(None)).unwrap().is_none());
    }

    #[test]
    fn what_has_no_room_or_cannot_be_read_is_no_copy() {
        let read = Arc::new(AtomicU64::new(0));
        let copies = Copies::new(3 << 20).unwrap();
        let open = |name: &str, length: usize, until: usize| {
            let object = Counted { bytes: bytes(length, 1), read: Arc::clone(&read), until };
            copies
                .open(name, || Ok::<_, io::Error>(Some(Arc::new(object) as Arc<dyn ReadAt>)))
                .unwrap()
                .unwrap()
        };
        assert_eq!(open("large", 4 << 20, usize::MAX).read_at(3, 4).unwrap(), bytes(7, 1).slice(3..));
        assert_eq!(read.load(Ordering::Relaxed), 4);
        let torn = open("torn", 2 << 20, 1 << 20);
        assert_eq!(torn.read_at((1 << 20) + 1, 1).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(torn.read_at(0, 4).unwrap(), bytes(4, 1));
        assert_eq!(open("empty", 0, 0).length(), 0);
    }
}
