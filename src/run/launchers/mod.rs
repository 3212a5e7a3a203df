//! Starting the shards of a run: here as processes of this machine, restarted when they die.
//!
//! Each worker is this program again. It reads its [`Orders`](crate::run::Orders) from standard input,
//! tells what it does as lines of JSON on standard output, and writes its log to `_logs/shard-<i>.log`.
//! The supervisor merges the streams into one. A worker lives on while its input is open: closing it
//! asks it to finish its unit and stop, and so does the supervisor's own death.

mod cause;
mod process;
mod supervise;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::event::{Counts, EventSink};
use crate::run::Stop;
use crate::store::Assignment;
use crate::store::Run;
use supervise::{ShardEnd, Supervisor};

/// What to start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The run.
    pub run: &'a Run,
    /// A worker process each.
    pub shares: Vec<Assignment>,
    /// Threads of each.
    pub threads: usize,
    /// What is done again, as arguments of the worker.
    pub redo: Vec<String>,
    /// Folder with definitions of the user's own.
    pub definitions: Option<PathBuf>,
    /// How often a worker that dies is started again without having committed anything in between.
    pub retries: u32,
    /// Memory of each worker, bytes.
    pub memory: Option<u64>,
    /// Time of a unit.
    pub timeout: Option<Duration>,
}

/// How the workers ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct LaunchOutcome {
    /// Units of all shards, as last told.
    pub counts: Counts,
    /// Shards that were given up.
    pub lost: Vec<Lost>,
    /// Workers that were started again.
    pub restarts: u32,
    /// Whether a worker was told to stop.
    pub interrupted: bool,
    /// Largest peak memory of a worker, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Sum of the workers' peak memory, bytes.
    pub total_memory_bytes: Option<u64>,
}

/// A shard that was given up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    /// The shard.
    pub shard: u32,
    /// Why.
    pub cause: String,
    /// The users it was on.
    pub last_user: Option<String>,
    /// Whether it may not be worked on, rather than could not.
    pub refused: bool,
}

/// Workers that could not be started.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The program does not know where it lies.
    #[error("cannot find the program's own file")]
    Program(#[source] std::io::Error),
    /// A log file could not be opened.
    #[error("cannot write the log {}\n(hint: check the permission and the free space of the run directory)", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A process could not be started.
    #[error("cannot start the worker of shard {shard}")]
    Start {
        /// The shard.
        shard: u32,
        /// The cause.
        source: std::io::Error,
    },
}

impl Launch<'_> {
    /// Starts all workers and follows them to their end.
    pub fn run(&self, sink: &dyn EventSink, stop: &Stop) -> Result<LaunchOutcome, LaunchError> {
        let program = std::env::current_exe().map_err(LaunchError::Program)?;
        let live = Live { stop, silence: SILENCE, workers: Mutex::default() };
        let ended = AtomicBool::new(false);
        let ends = std::thread::scope(|scope| {
            scope.spawn(|| live.pass_on(&ended));
            let shards: Vec<_> = self
                .shares
                .iter()
                .map(|share| {
                    let (program, live) = (&program, &live);
                    let supervisor = Supervisor { launch: self, program, share: *share, sink, live };
                    scope.spawn(move || {
                        let end = supervisor.run();
                        if end.is_err() {
                            live.stop.ask();
                        }
                        end
                    })
                })
                .collect();
            let ends: Vec<_> = shards.into_iter().filter_map(|shard| shard.join().ok()).collect();
            ended.store(true, Ordering::Relaxed);
            ends
        });
        let mut outcome = LaunchOutcome::default();
        for end in ends {
            outcome.add(end?);
        }
        outcome.lost.sort();
        Ok(outcome)
    }

    fn command(&self, program: &Path, share: Assignment) -> Command {
        let mut command = Command::new(program);
        if let Some(definitions) = &self.definitions {
            command.arg("--definitions").arg(definitions);
        }
        command
            .arg("worker")
            .arg(self.run.dir())
            .args(["--shard", &share.to_string()])
            .args(["--threads", &self.threads.to_string()])
            .args(&self.redo);
        if let Some(bytes) = self.memory {
            command.args(["--memory", &bytes.to_string()]);
            // A backtrace takes memory, and one that runs out of it never ends.
            command.env("RUST_BACKTRACE", "0");
        }
        if let Some(timeout) = self.timeout {
            command.args(["--timeout-ms", &timeout.as_millis().to_string()]);
        }
        command
    }
}

