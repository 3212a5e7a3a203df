//! What a token sees and takes, what ends with it, and what is written down of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::world::World;
use super::client::Download;
use super::live::Events;
use super::{ENDLESS, Service, encoded, merged, metric, patient, service, service_with};

/// A token that is made by the command.
pub(super) fn token(world: &World, service: &Service, name: &str, more: &[&str]) -> String {
    let state = service.state.to_str().unwrap();
    world.expect(0, &[&["token", "new", name, "--state", state], more].concat()).out.trim().to_owned()
}

#[test]
fn nothing_tells_a_token_of_sources_that_it_does_not_see() {
    let world = World::new(2);
    world.analyse("out/k6_full", &["--shard", "0/2"]);
    world.analyse("out/k7_hidden", &["--shard", "0/2"]);
    let service = Service::start(&[world.path("out")], |_| {});
    let anna = token(&world, &service, "anna", &["--sources", "k6*", "--may", "write-queries"]);
    let ben = token(&world, &service, "ben", &["--sources", "k7*"]);
    std::thread::scope(|scope| {
        // Somebody asks the other one meanwhile.
        let path = format!("/api/v1/query?run=k7_hidden&sql={}", encoded(ENDLESS));
        let asked = scope.spawn({
            let (service, ben) = (&service, ben.clone());
            move || service.get_as(&ben, &path)
        });
        service.until("it is asked", |service| service.get("/api/v1/queries").text().contains("k7_hidden"));
        for path in [
            "/",
            "/?filter=k7",
            "/sql",
            "/sql?run=k7_hidde&sql=select%201",
            "/saved",
            "/queries",
            "/run/k6_full",
            "/run/k7_hidde",
            "/nothing",
            "/api/v1/runs",
            "/api/v1/runs?state=incomplete",
            "/api/v1/runs/k6_full",
            "/api/v1/runs/nothing",
            "/api/v1/runs/k6_full/status",
            "/api/v1/runs/k6_full/tables",
            "/api/v1/queries",
            "/api/v1/query?run=k7&sql=select%201",
            "/api/v1/query?run=k6_full&sql=select%20*%20from%20k7_hiddn.te",
            "/api/v1/query?run=k6_full&sql=select%20*%20from%20information_schema.tables",
            "/api/v1/saved",
            "/metrics",
            "/readyz",
        ] {
            let reply = service.get_as(&anna, path);
            let told = reply.text();
            assert!(!told.contains("k7_hidden"), "{path}: {told}");
        }
        let mut events = Events::of_token(&service, &anna, "k6_full");
        assert!(!events.next().unwrap().1.to_string().contains("k7_hidden"));
        // What there is and what there is not are one to them.
        for path in [
            "runs/NAME",
            "runs/NAME/status",
            "runs/NAME/events",
            "runs/NAME/shards/0/log",
            "runs/NAME/tables",
            "runs/NAME/tables/te",
            "runs/NAME/tables/te/rows",
            "runs/NAME/tables/te/count",
            "runs/NAME/users",
            "runs/NAME/users/u00",
            "query?run=NAME&sql=select%201",
            "query/plan?run=NAME&sql=select%201",
        ] {
            let of = |name: &str| service.get_as(&anna, &format!("/api/v1/{}", path.replace("NAME", name)));
            let (hidden, absent) = (of("k7_hidden"), of("k7_absent"));
            assert_eq!((hidden.status, absent.status), (404, 404), "{path}");
            assert_eq!(hidden.text().replace("k7_hidden", "k7_absent"), absent.text(), "{path}");
        }
        assert_eq!(service.get_as(&ben, "/api/v1/runs").json().as_array().unwrap().len(), 1);
        assert_eq!(service.get("/api/v1/runs").json().as_array().unwrap().len(), 2);
        service.cancel(service.at_work(&ben, ENDLESS));
        assert_eq!(asked.join().unwrap().problem(), "cancelled");
    });
}

