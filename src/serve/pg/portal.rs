//! Prepared statements, and portals: statements with their values, whose rows are given bit by bit. A cursor is a portal that
//! was declared.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::fault::Fault;
use super::rows::Rows;
use super::statement::Statement;
use super::types::Formats;

/// Prepared statements of a connection.
const PREPARED: usize = 128;

/// Cursors and portals whose rows wait.
const WAITING: usize = 4;

/// Portals in all: most have no rows yet, or no more.
const PORTALS: usize = 128;

/// How long rows wait for whoever takes them.
const IDLE: Duration = Duration::from_mins(10);

/// A prepared statement.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) sql: String,
    /// Which it is; none if the text says nothing.
    pub(super) statement: Option<Statement>,
    /// Numbers of types as the client says them; 0 is none.
    pub(super) types: Vec<u32>,
    /// How many parameters it takes.
    pub(super) count: usize,
}

/// A statement with its values.
#[derive(Debug)]
pub(super) struct Portal {
    pub(super) prepared: Arc<Prepared>,
    pub(super) values: Option<Vec<u8>>,
    pub(super) formats: Formats,
    /// Its rows, once it is asked for them.
    pub(super) rows: Option<Rows>,
    /// Whether it outlives its transaction, of one that was declared.
    pub(super) declared: Option<bool>,
    /// Whether it was done, so that there is nothing more to do.
    pub(super) is_done: bool,
    pub(super) used: Instant,
}

/// Those of a connection.
#[derive(Debug)]
pub(super) struct Portals {
    prepared: HashMap<String, Arc<Prepared>>,
    open: HashMap<String, Portal>,
    /// How long rows wait.
    idle: Duration,
}

impl Default for Portals {
    fn default() -> Self {
        Self { prepared: HashMap::new(), open: HashMap::new(), idle: IDLE }
    }
}

impl Portals {
    /// A prepared statement.
    pub(super) fn prepared(&self, name: &str) -> Result<Arc<Prepared>, Fault> {
        let found = self.prepared.get(name).map(Arc::clone);
        found.ok_or_else(|| Fault::new("26000", format!("unknown prepared statement {name}")))
    }

    /// Keeps one. One without a name takes the place of the last.
    pub(super) fn prepare(&mut self, name: &str, prepared: Prepared) -> Result<(), Fault> {
        if !name.is_empty() && self.prepared.contains_key(name) {
            return Err(Fault::new("42P05", format!("there is a prepared statement {name} already")));
        }
        if self.prepared.len() >= PREPARED && !name.is_empty() {
            let words = format!("{PREPARED} statements are prepared already");
            return Err(Fault::with_hint("54000", words, "DEALLOCATE gives them up"));
        }
        self.prepared.insert(name.to_owned(), Arc::new(prepared));
        Ok(())
    }

    /// Gives one up, or all; whether there was one.
    pub(super) fn deallocate(&mut self, name: Option<&str>) -> bool {
        let Some(name) = name else {
            self.prepared.clear();
            return true;
        };
        self.prepared.remove(name).is_some()
    }

    /// Opens a portal or a cursor.
    pub(super) fn open(&mut self, name: &str, portal: Portal) -> Result<(), Fault> {
        let known = self.open.get(name);
        if known.is_some_and(|known| !name.is_empty() || known.declared.is_some()) {
            return Err(Fault::new("42P03", format!("there is a cursor {name} already")));
        }
        if portal.rows.is_some() {
            self.may_wait()?;
        }
        if self.open.len() >= PORTALS {
            return Err(Fault::new("54000", format!("{PORTALS} portals are open already")));
        }
        self.open.insert(name.to_owned(), portal);
        Ok(())
    }

    /// Whether rows of another one may wait.
    pub(super) fn may_wait(&self) -> Result<(), Fault> {
        if self.open.values().filter(|portal| portal.rows.is_some()).count() < WAITING {
            return Ok(());
        }
        let words = format!("rows of {WAITING} cursors wait already");
        Err(Fault::with_hint("54000", words, "CLOSE gives one up; so does the end of its transaction"))
    }

