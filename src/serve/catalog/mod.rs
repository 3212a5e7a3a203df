//! What is served: directories by name, and where they stand. It knows no protocol and asks no engine.

mod found;
mod happened;
mod identity;
mod log;
mod moment;
mod snapshots;
mod source;
mod text;

pub(crate) use found::Catalog;
pub(crate) use identity::identity;
pub(crate) use log::{LogPart, log};
pub(crate) use moment::Moment;
pub(crate) use snapshots::Snapshot;
pub(crate) use source::{Kind, Source, Summary};
