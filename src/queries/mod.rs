//! The queries of the program and those of a user, and what is filled into them.

mod template;

pub(crate) use template::PLOTS;
pub use template::{ParamDefault, Parameter, Queries, Query, QueryError, ident, literal};
