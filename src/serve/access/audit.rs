//! `audit.ndjson`: who saw what, and who was refused.

use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use serde::Serialize;

use super::state::{State, StateError};

/// The file that is written to; older ones have a number.
const FILE: &str = "audit.ndjson";

/// Bytes of a file before the next is begun.
const LARGEST: u64 = 50_000_000;

/// Files that are kept, the one that is written to among them.
const KEPT: u32 = 5;

/// A line of the log.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Entry {
    /// `query`, `login`, `logout`, `refused`, ….
    pub event: &'static str,
    /// Name of the token, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Where it came from.
    pub address: String,
    /// By what it came.
    pub protocol: &'static str,
    /// The source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// BLAKE3 of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sql_hash: Option<String>,
    /// Rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How it ended: `ok`, or the name of the ending.
    pub ending: String,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// The log.
#[derive(Debug, Clone)]
pub(crate) struct Audit {
    state: State,
    largest: u64,
    file: Arc<Mutex<(File, u64)>>,
}

impl Audit {
    /// That of a state folder.
    ///
    /// # Errors
    /// It cannot be written to.
    pub(crate) fn open(state: &State) -> Result<Self, StateError> {
        Self::within(state, LARGEST)
    }

    fn within(state: &State, largest: u64) -> Result<Self, StateError> {
        let file = opened(state)?;
        Ok(Self { state: state.clone(), largest, file: Arc::new(Mutex::new(file)) })
    }

    /// Writes a line. That it cannot be written is told in the log of the service.
    pub(crate) fn note(&self, entry: &Entry) {
        let line = Line { time: Utc::now().to_rfc3339(), entry };
        let Ok(mut bytes) = serde_json::to_vec(&line) else { return };
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.1 + bytes.len() as u64 > self.largest {
            self.turn(&mut file);
        }
        match file.0.write_all(&bytes) {
            Ok(()) => file.1 += bytes.len() as u64,
            Err(error) => tracing::error!("the audit log cannot be written: {error}"),
        }
    }

    fn turn(&self, file: &mut (File, u64)) {
        let numbered = |number: u32| self.state.path(&format!("{FILE}.{number}"));
        for number in (1..KEPT - 1).rev() {
            let _ = std::fs::rename(numbered(number), numbered(number + 1));
        }
        let _ = std::fs::rename(self.state.path(FILE), numbered(1));
        match opened(&self.state) {
            Ok(new) => *file = new,
            Err(error) => tracing::error!("{error}"),
        }
    }
}

fn opened(state: &State) -> Result<(File, u64), StateError> {
    let file = state.append(FILE)?;
    let length = file.metadata().map_or(0, |about| about.len());
    Ok((file, length))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn so_many_files_are_kept_and_none_is_larger() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(&dir.path().join("state")).unwrap();
        let audit = Audit::within(&state, 1000).unwrap();
        for n in 0..200 {
            let entry = Entry { event: "query", sql: Some(format!("select {n}")), ..Entry::default() };
            audit.note(&entry);
        }
        let mut files: Vec<_> = std::fs::read_dir(state.path("")).unwrap().map(|e| e.unwrap()).collect();
        files.sort_by_key(std::fs::DirEntry::file_name);
        let names: Vec<_> = files.iter().map(|file| file.file_name().into_string().unwrap()).collect();
        assert_eq!(names, [FILE, "audit.ndjson.1", "audit.ndjson.2", "audit.ndjson.3", "audit.ndjson.4"]);
        assert!(files.iter().all(|file| {
            let about = file.metadata().unwrap();
            about.size() <= 1000 && about.mode() & 0o777 == 0o600
        }));
        // What was written last is in the newest, and nothing of the kept ones is missing in between.
        let texts: Vec<String> =
            names.iter().rev().map(|name| std::fs::read_to_string(state.path(name)).unwrap()).collect();
        let numbers: Vec<u32> = texts
            .concat()
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| line["sql"].as_str().unwrap().trim_start_matches("select ").parse().unwrap())
            .collect();
        assert_eq!(numbers.last(), Some(&199));
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
        // Begun anew, it goes on where it was.
        let again = Audit::within(&state, 1000).unwrap();
        again.note(&Entry::default());
        let newest =
            ["audit.ndjson.1", FILE].map(|name| std::fs::read_to_string(state.path(name)).unwrap()).concat();
        let lines: Vec<&str> = newest.lines().collect();
        assert!(lines[lines.len() - 2].contains("select 199"), "{newest}");
        assert_eq!((LARGEST, KEPT), (50_000_000, 5));
    }
}
