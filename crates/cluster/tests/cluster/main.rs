//! Clusters of real processes: a scheduler, executors and merges by them, and what becomes of a merge when they are lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows what it found"
)]

mod lab;
mod losses;
mod merges;
mod queries;
mod refusals;
