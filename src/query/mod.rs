//! SQL over runs and merged outputs.

mod attempt_files;
mod files;
mod functions;
mod params;
mod session;
mod source;
mod template;
mod views;

pub use params::{ParamError, Params};
pub use session::{Attempts, Definitions, Precedence, Session, SessionError};
pub use source::{MERGE_MANIFEST, MergeManifest, MergedRun, OpenRun, Source, SourceError, own_tables};
pub use template::{Parameter, Queries, Query, QueryError, ident, literal};
pub use views::Views;