#[test]
#[ignore = "long"]
fn what_a_token_opened_ends_within_two_seconds_of_its_end() {
    let world = World::new(2);
    world.analyse("run", &["--shard", "0/2"]);
    let service = Service::start(&[world.path("run")], patient);
    let anna = token(&world, &service, "anna", &[]);
    let mut events = Events::of_token(&service, &anna, "run");
    assert_eq!(events.next().unwrap().0, "status");
    let form = format!("token={anna}");
    let signed_in = service.send(
        &["POST /login HTTP/1.1", &service.host(), "Content-Type: application/x-www-form-urlencoded"],
        form.as_bytes(),
    );
    let cookie = signed_in.head("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let with_session = || {
        let cookie = format!("Cookie: {cookie}");
        service.send(&["GET /api/v1/runs HTTP/1.1", &service.host(), &cookie], b"").status
    };
    assert_eq!(with_session(), 200);
    // A download of which nobody reads more than a beginning.
    let sql = "select n, repeat('x', 100) as x from (select unnest(range(1, 3000000)) as n)";
    let path = format!("/api/v1/query?run=run&sql={}&format=csv", encoded(sql));
    let mut download = Download::begin_as(&service, &anna, &path);
    assert!(download.read(1000) > 0);
    world.expect(0, &["token", "revoke", "anna", "--state", service.state.to_str().unwrap()]);
    let since = Instant::now();
    // Nobody asks anything meanwhile, which would have the service look at its tokens.
    while events.next().is_some() {}
    service.until("the query has ended", |service| {
        let ended =
            |line: &Value| line["token"] == "anna" && line["sql"] == sql && line["ending"] == "cancelled";
        service.audit().iter().any(ended)
    });
    let took = since.elapsed();
    assert!(took <= Duration::from_secs(2), "{took:?}");
    assert_eq!(service.get("/api/v1/queries").text(), "[]");
    assert_eq!(with_session(), 401);
    assert!(!download.rest().is_whole);
    assert_eq!(service.get("/api/v1/runs").status, 200, "others go on");
}

#[test]
fn nobody_has_more_than_half_of_the_queue() {
    let service = service_with(|settings| {
        settings.limits.queries = 1;
        settings.limits.queue = 4;
    });
    let (anna, ben) = (token(merged(), &service, "anna", &[]), token(merged(), &service, "ben", &[]));
    let endless = format!("/api/v1/query?run=merged&sql={}", encoded(ENDLESS));
    let short = "/api/v1/query?run=merged&sql=select%201%20as%20n";
    std::thread::scope(|scope| {
        let first = scope.spawn(|| service.get_as(&anna, &endless));
        service.until("it is at work", |service| metric(service, "results_queries_running") == 1);
        let waiting: Vec<_> = (0..2).map(|_| scope.spawn(|| service.get_as(&anna, short).status)).collect();
        service.until("two wait", |service| metric(service, "results_queries_waiting") == 2);
        let third = service.get_as(&anna, short);
        assert_eq!((third.status, third.problem().as_str()), (503, "queue-full"), "{}", third.text());
        assert!(third.text().contains("--queue"), "{}", third.text());
        // Another one has a place still.
        let other = scope.spawn(|| service.get_as(&ben, short).status);
        service.until("three wait", |service| metric(service, "results_queries_waiting") == 3);
        let running = service.get("/api/v1/queries").json();
        assert_eq!(running.as_array().unwrap().len(), 1, "{running}");
        service.put("POST", &format!("/api/v1/queries/{}/cancel", running[0]["id"]), "");
        assert_eq!(first.join().unwrap().problem(), "cancelled");
        assert_eq!(other.join().unwrap(), 200);
        assert!(waiting.into_iter().all(|one| one.join().unwrap() == 200));
    });
}

