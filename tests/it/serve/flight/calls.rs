//! Nobody calls without a login, whatever they call.

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{CommandGetCatalogs, ProstMessageExt};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use futures::stream::{self, BoxStream};
use prost::Message;
use tonic::{Code, Request, Response, Status, Streaming};

use super::super::tokens::token;
use super::super::{Service, merged, metric, service};
use super::Flight;

type Several<T> = BoxStream<'static, Result<T, Status>>;

/// The calls of the service definition. One that is added to it one day does not compile here until it is named; then it
/// belongs into [`all`].
struct Definition;

#[tonic::async_trait]
impl FlightService for Definition {
    type HandshakeStream = Several<HandshakeResponse>;
    type ListFlightsStream = Several<FlightInfo>;
    type DoGetStream = Several<FlightData>;
    type DoPutStream = Several<PutResult>;
    type DoActionStream = Several<arrow_flight::Result>;
    type ListActionsStream = Several<ActionType>;
    type DoExchangeStream = Several<FlightData>;

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        unreachable!()
    }

    async fn list_flights(&self, _: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        unreachable!()
    }

    async fn get_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        unreachable!()
    }

    async fn poll_flight_info(&self, _: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        unreachable!()
    }

    async fn get_schema(&self, _: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        unreachable!()
    }

    async fn do_get(&self, _: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        unreachable!()
    }

    async fn do_put(&self, _: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        unreachable!()
    }

    async fn do_action(&self, _: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        unreachable!()
    }

    async fn list_actions(&self, _: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        unreachable!()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        unreachable!()
    }
}

/// Actions of Flight and Flight SQL, and one that there is not.
const ACTIONS: [&str; 14] = [
    "CreatePreparedStatement",
    "ClosePreparedStatement",
    "CreatePreparedSubstraitPlan",
    "BeginTransaction",
    "EndTransaction",
    "BeginSavepoint",
    "EndSavepoint",
    "CancelQuery",
    "CancelFlightInfo",
    "RenewFlightEndpoint",
    "SetSessionOptions",
    "GetSessionOptions",
    "CloseSession",
    "Nonsense",
];

/// Calls everything once; gives how each ended.
fn all(flight: &mut Flight) -> Vec<(String, Result<(), Status>)> {
    let catalogs = CommandGetCatalogs {}.as_any().encode_to_vec();
    let descriptor = || FlightDescriptor::new_cmd(catalogs.clone());
    let mut ends = Vec::new();
    macro_rules! call {
        ($name:ident, $message:expr) => {{
            let request = flight.request($message);
            let end = flight.runtime.block_on(flight.client.$name(request)).map(drop);
            ends.push((stringify!($name).to_owned(), end));
        }};
    }
    call!(handshake, stream::iter([HandshakeRequest::default()]));
    call!(list_flights, Criteria::default());
    call!(get_flight_info, descriptor());
    call!(poll_flight_info, descriptor());
    call!(get_schema, descriptor());
    call!(do_get, Ticket::new(catalogs.clone()));
    call!(do_put, stream::iter([FlightData::default()]));
    call!(list_actions, Empty {});
    call!(do_exchange, stream::iter([FlightData::default()]));
    let own = flight.act("CreatePreparedStatement", Vec::new()).map(drop);
    ends.push(("do_action".into(), own));
    for name in ACTIONS {
        ends.push((name.into(), flight.act(name, Vec::new()).map(drop)));
    }
    ends
}

fn basic(user: &str, password: &str) -> String {
    let bytes = format!("{user}:{password}");
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("Basic ");
    for part in bytes.as_bytes().chunks(3) {
        let all = part.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for place in 0..4 {
            let six = (all >> (18 - 6 * place) & 63) as usize;
            text.push(if place <= part.len() { char::from(letters[six]) } else { '=' });
        }
    }
    text
}

