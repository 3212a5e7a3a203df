//! SQL over runs and merged outputs. What a directory is, and which rows a table has, is asked of the rooms below.

mod bounds;
mod cast_types;
mod control;
mod damage;
mod elsewhere;
mod error;
mod functions;
mod guard;
mod params;
mod planned;
mod session;
mod times;
mod tokens;
mod unused;

pub use crate::queries::{ParamDefault, Parameter, Queries, Query, QueryError, ident, literal};
pub use crate::tables::{CALLED, Definitions};
pub use bounds::{Bounds, Clock};
pub use cast_types::cast_parameters;
pub use control::ControlRow;
pub use damage::{DAMAGED, Damaged};
pub use elsewhere::{Asking, Helped, Helper, Received, Share, Unshared};
pub use error::SessionError;
pub use guard::{FirstStatement, Refusal, check_length, plan_in};
pub use params::{ParamError, Params, parameters};
pub use planned::{Answer, Beside, Planned, Question};
pub use session::Session;
pub use times::in_calendar;
pub use tokens::numbered;
