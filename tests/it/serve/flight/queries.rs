//! Queries: what they give, what they are given, and of which source.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::compute::concat_batches;
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;
use arrow_flight::sql::{
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementIngest,
    CommandStatementSubstraitPlan, CommandStatementUpdate, ProstMessageExt, TicketStatementQuery,
};
use arrow_flight::{FlightDescriptor, Ticket};
use prost::Message;
use tonic::Code;

use super::super::tokens::token;
use super::super::{encoded, merged, service};
use super::{Flight, lines, query, ticket};

/// A row of values, with names.
fn row(values: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter(values.iter().map(|(name, value)| (*name, Arc::clone(value)))).unwrap()
}

fn number(value: f64) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value]))
}

fn whole(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn text(value: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![value]))
}

#[test]
fn rows_are_those_of_http_to_the_last_bit() {
    let service = service();
    let mut flight = Flight::open(&service);
    flight.heads.push(("database", "merged".into()));
    for sql in [
        "select * from te order by user_id, tau",
        "select * from users order by user_id",
        "select user_id, effective, p, q, direction from tests order by user_id, table_name, feature_mode, tau, direction",
        "select 0.1 + 0.2 as f, 'ä' as t, true as b, null as n, arrow_cast('NaN', 'Float64') as x, [1, 2] as l",
        "select * from te where false",
        "select date '2026-01-02' as d, timestamp '2026-01-02 03:04:05' as t, interval '1 day' as i",
    ] {
        let found = flight.query(sql).unwrap_or_else(|status| panic!("{sql}: {status}"));
        let reply = service.get(&format!("/api/v1/query?run=merged&sql={}&format=arrow", encoded(sql)));
        assert_eq!(reply.status, 200, "{sql}: {}", reply.text());
        let wanted: Vec<_> = StreamReader::try_new(&*reply.body, None).unwrap().map(Result::unwrap).collect();
        assert_eq!(lines(&found), lines(&wanted), "{sql}");
        if let (Some(one), Some(other)) = (found.first(), wanted.first()) {
            let one = concat_batches(&one.schema(), &found).unwrap();
            let other = concat_batches(&other.schema(), &wanted).unwrap();
            for (column, (one, other)) in one.columns().iter().zip(other.columns()).enumerate() {
                if one.data_type() == other.data_type() {
                    assert_eq!(one.to_data(), other.to_data(), "{sql}: {column}");
                }
            }
        }
    }
}

#[test]
fn a_query_that_ends_before_it_is_asked_is_written_down() {
    let service = service();
    let some = token(merged(), &service, "some", &["--sources", "merged"]);
    let mut flight = Flight::of_token(&service, &some);
    let long = format!("select '{}'", "x".repeat(300 << 10));
    for (database, sql, code, ending) in [
        ("run", "select 1", Code::NotFound, "not-found"),
        ("nothing", "select 2", Code::NotFound, "not-found"),
        ("merged", long.as_str(), Code::InvalidArgument, "too-large"),
    ] {
        flight.heads.truncate(1);
        flight.heads.push(("database", database.into()));
        assert_eq!(flight.query(sql).unwrap_err().code(), code, "{database}");
        let line = service.audit().pop().unwrap();
        assert!(
            line["event"] == "query" && line["token"] == "some" && line["protocol"] == "flight",
            "{line}"
        );
        assert!(line["source"] == database && line["ending"] == ending, "{line}");
        let kept = line["sql"].as_str().unwrap();
        assert!(sql.starts_with(kept.trim_end_matches('…')) && kept.len() < 1100, "{kept}");
    }
}

