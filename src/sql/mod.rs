//! SQL over runs and merged outputs.

mod control;
mod functions;
mod guard;
mod lazy;
mod ledger_tables;
mod opened;
mod params;
mod run_tables;
mod session;
mod source;
mod template;
mod user_tests;
mod views;

pub use control::{CALLED, ControlRow};
pub use guard::{FirstStatement, Refusal};
pub use opened::{ImportFolder, Opened};
pub use params::{ParamError, Params};
pub use session::{Definitions, Session, SessionError};
pub use source::{Source, SourceError, own_tables};
pub use template::{Parameter, Queries, Query, QueryError, ident, literal};
pub use views::{Space, Views};
