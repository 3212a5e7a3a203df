//! The service, the report and the plots: `cargo bench --bench serve`.
//!
//! Makes its data, drives the program as a whole process at a free port, and prints each line with the goal that it is
//! measured against. A name after `--` picks lines, as in `cargo bench --bench serve -- page`; `RESULTS` names another
//! build of the program, `RESULTS_BENCH_DIR` a folder in which the data are kept, and `RESULTS_BENCH_USERS` how many people
//! the large tables have (1,000,000).

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark")]

mod crowd;
mod data;
mod idle;
mod list;
mod pages;
#[path = "../shared/process.rs"]
mod process;
mod report;
mod service;
mod watched;

use data::Data;

type Line = fn(&Data);

/// What can be measured, by name.
const LINES: [(&str, Line); 13] = [
    ("report_demo", report::of_the_demo),
    ("report_million", report::of_many),
    ("plot", report::plot),
    ("start", pages::start),
    ("select", pages::select),
    ("page", pages::pages),
    ("download", pages::download),
    ("clients", crowd::clients),
    ("watchers", crowd::watchers),
    ("idle", idle::idle),
    ("watched", watched::watched),
    ("list", list::list),
    ("made", data::made),
];

fn main() {
    // Cargo passes `--bench`; what is left are names.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let data = Data::new();
    for (name, line) in LINES {
        if wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            line(&data);
        }
    }
}

/// A line of the table.
fn say(what: &str, found: &str, goal: &str) {
    println!("{what:52} {found:44} {goal}");
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What 95 of 100 do not exceed.
fn most(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() * 95).div_ceil(100) - 1]
}
