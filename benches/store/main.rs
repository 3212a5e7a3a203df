//! Runs in an object store beside runs on a disk: `cargo bench --bench store --features full`.
//!
//! Starts a real S3 server and a proxy that counts, delays and refuses (`tests/services/start-s3.sh`, which needs Python), and
//! prints each line with the goal that it is measured against. A name after `--` picks lines, as in `cargo bench --bench store
//! -- merge`; `RESULTS` names another build of the program, `RESULTS_BENCH_USERS` how many people the merge has (2,000,000), and
//! `RESULTS_BENCH_PLAN` how many are planned where one share of a thousand is resumed (10,000,000).

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

#[path = "../shared/coupling.rs"]
mod coupling;
mod merge;
#[path = "../shared/people.rs"]
mod people;
#[path = "../shared/process.rs"]
mod process;
mod run;
#[path = "../shared/server.rs"]
mod server;
mod share;
mod submit;

use server::Bench;

type Line = fn(&Bench);

/// What can be measured, by name.
const LINES: [(&str, Line); 5] = [
    ("run", run::run),
    ("requests", run::requests),
    ("merge", merge::merge),
    ("share", share::share),
    ("submit", submit::submit),
];

fn main() {
    // Cargo passes `--bench`; what is left are names.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let Some(bench) = Bench::inside() else { return server::around() };
    for (name, line) in LINES {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            line(&bench);
        }
    }
}

/// A line of the table.
fn say(what: &str, found: &str, goal: &str) {
    println!("{what:46} {found:64} {goal}");
}

/// A number from the environment.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}
