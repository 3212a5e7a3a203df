//! Durations, sizes and ends of workers, for people.

use crate::event::{Event, EventKind};

/// A file of the ledger that was moved away, in words.
pub(super) fn set_aside(event: &Event) -> Option<String> {
    let EventKind::SetAside { file, cause } = &event.kind else { return None };
    let shard = event.shard;
    Some(format!("shard {shard}: {file} {cause}; it was moved to _damaged/, and its units are done again"))
}

/// A data file that is not what was written, in words.
pub(super) fn damaged(event: &Event) -> Option<String> {
    let EventKind::Damaged { what } = &event.kind else { return None };
    Some(format!("shard {}: {what}; its units are done again", event.shard))
}

/// What is said of a worker that waits for another.
pub(super) fn waiting(event: &Event) -> Option<String> {
    let EventKind::ShardWaiting { holder, seconds } = &event.kind else { return None };
    Some(match seconds {
        None => format!("note: waiting for {holder}, which is ending"),
        Some(seconds) => {
            let shard = event.shard;
            format!("note: shard {shard}: seeing for up to {seconds} s whether {holder} is still at work")
        }
    })
}

/// What is said of a worker that is started again.
pub(super) fn restarting(event: &Event) -> Option<String> {
    let EventKind::ShardRestarting { cause, users, restart, of, wait_ms } = &event.kind else { return None };
    let mut line = format!("shard {}: {cause}", event.shard);
    if !users.is_empty() {
        line.push_str(&format!(" at user{} {}", if users.len() == 1 { "" } else { "s" }, users.join(", ")));
    }
    line.push_str("; starting again");
    if *restart > 0 {
        line.push_str(&format!(" in {} ({restart} of {of} times)", duration(*wait_ms)));
    }
    Some(line)
}

/// A duration for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..10 => format!("{:.1} s", ms as f64 / 1000.0),
        10..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s % 3600 / 60),
    }
}

/// A size for people: `512 B`, `1.5 MB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if n < 1000 {
        return format!("{n} B");
    }
    let mut value = n as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(duration(420), "0.4 s");
        assert_eq!(duration(12_999), "12 s");
        assert_eq!(duration(200_000), "3 min 20 s");
        assert_eq!(duration(7_500_000), "2 h 05 min");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_500_000), "1.5 MB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(27_600_000), "28 MB");
    }
}