impl LaunchOutcome {
    fn add(&mut self, shard: ShardEnd) {
        self.counts = [self.counts, shard.counts].into_iter().sum();
        self.interrupted |= shard.interrupted;
        self.restarts += shard.restarts;
        self.lost.extend(shard.lost);
        if let Some(bytes) = shard.peak_memory_bytes {
            self.peak_memory_bytes = self.peak_memory_bytes.max(Some(bytes));
            self.total_memory_bytes = Some(self.total_memory_bytes.unwrap_or(0) + bytes);
        }
    }
}

/// A worker tells of its memory every second, whatever it does; one that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_mins(1);

/// The workers that live, so that a wish to stop reaches them, and one that hangs is ended.
struct Live<'a> {
    stop: &'a Stop,
    silence: Duration,
    workers: Mutex<BTreeMap<u32, LiveWorker>>,
}

struct LiveWorker {
    process: u32,
    input: Option<ChildStdin>,
    heard: Instant,
    hangs: bool,
}

impl Live<'_> {
    fn begin(&self, shard: u32, process: u32, input: Option<ChildStdin>) {
        let worker = LiveWorker { process, input, heard: Instant::now(), hangs: false };
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).insert(shard, worker);
    }

    /// A sign of life.
    fn hear(&self, shard: u32) {
        if let Some(worker) = self.workers.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&shard) {
            worker.heard = Instant::now();
        }
    }

    /// Says whether the worker was ended because it hung.
    fn end(&self, shard: u32) -> bool {
        let worker = self.workers.lock().unwrap_or_else(PoisonError::into_inner).remove(&shard);
        worker.is_some_and(|worker| worker.hangs)
    }

    fn stopping(&self) -> bool {
        self.stop.is_asked()
    }

    /// The first wish closes the inputs, the second ends the processes with all they have started.
    fn pass_on(&self, ended: &AtomicBool) {
        let mut looked = Instant::now();
        while !ended.load(Ordering::Relaxed) {
            // Who was stopped for a while, as a batch system may do, has heard nothing from anybody.
            let was_stopped = looked.elapsed() > self.silence / 10;
            looked = Instant::now();
            for worker in self.workers.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
                if self.stop.is_asked() {
                    drop(worker.input.take());
                }
                if was_stopped {
                    worker.heard = looked;
                }
                worker.hangs |= worker.heard.elapsed() > self.silence;
                if worker.hangs || self.stop.is_urgent() {
                    end_group(worker.process);
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Each worker leads a process group of its own.
fn end_group(process: u32) {
    if let Ok(id) = i32::try_from(process) {
        let group = nix::unistd::Pid::from_raw(id);
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn a_worker_that_says_nothing_is_ended() {
        let stop = Stop::default();
        let live = Live { stop: &stop, silence: Duration::from_millis(600), workers: Mutex::default() };
        let start = || Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let (mut silent, mut heard) = (start(), start());
        live.begin(0, silent.id(), None);
        live.begin(1, heard.id(), None);
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| live.pass_on(&ended));
            let end = loop {
                live.hear(1);
                if let Some(end) = silent.try_wait().unwrap() {
                    break end;
                }
                std::thread::sleep(Duration::from_millis(20));
            };
            assert!(!end.success());
            assert!(heard.try_wait().unwrap().is_none());
            assert!(live.end(0) && !live.end(1));
            ended.store(true, Ordering::Relaxed);
        });
        heard.kill().unwrap();
        heard.wait().unwrap();
    }
}
