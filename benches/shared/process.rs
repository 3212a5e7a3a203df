//! What processes take: time, processor time, memory.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike;
use nix::unistd::Pid;

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// Seconds.
    pub(crate) wall: f64,
    /// Seconds of a processor, of all that it started too.
    pub(crate) cpu: f64,
    /// Megabytes of the largest process.
    pub(crate) peak: f64,
}

impl Spent {
    pub(crate) fn words(self) -> String {
        format!("{:.2} s ({:.2} s of a core), {:.0} MB", self.wall, self.cpu, self.peak)
    }
}

pub(crate) fn program() -> PathBuf {
    std::env::var_os("RESULTS").map_or_else(|| env!("CARGO_BIN_EXE_results").into(), PathBuf::from)
}

pub(crate) fn results(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Does a command that must succeed; 3: some made-up people are too short for a gate.
pub(crate) fn must(dir: &Path, args: &[&str]) {
    let end = results(dir, args).stderr(Stdio::inherit()).status().unwrap();
    assert!(matches!(end.code(), Some(0 | 3)), "{args:?}: {end}");
}

/// Does a command to its end.
pub(crate) fn spent(mut command: Command) -> Spent {
    let (since, before) = (Instant::now(), of_children());
    let mut child = command.spawn().unwrap();
    let mut peak = 0;
    let end = loop {
        peak = peak.max(family(child.id()).into_iter().map(high_water).max().unwrap_or(0));
        if let Some(end) = child.try_wait().unwrap() {
            break end;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(matches!(end.code(), Some(0 | 3)), "{command:?}: {end}");
    let (wall, cpu) = (since.elapsed().as_secs_f64(), of_children() - before);
    Spent { wall, cpu, peak: peak as f64 / 1000.0 }
}

/// The median of several times, by processor time; the largest memory.
pub(crate) fn spent_often(times: usize, command: impl Fn() -> Command) -> Spent {
    let mut all: Vec<Spent> = (0..times).map(|_| spent(command())).collect();
    all.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let peak = all.iter().map(|one| one.peak).fold(0.0, f64::max);
    Spent { peak, ..all[times / 2] }
}

/// Seconds of a processor of children that have ended.
pub(crate) fn of_children() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    (used.user_time().num_microseconds() + used.system_time().num_microseconds()) as f64 / 1e6
}

/// A process and its children.
pub(crate) fn family(process: u32) -> Vec<u32> {
    let children = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = children
        .flat_map(|task| {
            let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            text.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()
        })
        .collect::<Vec<_>>();
    [process].into_iter().chain(children).collect()
}

/// Kilobytes at most so far.
pub(crate) fn high_water(process: u32) -> u64 {
    field(process, "status", "VmHWM:")
}

/// Kilobytes now, shared pages by their share.
pub(crate) fn share_of_memory(process: u32) -> u64 {
    field(process, "smaps_rollup", "Pss:")
}

fn field(process: u32, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Seconds of a processor so far: of a process alone, or with those of its children that have ended.
pub(crate) fn worked(process: u32, with_children: bool) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, which may have spaces, ends with a bracket; ticks of 10 ms follow.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(11).take(if with_children { 4 } else { 2 });
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A process that is ended with what holds it.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It tidies up.
        let _ = kill(Pid::from_raw(self.0.id() as i32), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}
