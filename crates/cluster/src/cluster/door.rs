//! What programs of the cluster ask each other besides Ballista's own messages: actions of Arrow Flight, whose questions
//! and answers are JSON. The scheduler says who there is; an executor, whether it sees what a merge or a query needs.

use std::pin::Pin;
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use async_trait::async_trait;
use ballista_core::utils::{GrpcClientConfig, create_grpc_client_endpoint};
use ballista_executor::flight_service::BallistaFlightService;
use futures::{Stream, StreamExt};
use results::merge::Division;
use results::sql::Asking;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};

use super::versions::Versions;

/// Asked of a scheduler.
pub(super) const ABOUT: &str = "results.about";
/// Asked of an executor.
pub(super) const PROBE: &str = "results.probe";

/// Largest message: a merge may name all users that must be there.
pub(super) const LARGEST: usize = 64 << 20;

/// Whoever answers at a port.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) versions: Versions,
    pub(super) executors: Vec<Member>,
}

/// An executor of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) cores: u32,
}

/// Whether an executor can do parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Probe {
    /// Of a merge, which a mark tells from others.
    Merge { merge: Division, mark: String },
    /// Of a query.
    Query(Asking),
}

impl Probe {
    /// Whether this process can.
    ///
    /// # Errors
    /// What is not seen.
    pub(super) fn look(&self) -> Result<(), String> {
        match self {
            Self::Merge { merge, mark } => merge.probe(mark),
            Self::Query(asking) => asking.look(),
        }
    }
}

/// What it says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Probed {
    pub(super) versions: Versions,
    pub(super) host: String,
    /// What it does not see.
    pub(super) fault: Option<String>,
}

/// Answers questions.
#[async_trait]
pub(super) trait Answers: Send + Sync + 'static {
    /// The answer as JSON; none to a question that is not known.
    async fn answer(&self, question: &str, body: &[u8]) -> Option<Result<Vec<u8>, String>>;
}

/// An answer as it is sent.
pub(super) fn told(answer: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(answer).map_err(|error| error.to_string())
}

/// A port that answers, and gives the rows of tasks where there are any.
pub(super) struct Door<A> {
    pub(super) answers: A,
    pub(super) rows: Option<BallistaFlightService>,
}

type Sent<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not a question to a cluster of results"))
}

#[async_trait]
impl<A: Answers> FlightService for Door<A> {
    type HandshakeStream = Sent<HandshakeResponse>;
    type ListFlightsStream = Sent<FlightInfo>;
    type DoGetStream = Sent<FlightData>;
    type DoPutStream = Sent<PutResult>;
    type DoExchangeStream = Sent<FlightData>;
    type DoActionStream = Sent<arrow_flight::Result>;
    type ListActionsStream = Sent<ActionType>;

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let Action { r#type, body } = request.into_inner();
        match self.answers.answer(&r#type, &body).await {
            None => not_here(),
            Some(Err(why)) => Err(Status::invalid_argument(why)),
            Some(Ok(body)) => {
                let answer = arrow_flight::Result { body: body.into() };
                Ok(Response::new(futures::stream::once(async move { Ok(answer) }).boxed()))
            }
        }
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        match &self.rows {
            Some(rows) => rows.do_get(request).await,
            None => not_here(),
        }
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        not_here()
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        not_here()
    }

    async fn get_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        not_here()
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        not_here()
    }

    async fn get_schema(&self, _: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        not_here()
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        not_here()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        not_here()
    }

    async fn list_actions(&self, _: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        not_here()
    }
}

/// A connection that is made when something is asked, and anew when it is lost. A question that is not answered in so
/// many seconds is not answered.
pub(super) fn channel(host: &str, port: u16, seconds: u64) -> Result<Channel, String> {
    let config = GrpcClientConfig {
        connect_timeout_seconds: seconds,
        timeout_seconds: seconds,
        ..GrpcClientConfig::default()
    };
    let endpoint = create_grpc_client_endpoint(format!("http://{host}:{port}"), Some(&config));
    Ok(endpoint.map_err(|error| format!("{host}:{port} is not an address: {error}"))?.connect_lazy())
}

/// Asks a program of the cluster.
///
/// # Errors
/// It does not answer, or is something else; in words that follow a name.
pub(super) async fn ask<T: DeserializeOwned>(
    (host, port): (&str, u16),
    question: &str,
    body: Vec<u8>,
    patience: Duration,
) -> Result<T, String> {
    let mut client = FlightServiceClient::new(channel(host, port, patience.as_secs())?)
        .max_encoding_message_size(LARGEST)
        .max_decoding_message_size(LARGEST);
    let asked = async {
        let action = Action { r#type: question.to_owned(), body: body.into() };
        client.do_action(action).await?.into_inner().message().await
    };
    let answer = match tokio::time::timeout(patience, asked).await {
        Err(_) => return Err(format!("does not answer within {} s", patience.as_secs())),
        Ok(Err(status)) if status.code() == tonic::Code::Unimplemented => {
            return Err("is something else than results-cluster".to_owned());
        }
        Ok(Err(status)) => return Err(format!("does not answer: {}", words_of(&status))),
        Ok(Ok(answer)) => answer.map(|answer| answer.body).unwrap_or_default(),
    };
    serde_json::from_slice(&answer).map_err(|_| "is something else than this results-cluster".to_owned())
}

/// What keeps a question from being answered, without the words of the protocol.
pub(super) fn words_of(status: &Status) -> String {
    let mut cause: &(dyn std::error::Error + 'static) = status;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<Status>() { status.message().to_owned() } else { cause.to_string() }
}
