//! How answers end: whole, or with the reason, and never as if they were whole.

use std::time::{Duration, Instant};

use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult, Any, ProstMessageExt};
use arrow_flight::{CancelFlightInfoRequest, CancelFlightInfoResult};
use prost::Message;
use tonic::Code;

use super::super::super::world::World;
use super::super::hostile::{Hostile, hostile};
use super::super::tokens::token;
use super::super::{ENDLESS, Service, merged, metric, patient, service, service_with};
use super::{Flight, query, ticket};

/// Rows without an end of which nobody reads more than a beginning.
const MANY: &str = "select n, repeat('x', 100) as x from (select unnest(range(1, 3000000)) as n)";

fn is_idle(service: &Service) -> bool {
    service.get("/api/v1/queries").text() == "[]"
}

#[test]
#[ignore = "long"]
fn after_each_hostile_query_the_connection_answers() {
    let service = service_with(|settings| {
        settings.limits.memory = 300_000_000;
        settings.limits.time = Duration::from_secs(3);
        settings.limits.flow = Duration::from_secs(6);
        settings.limits.stall = Duration::from_secs(3);
    });
    let mut flight = Flight::open(&service);
    for Hostile { name, sql, has_rows } in hostile() {
        let answer = flight.query(&sql);
        assert!(has_rows || answer.is_err(), "{name} is answered");
        if let Err(said) = answer {
            let known =
                [Code::InvalidArgument, Code::ResourceExhausted, Code::DeadlineExceeded, Code::Unimplemented];
            assert!(known.contains(&said.code()) && !said.message().is_empty(), "{name}: {said}");
        }
        assert_eq!(flight.lines("select 1 as n"), ["1"], "after {name}");
    }
    service.until("all have ended", is_idle);
}

#[test]
#[ignore = "long"]
fn an_answer_that_breaks_off_ends_with_the_reason() {
    let service = service();
    let mut flight = Flight::open(&service);
    let sql = "select cast(case when n = 2900000 then 'x' else '1' end as bigint) as n \
               from (select unnest(range(1, 3000000)) as n)";
    let info = flight.info(&query(sql)).unwrap();
    let mut messages = flight.messages(ticket(&info)).unwrap();
    let mut came = 0;
    let said = loop {
        match flight.next(&mut messages) {
            Ok(Some(_)) => came += 1,
            Ok(None) => panic!("it ended as if it were whole after {came} messages"),
            Err(said) => break said,
        }
    };
    assert!(came > 1 && said.code() == Code::InvalidArgument, "{came}: {said}");
    // The same ticket is good for another try.
    assert!(flight.read(ticket(&info)).is_err());
    assert_eq!(flight.lines("select 1 as n"), ["1"]);
}

#[test]
#[ignore = "long"]
fn messages_stay_below_four_megabytes_but_for_one_cell() {
    let service = service();
    let mut flight = Flight::open(&service);
    let most = 4 << 20;
    for sql in [
        MANY.replace("3000000", "300000"),
        "select n, repeat('y', 1000000) as x from (select unnest(range(1, 30)) as n)".into(),
        "select n, repeat('z', case when n % 1000 = 0 then 3000000 else 1 end) as x from (select unnest(range(1, 5000)) as n)".into(),
    ] {
        let info = flight.info(&query(&sql)).unwrap();
        let mut messages = flight.messages(ticket(&info)).unwrap();
        let mut sent = 0;
        while let Some(message) = flight.next(&mut messages).unwrap() {
            assert!(message.encoded_len() < most, "{sql}: {}", message.encoded_len());
            sent += 1;
        }
        assert!(sent > 2, "{sql}");
    }
    let long = "select repeat('x', 30000000) as x";
    let said = flight.query(long).unwrap_err();
    assert_eq!(said.code(), Code::OutOfRange, "the client's own limit: {said}");
    flight.client = flight.client.clone().max_decoding_message_size(64 << 20);
    let rows = flight.query(long).unwrap();
    assert_eq!(rows[0].num_rows(), 1);
    assert_eq!(flight.lines("select 1 as n"), ["1"]);
}

