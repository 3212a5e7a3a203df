//! The calls of Flight, each of them: who calls is known before (`login`).

use std::pin::Pin;
use std::sync::Arc;

use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Command, DoPutPreparedStatementResult};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaAsIpc, SchemaResult, Ticket,
};
use futures::{Stream, StreamExt, stream};
use prost::Message;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::actions::{self, DONE};
use super::command::{described, no_update, unsupported, writes};
use super::door::Door;
use super::login::{PROTOCOL, Who, secret};
use super::told::of_arrow;
use super::values::Values;
use crate::serve::access::{Ended, Ending, Entry};

type Several<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The head that names a source.
const DATABASE: &str = "database";

/// Bytes of notes at most in the head of rows, and what stands there instead of more.
const NOTES: usize = 4 << 10;
const MANY_NOTES: &str = r#"["files that the query needs are damaged; `results validate` names them"]"#;

/// The service, as it is called.
#[derive(Debug)]
pub(super) struct Service(pub(super) Arc<Door>);

/// The source that a call names.
fn database(heads: &MetadataMap) -> Result<Option<String>, Ended> {
    let Some(value) = heads.get(DATABASE) else { return Ok(None) };
    let name = std::str::from_utf8(value.as_bytes()).map_err(|_| {
        let words = "the head `database` is not a text\n(hint: write the name as UTF-8, or in the query: \
                     \"NAME\".public.te)";
        Ended::new(Ending::Invalid, words)
    })?;
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

fn several<T: Send + 'static>(all: impl IntoIterator<Item = T, IntoIter: Send + 'static>) -> Several<T> {
    stream::iter(all.into_iter().map(Ok)).boxed()
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Several<HandshakeResponse>;
    type ListFlightsStream = Several<FlightInfo>;
    type DoGetStream = Several<FlightData>;
    type DoPutStream = Several<PutResult>;
    type DoActionStream = Several<arrow_flight::Result>;
    type ListActionsStream = Several<ActionType>;
    type DoExchangeStream = Several<FlightData>;

    /// The login has been looked at: it is told how to send it from now on.
    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let who = Who::of(&request)?;
        let heads = request.metadata().clone().into_headers();
        let sent = secret(&heads).ok_or_else(|| Status::unauthenticated("nobody is signed in"))?;
        self.0.desk.access.audit.note(&Entry {
            event: "login",
            token: Some(who.token().to_owned()),
            address: who.caller.address.to_string(),
            protocol: PROTOCOL,
            ending: "ok".into(),
            ..Entry::default()
        });
        let bearer = format!("Bearer {}", sent.reveal()).parse();
        let bearer = bearer.map_err(|_| Status::unauthenticated("the token is not one of letters"))?;
        let mut response = Response::new(several([HandshakeResponse::default()]));
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        let words = "flights are not listed\n(hint: the commands of Flight SQL list sources and tables)";
        Err(Ended::new(Ending::NotSupported, words).into())
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let (who, database) = (Who::of(&request)?, database(request.metadata())?);
        Ok(Response::new(self.0.info(&who, database.as_deref(), request.into_inner()).await?))
    }

    /// There is nothing to wait for: whoever reads the rows waits for them.
    async fn poll_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        let info = self.get_flight_info(request).await?.into_inner();
        Ok(Response::new(PollInfo { info: Some(info), progress: Some(1.0), ..PollInfo::default() }))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let (who, database) = (Who::of(&request)?, database(request.metadata())?);
        let columns = self.0.columns(&who, database.as_deref(), request.get_ref()).await?;
        let result = SchemaAsIpc::new(&columns, &IpcWriteOptions::default()).try_into();
        Ok(Response::new(result.map_err(of_arrow)?))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let who = Who::of(&request)?;
        let (rows, notes) = self.0.rows(&who, &request.get_ref().ticket).await?;
        let mut response = Response::new(rows);
        // Clients take heads of 8 kB and fail with more: those are told of as too many.
        let notes = notes.map(|notes| if notes.len() > NOTES { MANY_NOTES.to_owned() } else { notes });
        if let Some(notes) = notes.and_then(|notes| notes.parse().ok()) {
            response.metadata_mut().insert("x-notes", notes);
        }
        Ok(response)
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let (who, database) = (Who::of(&request)?, database(request.metadata())?);
        let mut messages = request.into_inner();
        let first = messages.message().await?;
        let descriptor = first.as_ref().and_then(|first| first.flight_descriptor.clone());
        let descriptor = descriptor.unwrap_or_default();
        let handle = match described(&descriptor)? {
            Command::CommandPreparedStatementQuery(query) => query.prepared_statement_handle,
            Command::CommandStatementUpdate(update) => {
                return Err(self.0.no_update(&who, database.as_deref(), update.query).await.into());
            }
            Command::CommandPreparedStatementUpdate(_) => return Err(no_update().into()),
            Command::CommandStatementIngest(_) => return Err(writes("rows are not taken").into()),
            other => return Err(unsupported(other.type_url()).into()),
        };
        let mut values = Values::default();
        let mut next = first;
        while let Some(data) = next {
            values.add(&data)?;
            next = messages.message().await?;
        }
        self.0.bind(&who, &handle, values.finish()?)?;
        let result = DoPutPreparedStatementResult { prepared_statement_handle: Some(handle) };
        Ok(Response::new(several([PutResult { app_metadata: result.encode_to_vec().into() }])))
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let (who, database) = (Who::of(&request)?, database(request.metadata())?);
        let results = actions::act(&self.0, &who, database.as_deref(), request.get_ref()).await?;
        Ok(Response::new(several(results.into_iter().map(|body| arrow_flight::Result { body }))))
    }

    async fn list_actions(&self, _: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        let all = DONE.map(|(name, about)| ActionType { r#type: name.into(), description: about.into() });
        Ok(Response::new(several(all)))
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        let words = "nothing is exchanged\n(hint: ask for rows by GetFlightInfo and DoGet)";
        Err(Ended::new(Ending::NotSupported, words).into())
    }
}
