//! What is served: directories by name, and where they stand. It knows no protocol and asks no engine.

mod found;
mod happened;
mod identity;
mod log;
mod moment;
mod place;
mod snapshots;
mod source;
mod text;
mod told;

pub(crate) use found::Catalog;
pub(crate) use identity::{gone, identity};
pub(crate) use log::{LogPart, log};
pub(crate) use moment::Moment;
pub(crate) use place::{is_away, place};
pub(crate) use snapshots::Snapshot;
pub(crate) use source::{Kind, STATES, Source, Summary};
