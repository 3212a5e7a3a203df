//! The log of a worker process: its standard error needs a file of this machine.
//!
//! Where the run is a folder, that is the log of the shard in it. Where it is not, it is a file that goes when the worker
//! has ended; what comes into it is sent to the run in pieces, every minute and at the end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::beside::Scratch;
use crate::run::error::LaunchError;
use crate::run::logs::{log_file, log_piece, own_name};
use crate::store::{Created, Object, Run};

/// How much of the end of a log is looked at.
const TAIL: u64 = 4096;

/// From one piece to the next.
const EVERY: Duration = Duration::from_mins(1);

/// A piece is no longer than that.
const LONGEST: u64 = 8 << 20;

/// Logs that were begun outside of folders: each has a place of its own.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The log of one worker process.
pub(super) struct Log {
    path: PathBuf,
    /// Where what the worker says begins.
    start: u64,
    sender: Option<Sender>,
}

impl Log {
    /// The log of a worker that is about to be started, and the file that it is to write to.
    pub(super) fn open(run: &Run, shard: u32) -> Result<(Self, File), LaunchError> {
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |source| LaunchError::Log { path, source }
        };
        if let Some(folder) = run.location().folder() {
            let path = folder.join(log_file(shard));
            let (start, file) = open(&path).map_err(failed(&path))?;
            return Ok((Self { path, start, sender: None }, file));
        }
        let what = format!("log-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let scratch = Scratch::new(&what).map_err(failed(&std::env::temp_dir()))?;
        let path = scratch.path().join("log");
        let (start, file) = open(&path).map_err(failed(&path))?;
        let sender = Sender::start(run, shard, &path, scratch);
        Ok((Self { path, start, sender: Some(sender) }, file))
    }

    /// What the worker wrote last.
    pub(super) fn last_words(&self) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let end = std::fs::metadata(&self.path)?.len();
            read(&self.path, self.start.max(end.saturating_sub(TAIL)), TAIL)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
    }

    /// The worker has ended: sends what was not sent yet.
    pub(super) fn end(&self) {
        if let Some(sender) = &self.sender {
            sender.end();
        }
    }
}

fn open(path: &Path) -> io::Result<(u64, File)> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok((file.metadata()?.len(), file))
}

fn read(path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Sends a growing file.
struct Sender {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
    _scratch: Scratch,
}

impl Sender {
    fn start(run: &Run, shard: u32, path: &Path, scratch: Scratch) -> Self {
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let mut sent =
            Sent { run: run.clone(), shard, life: own_name(), path: path.into(), number: 0, bytes: 0 };
        let told = Arc::clone(&ended);
        let send = move || {
            loop {
                let ended = told.0.lock().unwrap_or_else(PoisonError::into_inner);
                let ended = told.1.wait_timeout_while(ended, EVERY, |ended| !*ended);
                let last = *ended.unwrap_or_else(PoisonError::into_inner).0;
                sent.send(last);
                if last {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("log".into()).spawn(send).ok();
        Self { ended, thread: Mutex::new(thread), _scratch: scratch }
    }

    fn end(&self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.end();
    }
}

/// How much of a log has been sent.
struct Sent {
    run: Run,
    shard: u32,
    life: String,
    path: PathBuf,
    number: u32,
    bytes: u64,
}

impl Sent {
    /// Sends what came since. Lines are sent whole, but for the last of all.
    fn send(&mut self, last: bool) {
        loop {
            let mut bytes = read(&self.path, self.bytes, LONGEST).unwrap_or_default();
            let is_full = bytes.len() as u64 == LONGEST;
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n').filter(|_| !last || is_full) {
                bytes.truncate(end + 1);
            } else if !last && !is_full {
                return;
            }
            let length = bytes.len() as u64;
            if length == 0 {
                return;
            }
            let path = log_piece(self.shard, &self.life, self.number);
            match self.run.storage().create(&Object { path, bytes }) {
                Ok(Created::Yes | Created::Existed) => {}
                // The same piece is tried again with the next.
                Err(error) => {
                    tracing::warn!("a part of the log could not be sent: {error}");
                    return;
                }
            }
            self.number += 1;
            self.bytes += length;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::run::logs::logs;
    use crate::run::testing::run_in;
    use crate::store::{MemoryStorage, Storage};

    #[test]
    fn a_log_is_sent_in_whole_lines_and_its_end_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let storage = Arc::new(MemoryStorage::without_locks());
        let run = run_in(Arc::<MemoryStorage>::clone(&storage));
        let mut sent = Sent { run, shard: 3, life: own_name(), path: path.clone(), number: 0, bytes: 0 };
        let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let told = || {
            let mut parts = Vec::new();
            for log in logs(&*storage).unwrap() {
                assert_eq!(log.shard, 3);
                let take = |part| {
                    parts.push(String::from_utf8(part).unwrap());
                    true
                };
                log.read(&*storage, take).unwrap();
            }
            parts
        };
        sent.send(false);
        assert_eq!(told(), [""; 0]);
        file.write_all(b"one\ntwo\nthr").unwrap();
        sent.send(false);
        sent.send(false);
        assert_eq!(told(), ["one\ntwo\n"]);
        file.write_all(b"ee\nfour").unwrap();
        sent.send(true);
        sent.send(true);
        assert_eq!(told(), ["one\ntwo\n", "three\nfour"]);
        let whole: u64 = storage.list("_logs").unwrap().iter().map(|entry| entry.bytes).sum();
        assert_eq!(whole, std::fs::metadata(&path).unwrap().len());
    }
}
