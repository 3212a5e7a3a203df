//! What tells whether a file is still the one that it was, without reading it.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A change within that time of the one before may have the same time.
const MOMENT: Duration = Duration::from_secs(2);

/// A mark of number, size and times of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    number: u64,
    bytes: u64,
    changed: (i64, i64),
    set: (i64, i64),
}

impl Mark {
    /// That of a file; none if it is not there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok()?;
        Some(Self {
            number: about.ino(),
            bytes: about.size(),
            changed: (about.mtime(), about.mtime_nsec()),
            set: (about.ctime(), about.ctime_nsec()),
        })
    }

    /// Size of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether another change would have another time.
    pub(crate) fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let last = self.changed.max(self.set).0;
        u64::try_from(last).is_ok_and(|last| now > Duration::from_secs(last) + MOMENT)
    }
}
