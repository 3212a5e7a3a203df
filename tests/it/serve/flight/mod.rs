//! Flight SQL, as a client calls it.

mod calls;
mod ends;
mod listings;
mod queries;

use arrow::record_batch::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, Any, CommandPreparedStatementQuery, CommandStatementQuery,
    ProstMessageExt,
};
use arrow_flight::utils::batches_to_flight_data;
use arrow_flight::{Action, FlightData, FlightDescriptor, FlightInfo, Ticket};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};

use super::Service;

/// A connection.
pub(super) struct Flight {
    runtime: Runtime,
    client: FlightServiceClient<Channel>,
    /// Heads of every call.
    pub(super) heads: Vec<(&'static str, String)>,
}

impl Flight {
    /// With the token of the service.
    pub(super) fn open(service: &Service) -> Self {
        Self::of_token(service, &service.token)
    }

    /// With another token.
    pub(super) fn of_token(service: &Service, token: &str) -> Self {
        Self::with(service, vec![("authorization", format!("Bearer {token}"))])
    }

    /// With heads of every call.
    pub(super) fn with(service: &Service, heads: Vec<(&'static str, String)>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{}", service.address)).unwrap();
        let channel = {
            let _inside = runtime.enter();
            endpoint.connect_lazy()
        };
        Self { runtime, client: FlightServiceClient::new(channel), heads }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for (name, value) in &self.heads {
            request.metadata_mut().insert(*name, value.parse().unwrap());
        }
        request
    }

    /// What a command is answered with.
    pub(super) fn info(&mut self, command: &impl ProstMessageExt) -> Result<FlightInfo, Status> {
        let request = self.request(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        Ok(self.runtime.block_on(self.client.get_flight_info(request))?.into_inner())
    }

    /// The messages of a ticket, as they come.
    pub(super) fn messages(&mut self, ticket: Ticket) -> Result<Streaming<FlightData>, Status> {
        let request = self.request(ticket);
        Ok(self.runtime.block_on(self.client.do_get(request))?.into_inner())
    }

    /// The next message.
    pub(super) fn next(&self, messages: &mut Streaming<FlightData>) -> Result<Option<FlightData>, Status> {
        self.runtime.block_on(messages.message())
    }

    /// The rows of a ticket.
    pub(super) fn read(&mut self, ticket: Ticket) -> Result<Vec<RecordBatch>, Status> {
        let messages = self.messages(ticket)?.map_err(|status| FlightError::Tonic(Box::new(status)));
        let batches = FlightRecordBatchStream::new_from_flight_data(messages).try_collect();
        self.runtime.block_on(batches).map_err(|error| match error {
            FlightError::Tonic(status) => *status,
            error => panic!("{error}"),
        })
    }

    /// The rows of a command.
    pub(super) fn rows(&mut self, command: &impl ProstMessageExt) -> Result<Vec<RecordBatch>, Status> {
        let info = self.info(command)?;
        let rows = self.read(ticket(&info))?;
        // What was told of the columns holds.
        if let Some(batch) = rows.first() {
            let told = info.try_decode_schema().unwrap();
            assert_eq!(told.fields(), batch.schema().fields());
        }
        Ok(rows)
    }

    /// The rows of a query.
    pub(super) fn query(&mut self, sql: &str) -> Result<Vec<RecordBatch>, Status> {
        self.rows(&query(sql))
    }

    /// The rows of a query as lines: values with a tab between them.
    pub(super) fn lines(&mut self, sql: &str) -> Vec<String> {
        lines(&self.query(sql).unwrap_or_else(|status| panic!("{sql}: {status}")))
    }

    /// What an action gives.
    pub(super) fn act(&mut self, name: &str, body: Vec<u8>) -> Result<Vec<Bytes>, Status> {
        let request = self.request(Action { r#type: name.into(), body: body.into() });
        let results = self.runtime.block_on(self.client.do_action(request))?.into_inner();
        self.runtime.block_on(results.map_ok(|result| result.body).try_collect())
    }

    /// Prepares a statement.
    pub(super) fn prepare(&mut self, sql: &str) -> Result<ActionCreatePreparedStatementResult, Status> {
        let asked = ActionCreatePreparedStatementRequest { query: sql.into(), transaction_id: None };
        let results = self.act("CreatePreparedStatement", asked.as_any().encode_to_vec())?;
        Ok(Any::decode(&*results[0]).unwrap().unpack().unwrap().unwrap())
    }

    /// Sends rows with a command.
    pub(super) fn put(&mut self, command: &impl ProstMessageExt, rows: RecordBatch) -> Result<(), Status> {
        let mut data = batches_to_flight_data(&rows.schema(), vec![rows]).unwrap();
        data[0].flight_descriptor = Some(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        let request = self.request(stream::iter(data));
        let results = self.runtime.block_on(self.client.do_put(request))?.into_inner();
        self.runtime.block_on(results.map(|result| result.map(drop)).try_collect())
    }

    /// The rows of a statement that is prepared, given values, asked and closed.
    pub(super) fn with_values(&mut self, sql: &str, values: RecordBatch) -> Result<Vec<RecordBatch>, Status> {
        let handle = self.prepare(sql)?.prepared_statement_handle;
        let command = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
        self.put(&command, values)?;
        let rows = self.rows(&command);
        let close = ActionClosePreparedStatementRequest { prepared_statement_handle: handle };
        self.act("ClosePreparedStatement", close.as_any().encode_to_vec())?;
        rows
    }
}

/// A query.
pub(super) fn query(sql: &str) -> CommandStatementQuery {
    CommandStatementQuery { query: sql.into(), transaction_id: None }
}

/// The one ticket.
pub(super) fn ticket(info: &FlightInfo) -> Ticket {
    assert_eq!(info.endpoint.len(), 1);
    info.endpoint[0].ticket.clone().unwrap()
}

/// Rows as lines: values with a tab between them.
pub(super) fn lines(rows: &[RecordBatch]) -> Vec<String> {
    use arrow::util::display::{ArrayFormatter, FormatOptions};
    let options = FormatOptions::default();
    let of = |batch: &RecordBatch| {
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        let line = |row: usize| {
            let cells: Vec<_> = columns.iter().map(|column| column.value(row).to_string()).collect();
            cells.join("\t")
        };
        (0..batch.num_rows()).map(line).collect::<Vec<_>>()
    };
    rows.iter().flat_map(of).collect()
}
