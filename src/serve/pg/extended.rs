//! Statements that are prepared, given values, described and carried out, each by a message of its own.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pgwire::api::Type;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete, PortalSuspended};
use pgwire::messages::response::EmptyQueryResponse;

use super::fault::Fault;
use super::fetch::Reply;
use super::params::Given;
use super::perform::Asked;
use super::portal::{Portal, Prepared};
use super::rows::Rows;
use super::scan::{is_list, parameters, statements};
use super::session::Session;
use super::statement::Statement;
use super::types::{Formats, description, type_of};
use super::wire::{Bind, Message, Parse, Which};
use crate::serve::access::Ending;

impl Session {
    /// Answers a message. After an error nothing is answered up to the next `Sync`.
    pub(super) async fn extended(&mut self, message: Message) -> Result<(), Fault> {
        let mut sql = String::new();
        let answered = match message {
            Message::Sync => {
                self.sync();
                return Ok(());
            }
            Message::Flush => return Ok(()),
            Message::Parse(parse) => {
                sql.clone_from(&parse.sql);
                self.parse(parse)
            }
            Message::Bind(bind) => self.bind(bind).await,
            Message::Describe(Which::Statement(name)) => self.describe(&name, &mut sql).await,
            Message::Describe(Which::Portal(name)) => self.describe_portal(&name, &mut sql).await,
            Message::Execute(name, most) => self.execute(name, most, &mut sql).await,
            Message::Close(Which::Statement(name)) => {
                self.portals.deallocate(Some(&name));
                self.wire.put(&CloseComplete::new());
                Ok(())
            }
            Message::Close(Which::Portal(name)) => {
                self.portals.close(Some(&name));
                self.wire.put(&CloseComplete::new());
                Ok(())
            }
            Message::Torn(_, code, words) => Err(Fault::new(code, words)),
            _ => Err(Fault::new("08P01", "a message that does not belong here")),
        };
        if let Err(fault) = answered {
            self.skips = true;
            self.failed(fault, &sql)?;
        }
        Ok(())
    }

    /// Both sides are at one again. What stood outside of a transaction is over.
    fn sync(&mut self) {
        self.skips = false;
        if !self.transaction.is_open() {
            self.portals.end();
        }
        self.ready();
    }

    fn parse(&mut self, parse: Parse) -> Result<(), Fault> {
        let Parse { name, sql, types } = parse;
        let all = statements(&sql);
        if all.len() > 1 {
            self.refused(&sql, Ending::Syntax);
            return Err(Fault::new("42601", "several statements are not prepared at once"));
        }
        // Without a `;` at its end: places in it stay what they are.
        let text = all.first().map(|one| (*one).to_owned());
        let statement = text.as_deref().map(|text| self.statement(text)).transpose()?;
        let sql = text.unwrap_or_default();
        let count = parameters(&sql) as usize;
        if count > usize::from(u16::MAX) {
            return Err(Fault::new("54023", "too many parameters"));
        }
        self.portals.prepare(&name, Prepared { sql, statement, types, count })?;
        self.wire.put(&ParseComplete::new());
        Ok(())
    }

    async fn bind(&mut self, bind: Bind) -> Result<(), Fault> {
        let prepared = self.portals.prepared(&bind.statement)?;
        if bind.values.len() != prepared.count {
            let words = format!(
                "{} values are given for {} parameters of the statement",
                bind.values.len(),
                prepared.count
            );
            return Err(Fault::new("08P01", words));
        }
        let values = if prepared.count > 0 { Some(self.values(&prepared, &bind).await?) } else { None };
        let portal = Portal {
            prepared,
            values,
            formats: Formats(bind.results),
            rows: None,
            declared: None,
            is_done: false,
            used: Instant::now(),
        };
        self.portals.open(&bind.portal, portal)?;
        self.wire.put(&BindComplete::new());
        Ok(())
    }

    /// Values as a child takes them.
    async fn values(&mut self, prepared: &Prepared, bind: &Bind) -> Result<Vec<u8>, Fault> {
        let is_said =
            |place| prepared.types.get(place).is_some_and(|said| *said != 0 && *said != Type::UNKNOWN.oid());
        // What a parameter is to be must be known of those only of which the client does not say it.
        let wanted = if (0..prepared.count).all(is_said) { None } else { self.parameters(prepared).await? };
        let given = Given {
            types: &prepared.types,
            wanted: wanted.as_ref(),
            formats: Formats(bind.formats.clone()),
            values: &bind.values,
        };
        given.stream()
    }

    /// What the parameters of a statement are to be, as far as that can be known.
    async fn parameters(&mut self, prepared: &Prepared) -> Result<Option<SchemaRef>, Fault> {
        let query = match &prepared.statement {
            Some(Statement::Query) => prepared.sql.as_str(),
            Some(Statement::Declare(declare)) => &prepared.sql[declare.query..],
            _ => return Ok(None),
        };
        if prepared.count == 0 {
            return Ok(None);
        }
        let shape = self.shape(query).await?;
        let field = |number: usize| {
            let name = number.to_string();
            let found = shape.parameters.field_with_name(&name).cloned();
            let field = found.unwrap_or_else(|_| Field::new(&name, DataType::Utf8, true));
            if *field.data_type() == DataType::Utf8 && is_list(query, number as u32) {
                return Field::new_list(name, Field::new_list_field(DataType::Utf8, true), true);
            }
            field
        };
        Ok(Some(Arc::new(Schema::new((1..=prepared.count).map(field).collect::<Vec<_>>()))))
    }

