//! Standard error of a program: passed on to ours, its last line kept.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::fault::excerpt;

/// Longest piece passed on at once; longer lines go in several.
const PIECE: u64 = 16 * 1024;

/// Most characters of the last words.
const WORDS: usize = 300;

/// How long the last words of a program that has ended are waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// The last line.
#[derive(Debug)]
pub(super) struct Tail {
    last: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Tail {
    /// Follows the stream from a thread of its own.
    pub(super) fn follow(stderr: ChildStderr) -> std::io::Result<Self> {
        let last = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&last);
        let (end, ended) = channel::<()>();
        std::thread::Builder::new().name("stderr".into()).spawn(move || {
            pass_on(stderr, &kept);
            drop(end);
        })?;
        Ok(Self { last, ended })
    }

    /// Forgets what was said so far.
    pub(super) fn clear(&self) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether somebody may still say something.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.ended.try_recv(), Err(TryRecvError::Disconnected))
    }

    /// The last line that is not blank, shortened; of a program that has ended.
    pub(super) fn last_words(&self) -> Option<String> {
        // A process left behind may hold the stream open; then what is there has to do.
        let _ = self.ended.recv_timeout(PATIENCE);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        (!last.is_empty()).then(|| excerpt(&last, WORDS))
    }
}

/// Whole lines, so that several programs do not write into each other's.
fn pass_on(stderr: ChildStderr, last: &Mutex<Vec<u8>>) {
    let mut from = BufReader::new(stderr);
    let mut line = Vec::new();
    while matches!(from.by_ref().take(PIECE).read_until(b'\n', &mut line), Ok(n) if n > 0) {
        // Nobody may listen to us; the program is not to suffer from that.
        let _ = std::io::stderr().write_all(&line);
        // A progress bar overwrites its line.
        let told = line.split(|b| *b == b'\r').rfind(|part| !part.trim_ascii().is_empty());
        if let Some(told) = told {
            told.clone_into(&mut last.lock().unwrap_or_else(PoisonError::into_inner));
        }
        line.clear();
    }
}
