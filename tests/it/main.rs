//! The program as its users see it, and its numbers against references.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking and shows what it found"
)]

mod any_program;
mod attempts;
mod bad_input;
mod calibration;
mod checks;
mod compact;
mod config;
mod control;
mod damage;
mod dataset_reference;
mod demo;
mod format1;
mod hard_times;
mod hostile_ids;
mod house;
mod input_cases;
mod legacy;
mod many_users;
mod measure;
mod memory;
mod merge;
mod nulls;
mod paper;
mod plots;
mod predecessor;
mod readers;
mod report;
mod resume;
#[cfg(feature = "serve")]
mod serve;
mod shards;
mod sql;
#[cfg(target_os = "linux")]
mod sql_terminal;
mod sql_torture;
mod strange_runs;
mod supervisor;
mod tables;
mod torture;
mod torture_all;
mod world;
