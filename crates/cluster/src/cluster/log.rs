//! What Ballista says of its work: warnings to standard error, or as much as `RESULTS_LOG` asks for.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::{LevelFilter, Log, Metadata, Record};

/// What was said a moment ago is not said again: who looks for a scheduler that is away looks twenty times a second.
const AGAIN: Duration = Duration::from_secs(30);
/// More texts than that are not remembered.
const REMEMBERED: usize = 1000;

/// Writes to standard error.
#[derive(Debug)]
struct Plain {
    /// How much of what Ballista and others say.
    others: LevelFilter,
    said: Mutex<HashMap<String, Instant>>,
}

impl Plain {
    fn new(others: LevelFilter) -> Self {
        Self { others, said: Mutex::default() }
    }

    fn is_new(&self, text: &str) -> bool {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() > REMEMBERED {
            said.clear();
        }
        match said.insert(text.to_owned(), now) {
            Some(before) if now.duration_since(before) < AGAIN => {
                said.insert(text.to_owned(), before);
                false
            }
            _ => true,
        }
    }
}

impl Log for Plain {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with("results") || about.level() <= self.others
    }

    fn log(&self, record: &Record<'_>) {
        let text = format!("{}: {}", record.level().as_str().to_lowercase(), record.args());
        if self.enabled(record.metadata()) && self.is_new(&text) {
            let text = results_store::printable::printable(&text).into_owned();
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    fn flush(&self) {}
}

/// Begins to listen to what is said; `others` is how much of what Ballista says without `RESULTS_LOG`.
pub(super) fn start(others: LevelFilter) {
    let asked = std::env::var("RESULTS_LOG").ok().and_then(|level| level.parse().ok());
    if log::set_boxed_logger(Box::new(Plain::new(asked.unwrap_or(others)))).is_ok() {
        log::set_max_level(asked.unwrap_or(LevelFilter::Warn));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_a_moment_ago_is_not_said_again() {
        let log = Plain::new(LevelFilter::Warn);
        assert!(log.is_new("a") && log.is_new("b") && !log.is_new("a"));
        let mut said = log.said.lock().unwrap();
        *said.get_mut("a").unwrap() -= AGAIN;
        drop(said);
        assert!(log.is_new("a"));
    }
}
