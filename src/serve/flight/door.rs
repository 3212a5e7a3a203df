//! What the calls share: tickets, prepared statements, and how a command becomes columns or rows.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow_flight::sql::{
    ActionCreatePreparedStatementResult, Any, Command, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use bytes::Bytes;
use prost::Message;

use super::command::{command, described, no_update, outside, plain, request, unsupported, writes};
use super::info::STATEMENTS;
use super::kept::{Full, Kept};
use super::listing;
use super::login::Who;
use super::prepared::Prepared;
use super::rows::{self, Rows, encoded};
use super::statement::{Statement, Waiting};
use super::tables;
use crate::serve::access::Ended;
use crate::serve::desk::{Desk, Held};

/// Tickets at most over a connection whose rows nobody has read.
const TICKETS: usize = 1000;

/// What the calls share.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) desk: Arc<Desk>,
    tickets: Arc<Kept<Waiting>>,
    prepared: Kept<Prepared>,
}

impl Door {
    pub(super) fn new(desk: &Arc<Desk>) -> Self {
        Self {
            desk: Arc::clone(desk),
            tickets: Arc::new(Kept::new("ticket", TICKETS, Full::OldestGoes)),
            prepared: Kept::new("prepared statement", STATEMENTS, Full::Refuses),
        }
    }

    /// Lets go what nobody has used for long.
    pub(super) fn give_up(&self) {
        self.tickets.give_up();
        self.prepared.give_up();
    }

    /// Lets go what somebody keeps over a connection.
    pub(super) fn leave(&self, who: &Who) {
        self.tickets.leave(who);
        self.prepared.leave(who);
    }

    /// Columns and ticket of what a command asks for.
    pub(super) async fn info(
        &self,
        who: &Who,
        database: Option<&str>,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Ended> {
        let (columns, ticket) = match described(&descriptor)? {
            Command::CommandStatementQuery(query) => {
                outside(query.transaction_id.as_deref())?;
                let statement = Statement::new(&self.desk, who, database, query.query)?;
                let held = Held::default();
                let columns = statement.shape(&self.desk, who, &held).await?.rows;
                (columns, self.ticket(who, statement, held)?)
            }
            Command::CommandPreparedStatementQuery(query) => {
                let prepared = self.prepared.get(who, &query.prepared_statement_handle)?;
                let (statement, held) = (prepared.statement(), Held::default());
                let columns = match prepared.columns() {
                    Some(columns) => SchemaRef::clone(columns),
                    None => statement.shape(&self.desk, who, &held).await?.rows,
                };
                (columns, self.ticket(who, statement, held)?)
            }
            other => match listing::columns(&other) {
                Some(columns) => {
                    let ticket = tables::of_connection(other, database).into_any();
                    (columns, ticket.encode_to_vec().into())
                }
                None => return Err(refused(&other)),
            },
        };
        let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(ticket));
        Ok(FlightInfo {
            schema: encoded(&columns)?,
            ordered: true,
            ..FlightInfo::new().with_descriptor(descriptor).with_endpoint(endpoint)
        })
    }

    fn ticket(&self, who: &Who, statement: Statement, held: Held) -> Result<Bytes, Ended> {
        let bytes = statement.bytes();
        let statement_handle = self.tickets.put(who, Waiting::new(statement, held), bytes)?;
        Ok(TicketStatementQuery { statement_handle }.as_any().encode_to_vec().into())
    }

    /// Columns of what a command asks for.
    pub(super) async fn columns(
        &self,
        who: &Who,
        database: Option<&str>,
        descriptor: &FlightDescriptor,
    ) -> Result<SchemaRef, Ended> {
        match described(descriptor)? {
            Command::CommandStatementQuery(query) => {
                outside(query.transaction_id.as_deref())?;
                let statement = Statement::new(&self.desk, who, database, query.query)?;
                Ok(statement.shape(&self.desk, who, &Held::default()).await?.rows)
            }
            Command::CommandPreparedStatementQuery(query) => {
                let prepared = self.prepared.get(who, &query.prepared_statement_handle)?;
                match prepared.columns() {
                    Some(columns) => Ok(SchemaRef::clone(columns)),
                    None => Ok(prepared.statement().shape(&self.desk, who, &Held::default()).await?.rows),
                }
            }
            other => listing::columns(&other).ok_or_else(|| refused(&other)),
        }
    }

