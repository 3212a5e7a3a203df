//! What a statement does.

use std::time::Instant;

use super::fault::{Fault, moved, notice};
use super::fetch::Reply;
use super::portal::{Portal, Prepared};
use super::rows::Rows;
use super::session::Session;
use super::settings::TOLD;
use super::statement::{Declare, Statement};
use super::types::Formats;

/// A statement that is carried out.
pub(super) struct Asked<'a> {
    pub(super) statement: &'a Statement,
    pub(super) sql: &'a str,
    /// Values of its parameters.
    pub(super) values: Option<Vec<u8>>,
    pub(super) formats: &'a Formats,
    /// Whether columns are told before rows.
    pub(super) tells: bool,
}

impl Session {
    /// Carries out a statement that comes to its end at once.
    pub(super) async fn perform(&mut self, asked: Asked<'_>) -> Result<(), Fault> {
        match asked.statement {
            Statement::Query | Statement::Show(_) | Statement::SetConfig(_) => {
                if let Statement::SetConfig(set) = asked.statement
                    && !set.is_role()
                {
                    self.set(&set.name, Some(&set.value))?;
                }
                let mut rows = self.rows_of(&asked).await?;
                let reply = Reply { formats: asked.formats, tells: asked.tells, most: None };
                let sent = self.reply(&mut rows, reply).await?;
                let tag = asked.statement.tag();
                let counts = !matches!(asked.statement, Statement::Show(_));
                self.done(if counts { format!("{tag} {sent}") } else { tag.to_owned() });
            }
            Statement::Fetch(fetch) => self.fetch(fetch, asked.formats, asked.tells).await?,
            Statement::Copy(copy) => self.copy_out(copy, asked.sql).await?,
            Statement::Declare(declare) => {
                self.declare(declare, asked.sql, asked.values).await?;
                self.done(asked.statement.tag());
            }
            other => {
                let tag = self.act(other)?;
                self.done(tag);
            }
        }
        Ok(())
    }

    /// The rows of a statement that has some.
    pub(super) async fn rows_of(&mut self, asked: &Asked<'_>) -> Result<Rows, Fault> {
        let longest = self.place.desk.pool.limits().time;
        match asked.statement {
            Statement::Show(Some(name)) => {
                let value = self.settings.shown(name, longest)?;
                Rows::known(&[name], &[vec![value]])
            }
            Statement::SetConfig(set) => {
                let value = if set.is_role() {
                    Ok(set.value.clone())
                } else {
                    self.settings.shown(&set.name, longest)
                };
                Rows::known(&[&set.column], &[vec![value?]])
            }
            Statement::Show(None) => {
                let all = self
                    .settings
                    .all(longest)
                    .into_iter()
                    .map(|(name, value)| vec![name, value, String::new()]);
                Rows::known(&["name", "setting", "description"], &all.collect::<Vec<_>>())
            }
            _ => self.ask(asked.sql, asked.values.clone(), asked.sql).await,
        }
    }

    /// A cursor: its rows wait on the disk.
    async fn declare(&mut self, declare: &Declare, sql: &str, values: Option<Vec<u8>>) -> Result<(), Fault> {
        if self.transaction.is_alone() && !declare.hold {
            return Err(Fault::with_hint(
                "25P01",
                "a cursor stands in a transaction",
                "BEGIN begins one; a cursor WITH HOLD outlives it",
            ));
        }
        self.portals.may_wait()?;
        let mut rows = match self.ask(&sql[declare.query..], values, sql).await {
            Err(Fault::Said(mut words)) => {
                // Places are those of the whole text.
                words.place = words.place.map(|place| moved(place, &sql[..declare.query]));
                return Err(Fault::Said(words));
            }
            asked => asked?,
        };
        let most = self.place.desk.pool.limits().disk;
        rows.put_aside(&self.place.folder, most)?;
        let prepared = Prepared { sql: sql.to_owned(), statement: None, types: Vec::new(), count: 0 };
        let portal = Portal {
            prepared: prepared.into(),
            values: None,
            formats: Formats(if declare.binary { vec![1] } else { Vec::new() }),
            rows: Some(rows),
            declared: Some(declare.hold),
            is_done: false,
            used: Instant::now(),
        };
        self.portals.open(&declare.name, portal)
    }

    /// What changes the session; gives what is said of it.
    fn act(&mut self, statement: &Statement) -> Result<String, Fault> {
        match statement {
            Statement::Begin if !self.transaction.begin() => {
                self.wire.put(&notice("WARNING", "25001", "there is a transaction already"));
            }
            Statement::Commit | Statement::Rollback => {
                let ended = self.transaction.end();
                self.portals.end();
                match (ended, statement) {
                    (None, _) => self.wire.put(&notice("WARNING", "25P01", "no transaction is open")),
                    (Some(false), Statement::Commit) => return Ok(Statement::Rollback.tag().to_owned()),
                    _ => {}
                }
            }
            Statement::Savepoint(_) | Statement::Release(_) | Statement::RollbackTo(_) => {
                self.transaction.save(statement)?;
            }
            Statement::Set(name, value) => {
                self.set(name, value.as_deref())?;
            }
            Statement::Reset(name) => {
                self.settings.reset(name.as_deref())?;
                match name {
                    Some(name) => self.tell_if_told(name),
                    None => TOLD.iter().for_each(|name| self.tell_setting(name)),
                }
            }
            Statement::Discard(what) => return self.discard(what),
            Statement::Deallocate(name) => {
                if !self.portals.deallocate(name.as_deref()) {
                    let name = name.as_deref().unwrap_or_default();
                    return Err(Fault::new("26000", format!("unknown prepared statement {name}")));
                }
                if name.is_none() {
                    return Ok("DEALLOCATE ALL".into());
                }
            }
            Statement::Close(name) => {
                if !self.portals.close(name.as_deref()) {
                    let name = name.as_deref().unwrap_or_default();
                    return Err(Fault::new("34000", format!("unknown cursor {name}")));
                }
                if name.is_none() {
                    return Ok("CLOSE CURSOR ALL".into());
                }
            }
            _ => {}
        }
        Ok(statement.tag().to_owned())
    }

    fn discard(&mut self, what: &str) -> Result<String, Fault> {
        match what {
            "ALL" if self.transaction.is_open() => {
                return Err(Fault::new("25001", "DISCARD ALL does not stand in a transaction"));
            }
            "ALL" => {
                self.portals.close(None);
                self.portals.deallocate(None);
                self.settings.reset(None)?;
                for name in TOLD {
                    self.tell_setting(name);
                }
            }
            "PLANS" | "SEQUENCES" | "TEMP" | "TEMPORARY" => {}
            _ => return Err(Fault::new("42601", "DISCARD takes ALL, PLANS, SEQUENCES or TEMP")),
        }
        Ok(format!("DISCARD {what}"))
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Fault> {
        self.settings.set(name, value)?;
        self.tell_if_told(name);
        Ok(())
    }

    fn tell_if_told(&mut self, name: &str) {
        if let Some(told) = TOLD.iter().find(|told| told.eq_ignore_ascii_case(name)) {
            self.tell_setting(told);
        }
    }
}