#[test]
#[ignore = "long"]
fn a_query_is_ended_by_whoever_asked_it() {
    let service = service_with(patient);
    let mut flight = Flight::open(&service);
    let anna = token(merged(), &service, "anna", &[]);
    // A stream that is dropped.
    let info = flight.info(&query(MANY)).unwrap();
    let mut messages = flight.messages(ticket(&info)).unwrap();
    flight.next(&mut messages).unwrap().unwrap();
    let since = Instant::now();
    drop(messages);
    service.until("it has ended", is_idle);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    // The action; another token has no such ticket.
    let mut messages = flight.messages(ticket(&info)).unwrap();
    flight.next(&mut messages).unwrap().unwrap();
    let asked = CancelFlightInfoRequest { info: Some(info.clone()) }.encode_to_vec();
    let said = Flight::of_token(&service, &anna).act("CancelFlightInfo", asked.clone()).unwrap_err();
    assert_eq!(said.code(), Code::NotFound);
    let told = flight.act("CancelFlightInfo", asked.clone()).unwrap();
    assert_eq!(CancelFlightInfoResult::decode(&*told[0]).unwrap().status, 1);
    let said = loop {
        match flight.next(&mut messages) {
            Ok(Some(_)) => {}
            end => break end.unwrap_err(),
        }
    };
    assert_eq!(said.code(), Code::Cancelled, "{said}");
    assert_eq!(flight.act("CancelFlightInfo", asked).unwrap_err().code(), Code::NotFound);
    service.until("it has ended", is_idle);
    // Its elder, of a query that nobody reads.
    let info = flight.info(&query("select 1 as n")).unwrap();
    let asked = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
    let told = flight.act("CancelQuery", asked.as_any().encode_to_vec()).unwrap();
    let told: ActionCancelQueryResult = Any::decode(&*told[0]).unwrap().unpack().unwrap().unwrap();
    assert_eq!(told.result, 3, "it was not at work");
    assert_eq!(flight.read(ticket(&info)).unwrap_err().code(), Code::NotFound);
}

#[test]
fn a_query_is_ended_over_http() {
    let service = service();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| Flight::open(&service).query(ENDLESS).unwrap_err());
        service.until("it is at work", |service| metric(service, "results_queries_running") == 1);
        // What was at work may have been its plan, and over by now.
        while !asked.is_finished() {
            for query in service.get("/api/v1/queries").json().as_array().unwrap() {
                service.put("POST", &format!("/api/v1/queries/{}/cancel", query["id"]), "");
            }
        }
        let said = asked.join().unwrap();
        assert!(said.code() == Code::Cancelled && said.message() == "the query was cancelled", "{said}");
    });
}

#[test]
fn what_a_token_opened_ends_within_two_seconds_of_its_end() {
    let service = service_with(patient);
    let anna = token(merged(), &service, "anna", &[]);
    let mut flight = Flight::of_token(&service, &anna);
    let info = flight.info(&query(MANY)).unwrap();
    let mut messages = flight.messages(ticket(&info)).unwrap();
    flight.next(&mut messages).unwrap().unwrap();
    let waiting = flight.info(&query("select 1 as n")).unwrap();
    let prepared = flight.prepare("select 1 as n").unwrap().prepared_statement_handle;
    merged().expect(0, &["token", "revoke", "anna", "--state", service.state.to_str().unwrap()]);
    let since = Instant::now();
    // Nobody asks anything meanwhile, which would have the service look at its tokens.
    service.until("the query has ended", |service| {
        service.audit().iter().any(|line| line["sql"] == MANY && line["ending"] == "cancelled")
    });
    assert!(since.elapsed() <= Duration::from_secs(2), "{:?}", since.elapsed());
    assert!(is_idle(&service));
    let said = loop {
        match flight.next(&mut messages) {
            Ok(Some(_)) => {}
            end => break end.unwrap_err(),
        }
    };
    assert_eq!(said.code(), Code::Cancelled, "{said}");
    let command = arrow_flight::sql::CommandPreparedStatementQuery { prepared_statement_handle: prepared };
    for said in [flight.read(ticket(&waiting)).unwrap_err(), flight.rows(&command).unwrap_err()] {
        assert_eq!(said.code(), Code::Unauthenticated, "{said}");
    }
    assert_eq!(Flight::open(&service).lines("select 1 as n"), ["1"], "others go on");
}

#[test]
fn damaged_files_that_are_left_out_are_told_before_the_rows() {
    let world = World::new(2);
    world.analyse("run", &[]);
    let service = Service::start(&[world.path("run")], |_| {});
    let mut flight = Flight::open(&service);
    let sql = "select user_id from te order by user_id";
    let mut notes = || {
        let info = flight.info(&query(sql)).unwrap();
        let asked = flight.request(ticket(&info));
        let reply = flight.runtime.block_on(flight.client.do_get(asked)).unwrap();
        reply.metadata().get("x-notes").map(|notes| notes.to_str().unwrap().to_owned())
    };
    assert_eq!(notes(), None);
    std::fs::remove_file(world.table_files("run", "te").first().unwrap()).unwrap();
    let told: Vec<String> = serde_json::from_str(&notes().unwrap()).unwrap();
    assert!(told[0].contains("damaged") && told[0].contains("user u0"), "{told:?}");
    assert!(!told[0].contains(world.path("run").to_str().unwrap()), "{told:?}");
}

#[test]
fn every_query_is_written_down() {
    let service = service();
    let mut flight = Flight::open(&service);
    flight.lines("select 5 as n");
    flight.query("selec 6").unwrap_err();
    for (sql, ending) in
        [("select 5 as n", "ok"), ("columns of select 5 as n", "ok"), ("columns of selec 6", "syntax")]
    {
        service.until("it is written", |service| {
            service.audit().iter().any(|line| {
                line["sql"] == sql
                    && line["protocol"] == "flight"
                    && line["ending"] == ending
                    && line["token"] == "results"
            })
        });
    }
    assert!(metric(&service, "results_queries_total{protocol=\"flight\",ending=\"ok\"}") >= 2);
}