    /// Rows of what a ticket is for, with what has to be known of them.
    pub(super) async fn rows(&self, who: &Who, ticket: &[u8]) -> Result<(Rows, Option<String>), Ended> {
        match command(ticket)? {
            Command::TicketStatementQuery(ticket) => {
                let handle = ticket.statement_handle;
                let waiting = self.tickets.get(who, &handle)?;
                let (tickets, reader) = (Arc::clone(&self.tickets), who.clone());
                self.answer(who, &waiting, move || drop(tickets.remove(&reader, &handle))).await
            }
            Command::CommandPreparedStatementQuery(query) => {
                let prepared = self.prepared.get(who, &query.prepared_statement_handle)?;
                let waiting = Arc::new(Waiting::new(prepared.statement(), Held::default()));
                self.answer(who, &waiting, || ()).await
            }
            other if listing::columns(&other).is_some() => {
                Ok((rows::of_batch(listing::rows(&self.desk, who, other).await?), None))
            }
            other => Err(refused(&other)),
        }
    }

    async fn answer(
        &self,
        who: &Who,
        waiting: &Arc<Waiting>,
        whole: impl FnOnce() + Send + 'static,
    ) -> Result<(Rows, Option<String>), Ended> {
        let begun = waiting.statement.rows(&self.desk, who, &waiting.held).await?;
        let at_work = waiting.works(begun.answer.id);
        let notes = begun.notes_in_a_head();
        Ok((rows::of_answer(begun, at_work, whole), notes))
    }

    /// Plans a statement, and keeps it.
    pub(super) async fn prepare(
        &self,
        who: &Who,
        database: Option<&str>,
        sql: String,
    ) -> Result<ActionCreatePreparedStatementResult, Ended> {
        let statement = Statement::new(&self.desk, who, database, sql)?;
        let shape = statement.shape(&self.desk, who, &Held::default()).await?;
        let (dataset_schema, parameter_schema) = (encoded(&shape.rows)?, encoded(&shape.parameters)?);
        let bytes = statement.bytes() + dataset_schema.len() + parameter_schema.len();
        let prepared_statement_handle = self.prepared.put(who, Prepared::new(statement, shape), bytes)?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle,
            dataset_schema,
            parameter_schema,
        })
    }

    /// Gives the parameters of a prepared statement values.
    pub(super) fn bind(&self, who: &Who, handle: &[u8], values: Bytes) -> Result<(), Ended> {
        self.prepared.get(who, handle).map(|prepared| prepared.bind(values))
    }

    /// Lets a prepared statement go; one that is gone is closed already.
    pub(super) fn close(&self, who: &Who, handle: &[u8]) {
        self.prepared.remove(who, handle);
    }

    /// Why a statement is not done as an update: what it would write, or else that it only reads.
    pub(super) async fn no_update(&self, who: &Who, database: Option<&str>, sql: String) -> Ended {
        let looked = async {
            let statement = Statement::new(&self.desk, who, database, sql)?;
            statement.shape(&self.desk, who, &Held::default()).await
        };
        match looked.await {
            Err(ended) => ended,
            Ok(_) => no_update(),
        }
    }

    /// Ends what was asked by a [`FlightInfo`]; whether it was at work.
    pub(super) fn cancel(&self, who: &Who, info: &FlightInfo) -> Result<bool, Ended> {
        let mut ended = false;
        for endpoint in &info.endpoint {
            let ticket = endpoint.ticket.as_ref().map(|ticket| &*ticket.ticket).unwrap_or_default();
            let any: Any = plain(ticket)?;
            if !any.is::<TicketStatementQuery>() {
                continue;
            }
            let handle = request::<TicketStatementQuery>(ticket)?.statement_handle;
            let waiting = self.tickets.get(who, &handle)?;
            ended |= waiting.cancel(&self.desk, who);
            self.tickets.remove(who, &handle);
        }
        Ok(ended)
    }
}

/// What is said of a command that does not ask for rows.
fn refused(command: &Command) -> Ended {
    match command {
        Command::CommandStatementUpdate(_) | Command::CommandPreparedStatementUpdate(_) => no_update(),
        Command::CommandStatementIngest(_) => writes("rows are not taken"),
        other => unsupported(other.type_url()),
    }
}
