//! What a directory is: a run, an output of `merge`, or one of the predecessor's.

mod error;
mod opened;
mod source;

pub(crate) use error::SourceError;
pub(crate) use opened::Opened;
pub(crate) use source::{Kept, Source, kept};
