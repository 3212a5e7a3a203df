//! What a directory is: a run, an output of `merge`, or one of the predecessor's; and what its tables are made with.

mod definitions;
mod error;
mod opened;
mod source;

pub(crate) use definitions::{Folder, Loaded};
pub(crate) use error::SourceError;
pub(crate) use opened::Opened;
pub(crate) use source::Source;
