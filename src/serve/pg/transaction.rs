//! Transactions: statements that see one state of each source.

use std::time::{Duration, Instant};

use pgwire::messages::response::TransactionStatus;

use super::fault::Fault;
use super::statement::Statement;
use crate::serve::desk::{At, Held};

/// How long one may do nothing: it keeps files of the past in their places.
const IDLE: Duration = Duration::from_mins(10);

/// Places to go back to at most.
const SAVEPOINTS: usize = 100;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is none.
    None,
    /// One is open.
    Open,
    /// There was an error in it.
    Failed,
}

/// The transaction of a session, if there is one.
#[derive(Debug)]
pub(super) struct Transaction {
    state: State,
    held: Option<Held>,
    savepoints: Vec<String>,
    used: Instant,
}

impl Transaction {
    pub(super) fn none() -> Self {
        Self { state: State::None, held: None, savepoints: Vec::new(), used: Instant::now() }
    }

    /// What clients are told after each statement.
    pub(super) fn status(&self) -> TransactionStatus {
        match self.state {
            State::None => TransactionStatus::Idle,
            State::Open => TransactionStatus::Transaction,
            State::Failed => TransactionStatus::Error,
        }
    }

    /// Whether one is open, well or not.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::None
    }

    /// Whether what is opened now ends by itself: nothing holds it.
    pub(super) fn is_alone(&self) -> bool {
        self.held.is_none()
    }

    /// The states that are held, if any are.
    pub(super) fn held(&self) -> Option<Held> {
        self.held.clone()
    }

    /// Of which state a statement asks.
    pub(super) fn at(held: Option<&Held>) -> At<'_> {
        held.map_or(At::Now, At::Held)
    }

    /// Refuses what cannot be done after an error.
    pub(super) fn check(&mut self, statement: &Statement) -> Result<(), Fault> {
        self.used = Instant::now();
        let ends = matches!(statement, Statement::Commit | Statement::Rollback | Statement::RollbackTo(_));
        if self.state != State::Failed || ends {
            return Ok(());
        }
        Err(Fault::with_hint(
            "25P02",
            "the transaction has failed: nothing is answered until its end",
            "ROLLBACK ends it",
        ))
    }

    /// Statements that come in one message see one state too.
    pub(super) fn together(&mut self) {
        if self.state == State::None {
            self.held = Some(Held::default());
        }
    }

    /// They are over.
    pub(super) fn apart(&mut self) {
        if self.state == State::None {
            self.held = None;
        }
    }

    /// One begins; whether there was none.
    pub(super) fn begin(&mut self) -> bool {
        if self.is_open() {
            return false;
        }
        self.state = State::Open;
        self.held.get_or_insert_default();
        true
    }

    /// There was an error.
    pub(super) fn fail(&mut self) {
        if self.state == State::Open {
            self.state = State::Failed;
        }
    }

    /// It ends; whether well, if there was one.
    pub(super) fn end(&mut self) -> Option<bool> {
        let was = self.state;
        *self = Self::none();
        (was != State::None).then_some(was == State::Open)
    }

    /// A place to go back to, and back to it.
    pub(super) fn save(&mut self, statement: &Statement) -> Result<(), Fault> {
        if !self.is_open() {
            return Err(Fault::new("25P01", "savepoints stand in transactions: BEGIN begins one"));
        }
        let found = |name: &String| self.savepoints.iter().rposition(|known| known == name);
        let missing = |name: &str| Fault::new("3B001", format!("unknown savepoint {name}"));
        match statement {
            Statement::Savepoint(_) if self.savepoints.len() >= SAVEPOINTS => {
                return Err(Fault::new("54000", "too many savepoints"));
            }
            Statement::Savepoint(name) => self.savepoints.push(name.clone()),
            Statement::Release(name) => {
                let place = found(name).ok_or_else(|| missing(name))?;
                self.savepoints.truncate(place);
            }
            Statement::RollbackTo(name) => {
                let place = found(name).ok_or_else(|| missing(name))?;
                self.savepoints.truncate(place + 1);
                self.state = State::Open;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether it has done nothing for too long.
    pub(super) fn is_idle(&self) -> bool {
        self.is_open() && self.used.elapsed() > IDLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_error_only_the_end_is_answered() {
        let mut transaction = Transaction::none();
        transaction.fail();
        assert!(transaction.check(&Statement::Query).is_ok(), "outside there is nothing to fail");
        assert!(transaction.begin() && !transaction.begin() && !transaction.is_alone());
        transaction.save(&Statement::Savepoint("a".into())).unwrap();
        transaction.fail();
        let Err(Fault::Said(words)) = transaction.check(&Statement::Query) else { panic!("answered") };
        assert_eq!(words.code, "25P02");
        assert!(transaction.check(&Statement::Rollback).is_ok());
        transaction.save(&Statement::RollbackTo("a".into())).unwrap();
        assert!(transaction.check(&Statement::Query).is_ok());
        assert!(transaction.save(&Statement::Release("b".into())).is_err());
        transaction.fail();
        assert_eq!((transaction.end(), transaction.end()), (Some(false), None));
        assert!(transaction.is_alone());
    }

    #[test]
    fn statements_of_one_message_are_together() {
        let mut transaction = Transaction::none();
        transaction.together();
        assert!(!transaction.is_alone() && !transaction.is_open());
        transaction.apart();
        assert!(transaction.is_alone());
        transaction.together();
        transaction.begin();
        transaction.apart();
        assert!(!transaction.is_alone(), "a transaction that was begun goes on");
    }
}
