//! The numbers against those of other programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod conditional;
mod infomeasure;
mod nulls;
mod stats;
mod ste_gc;
mod transfer;