    async fn describe(&mut self, name: &str, sql: &mut String) -> Result<(), Fault> {
        let prepared = self.portals.prepared(name)?;
        sql.clone_from(&prepared.sql);
        let wanted = self.parameters(&prepared).await?;
        let kind = |place: usize| {
            let said = prepared.types.get(place).copied().filter(|said| *said != 0);
            let known = || wanted.as_ref().map_or(Type::TEXT, |schema| type_of(&schema.fields()[place]));
            said.unwrap_or_else(|| known().oid())
        };
        let kinds = (0..prepared.count).map(kind).collect();
        let rows = match &prepared.statement {
            Some(Statement::Query) => Some(SchemaRef::clone(&self.shape(&prepared.sql).await?.rows)),
            Some(statement) => self.known_columns(statement, &prepared.sql).await?,
            None => None,
        };
        self.wire.put(&ParameterDescription::new(kinds));
        self.tell_columns(rows.as_ref(), &Formats::default());
        Ok(())
    }

    /// Columns of what is answered without a child.
    async fn known_columns(&mut self, statement: &Statement, sql: &str) -> Result<Option<SchemaRef>, Fault> {
        match statement {
            Statement::Show(_) => {
                let formats = Formats::default();
                let asked = Asked { statement, sql, values: None, formats: &formats, tells: false };
                Ok(Some(SchemaRef::clone(self.rows_of(&asked).await?.schema())))
            }
            Statement::SetConfig(set) => {
                Ok(Some(SchemaRef::clone(Rows::known(&[&set.column], &[])?.schema())))
            }
            Statement::Fetch(fetch) if !fetch.moves => {
                let rows = self.portals.get(&fetch.name)?.rows.as_ref();
                Ok(rows.map(|rows| SchemaRef::clone(rows.schema())))
            }
            _ => Ok(None),
        }
    }

    fn tell_columns(&mut self, rows: Option<&SchemaRef>, formats: &Formats) {
        match rows {
            Some(schema) => self.wire.put(&description(schema, formats)),
            None => self.wire.put(&NoData::new()),
        }
    }

    async fn describe_portal(&mut self, name: &str, sql: &mut String) -> Result<(), Fault> {
        let portal = self.portals.get(name)?;
        let (prepared, formats) = (Arc::clone(&portal.prepared), portal.formats.clone());
        sql.clone_from(&prepared.sql);
        if let Some(rows) = &portal.rows {
            let schema = SchemaRef::clone(rows.schema());
            self.tell_columns(Some(&schema), &formats);
            return Ok(());
        }
        let schema = match &prepared.statement {
            // It is carried out next: what it has is known then, and nothing is asked twice.
            Some(statement @ Statement::Query) => {
                self.transaction.check(statement)?;
                let values = portal.values.clone();
                let rows = self.ask(&prepared.sql, values, &prepared.sql).await?;
                let schema = SchemaRef::clone(rows.schema());
                self.portals.get(name)?.rows = Some(rows);
                Some(schema)
            }
            Some(statement) => self.known_columns(statement, &prepared.sql).await?,
            None => None,
        };
        self.tell_columns(schema.as_ref(), &formats);
        Ok(())
    }

    async fn execute(&mut self, name: String, most: u32, sql: &mut String) -> Result<(), Fault> {
        let mut portal = self.portals.take(&name)?;
        sql.clone_from(&portal.prepared.sql);
        let prepared = Arc::clone(&portal.prepared);
        let Some(statement) = &prepared.statement else {
            if portal.rows.is_some() {
                return self.rest(name, portal, most).await;
            }
            self.wire.put(&EmptyQueryResponse::new());
            return Ok(());
        };
        self.transaction.check(statement)?;
        let asked = Asked {
            statement,
            sql: &prepared.sql,
            values: portal.values.clone(),
            formats: &portal.formats,
            tells: false,
        };
        if !statement.asks() {
            let performed = self.perform(asked).await;
            // What it did may have ended the portal with all others.
            portal.is_done = true;
            return performed;
        }
        if portal.is_done {
            self.done(format!("{} 0", statement.tag()));
            self.portals.put_back(name, portal);
            return Ok(());
        }
        if portal.rows.is_none() {
            portal.rows = Some(self.rows_of(&asked).await?);
        }
        self.rest(name, portal, most).await
    }

    /// The next rows of a portal, so many at most; what is left waits.
    async fn rest(&mut self, name: String, mut portal: Portal, most: u32) -> Result<(), Fault> {
        let Some(mut rows) = portal.rows.take() else { return Ok(()) };
        let most = (most > 0).then_some(u64::from(most));
        let formats = portal.formats.clone();
        let sent = self.reply(&mut rows, Reply { formats: &formats, tells: false, most }).await?;
        if most == Some(sent) {
            self.portals.may_wait()?;
            let disk = self.place.desk.pool.limits().disk;
            rows.put_aside(&self.place.folder, disk)?;
            portal.rows = Some(rows);
            self.wire.put(&PortalSuspended::new());
        } else {
            portal.is_done = true;
            self.done(format!("SELECT {sent}"));
        }
        self.portals.put_back(name, portal);
        Ok(())
    }
}
