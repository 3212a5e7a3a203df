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

/// Files that are kept.
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
    file: Arc<Mutex<(File, u64)>>,
}

impl Audit {
    /// That of a state folder.
    ///
    /// # Errors
    /// It cannot be written to.
    pub(crate) fn open(state: &State) -> Result<Self, StateError> {
        let file = opened(state)?;
        Ok(Self { state: state.clone(), file: Arc::new(Mutex::new(file)) })
    }

    /// Writes a line. That it cannot be written is told in the log of the service.
    pub(crate) fn note(&self, entry: &Entry) {
        let line = Line { time: Utc::now().to_rfc3339(), entry };
        let Ok(mut bytes) = serde_json::to_vec(&line) else { return };
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.1 + bytes.len() as u64 > LARGEST {
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