#[test]
fn parameters_are_numbers_names_or_marks() {
    let service = service();
    let mut flight = Flight::open(&service);
    let two = row(&[("0", number(0.5)), ("1", whole(2))]);
    for sql in [
        "select $1 as a, $2 as b",
        "select ? as a, ? as b",
        "select ? /* ? */ as a, ? as b -- ?",
        "select ? as a, ? as b from (select 'what?' as \"is?\") where \"is?\" = 'what?'",
        "select ? as a, ? as b where '''?''' = '''?'''",
    ] {
        let rows = flight.with_values(sql, two.clone()).unwrap_or_else(|status| panic!("{sql}: {status}"));
        assert_eq!(lines(&rows), ["0.5\t2"], "{sql}");
    }
    let named = row(&[("b", whole(2)), ("a", text("x?"))]);
    assert_eq!(lines(&flight.with_values("select $a as a, $b as b, $a as c", named).unwrap()), ["x?\t2\tx?"]);
    // Compared with columns they have the types of those.
    let sql = "select count(*) as n from te where p_A2S < ? and tau = ?";
    let prepared = flight.prepare(sql).unwrap();
    let command =
        CommandPreparedStatementQuery { prepared_statement_handle: prepared.prepared_statement_handle };
    let all = flight.lines("select count(*) as n from te where p_A2S < 2.0 and tau = 1");
    flight.put(&command, row(&[("0", number(2.0)), ("1", whole(1))])).unwrap();
    assert_eq!(lines(&flight.rows(&command).unwrap()), all);
    // The same statement with other values.
    flight.put(&command, row(&[("0", number(-1.0)), ("1", whole(1))])).unwrap();
    assert_eq!(lines(&flight.rows(&command).unwrap()), ["0"]);
    assert_eq!(
        lines(&flight.read(Ticket::new(command.as_any().encode_to_vec())).unwrap()),
        ["0"],
        "by itself"
    );
}