    /// One by its name.
    pub(super) fn get(&mut self, name: &str) -> Result<&mut Portal, Fault> {
        self.open.get_mut(name).ok_or_else(|| gone(name))
    }

    /// The same, taken out while it is at work.
    pub(super) fn take(&mut self, name: &str) -> Result<Portal, Fault> {
        self.open.remove(name).ok_or_else(|| gone(name))
    }

    /// Back in its place.
    pub(super) fn put_back(&mut self, name: String, mut portal: Portal) {
        portal.used = Instant::now();
        self.open.insert(name, portal);
    }

    /// Gives one up, or all; whether there was one.
    pub(super) fn close(&mut self, name: Option<&str>) -> bool {
        let Some(name) = name else {
            self.open.clear();
            return true;
        };
        self.open.remove(name).is_some()
    }

    /// A transaction has ended: what was not declared to outlive it goes.
    pub(super) fn end(&mut self) {
        self.open.retain(|_, portal| portal.declared == Some(true));
    }

    /// Gives up rows that nobody takes.
    pub(super) fn give_up(&mut self) {
        self.open.retain(|_, portal| portal.rows.is_none() || portal.used.elapsed() < self.idle);
    }
}

fn gone(name: &str) -> Fault {
    Fault::with_hint(
        "34000",
        format!("unknown cursor {name}"),
        "declare it again: a cursor ends with its transaction, and is given up when nothing was fetched for 10 minutes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portal(declared: Option<bool>, waits: bool) -> Portal {
        let prepared = Prepared { sql: String::new(), statement: None, types: Vec::new(), count: 0 };
        Portal {
            prepared: Arc::new(prepared),
            values: None,
            formats: Formats::default(),
            rows: waits.then(|| Rows::known(&["a"], &[]).unwrap()),
            declared,
            is_done: false,
            used: Instant::now(),
        }
    }

    fn code<T: std::fmt::Debug>(result: Result<T, Fault>) -> &'static str {
        match result {
            Err(Fault::Said(words)) => words.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn so_many_cursors_wait_and_end_with_their_transaction() {
        let mut portals = Portals::default();
        for name in ["a", "b", "c"] {
            portals.open(name, portal(Some(false), true)).unwrap();
        }
        portals.open("held", portal(Some(true), true)).unwrap();
        assert_eq!(code(portals.open("e", portal(Some(false), true))), "54000");
        assert_eq!(code(portals.open("a", portal(None, false))), "42P03");
        portals.open("", portal(None, false)).unwrap();
        portals.open("", portal(None, false)).unwrap();
        portals.end();
        assert_eq!(code(portals.get("a")), "34000");
        assert!(portals.get("held").is_ok() && portals.close(Some("held")) && !portals.close(Some("held")));
    }

    #[test]
    fn rows_that_nobody_takes_are_given_up() {
        let mut portals = Portals { idle: Duration::from_mins(1), ..Portals::default() };
        portals.open("held", portal(Some(true), true)).unwrap();
        portals.open("bound", portal(None, false)).unwrap();
        portals.give_up();
        assert!(portals.get("held").is_ok());
        portals.idle = Duration::ZERO;
        portals.give_up();
        assert!(portals.get("bound").is_ok(), "no rows of it wait");
        let Err(Fault::Said(words)) = portals.take("held") else { panic!("it is there") };
        let hint = words.hint.as_deref().unwrap_or_default();
        assert!(words.code == "34000" && hint.starts_with("declare it again: "), "{words:?}");
    }

    #[test]
    fn so_many_statements_are_prepared() {
        let mut portals = Portals::default();
        let prepared = || Prepared { sql: String::new(), statement: None, types: Vec::new(), count: 0 };
        for n in 0..PREPARED {
            portals.prepare(&n.to_string(), prepared()).unwrap();
        }
        assert_eq!(code(portals.prepare("one more", prepared())), "54000");
        assert_eq!(code(portals.prepare("0", prepared())), "42P05");
        portals.prepare("", prepared()).unwrap();
        assert!(portals.deallocate(Some("0")) && !portals.deallocate(Some("0")));
        assert_eq!(code(portals.prepared("0")), "26000");
    }
}
