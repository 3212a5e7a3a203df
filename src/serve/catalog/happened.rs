//! What befell the workers of a run, by the lines that its supervisor adds to a file.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::text::plain;
use crate::event::{Event, EventKind};
use crate::serve::mark::Mark;
use crate::store::EVENTS;

/// So many are told.
const TOLD: usize = 5;

/// Bytes of a line at most.
const LINE: u64 = 64 << 10;

/// What befell the workers of a run so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    /// How often the worker of a shard was started again.
    pub restarts: BTreeMap<u32, u64>,
    /// The last ones in words, the newest first.
    pub last: VecDeque<String>,
    /// The file as it was, and how much of it was read.
    seen: Option<(Mark, u64)>,
}

impl Happened {
    /// What befell the workers of a run without locks, whose supervisors each have files of their own.
    pub(super) fn of(events: Vec<Event>) -> Self {
        let mut now = Self::default();
        for event in events {
            now.note(event);
        }
        now
    }

    /// The same with what was added since. It is replaced as a whole, with the lines that it had.
    pub(super) fn and_new(&self, dir: &Path) -> Self {
        let path = dir.join(EVENTS);
        // A link could lead out of the run, and a pipe to nowhere.
        let is_file = std::fs::symlink_metadata(&path).is_ok_and(|about| about.is_file());
        let Some(mark) = Mark::of(&path).filter(|_| is_file) else { return Self::default() };
        let (seen, from) = match &self.seen {
            Some((seen, _)) if *seen == mark => return self.clone(),
            Some((_, read)) if *read <= mark.bytes() => (self.clone(), *read),
            _ => (Self::default(), 0),
        };
        let mut now = seen;
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            now.take(BufReader::new(file))
        });
        now.seen = read.ok().map(|read| (mark, from + read));
        now
    }

    /// Takes whole lines; gives how many bytes they have.
    fn take(&mut self, mut lines: impl BufRead) -> std::io::Result<u64> {
        let mut taken = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines.by_ref().take(LINE).read_until(b'\n', &mut line)? as u64;
            // What has no end yet is read again with its end; what is too long is passed over in parts.
            if line.last() != Some(&b'\n') && read < LINE {
                return Ok(taken);
            }
            taken += read;
            if let Ok(event) = serde_json::from_slice::<Event>(&line) {
                self.note(event);
            }
        }
    }

    fn note(&mut self, event: Event) {
        let shard = event.shard;
        if matches!(event.kind, EventKind::ShardRestarting { .. }) {
            *self.restarts.entry(shard).or_default() += 1;
        }
        let at = chrono::DateTime::from_timestamp_micros(event.at_us)
            .map_or_else(String::new, |at| format!("{} UTC, ", at.format("%Y-%m-%d %H:%M:%S")));
        let Some(mishap) = event.mishap() else { return };
        let users = mishap.users.map_or_else(String::new, |users| format!(" at {users}"));
        let cause = mishap.cause.map_or_else(String::new, |cause| format!(": {cause}"));
        // Causes and ids are texts of others.
        let words = plain(format!("{at}shard {shard} {}{users}{cause}", mishap.what).as_bytes());
        self.last.push_front(words);
        self.last.truncate(TOLD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Counts;

    fn line(shard: u32, kind: EventKind) -> String {
        let event = Event { at_us: 0, shard, counts: Counts::default(), kind };
        serde_json::to_string(&event).unwrap() + "\n"
    }

    #[test]
    fn only_what_was_added_is_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Happened::default().and_new(dir.path()), Happened::default());
        std::fs::create_dir(dir.path().join("_logs")).unwrap();
        let put = |text: &str| {
            std::fs::write(dir.path().join("new"), text).unwrap();
            std::fs::rename(dir.path().join("new"), dir.path().join(EVENTS)).unwrap();
        };
        let restart = |users: &[&str]| EventKind::ShardRestarting {
            cause: "killed".into(),
            users: users.iter().map(|user| (*user).to_owned()).collect(),
            restart: 1,
            of: 3,
            wait_ms: 0,
        };
        let mut text = line(1, restart(&["u\x1b[31m1"]));
        put(&text);
        let first = Happened::default().and_new(dir.path());
        assert_eq!(first.restarts, BTreeMap::from([(1, 1)]));
        assert_eq!(first.last, ["1970-01-01 00:00:00 UTC, shard 1 restarted at u1: killed"]);
        // What was read is not read again, even if it is another one now.
        text = text.replace("killed", "KILLED");
        text.push_str(&line(0, restart(&[])));
        text.push_str("{\"torn");
        put(&text);
        let second = first.and_new(dir.path());
        assert_eq!(second.restarts, BTreeMap::from([(0, 1), (1, 1)]));
        assert_eq!(second.last.len(), 2);
        assert!(second.last[1].ends_with("killed"));
        // A file that was begun anew is read from its beginning.
        put(&line(2, EventKind::ShardLost { cause: "x".into(), last_user: None }));
        let third = second.and_new(dir.path());
        assert_eq!((third.restarts.len(), third.last.len()), (0, 1));
        assert!((0..9).fold(third, |now, _| now.and_new(dir.path())).last.len() <= TOLD);
    }
}
