//! A configuration for data that nobody has described: what lies in a folder, in words, and what to write.
//!
//! ```text
//! folder ─▶ survey (which files, of which kind) ─▶ sample (beginnings: layout, columns)
//!    ─▶ time, users, roles ─▶ Found ─▶ proposal: YAML ─▶ trial: read as a run would
//! ```
//!
//! Nothing is parsed here: bytes become cells in `dataset`, as in a run. Here is only what a person would see in them.

mod device;
mod error;
mod found;
mod labels;
mod layout;
mod look;
mod marks;
mod proposal;
mod roles;
mod sample;
mod sql;
mod survey;
mod time;
mod trial;
mod users;
mod words;

pub(crate) use error::InitError;
pub(crate) use found::{Candidate, Found};
pub(crate) use look::{Wishes, look};
pub(crate) use proposal::{Choice, Told, proposal, to_be_told};
pub(crate) use trial::{Trial, trial};
