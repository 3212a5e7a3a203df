//! The machine and this process: host, memory, pages.

use std::path::Path;
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use nix::time::{ClockId, clock_gettime};

/// The machine's name.
pub fn host() -> String {
    let read = |path| std::fs::read_to_string(path).ok();
    read("/proc/sys/kernel/hostname")
        .or_else(|| read("/etc/hostname"))
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map_or_else(|| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Short mark of the machine's name, for files in a folder that machines share.
pub fn host_tag() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    blake3::hash(name.trim().as_bytes()).to_hex()[..8].to_owned()
}

/// The machine's boot: process ids mean nothing after another one.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// A clock that nobody sets, and that counts on while the machine sleeps, where the system has one.
pub fn since_boot() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: ClockId = ClockId::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: ClockId = ClockId::CLOCK_MONOTONIC;
    clock_gettime(CLOCK).map_or(Duration::ZERO, Duration::from)
}

/// Whether a process of this machine lives, as far as can be known.
pub fn is_alive(process: u32) -> bool {
    let all = std::path::Path::new("/proc");
    !all.join("self").exists() || all.join(process.to_string()).exists()
}

/// Whether a process of this machine is gone, or was killed and is about to be: it may hold locks still.
pub fn is_ending(process: u32) -> bool {
    if !is_alive(process) {
        return true;
    }
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    // Signals that wait to be seen: those of the process and those of its first thread.
    let killed = |line: &str| {
        let waiting = line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:"));
        waiting.is_some_and(|set| u64::from_str_radix(set.trim(), 16).is_ok_and(|set| set & KILL != 0))
    };
    if read("status").lines().any(killed) {
        return true;
    }
    // The name, which may hold anything, ends with the last bracket; state and flags are 1st and 7th after it.
    let stat = read("stat");
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let state = fields.next();
    let flags = fields.nth(5).and_then(|flags| flags.parse::<u64>().ok());
    matches!(state, Some("Z" | "X" | "x"))
        || flags.is_some_and(|flags| flags & EXITING != 0)
        || !is_alive(process)
}

/// Whether this process ignores a signal.
pub fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|set| u64::from_str_radix(set.trim(), 16).ok());
    ignored.is_some_and(|set| set >> (signal - 1) & 1 == 1)
}

/// SIGKILL in a set of signals.
const KILL: u64 = 1 << 8;

/// A process on its way out, in the system's flags.
const EXITING: u64 = 4;

/// Memory that can be had without swapping, in bytes, where the system tells: of the machine, or of the group of
/// processes that this one may have memory of.
pub fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let of_machine = line.split_whitespace().next()?.parse::<u64>().ok()? * 1024;
    Some(free_of_groups().map_or(of_machine, |free| free.min(of_machine)))
}

/// Bytes that are free where a folder lies, where the system tells.
#[allow(clippy::useless_conversion, reason = "the types are not the same on every system")]
pub fn free_disk(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(u64::from(disk.blocks_available()) * u64::from(disk.fragment_size()))
}

/// What is free of the control groups that this process is in, the least of them.
fn free_of_groups() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let of_line = |line: &str| {
        let (kinds, group) = line.split_once(':')?.1.split_once(':')?;
        let (root, files) = match kinds {
            "" => ("/sys/fs/cgroup", ["memory.max", "memory.current"]),
            kinds if kinds.split(',').any(|kind| kind == "memory") => {
                ("/sys/fs/cgroup/memory", ["memory.limit_in_bytes", "memory.usage_in_bytes"])
            }
            _ => return None,
        };
        // In a container the names are those outside, and what is seen is the group itself.
        let group = Path::new(root).join(group.trim_start_matches('/'));
        let all = group.ancestors().take_while(|folder| folder.starts_with(root));
        all.filter_map(|folder| free_of_group(folder, files)).min()
    };
    groups.lines().filter_map(of_line).min()
}

fn free_of_group(folder: &Path, [limit, usage]: [&str; 2]) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let used = number(usage)?;
    // Files that nobody has open are given up for whoever needs memory.
    let stat = std::fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cached = ["total_inactive_file ", "inactive_file "]
        .iter()
        .find_map(|name| stat.lines().find_map(|line| line.strip_prefix(name))?.trim().parse::<u64>().ok());
    Some(number(limit)?.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
}

/// Resident memory of this process in bytes now, where the system tells.
pub fn memory_bytes() -> Option<u64> {
    memory_in("self")
}

/// The same of another process, as long as it is there.
pub fn memory_of(process: u32) -> Option<u64> {
    memory_in(&process.to_string())
}

fn memory_in(process: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// Peak resident memory of this process in bytes, where the system tells.
pub fn peak_memory_bytes() -> Option<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).ok().map(|rss| rss * unit)
}

/// Lets this process have so much memory that it can write to, which ends at once when it asks for more, and when the
/// process that started it does. It leaves no image of its memory behind.
///
/// # Errors
/// The system refuses.
pub fn end_beyond(memory: u64) -> nix::Result<()> {
    // Nothing is left behind if the one that started this is killed.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
    setrlimit(Resource::RLIMIT_DATA, memory, memory)?;
    // What it would leave behind is as large as what it has.
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // A thread that the system has no memory for is a panic, after which others would wait for it.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let refused = ["os error 11", "os error 12"].iter().any(|error| panic.to_string().contains(error));
        if refused {
            std::process::abort();
        }
        told(panic);
    }));
    Ok(())
}

/// What the allocator keeps in reserve counts as memory too; with these variables it keeps little, and for a tenth of a
/// second in place of a whole one.
pub const LITTLE_RESERVE: [(&str, &str); 3] = [
    ("MIMALLOC_ARENA_EAGER_COMMIT", "0"),
    ("MIMALLOC_ARENA_RESERVE", "64MiB"),
    ("MIMALLOC_PURGE_DELAY", "100"),
];

/// What a runtime says when a thread has no more stack, before it ends the program.
pub const STACK_IS_OVER: &str = "overflowed its stack";

/// Has memory come in small pages from here on, in this process and those it starts.
///
/// The allocator asks for pages of 2 MB where the system has them. They save no time here, and a third
/// to a half of the memory is unused parts of them.
#[cfg(target_os = "linux")]
pub fn small_pages() {
    // Where it cannot be had, the process is larger and otherwise the same.
    let _ = nix::sys::prctl::set_thp_disable(true);
}

/// Lets programs that are started from here on have what they ask for.
#[cfg(target_os = "linux")]
pub fn any_pages() {
    let _ = nix::sys::prctl::set_thp_disable(false);
}

#[cfg(not(target_os = "linux"))]
pub fn small_pages() {}

#[cfg(not(target_os = "linux"))]
pub fn any_pages() {}
