//! SQL over runs and merged outputs. What a directory is, and which rows a table has, is asked of the rooms below.

mod bounds;
mod control;
mod damage;
mod error;
mod functions;
mod guard;
mod params;
mod planned;
mod session;

pub use crate::queries::{Parameter, Queries, Query, QueryError, ident, literal};
pub use crate::tables::{CALLED, Definitions};
pub use bounds::{Bounds, Clock};
pub use control::ControlRow;
pub use damage::Damaged;
pub use error::SessionError;
pub use guard::{FirstStatement, Refusal};
pub use params::{ParamError, Params};
pub use planned::{Answer, Planned};
pub use session::Session;
