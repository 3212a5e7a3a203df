//! Queries between the call that asks for them and the call that reads their rows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::login::Who;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, Format, Spoken, Text};
use crate::serve::catalog::Source;
use crate::serve::desk::{At, Begun, Desk, Held, Shape};

/// Bytes of a query at most.
pub(super) const LONGEST: usize = 256 << 10;

/// A query of a source.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// The source whose tables need no name in front.
    pub(super) database: String,
    pub(super) sql: String,
    /// Values of its parameters: an Arrow IPC stream of one row.
    pub(super) values: Option<Bytes>,
}

impl Statement {
    /// A query of the source that a call names, or else of the first one.
    pub(super) fn new(desk: &Desk, who: &Who, database: Option<&str>, sql: String) -> Result<Self, Ended> {
        if sql.len() > LONGEST {
            let words = format!("the query has {} kB, and {} kB is the most", sql.len() >> 10, LONGEST >> 10);
            let words =
                format!("{words}\n(hint: lists of values belong into a parameter, or into several queries)");
            desk.refused(&who.caller, database.unwrap_or_default(), &sql, Ending::TooLarge);
            return Err(Ended::new(Ending::TooLarge, words));
        }
        let database = match database {
            Some(name) => desk.whole(&who.caller, name, &sql)?.name.clone(),
            None => first(desk, who, &sql)?,
        };
        Ok(Self { database, sql, values: None })
    }

    /// The same with values.
    pub(super) fn with(&self, values: Option<Bytes>) -> Self {
        Self { values, ..self.clone() }
    }

    /// Bytes that it takes while it is kept.
    pub(super) fn bytes(&self) -> usize {
        self.sql.len() + self.database.len() + self.values.as_ref().map_or(0, Bytes::len)
    }

    fn text(&self) -> Text {
        let values = self.values.as_ref().map(|values| values.to_vec());
        Text { sql: self.sql.clone(), values, spoken: Spoken::Marks, ..Text::default() }
    }

    fn source(&self, desk: &Desk, who: &Who, what: &str) -> Result<Arc<Source>, Ended> {
        desk.whole(&who.caller, &self.database, what)
    }

    /// What it takes and gives.
    pub(super) async fn shape(&self, desk: &Desk, who: &Who, held: &Held) -> Result<Shape, Ended> {
        let (ask, what) = (Ask::Shape(self.text()), format!("columns of {}", self.sql));
        let source = self.source(desk, who, &what)?;
        let (body, ..) = desk.read(&who.caller, &source, At::Held(held), ask, &what).await?;
        Shape::parse(&body)
    }

    /// Its rows.
    pub(super) async fn rows(&self, desk: &Desk, who: &Who, held: &Held) -> Result<Begun, Ended> {
        let source = self.source(desk, who, &self.sql)?;
        let ask = Ask::Query { text: self.text(), format: Format::Messages, most: None };
        desk.begin(&who.caller, &source, At::Held(held), ask, &self.sql).await
    }
}

/// The first source that somebody sees and that can be asked.
fn first(desk: &Desk, who: &Who, what: &str) -> Result<String, Ended> {
    let all = desk.sources(&who.caller);
    let found = all.iter().find(|source| source.is_whole()).or(all.first());
    found.map(|source| source.name.clone()).ok_or_else(|| {
        let words = "this token sees none of what is served\n(hint: `results token new NAME --sources PATTERN` makes one \
                     that does)";
        desk.refused(&who.caller, "", what, Ending::NotFound);
        Ended::new(Ending::NotFound, words)
    })
}

/// What a ticket is for: the rows of a query, of the state that was there when it was asked.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) statement: Statement,
    pub(super) held: Held,
    /// Numbers of its answers that are at work.
    at_work: Mutex<BTreeSet<u64>>,
}

impl Waiting {
    pub(super) fn new(statement: Statement, held: Held) -> Self {
        Self { statement, held, at_work: Mutex::default() }
    }

    fn numbers(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that an answer is at work, until what is given is dropped.
    pub(super) fn works(self: &Arc<Self>, number: u64) -> AtWork {
        self.numbers().insert(number);
        AtWork { of: Arc::clone(self), number }
    }

    /// Ends all of its answers; whether there was one.
    pub(super) fn cancel(&self, desk: &Desk, who: &Who) -> bool {
        let numbers = self.numbers().clone();
        numbers.iter().filter(|number| desk.cancel(&who.caller, **number).is_ok()).count() > 0
    }
}

/// An answer that is at work.
#[derive(Debug)]
pub(super) struct AtWork {
    of: Arc<Waiting>,
    number: u64,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.of.numbers().remove(&self.number);
    }
}
