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
mod completion;
mod config;
mod control;
mod damage;
mod dataset_reference;
mod demo;
// All that can be built in is in the pages.
#[cfg(all(feature = "flight", feature = "pg", feature = "png", feature = "s3"))]
mod documents;
mod elsewhere;
mod format1;
mod hard_times;
mod hooked;
mod hostile_ids;
mod house;
mod init;
mod input_cases;
mod leases;
mod legacy;
mod logs;
mod many_users;
mod measure;
mod memory;
mod merge;
mod nulls;
mod opened;
mod paper;
mod parts;
mod plots;
mod predecessor;
mod readers;
mod refusals;
// All that can be built in is in the pages.
#[cfg(all(feature = "flight", feature = "pg", feature = "png", feature = "s3"))]
mod reference;
mod report;
mod resume;
mod scale;
#[cfg(feature = "serve")]
mod serve;
mod shards;
mod shared_disk;
mod sql;
#[cfg(target_os = "linux")]
mod sql_terminal;
mod sql_torture;
mod sql_words;
mod strange_runs;
mod submit;
mod submit_parts;
mod supervisor;
mod tables;
mod torture;
mod torture_all;
mod urls;
mod world;
