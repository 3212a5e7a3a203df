//! The queries of the program and those of a user, and what is filled into them.

mod template;

pub use template::{PLOTS, Parameter, Queries, Query, QueryError, ident, literal};
