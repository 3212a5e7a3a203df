//! Places where a test can make the program fail, in every build: the program that is tested is the one that people have.
//! Where no variable is set, a place costs one look at what was read once.
//!
//! `RESULTS_FAILPOINT=name|detail|action|file` acts at the place `name`, where its detail contains the
//! text given; with a file, only while that file is not there, and makes it. `name@3` acts from the third
//! time on. Actions: `kill`, `panic`, `memory` (takes memory until none is left), `hang`, `wait` (until
//! the file is there), `vanish` (removes the file that the detail is); at places that can give an error
//! also `full` and `readonly`. `RESULTS_CLOCK` sets the clock off by so many seconds, and `RESULTS_HURRY` makes leases so
//! many times as short. `RESULTS_DISK` is what every disk is said to be.

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How long who waits sleeps at a time.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Marks a place.
pub fn hit(name: &str, detail: &str) {
    // What is to be an error is none of a place that cannot give one.
    let _ = error(name, detail);
}

/// Marks a place that can fail.
pub fn error(name: &str, detail: &str) -> io::Result<()> {
    static SPEC: OnceLock<Option<Vec<String>>> = OnceLock::new();
    static TIMES: AtomicUsize = AtomicUsize::new(0);
    let read = || Some(std::env::var("RESULTS_FAILPOINT").ok()?.split('|').map(str::to_owned).collect());
    let Some([at, part, action, file @ ..]) = SPEC.get_or_init(read).as_deref() else { return Ok(()) };
    let (at, from) = at.split_once('@').unwrap_or((at, "1"));
    if at != name || !detail.contains(part.as_str()) {
        return Ok(());
    }
    if TIMES.fetch_add(1, Ordering::Relaxed) + 1 < from.parse().unwrap_or(1) {
        return Ok(());
    }
    if let ("wait", [file]) = (action.as_str(), file) {
        while !Path::new(file).exists() {
            std::thread::sleep(PAUSE);
        }
        return Ok(());
    }
    if let [file] = file
        && std::fs::File::create_new(file).is_err()
    {
        return Ok(());
    }
    act(action, name, detail)
}

/// A defect at the user whom `RESULTS_DEFECT` names: that one user's defect is nobody else's, which a setting of the build
/// can undo.
///
/// # Panics
/// That is what it is for.
pub fn defect(user_id: &str) {
    static OF: OnceLock<Option<String>> = OnceLock::new();
    let of = OF.get_or_init(|| std::env::var("RESULTS_DEFECT").ok());
    assert!(of.as_deref() != Some(user_id), "RESULTS_DEFECT={user_id}");
}

/// How far the clock is off, microseconds.
pub fn clock_us() -> i64 {
    static OFF: OnceLock<i64> = OnceLock::new();
    let read = || std::env::var("RESULTS_CLOCK").ok()?.parse::<i64>().ok();
    *OFF.get_or_init(|| read().unwrap_or(0) * 1_000_000)
}

/// How many times as short leases are.
pub fn hurry() -> u32 {
    std::env::var("RESULTS_HURRY").ok().and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// What kind of network file system every disk is said to be.
pub fn disk() -> Option<String> {
    std::env::var("RESULTS_DISK").ok()
}

#[expect(clippy::panic, reason = "that is what it is for")]
fn act(action: &str, name: &str, detail: &str) -> io::Result<()> {
    match action {
        "full" => return Err(io::ErrorKind::StorageFull.into()),
        "readonly" => return Err(io::ErrorKind::ReadOnlyFilesystem.into()),
        "panic" => panic!("failpoint {name} {detail}"),
        "memory" => {
            let mut taken: Vec<Vec<u8>> = Vec::new();
            loop {
                taken.push(vec![1; 16 << 20]);
                std::hint::black_box(&taken);
            }
        }
        "vanish" => drop(std::fs::remove_file(detail)),
        "hang" => loop {
            std::thread::sleep(PAUSE);
        },
        _ => {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
    }
    Ok(())
}
