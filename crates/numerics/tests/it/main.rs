//! The numbers against those of other programs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking and shows what it found"
)]

mod calibration;
mod conditional;
mod infomeasure;
mod nulls;
mod stats;
mod ste_gc;
mod transfer;