#[test]
fn every_query_and_every_refused_login_is_written_down() {
    let service = service();
    let of = |event: &str, service: &Service| -> Vec<Value> {
        service.audit().into_iter().filter(|line| line["event"] == event).collect()
    };
    for (path, sql) in [
        ("/api/v1/query?run=merged&sql=select%201%20as%20n", "select 1 as n"),
        ("/api/v1/query?run=merged&sql=selec%201", "selec 1"),
        ("/api/v1/query?run=merged&sql=create%20table%20t%20as%20select%201", "create table t as select 1"),
        ("/api/v1/query/plan?run=merged&sql=select%202", "plan of select 2"),
        ("/api/v1/runs/merged/tables/te/rows?limit=1", "table te"),
        ("/api/v1/runs/merged/tables/te/rows?format=csv", "table te"),
        ("/api/v1/runs/merged/tables/te/count", "count of te"),
        ("/api/v1/runs/merged/users", "ids of users"),
        ("/api/v1/runs/merged/users/u01", "user u01"),
        ("/api/v1/runs/run/status", "status"),
        ("/run/merged/table/te", "table te"),
        ("/run/merged/user/u01", "user u01"),
        ("/sql?run=merged&sql=select%203", "select 3"),
    ] {
        let before = of("query", &service).len();
        let reply = service.get(path);
        let mut lines = Vec::new();
        service.until("it is written", |service| {
            lines = of("query", service).split_off(before);
            !lines.is_empty()
        });
        let line = lines.iter().find(|line| line["sql"] == sql);
        let line = line.unwrap_or_else(|| panic!("{path}: {lines:?}"));
        for key in
            ["time", "token", "address", "protocol", "source", "sql_hash", "rows", "bytes", "ms", "ending"]
        {
            assert!(!line[key].is_null(), "{path}: {key}: {line}");
        }
        assert_eq!((&line["token"], &line["protocol"]), (&json!("results"), &json!("http")));
        let ending = if reply.status == 200 { "ok".to_owned() } else { reply.problem() };
        assert_eq!(line["ending"], ending, "{path}");
    }
    let form = |what: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        service.send(&["POST /login HTTP/1.1", &service.host(), kind], what.as_bytes()).status
    };
    assert_eq!(service.get_as("rs_wrong", "/metrics").status, 401);
    assert_eq!(form("token=rs_wrong"), 401);
    assert_eq!(service.send(&["GET /login?code=wrong HTTP/1.1", &service.host()], b"").status, 401);
    assert_eq!(of("refused", &service).len(), 3);
    assert_eq!(metric(&service, "results_logins_refused_total"), 3);
    assert_eq!(form(&format!("token={}", service.token)), 303);
    assert_eq!(of("login", &service).len(), 1);
    // Nothing of a secret is in it, a wrong one's neither.
    let text = std::fs::read_to_string(service.state.join("audit.ndjson")).unwrap();
    assert!(!text.contains("rs_wrong") && !text.contains(&service.token));
}

