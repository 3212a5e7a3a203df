//! What runs of millions of users take: `cargo bench --bench scale --features full -- 10M`.
//!
//! | name | is |
//! |---|---|
//! | `100k`, `1M`, `10M`, … | makes a run of so many users in 40 shards, and measures what commands take on it; checks what they say |
//! | `1B` | a part of a hundred of a merge of a thousand million users, and what combines a thousand of its summaries |
//! | `requests` | what is asked of an object store: needs Python, as `cargo bench --bench store` does |
//! | `sizes` | what a user of the real analysis takes on the disk |
//!
//! Each line has the goal that it is measured against. `RESULTS` names another build of the program; with
//! `RESULTS_WRITE_SCALE=1` what was found is noted in `tests/reference/scale.json`, from which a test computes the tables of
//! `docs/scale.md`. All lies in a folder below `TMPDIR`, which goes at the end: 10 GB for `10M`.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

mod billion;
#[path = "../shared/coupling.rs"]
mod coupling;
mod figures;
mod made;
mod merging;
#[path = "../shared/people.rs"]
mod people;
#[path = "../shared/process.rs"]
mod process;
mod requests;
#[path = "../shared/server.rs"]
mod server;
mod sizes;
mod whole;

use std::path::PathBuf;

use figures::Figures;

fn main() {
    // Cargo passes `--bench`; what is left are names.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if let Some(bench) = server::Bench::inside() {
        return requests::requests(&bench, &mut Figures::read());
    }
    if wanted.is_empty() {
        println!("name what is measured: 100k, 1M, 10M (users), 1B, requests, sizes");
    }
    for name in wanted {
        let folder = Folder::new();
        let figures = &mut Figures::read();
        match name.as_str() {
            "1B" => billion::billion(&folder.0, figures),
            "requests" => server::around(),
            "sizes" => sizes::sizes(&folder.0, figures),
            users => whole::whole(&folder.0, users, number(users).unwrap(), figures),
        }
    }
}

/// A folder that goes when the benchmark ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("results-scale-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `10M` as a number.
fn number(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        _ => return None,
    };
    Some(digits.parse::<u64>().ok()? * unit)
}

/// A line of the table.
fn say(what: &str, found: &str, goal: &str) {
    println!("{what:46} {found:64} {goal}");
}
