//! Shards as processes of this machine.
//!
//! Each worker is this program again. It tells what it does as lines of JSON on its standard output
//! and writes its log to `_logs/shard-<i>.log`; the supervisor merges the streams into one.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use crate::error::Exit;
use crate::event::{Counts, Event, EventKind, EventSink, now_us};
use crate::store::Run;

/// What to start.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The run.
    pub run: &'a Run,
    /// Worker processes.
    pub shards: u32,
    /// Threads of each.
    pub threads: usize,
    /// Whether units that failed or were skipped are done again.
    pub redo_failed: bool,
    /// Folder with definitions of the user's own.
    pub definitions: Option<PathBuf>,
}

/// How the workers ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct LaunchOutcome {
    /// Units of all shards, as last told.
    pub counts: Counts,
    /// Workers that were lost: shard and cause.
    pub lost: Vec<(u32, String)>,
    /// Whether a worker was told to stop.
    pub interrupted: bool,
    /// Largest peak memory of a worker, bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Sum of the workers' peak memory, bytes.
    pub total_memory_bytes: Option<u64>,
}

/// Workers that could not be started.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The program does not know where it lies.
    #[error("cannot find the program's own file")]
    Program(#[source] std::io::Error),
    /// A log file could not be opened.
    #[error("cannot write the log {}", path.display())]
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
    pub fn run(&self, sink: &dyn EventSink, stop: &AtomicBool) -> Result<LaunchOutcome, LaunchError> {
        let program = std::env::current_exe().map_err(LaunchError::Program)?;
        let mut workers = Vec::new();
        for shard in 0..self.shards {
            match self.start(&program, shard) {
                Ok(child) => workers.push((shard, child)),
                Err(error) => {
                    kill(workers);
                    return Err(error);
                }
            }
        }
        // A worker lives on while it can read from us: closing its input asks it to finish its unit
        // and stop, and so does our own death.
        let inputs: Vec<ChildStdin> =
            workers.iter_mut().filter_map(|(_, child): &mut (u32, Child)| child.stdin.take()).collect();
        let outcome = Mutex::new(LaunchOutcome::default());
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| hold(inputs, stop, &ended));
            let mut followers = Vec::new();
            for (shard, child) in workers {
                let outcome = &outcome;
                followers.push(scope.spawn(move || {
                    let end = follow(shard, child, sink);
                    end.add_to(shard, &mut outcome.lock().unwrap_or_else(PoisonError::into_inner));
                }));
            }
            for follower in followers {
                let _ = follower.join();
            }
            ended.store(true, Ordering::Relaxed);
        });
        let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.lost.sort();
        Ok(outcome)
    }

    fn start(&self, program: &std::path::Path, shard: u32) -> Result<Child, LaunchError> {
        let path = self.run.dir().join("_logs").join(format!("shard-{shard}.log"));
        let opened = std::fs::create_dir_all(self.run.dir().join("_logs"))
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path));
        let log = opened.map_err(|source| LaunchError::Log { path, source })?;
        let mut command = Command::new(program);
        if let Some(definitions) = &self.definitions {
            command.arg("--definitions").arg(definitions);
        }
        command
            .arg("worker")
            .arg(self.run.dir())
            .args(["--shard", &format!("{shard}/{}", self.shards)])
            .args(["--threads", &self.threads.to_string()])
            .args(self.redo_failed.then_some("--redo-failed"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        // Ctrl-C reaches the supervisor alone, which passes it on in its own way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|source| LaunchError::Start { shard, source })
    }
}

/// Keeps the workers' inputs open until they have ended or are asked to stop.
fn hold(inputs: Vec<ChildStdin>, stop: &AtomicBool, ended: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) && !ended.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(inputs);
}

fn kill(workers: Vec<(u32, Child)>) {
    for (_, mut child) in workers {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// How one worker ended.
struct End {
    counts: Counts,
    peak_memory_bytes: Option<u64>,
    interrupted: bool,
    lost: Option<String>,
}

impl End {
    fn add_to(self, shard: u32, all: &mut LaunchOutcome) {
        all.counts = [all.counts, self.counts].into_iter().sum();
        all.interrupted |= self.interrupted;
        all.lost.extend(self.lost.map(|cause| (shard, cause)));
        if let Some(bytes) = self.peak_memory_bytes {
            all.peak_memory_bytes = all.peak_memory_bytes.max(Some(bytes));
            all.total_memory_bytes = Some(all.total_memory_bytes.unwrap_or(0) + bytes);
        }
    }
}

/// Passes a worker's events on until it ends; a worker that ends without a word is lost.
fn follow(shard: u32, mut child: Child, sink: &dyn EventSink) -> End {
    let mut end = End { counts: Counts::default(), peak_memory_bytes: None, interrupted: false, lost: None };
    let mut last_user = None;
    let mut finished = false;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let Ok(line) = line else { break };
        let Ok(event) = serde_json::from_str::<Event>(&line) else {
            tracing::warn!(shard, "a line of the worker is no event: {line}");
            continue;
        };
        end.counts = event.counts;
        match &event.kind {
            EventKind::UnitStarted { user_id, .. } => last_user = Some(user_id.clone()),
            EventKind::ShardFinished { interrupted, peak_memory_bytes } => {
                finished = true;
                end.interrupted = *interrupted;
                end.peak_memory_bytes = *peak_memory_bytes;
            }
            EventKind::ShardLost { cause, .. } => end.lost = Some(cause.clone()),
            _ => {}
        }
        sink.emit(&event);
    }
    let cause = match child.wait() {
        Ok(status) if finished && (status.success() || is_expected(status)) => None,
        Ok(status) => Some(describe(status)),
        Err(error) => Some(format!("cannot be waited for: {error}")),
    };
    if let (None, Some(cause)) = (&end.lost, cause) {
        sink.emit(&Event {
            at_us: now_us(),
            shard,
            counts: end.counts,
            kind: EventKind::ShardLost { cause: cause.clone(), last_user: last_user.clone() },
        });
        let user = last_user.map_or_else(String::new, |user| format!(" at user {user}"));
        end.lost = Some(format!("{cause}{user}"));
    }
    end
}

fn is_expected(status: ExitStatus) -> bool {
    [Exit::Incomplete, Exit::Interrupted].iter().any(|e| status.code() == Some(i32::from(*e as u8)))
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "killed (signal 9; if nobody did that, the machine ran out of memory)".to_owned(),
            6 => "aborted (signal 6)".to_owned(),
            11 => "crashed (signal 11)".to_owned(),
            n => format!("ended by signal {n}"),
        };
    }
    match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "ended".to_owned(),
    }
}