#[test]
fn what_ends_before_it_is_asked_is_written_down_too() {
    let service = service();
    let some = token(merged(), &service, "some", &["--sources", "merged"]);
    let queries = |service: &Service| -> Vec<Value> {
        service.audit().into_iter().filter(|line| line["event"] == "query").collect()
    };
    for (path, status, source, sql, ending) in [
        ("/api/v1/query?run=run&sql=select%201", 404, json!("run"), "select 1", "not-found"),
        ("/api/v1/query?run=nothing&sql=select%201", 404, json!("nothing"), "select 1", "not-found"),
        ("/api/v1/query?sql=select%202", 400, json!(null), "select 2", "invalid"),
        ("/api/v1/query/plan?run=run&sql=select%203", 404, json!("run"), "plan of select 3", "not-found"),
        ("/api/v1/runs/run", 404, json!("run"), "tables", "not-found"),
        ("/api/v1/runs/run/status", 404, json!("run"), "status", "not-found"),
        ("/api/v1/runs/run/tables/te/rows", 404, json!("run"), "table te", "not-found"),
        ("/api/v1/runs/run/users/u01", 404, json!("run"), "user u01", "not-found"),
        ("/api/v1/runs/run/queries/significant", 404, json!("run"), "query significant", "not-found"),
        (
            "/api/v1/runs/merged/tables/te/rows?snapshot=old",
            410,
            json!("merged"),
            "table te",
            "snapshot-gone",
        ),
        ("/sql?run=run&sql=select%204", 200, json!("run"), "select 4", "not-found"),
        ("/run/run", 404, json!("run"), "tables", "not-found"),
        ("/run/run/report", 404, json!("run"), "report", "not-found"),
    ] {
        let before = queries(&service).len();
        let reply = service.get_as(&some, path);
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let lines = queries(&service).split_off(before);
        let [line] = lines.as_slice() else { panic!("{path}: {lines:?}") };
        assert_eq!((&line["source"], &line["sql"], &line["ending"]), (&source, &json!(sql), &json!(ending)));
        assert_eq!((&line["token"], &line["protocol"]), (&json!("some"), &json!("http")), "{path}");
        for key in ["time", "address", "sql_hash", "rows", "bytes", "ms"] {
            assert!(!line[key].is_null(), "{path}: {key}: {line}");
        }
    }
    assert_eq!(metric(&service, "results_queries_total{protocol=\"http\",ending=\"snapshot-gone\"}"), 1);
    // One that is too long is known by its beginning and its hash: it drives nothing out of the log.
    let sql = format!("select '{}'", "x".repeat(300 << 10));
    let body = json!({"run": "merged", "sql": sql}).to_string();
    assert_eq!(service.put("POST", "/api/v1/query", &body).status, 413);
    let line = queries(&service).pop().unwrap();
    assert_eq!((&line["source"], &line["ending"]), (&json!("merged"), &json!("too-large")));
    let kept = line["sql"].as_str().unwrap();
    assert!(kept.starts_with("select 'xxx") && kept.len() < 1100, "{kept}");
    assert_eq!(line["sql_hash"], json!(blake3::hash(sql.as_bytes()).to_hex().to_string()));
    // Of one that was not read it is known who asked.
    let before = queries(&service).len();
    let body = json!({"run": "merged", "sql": "x".repeat(2 << 20)}).to_string();
    service.put("POST", "/api/v1/query", &body);
    service.until("it is written", |service| queries(service).len() > before);
    let line = queries(&service).pop().unwrap();
    assert!(line["ending"] == "too-large" && line["sql"].is_null(), "{line}");
}

#[test]
fn other_sources_of_a_query_are_those_that_the_token_sees() {
    let world = World::new(2);
    world.analyse("k6 old", &["--seed", "1"]);
    world.analyse("k6", &["--seed", "2"]);
    let dirs = [world.path("k6"), world.path("k6 old")];
    let service = super::Service::start(&dirs, |_| {});
    let both = "select count(*) as n from te join \"k6 old\".public.te as old using (user_id, tau) \
                join k6.public.te as own using (user_id, tau)";
    let found = service.query("k6", both);
    assert_eq!((found.status, found.json()[0]["n"].as_u64()), (200, Some(4)), "{}", found.text());
    let raw = service.query("k6%20old", "select count(*) as n from k6.raw.te");
    assert_eq!(raw.json()[0]["n"], 4, "{}", raw.text());
    // Of one that the token does not see nothing is told: not even that it is there.
    let some = token(&world, &service, "some", &["--sources", "k6"]);
    let ask = |sql: &str| service.get_as(&some, &format!("/api/v1/query?run=k6&sql={}", super::encoded(sql)));
    let refused = ask(both);
    assert_eq!((refused.status, refused.problem().as_str()), (400, "unknown-table"), "{}", refused.text());
    let none = ask(&both.replace("k6 old", "k6 new"));
    assert_eq!(none.text().replace("k6 new", "k6 old"), refused.text());
}
