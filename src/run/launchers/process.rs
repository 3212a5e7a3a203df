//! One worker process: started, followed to its end.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::cause::Circumstances;
use super::{Launch, LaunchError};
use crate::error::Exit;
use crate::event::{Counts, Event, EventKind, EventSink};
use crate::run::{GivenUp, Orders, UnitKey};
use crate::store::Assignment;

/// A worker that was started.
pub(super) struct Process {
    child: Child,
    log: PathBuf,
    log_start: u64,
    memory: Option<u64>,
}

/// How a worker ended.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Its units, as last told.
    pub(super) counts: Counts,
    /// Units it committed.
    pub(super) committed: u64,
    /// Units it had begun.
    pub(super) in_flight: BTreeSet<UnitKey>,
    /// Units that took too long, with the reason.
    pub(super) timed_out: Vec<GivenUp>,
    /// Its largest memory, bytes.
    pub(super) peak_memory_bytes: Option<u64>,
    pub(super) kind: EndKind,
}

#[derive(Debug, Default)]
pub(super) enum EndKind {
    /// It did what it had to.
    #[default]
    Finished,
    /// It was told to stop, and units are left.
    Interrupted,
    /// It must not be started again: another process has its users, or the run is of another version.
    Refused(String),
    /// It ended because a unit took too long.
    TimedOut,
    /// It could not go on and said why: the disk, not a unit, is at fault.
    Stopped(String),
    /// It ended without a word, and that is why.
    Died(String),
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

impl Process {
    pub(super) fn start(
        launch: &Launch<'_>,
        program: &Path,
        share: Assignment,
        orders: &Orders,
    ) -> Result<(Self, Option<ChildStdin>), LaunchError> {
        let folder = launch.run.dir().join("_logs");
        let log = folder.join(format!("shard-{}.log", share.index));
        let opened = std::fs::create_dir_all(&folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&log))
            .and_then(|file| Ok((file.metadata()?.len(), file)));
        let (log_start, file) = opened.map_err(|source| LaunchError::Log { path: log.clone(), source })?;
        let mut command = launch.command(program, share);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        // Ctrl-C reaches the supervisor alone, which passes it on in its own way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child =
            command.spawn().map_err(|source| LaunchError::Start { shard: share.index, source })?;
        let mut input = child.stdin.take();
        if let Some(input) = &mut input {
            // A worker that is gone already is told about when it is followed.
            let _ = input.write_all(orders.to_line().as_bytes());
        }
        Ok((Self { child, log, log_start, memory: launch.memory }, input))
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Passes its events on until it ends; `hear` is called at every sign of life.
    pub(super) fn follow(mut self, sink: &dyn EventSink, hear: &dyn Fn()) -> End {
        let mut end = End::default();
        let (mut finished, mut told) = (None, None);
        for line in self.child.stdout.take().into_iter().flat_map(|out| Unhurried::new(out).lines()) {
            let Ok(line) = line else { break };
            hear();
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
            sink.emit(&event);
        }
        end.kind = match self.child.wait() {
            Ok(status) => self.kind(status, finished, told, !end.timed_out.is_empty()),
            Err(error) => EndKind::Died(format!("cannot be waited for: {error}")),
        };
        end
    }

    fn kind(&self, status: ExitStatus, finished: Option<bool>, told: Option<String>, late: bool) -> EndKind {
        let is = |exit: Exit| status.code() == Some(i32::from(exit as u8));
        let circumstances = Circumstances { log: &self.log, log_start: self.log_start, memory: self.memory };
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

impl End {
    fn take(&mut self, event: &Event) {
        self.counts = event.counts;
        let key =
            |user: &String, mode: &String| UnitKey { user_id: user.clone(), feature_mode: mode.clone() };
        match &event.kind {
            EventKind::UnitStarted { user_id, feature_mode } => {
                self.in_flight.insert(key(user_id, feature_mode));
            }
            // Not in doubt any more: if it is lost, it was not the unit's fault.
            EventKind::UnitAnalysed { user_id, feature_mode } => {
                self.in_flight.remove(&key(user_id, feature_mode));
            }
            EventKind::UnitCommitted { user_id, feature_mode, .. } => {
                self.in_flight.remove(&key(user_id, feature_mode));
                self.committed += 1;
            }
            EventKind::UnitTimedOut { user_id, feature_mode, limit_ms } => {
                let limit = std::time::Duration::from_millis(*limit_ms);
                let reason = format!("ran longer than {limit:?} (--timeout)");
                self.timed_out.push(GivenUp { unit: key(user_id, feature_mode), reason });
            }
            EventKind::Pulse { memory_bytes } => {
                self.peak_memory_bytes = self.peak_memory_bytes.max(Some(*memory_bytes));
            }
            EventKind::ShardFinished { peak_memory_bytes, .. } => {
                self.peak_memory_bytes = self.peak_memory_bytes.max(*peak_memory_bytes);
            }
            _ => {}
        }
    }
}