#[test]
fn every_call_and_action_needs_a_login() {
    let _ = Definition;
    let service = service();
    let names: Vec<String> = {
        // From the first on: five that are wrong make the address wait.
        let mut flight = Flight::open(&service);
        let ends = all(&mut flight);
        assert!(
            ends.iter().all(|(_, end)| !matches!(end, Err(status) if status.code() == Code::Unauthenticated))
        );
        assert_eq!(ends.len(), 10 + ACTIONS.len());
        let of = |name: &str| ends.iter().find(|(own, _)| own == name).unwrap().1.as_ref();
        assert!(of("handshake").is_ok() && of("get_flight_info").is_ok() && of("do_get").is_ok());
        assert_eq!(of("do_exchange").unwrap_err().code(), Code::Unimplemented);
        for name in ["BeginTransaction", "CreatePreparedSubstraitPlan", "Nonsense", "SetSessionOptions"] {
            let said = of(name).unwrap_err();
            assert!(
                said.code() == Code::Unimplemented && said.message().contains("(hint:"),
                "{name}: {said}"
            );
        }
        ends.into_iter().map(|(name, _)| name).collect()
    };
    assert!(names.contains(&"do_action".to_owned()));
    for heads in [Vec::new(), vec![("authorization", "Bearer rs_wrong".to_owned())]] {
        let mut flight = Flight::with(&service, heads);
        for (name, end) in all(&mut flight) {
            let said = end.expect_err(&name);
            assert_eq!(said.code(), Code::Unauthenticated, "{name}: {said}");
        }
    }
}

/// Whether somebody is let in, and what is said if not.
fn asks(service: &Service, authorization: Option<String>) -> Result<(), (Code, String)> {
    let heads = authorization.map(|value| ("authorization", value)).into_iter().collect();
    let asked = Flight::with(service, heads).info(&CommandGetCatalogs {}).map(drop);
    asked.map_err(|status| (status.code(), status.message().to_owned()))
}

#[test]
#[ignore = "long"]
fn every_wrong_login_is_refused_with_the_same_words() {
    let service = service();
    let anna = token(merged(), &service, "anna", &[]);
    assert_eq!(asks(&service, Some(format!("Bearer {anna}"))), Ok(()));
    assert_eq!(asks(&service, Some(basic("whoever", &anna))), Ok(()));
    let state = service.state.to_str().unwrap().to_owned();
    merged().expect(0, &["token", "revoke", "anna", "--state", &state]);
    service.until("it has ended", |service| asks(service, Some(format!("Bearer {anna}"))).is_err());
    let wrong = [
        None,
        Some("Bearer rs_wrong".to_owned()),
        Some(format!("Bearer {anna}")),
        Some(basic(&service.token, "")),
        Some("Basic nonsense!".to_owned()),
        Some("Digest x".to_owned()),
    ];
    let mut said = Vec::new();
    for one in &wrong {
        // Whoever is wrong too often waits.
        let mut end = asks(&service, one.clone());
        service.until("the delay is over", |service| {
            if matches!(&end, Err((Code::Unauthenticated, words)) if !words.contains("too many")) {
                return true;
            }
            end = asks(service, one.clone());
            false
        });
        said.push(end.unwrap_err());
    }
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    let refused = service.audit().into_iter().filter(|line| line["event"] == "refused");
    assert!(refused.filter(|line| line["protocol"] == "flight").count() >= wrong.len());
    service.until("the delay is over", |service| {
        asks(service, Some(format!("Bearer {}", service.token))).is_ok()
    });
    assert!(metric(&service, "results_logins_refused_total") >= wrong.len() as u64);
}

#[test]
fn a_handshake_gives_what_later_calls_send() {
    let service = service();
    let flight = Flight::with(&service, vec![("authorization", basic("anyone", &service.token))]);
    let mut client = flight.client.clone();
    let request = flight.request(stream::iter([HandshakeRequest::default()]));
    let reply = flight.runtime.block_on(client.handshake(request)).unwrap();
    let bearer = reply.metadata().get("authorization").unwrap().to_str().unwrap().to_owned();
    let mut messages = reply.into_inner();
    let first = flight.runtime.block_on(messages.message()).unwrap();
    assert!(first.is_some() && flight.runtime.block_on(messages.message()).unwrap().is_none());
    let mut flight = Flight::with(&service, vec![("authorization", bearer)]);
    assert_eq!(flight.lines("select 1 + 1 as n"), ["2"]);
    let logins: Vec<_> = service.audit().into_iter().filter(|line| line["event"] == "login").collect();
    assert!(logins.len() == 1 && logins[0]["protocol"] == "flight", "{logins:?}");
    let text = std::fs::read_to_string(service.state.join("audit.ndjson")).unwrap();
    assert!(!text.contains(&service.token));
}
