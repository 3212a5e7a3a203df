//! A running program: its output in pieces, its end.

#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::deadline::Deadline;
use super::fault::{Fault, of_exit};
use super::guard::Guard;
use super::tail::Tail;
use super::tree::{GRACE, Tree};

/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// Pieces that may wait to be taken.
const WAITING: usize = 16;

/// How often it is looked whether a silent program still lives.
const LOOK: Duration = Duration::from_millis(200);

/// A program that was started.
#[derive(Debug)]
pub(super) struct Process {
    // Before the output: dropping the tree ends what the reading thread waits for.
    tree: Tree,
    output: Receiver<io::Result<Vec<u8>>>,
    tail: Tail,
}

impl Process {
    /// Starts the program; its output is read from a thread of its own, because only that leaves a way
    /// to give up waiting.
    pub(super) fn start(command: &mut Command, guard: &Arc<Guard>) -> Result<Self, Fault> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::try_start(command, guard).map_err(|source| Fault::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            source,
        })
    }

    fn try_start(command: &mut Command, guard: &Arc<Guard>) -> io::Result<Self> {
        let mut tree = Tree::start(command, guard)?;
        let (Some(stdout), Some(stderr)) = (tree.child().stdout.take(), tree.child().stderr.take()) else {
            return Err(io::Error::other("it has no output"));
        };
        let tail = Tail::follow(stderr)?;
        let (to, output) = sync_channel(WAITING);
        std::thread::Builder::new().name("stdout".into()).spawn(move || read(stdout, &to))?;
        Ok(Self { tree, output, tail })
    }

    /// Its standard input, if that is a pipe not taken yet.
    pub(super) fn take_input(&mut self) -> Option<ChildStdin> {
        self.tree.child().stdin.take()
    }

    /// The next piece of its output; none at the end.
    pub(super) fn piece(&mut self, until: &Deadline) -> Result<Option<Vec<u8>>, Fault> {
        let mut ended: Option<Instant> = None;
        loop {
            match self.output.recv_timeout(until.left(LOOK)?) {
                Ok(piece) => return piece.map(Some).map_err(Fault::Pipe),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.tree.status()
                && ended.get_or_insert_with(Instant::now).elapsed() > GRACE
            {
                return Err(if status.success() { Fault::Held } else { self.told(status) });
            }
        }
    }

    /// Whether it lives and has said nothing that was not taken.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.output.try_recv().is_err() && self.is_alive()
    }

    /// Whether it lives.
    pub(super) fn is_alive(&mut self) -> bool {
        self.tree.status().is_none()
    }

    /// Waits for its end, which is a fault unless its exit code is 0.
    pub(super) fn finish(&mut self, until: &Deadline) -> Result<(), Fault> {
        let status = self.tree.wait(until)?;
        if status.success() { Ok(()) } else { Err(self.told(status)) }
    }

    /// Ends it and all it has started.
    pub(super) fn stop(&mut self) {
        self.tree.stop(|| self.tail.is_open());
    }

    /// Forgets what it said on standard error so far.
    pub(super) fn forget_words(&self) {
        self.tail.clear();
    }

    fn told(&self, status: std::process::ExitStatus) -> Fault {
        of_exit(status, self.tail.last_words())
    }
}

fn read(mut from: ChildStdout, to: &SyncSender<io::Result<Vec<u8>>>) {
    let mut piece = vec![0; PIECE];
    loop {
        let read = match from.read(&mut piece) {
            Ok(0) => return,
            Ok(n) => Ok(piece[..n].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let last = read.is_err();
        if to.send(read).is_err() || last {
            return;
        }
    }
}
