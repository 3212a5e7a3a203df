//! Statements that are planned once, and answered for one row of values at a time.

use std::sync::{Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;

use super::statement::Statement;
use crate::serve::desk::Shape;

/// What says that nobody can know the type of a parameter.
const UNKNOWN: &str = "results.unknown";

/// A statement that was planned.
#[derive(Debug)]
pub(super) struct Prepared {
    statement: Statement,
    pub(super) shape: Shape,
    bound: Mutex<Option<Bytes>>,
}

impl Prepared {
    pub(super) fn new(statement: Statement, shape: Shape) -> Self {
        Self { statement, shape, bound: Mutex::default() }
    }

    /// Gives its parameters values, for all answers from now on.
    pub(super) fn bind(&self, values: Bytes) {
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(values);
    }

    /// The query as it is to be answered now.
    pub(super) fn statement(&self) -> Statement {
        self.statement.with(self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Its columns, if they do not depend on values.
    pub(super) fn columns(&self) -> Option<&SchemaRef> {
        let is_known = |field: &arrow::datatypes::FieldRef| !field.metadata().contains_key(UNKNOWN);
        self.shape.parameters.fields().iter().all(is_known).then_some(&self.shape.rows)
    }
}