#[test]
fn values_that_do_not_fit_are_refused_in_words() {
    let service = service();
    let mut flight = Flight::open(&service);
    let several =
        RecordBatch::try_from_iter([("1", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    let nothing = several.slice(0, 0);
    for (sql, values, words) in [
        ("select $1 + 1 as n", several, "2 rows of values"),
        ("select $1 + 1 as n", nothing, "is missing"),
        ("select ? + $1 as n", row(&[("1", whole(1))]), "?"),
    ] {
        let said = flight.with_values(sql, values).unwrap_err();
        assert!(said.code() == Code::InvalidArgument && said.message().contains(words), "{sql}: {said}");
        assert!(said.message().contains("(hint:"), "{sql}: {said}");
        assert_eq!(flight.lines("select 1 as n"), ["1"], "after {sql}");
    }
    let none = flight.query("select $1 + 1 as n").unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument, "{none}");
    let few = flight.with_values("select $1 + $2 as n", row(&[("1", whole(1))])).unwrap_err();
    assert_eq!(few.code(), Code::InvalidArgument, "{few}");
    let gone = CommandPreparedStatementQuery { prepared_statement_handle: "gone".into() };
    for said in [flight.rows(&gone).unwrap_err(), flight.put(&gone, row(&[("1", whole(1))])).unwrap_err()] {
        assert!(said.code() == Code::NotFound && said.message().contains("begin again"), "{said}");
    }
}

#[test]
fn a_source_is_named_by_a_head_or_in_the_query() {
    let service = service();
    let mut flight = Flight::open(&service);
    let of = |flight: &mut Flight| flight.lines("select count(*) as n from users");
    // The first is the run; a merged output has no raw tables.
    assert_eq!(flight.lines("select count(*) > 0 as n from raw.users"), ["true"]);
    let own = of(&mut flight);
    assert_eq!(flight.lines("select count(*) as n from \"merged\".public.users"), own);
    let both = "select count(*) as n from run.public.te a join merged.public.te b using (user_id, tau, feature_mode)";
    let joined = flight.lines(both);
    flight.heads.push(("database", "merged".into()));
    assert_eq!((of(&mut flight), flight.lines(both)), (own, joined));
    assert!(flight.query("select * from raw.users").is_err());
    flight.heads[1].1 = "nowhere".into();
    let said = flight.query("select 1 as n").unwrap_err();
    assert!(said.code() == Code::NotFound && said.message().contains("there is run, merged"), "{said}");
}

#[test]
fn a_ticket_is_read_once_by_its_own_token() {
    let service = service();
    let anna = token(merged(), &service, "anna", &[]);
    let mut flight = Flight::open(&service);
    let mut other = Flight::of_token(&service, &anna);
    let first = ticket(&flight.info(&query("select 1 as n")).unwrap());
    let said = other.read(first.clone()).unwrap_err();
    let made_up = TicketStatementQuery { statement_handle: "made up".into() }.as_any().encode_to_vec();
    let unknown = other.read(Ticket::new(made_up)).unwrap_err();
    assert_eq!((said.code(), said.message()), (Code::NotFound, unknown.message()), "{said}");
    // Another connection of the same token may read it, and nobody after that.
    assert_eq!(lines(&Flight::open(&service).read(first.clone()).unwrap()), ["1"]);
    let again = flight.read(first).unwrap_err();
    assert!(again.code() == Code::NotFound && again.message().contains("until it was read"), "{again}");
    for nonsense in [Vec::new(), b"select 1".to_vec()] {
        let said = flight.read(Ticket::new(nonsense)).unwrap_err();
        assert!([Code::InvalidArgument, Code::Unimplemented].contains(&said.code()), "{said}");
    }
    assert_eq!(flight.lines("select 2 as n"), ["2"]);
}

#[test]
fn what_would_write_is_refused_with_the_words_of_http() {
    let service = service();
    let mut flight = Flight::open(&service);
    for sql in [
        "insert into te select * from te",
        "create table t as select 1",
        "drop table te",
        "copy te to 'x.csv'",
        "create external table t stored as csv location '/etc/passwd'",
        "set datafusion.execution.batch_size = 1",
    ] {
        let reply = service.query("run", sql);
        assert_eq!(reply.problem(), "would-write", "{sql}: {}", reply.text());
        let wanted = format!(
            "{}\n(hint: {})",
            reply.json()["detail"].as_str().unwrap(),
            reply.json()["hint"].as_str().unwrap()
        );
        let update = CommandStatementUpdate { query: sql.into(), transaction_id: None };
        let one = row(&[("1", whole(1))]);
        let ends = [
            flight.query(sql).map(drop).unwrap_err(),
            flight.prepare(sql).map(drop).unwrap_err(),
            flight.put(&update, one).unwrap_err(),
        ];
        for said in ends {
            assert_eq!((said.code(), said.message()), (Code::PermissionDenied, wanted.as_str()), "{sql}");
        }
        assert_eq!(flight.lines("select 1 as n"), ["1"], "after {sql}");
    }
    let one = || row(&[("1", whole(1))]);
    let query = CommandStatementUpdate { query: "select 1 as n".into(), transaction_id: None };
    let prepared = CommandPreparedStatementUpdate { prepared_statement_handle: "x".into() };
    let ingest = CommandStatementIngest { table: "te".into(), ..CommandStatementIngest::default() };
    let substrait = CommandStatementSubstraitPlan::default();
    for (said, code) in [
        (flight.put(&query, one()), Code::PermissionDenied),
        (flight.put(&prepared, one()), Code::PermissionDenied),
        (flight.put(&ingest, one()), Code::PermissionDenied),
        (flight.put(&substrait, one()), Code::Unimplemented),
        (flight.info(&substrait).map(drop), Code::Unimplemented),
        (flight.info(&ingest).map(drop), Code::PermissionDenied),
    ] {
        let said = said.unwrap_err();
        assert!(said.code() == code && said.message().contains("(hint:"), "{said}");
    }
}

#[test]
fn columns_are_told_without_rows() {
    let service = service();
    let flight = Flight::open(&service);
    let mut client = flight.client.clone();
    let command = query("select user_id, tau, p_A2S from te").as_any().encode_to_vec();
    let request = flight.request(FlightDescriptor::new_cmd(command));
    let told = flight.runtime.block_on(client.get_schema(request)).unwrap().into_inner();
    let told = arrow::datatypes::Schema::try_from(&told).unwrap();
    let names: Vec<_> = told.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["user_id", "tau", "p_A2S"]);
}

#[test]
#[ignore = "long"]
fn so_many_statements_are_prepared_and_no_more() {
    let service = service();
    let mut flight = Flight::open(&service);
    let handles: Vec<_> = (0..100).map(|_| flight.prepare("select 1 as n").unwrap()).collect();
    let said = flight.prepare("select 1 as n").map(drop).unwrap_err();
    assert!(
        said.code() == Code::ResourceExhausted && said.message().contains("100 prepared statements"),
        "{said}"
    );
    // Others have their own.
    assert!(Flight::open(&service).prepare("select 1 as n").is_ok());
    flight.act("CloseSession", Vec::new()).unwrap();
    let handle = handles[0].prepared_statement_handle.clone();
    assert!(flight.rows(&CommandPreparedStatementQuery { prepared_statement_handle: handle }).is_err());
    assert!(flight.prepare("select 1 as n").is_ok());
}
