//! The negative control: the same analysis of pairs that cannot be coupled.
//!
//! ```text
//! a run with results ─▶ pairs of its users ─▶ a run of pairs ─▶ merge: table `control` ─▶ what may be believed
//! ```
//!
//! A control is a run like any other; who put its pairs together stands in its `run.yaml`. Its table is a view of
//! `sql`, so that a merge can take it.

mod create;
mod error;
mod pairs;
mod verdict;

pub(crate) use create::{Request, create};
pub(crate) use error::ControlError;
pub(crate) use verdict::{Doubt, above, doubts, remedies};
