//! What a directory is: a run, an output of `merge`, or one of the predecessor's.

mod error;
mod opened;
mod source;

pub use error::SourceError;
pub use opened::Opened;
pub use source::{Kept, Source, kept};
