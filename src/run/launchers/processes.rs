//! Workers as processes of this machine.
//!
//! Each worker is this program again. It reads its [`Orders`] from standard input, tells what it does as
//! lines of JSON on standard output, and writes its log to standard error ([`Log`]). It lives on while its input
//! is open: closing that asks it to finish its unit and stop, and so does the supervisor's own death.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::cause::Circumstances;
use super::log::Log;
use crate::error::Exit;
use crate::event::{Event, EventKind, EventSink};
use crate::run::error::LaunchError;
use crate::run::launch::{End, EndKind, Launcher, Live, Share, Urgency};
use crate::run::orders::Orders;
use crate::store::Location;

/// A worker tells of its memory every second, whatever it does; one that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_mins(1);

/// Starts worker processes.
#[derive(Debug)]
pub struct Processes {
    program: PathBuf,
    definitions: Option<PathBuf>,
}

/// A worker process.
struct Process {
    id: u32,
    input: Mutex<Option<ChildStdin>>,
    output: Mutex<Option<ChildStdout>>,
    child: Mutex<Child>,
    log: Log,
    memory: Option<u64>,
}

impl Processes {
    /// Workers that are this program, with a folder of definitions of the user's own.
    pub fn new(definitions: Option<PathBuf>) -> Result<Self, LaunchError> {
        Ok(Self { program: std::env::current_exe().map_err(LaunchError::Program)?, definitions })
    }

    fn command(&self, share: &Share<'_>) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(definitions) = &self.definitions {
            command.arg("--definitions").arg(definitions);
        }
        let at = share.run.location();
        command
            .arg("worker")
            .arg(at.folder().map_or_else(|| at.to_string().into(), OsString::from))
            .args(["--shard", &share.assignment.to_string()])
            .args(["--threads", &share.threads.to_string()]);
        // It has to reach the run before it can read how that is reached.
        for (names, value) in share.run.manifest().config.store.environment() {
            if let (Some(name), true) =
                (names.first(), names.iter().all(|name| std::env::var_os(name).is_none()))
            {
                command.env(name, value);
            }
        }
        if let Some(before) = share.redo.failed_before {
            command.args(["--redo-before", &before.to_string()]);
        }
        if share.redo.settled {
            command.arg("--redo-settled");
        }
        if let Some(bytes) = share.memory {
            command.args(["--memory", &bytes.to_string()]);
            // A backtrace takes memory, and one that runs out of it never ends.
            command.env("RUST_BACKTRACE", "0");
        }
        if let Some(timeout) = share.timeout {
            command.args(["--timeout-ms", &timeout.as_millis().to_string()]);
        }
        command
    }
}

impl Launcher for Processes {
    fn launch<'a>(
        &'a self,
        share: &'a Share<'a>,
        orders: &Orders,
    ) -> Result<Arc<dyn Live + 'a>, LaunchError> {
        let at = share.run.location();
        if matches!(at, Location::Storage(_)) {
            return Err(LaunchError::NoFolder { run: at.to_string() });
        }
        let shard = share.assignment.index;
        let (log, file) = Log::open(share.run, shard)?;
        let mut command = self.command(share);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        // Ctrl-C reaches the supervisor alone, which passes it on in its own way.
        let mut child =
            command.process_group(0).spawn().map_err(|source| LaunchError::Start { shard, source })?;
        let mut input = child.stdin.take();
        if let Some(input) = &mut input {
            // A worker that is gone already is told about when it is followed.
            let _ = input.write_all(orders.to_line().as_bytes());
        }
        Ok(Arc::new(Process {
            id: child.id(),
            input: Mutex::new(input),
            output: Mutex::new(child.stdout.take()),
            child: Mutex::new(child),
            log,
            memory: share.memory,
        }))
    }

    fn silence(&self) -> Option<Duration> {
        Some(SILENCE)
    }
}

impl Live for Process {
    fn follow(&self, tell: &dyn EventSink) -> End {
        let mut end = End::default();
        let (mut finished, mut told) = (None, None);
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner).take();
        for line in output.into_iter().flat_map(|out| Unhurried::new(out).lines()) {
            let Ok(line) = line else { break };
            let Ok(event) = serde_json::from_str::<Event>(&line) else {
                tracing::warn!("a line of a worker isn't an event: {line}");
                continue;
            };
            end.take(&event);
            match &event.kind {
                EventKind::ShardFinished { interrupted, .. } => finished = Some(*interrupted),
                // Whether it is lost is for the supervisor to say.
                EventKind::ShardLost { cause, .. } => {
                    told = Some(cause.clone());
                    continue;
                }
                _ => {}
            }
            tell.emit(&event);
        }
        let status = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        self.log.end();
        end.kind = match status {
            Ok(status) => self.kind(status, finished, told, !end.timed_out.is_empty()),
            Err(error) => EndKind::Died(format!("cannot be waited for: {error}")),
        };
        end
    }

    fn stop(&self, how: Urgency) {
        match how {
            Urgency::Soon => drop(self.input.lock().unwrap_or_else(PoisonError::into_inner).take()),
            // Each worker leads a process group of its own.
            Urgency::Now => {
                if let Ok(id) = i32::try_from(self.id) {
                    let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
                }
            }
        }
    }
}

impl Process {
    fn kind(&self, status: ExitStatus, finished: Option<bool>, told: Option<String>, late: bool) -> EndKind {
        let is = |exit: Exit| status.code() == Some(i32::from(exit as u8));
        let words = self.log.last_words();
        let circumstances = Circumstances { words: &words, memory: self.memory };
        match finished {
            _ if late => EndKind::TimedOut,
            Some(true) => EndKind::Interrupted,
            Some(false) if status.success() || is(Exit::Incomplete) => EndKind::Finished,
            _ if is(Exit::Usage) => EndKind::Refused(told.unwrap_or_else(|| circumstances.describe(status))),
            _ => match told {
                Some(cause) => EndKind::Stopped(cause),
                None => EndKind::Died(circumstances.describe(status)),
            },
        }
    }
}

/// Reads what has come together: with thousands of units a second, a read for every event would be most
/// of a supervisor's work. The first event after a pause is read at once.
struct Unhurried<R> {
    inner: R,
    last: Option<Instant>,
}

/// Between two reads.
const PAUSE: Duration = Duration::from_millis(25);

impl<R: Read> Unhurried<R> {
    /// The buffer holds as much as a pipe.
    fn new(inner: R) -> BufReader<Self> {
        BufReader::with_capacity(1 << 16, Self { inner, last: None })
    }
}

impl<R: Read> Read for Unhurried<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Some(last) = self.last {
            std::thread::sleep(PAUSE.saturating_sub(last.elapsed()));
        }
        let read = self.inner.read(buffer);
        self.last = Some(Instant::now());
        read
    }
}
