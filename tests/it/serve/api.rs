//! REST: rows, queries, problems.

use serde_json::json;

use super::{encoded, merged, service, service_with};

#[test]
fn sources_tables_and_rows_are_there() {
    let service = service();
    let runs = service.get("/api/v1/runs").json();
    let names: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["run", "merged"]);
    assert_eq!((&runs[0]["kind"], &runs[1]["kind"]), (&json!("run"), &json!("merged")));
    assert_eq!(
        (&runs[0]["state"], &runs[0]["done"], &runs[0]["units"]),
        (&json!("complete"), &json!(3), &json!(3))
    );
    // No answer tells where a source lies.
    assert!(!runs.to_string().contains(merged().root().to_str().unwrap()));
    let one = service.get("/api/v1/runs/merged").json();
    assert!(one["tables"].as_array().unwrap().contains(&json!("te")), "{one}");
    let te = service.get("/api/v1/runs/merged/tables/te").json();
    assert_eq!(te["key"], json!(["user_id", "feature_mode", "tau"]));
    let column = te["columns"].as_array().unwrap().iter().find(|c| c["name"] == "TE_A2S").unwrap();
    assert_eq!((&column["unit"], &column["kind"]), (&json!("bits"), &json!("number")));
    let status = service.get("/api/v1/runs/run/status").json();
    assert_eq!(status[0]["counts"]["ok"], json!(3), "{status}");
    let user = service.get("/api/v1/runs/run/users/u01").json();
    assert_eq!((&user["previous"], &user["next"]), (&json!("u00"), &json!("u02")), "{user}");
    assert_eq!(service.get("/api/v1/runs/merged/users").json(), json!(["u00", "u01", "u02"]));
    assert_eq!(service.get("/api/v1/runs/run/users?prefix=u0&after=u01").json(), json!(["u02"]));
}

#[test]
fn pages_by_key_have_every_row_once() {
    let service = service();
    let all = service.get("/api/v1/runs/merged/tables/te/rows").json();
    let all = all.as_array().unwrap();
    assert!(all.len() >= 3, "{all:?}");
    for sort in ["", "&sort=-TE_A2S", "&sort=tau,-user_id", "&sort=q_A2S"] {
        let mut next = Some(format!("/api/v1/runs/merged/tables/te/rows?limit=1{sort}"));
        let mut seen = Vec::new();
        while let Some(path) = next {
            let reply = service.get(&path);
            assert_eq!(reply.status, 200, "{path}: {reply:?}");
            seen.extend(reply.json().as_array().unwrap().clone());
            let link = reply
                .head("link")
                .map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
            next = link;
        }
        assert_eq!(seen.len(), all.len(), "{sort}");
        assert!(all.iter().all(|row| seen.contains(row)), "{sort}");
    }
    let path = "/api/v1/runs/merged/tables/te/rows?where=user_id.eq.u01&where=tau.le.1&select=user_id,tau";
    assert_eq!(service.get(path).json(), json!([{"user_id": "u01", "tau": 1}]));
    let count = service.get("/api/v1/runs/merged/tables/te/count?where=user_id.ne.u01").json();
    let others = all.iter().filter(|row| row["user_id"] != "u01").count();
    assert_eq!(count["rows"], json!(others));
}

#[test]
fn the_csv_of_a_whole_table_is_the_file_that_merge_wrote() {
    let service = service();
    for (table, file) in [
        ("te", "per_user_te.csv"),
        ("users", "users.csv"),
        ("k_selection", "k_selected_by_user.csv"),
        ("hour_bins", "hbin_counts.csv"),
        ("issues", "error_log.csv"),
    ] {
        let reply = service.get(&format!("/api/v1/runs/merged/tables/{table}/rows?format=csv"));
        assert!(reply.is_whole && reply.status == 200, "{reply:?}");
        let written = std::fs::read(merged().path("merged").join(file)).unwrap();
        assert_eq!(reply.body, written, "{table}");
        assert_eq!(
            reply.head("content-disposition"),
            Some(format!("attachment; filename=\"merged-{table}.csv\"").as_str())
        );
    }
    for (format, magic) in [("parquet", &b"PAR1"[..]), ("arrow", &b"\xff\xff\xff\xff"[..])] {
        let reply = service.get(&format!("/api/v1/runs/merged/tables/te/rows?format={format}"));
        assert!(reply.is_whole && reply.body.starts_with(magic), "{format}: {:?}", reply.heads);
    }
}

#[test]
fn a_query_gives_what_the_terminal_gives() {
    let service = service();
    let sql = "select user_id, tau, TE_A2S, q_A2S from te where tau = $tau order by user_id, tau";
    for format in ["csv", "ndjson", "json"] {
        let told =
            merged().expect(0, &["sql", "--run", "merged", "--param", "tau=1", "--format", format, sql]);
        let path = format!("/api/v1/query?run=merged&sql={}&p.tau=1&format={format}", encoded(sql));
        let reply = service.get(&path);
        assert_eq!((reply.status, reply.text()), (200, told.out), "{format}");
        assert!(reply.is_whole);
    }
    let body = json!({"run": "merged", "sql": sql, "params": {"tau": 1}}).to_string();
    assert_eq!(service.put("POST", "/api/v1/query", &body).json().as_array().unwrap().len(), 3);
    let body = json!({"run": "merged", "sql": "select $x as x", "params": {"x": "007"}}).to_string();
    assert_eq!(service.put("POST", "/api/v1/query", &body).json(), json!([{"x": "007"}]));
    for list in [json!([1, 2]), json!({"a": 1})] {
        let body = json!({"run": "merged", "sql": "select $a as a", "params": {"a": list}}).to_string();
        let reply = service.put("POST", "/api/v1/query", &body);
        assert!(reply.status == 400 && reply.text().contains("parameter a"), "{reply:?}");
    }
    let plan = service.get(&format!("/api/v1/query/plan?run=merged&sql={}", encoded(sql))).json();
    assert_eq!(plan["parameters"][0]["name"], json!("tau"), "{plan}");
    let accepted = |kinds: &str| {
        service.send(
            &[
                "GET /api/v1/query?run=merged&sql=select%201%20as%20n HTTP/1.1",
                &service.host(),
                &format!("Authorization: Bearer {}", service.token),
                &format!("Accept: {kinds}"),
            ],
            b"",
        )
    };
    for kinds in ["text/csv", "text/csv, */*", "application/json;q=0.5, text/csv"] {
        assert_eq!(accepted(kinds).text(), "n\n1\n", "{kinds}");
    }
    for kinds in ["text/csv;q=0, */*", "text/csv;q=0.5, application/json"] {
        let reply = accepted(kinds);
        assert_eq!((reply.json(), reply.head("vary")), (json!([{"n": 1}]), Some("Accept")), "{kinds}");
        assert!(reply.head("etag").unwrap().starts_with("W/\""), "{reply:?}");
    }
}

#[test]
fn queries_have_names() {
    let service = service();
    let all = service.get("/api/v1/runs/merged/queries").json();
    let one = all.as_array().unwrap().iter().find(|query| query["name"] == "significant").unwrap();
    assert_eq!(
        (&one["what"], &one["params"]),
        (
            &json!("Tests of transfer entropy with small q, smallest first."),
            &json!([{"name": "alpha", "default": "0.05", "what": "q is below it"}])
        )
    );
    let of_terminal = |param: &str| {
        let args = ["sql", "--run", "merged", "--query", "significant", "--param", param, "--format", "csv"];
        merged().expect(0, &args).out
    };
    let base = "/api/v1/runs/merged/queries/significant?format=csv";
    assert_eq!(service.get(base).text(), of_terminal("alpha=0.05"));
    let wide = service.get(&format!("{base}&p.alpha=1.1"));
    assert_eq!((wide.status, wide.text()), (200, of_terminal("alpha=1.1")));
    assert!(wide.text().lines().count() > 1 && wide.head("x-query").is_some());
    for (path, status, part) in [
        ("runs/merged/queries/signifcant", 404, "is it significant?"),
        ("runs/merged/queries/significant?p.alpa=1", 400, "is it p.alpha?"),
        ("runs/merged/queries/significant?sql=select", 400, "unknown parameter sql"),
        ("runs/nothing/queries", 404, "nothing"),
        ("runs/nothing/queries/significant", 404, "nothing"),
        // Those that are not of reports are the program's own.
        ("runs/merged/queries/rows", 404, "unknown query rows"),
    ] {
        let reply = service.get(&format!("/api/v1/{path}"));
        assert!(reply.status == status && reply.text().contains(part), "{path}: {reply:?}");
    }
}

#[test]
fn a_query_that_cannot_be_read_is_told_to_whoever_asks_for_it() {
    let own = tempfile::tempdir().unwrap();
    let service = service_with(|settings| settings.limits.definitions = Some(own.path().to_owned()));
    for folder in ["reports", "plots", "serve"] {
        std::fs::create_dir_all(own.path().join("queries").join(folder)).unwrap();
    }
    let write =
        |name: &str, text: &[u8]| std::fs::write(own.path().join("queries").join(name), text).unwrap();
    write("reports/good.sql", b"-- Good.\nselect 1 as n");
    write("reports/bad.sql", b"-- Bad.\nselect '\xfc'");
    write("plots/bad.sql", b"\xff\xfe bad");
    write("serve/user_k.sql", b"\xff\xfe bad");
    let bad = "cannot read the query reports/bad.sql: line 2 is not UTF-8 text";
    let all = service.get("/api/v1/runs/merged/queries").json();
    let problem = |name: &str| {
        let one = all.as_array().unwrap().iter().find(|query| query["name"] == name);
        one.unwrap_or_else(|| panic!("{name}: {all}"))["problem"].clone()
    };
    assert!(problem("bad").as_str().unwrap().starts_with(bad) && problem("good").is_null(), "{all}");
    for path in [
        "/api/v1/runs/merged/queries/good",
        "/api/v1/query?run=merged&sql=select%201%20as%20n",
        "/api/v1/runs/merged/plots",
        "/api/v1/runs/merged/plots/p_histogram.svg",
        "/run/merged/table/te",
        "/run/merged/plots",
    ] {
        let reply = service.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    for (path, part) in [
        ("/api/v1/runs/merged/queries/bad", bad),
        ("/api/v1/runs/merged/users/u01", "cannot read the query serve/user_k.sql: "),
    ] {
        let reply = service.get(path);
        let told = reply.text();
        assert_eq!((reply.status, reply.problem().as_str()), (422, "failed"), "{path}: {told}");
        // Where the folder lies is nobody's business.
        assert!(told.contains(part) && !told.contains(own.path().to_str().unwrap()), "{path}: {told}");
    }
}

#[test]
fn a_problem_says_what_where_and_what_to_do() {
    let service = service();
    for (sql, status, kind) in [
        ("selec 1", 400, "syntax"),
        ("select 1; select 2", 400, "syntax"),
        ("-- nothing", 400, "syntax"),
        ("select * from nothing", 400, "unknown-table"),
        ("select TE_A2X from te", 400, "unknown-column"),
        ("select $x", 400, "invalid"),
        ("create table t as select 1", 403, "would-write"),
        ("copy (select 1) to 'x.csv'", 403, "would-write"),
        ("set datafusion.execution.batch_size = 1", 403, "would-write"),
        ("select * from information_schema.df_settings", 403, "forbidden"),
        ("select 1 / 0 as x", 422, "failed"),
    ] {
        let reply = service.query("merged", sql);
        assert_eq!((reply.status, reply.problem().as_str()), (status, kind), "{sql}: {}", reply.text());
        assert_eq!(reply.head("content-type"), Some("application/problem+json"));
    }
    let place = service.query("merged", "select 1\nfrom te )").json();
    assert_eq!((&place["line"], &place["column"]), (&json!(2), &json!(9)), "{place}");
    let near = service.query("merged", "select TE_A2X from te").json();
    assert!(near["hint"].as_str().unwrap().contains("TE_A2S"), "{near}");
    for (path, status, hint) in [
        ("/api/v1/runs/mergd", 404, "is it merged?"),
        ("/api/v1/runs/merged/tables/tee", 404, "is it te?"),
        ("/api/v1/runs/merged/tables/tee/rows", 404, "is it te?"),
        ("/api/v1/runs/merged/tables/te/rows?where=ta.eq.1", 400, "is it tau?"),
        ("/api/v1/runs/merged/tables/te/rows?where=tau.is.1", 400, "column.op.value"),
        ("/api/v1/runs/merged/tables/te/rows?wher=tau.eq.1", 400, "is it where?"),
        ("/api/v1/runs/merged/tables/te/rows?format=cvs", 400, "is it csv?"),
        ("/api/v1/runs/merged/tables/te/rows?snapshot=old", 410, "begin again"),
        ("/api/v1/runs/merged/tables/te/rows?after=%5B1%5D&limit=1", 400, "next"),
        ("/api/v1/runs/merged/users/nobody", 404, "users"),
        ("/api/v1/runs/merged/status", 404, "runs have them"),
        ("/api/v1/nothing", 404, "lists"),
        ("/api/v1/query?run=merged&sql=select%20%ff", 400, "UTF-8"),
        ("/api/v1/runs/merged/tables/te/rows?where=user_id.eq.%C3", 400, "UTF-8"),
    ] {
        let reply = service.get(path);
        let told = reply.json();
        assert_eq!(reply.status, status, "{path}: {told}");
        assert!(told["hint"].as_str().unwrap_or_default().contains(hint), "{path}: {told}");
    }
    let wrong = service.get("/api/v1/runs/merged/tables/te/rows?where=tau.eq.one");
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "wrong-type"));
    assert_eq!(service.get("/api/v1/runs/merged/tables/te/rows?limit=10001").status, 400);
    let twice = service.get("/api/v1/query?run=merged&sql=select%20%24x&p.x=1&p.x=2");
    assert!(twice.status == 400 && twice.text().contains("p.x is given twice"), "{twice:?}");
}

#[test]
fn an_answer_that_breaks_off_does_not_look_whole() {
    let service = service();
    // The division is by 0 after more rows than one batch has.
    let sql = "select 1 / (n - 200000) as x from (select unnest(range(1, 300000)) as n)";
    for format in ["csv", "ndjson", "json", "arrow"] {
        let reply = service.get(&format!("/api/v1/query?run=merged&sql={}&format={format}", encoded(sql)));
        if reply.status == 200 {
            assert!(!reply.is_whole, "{format}");
        } else {
            assert_eq!(reply.problem(), "failed");
        }
    }
    service.until("it is written", |service| {
        service.audit().iter().any(|line| line["ending"] == "failed" && line["sql"] == sql)
    });
}

#[test]
fn queries_are_saved_by_those_who_may() {
    let service = service();
    assert_eq!(service.put("PUT", "/api/v1/saved/mine", "-- Mine\nselect 1").status, 200);
    assert_eq!(service.put("PUT", "/api/v1/saved/mine", "select 2").status, 409);
    assert_eq!(service.put("PUT", "/api/v1/saved/mine?replace=1", "select 2").status, 200);
    assert_eq!(service.get("/api/v1/saved/mine").text(), "select 2");
    assert_eq!(service.put("PUT", "/api/v1/saved/none", "").status, 422);
    assert_eq!(service.get("/api/v1/saved").json(), json!(["mine"]));
    let state = service.state.to_str().unwrap();
    let said = merged().expect(0, &["token", "new", "reader", "--state", state]);
    let reader = said.out.trim();
    assert_eq!(service.get_as(reader, "/api/v1/saved/mine").text(), "select 2");
    let auth = format!("Authorization: Bearer {reader}");
    let refused = service.send(&["PUT /api/v1/saved/x HTTP/1.1", &service.host(), &auth], b"select 1");
    assert_eq!((refused.status, refused.problem().as_str()), (403, "forbidden"));
    assert_eq!(service.put("DELETE", "/api/v1/saved/mine", "").status, 200);
    assert_eq!(service.get("/api/v1/saved/mine").status, 404);
}

#[test]
fn health_needs_no_token_and_metrics_do() {
    let service = service_with(|_| {});
    let plain = |path: &str| service.send(&[&format!("GET {path} HTTP/1.1"), &service.host()], b"");
    assert_eq!((plain("/healthz").text().as_str(), plain("/readyz").status), ("ok\n", 200));
    assert_eq!(plain("/metrics").status, 401);
    service.query("merged", "select 1 as n");
    service.query("merged", "selec");
    // A query is counted when its process has ended, which is after its last row; others are started to wait.
    service.until("both are counted", |service| super::metric(service, "results_query_seconds_count") == 2);
    let memory = |of: &str| super::metric(&service, &format!("results_resident_bytes{{of=\"{of}\"}}"));
    service.until("children wait", |_| memory("children") > 1_000_000);
    let text = service.get("/metrics").text();
    for line in [
        "results_queries_total{protocol=\"http\",ending=\"ok\"} 1",
        "results_queries_total{protocol=\"http\",ending=\"syntax\"} 1",
        "results_query_seconds_count 2",
        "results_units{source=\"run\",state=\"ok\"} 3",
        "results_units{source=\"run\",state=\"missing\"} 0",
        "results_units{source=\"merged\",state=\"ok\"} 3",
        "results_logins_refused_total 0",
        "results_queries_waiting 0",
        "results_watchers 0",
        "results_snapshots 0",
        "results_query_seconds_bucket{le=\"+Inf\"} 2",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    for line in [
        "results_rows_sent_total 1",
        "results_children ",
        "results_source_looks_total ",
        "results_query_seconds_sum ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(memory("service") > 1_000_000, "{text}");
    // Each has a help and a kind, and is told once.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
        assert!(
            text.contains(&format!("# TYPE {family} ")) && text.contains(&format!("# HELP {family} ")),
            "{line}"
        );
        assert_eq!(
            text.lines()
                .filter(|other| other.split_once(' ').unwrap().0 == line.split_once(' ').unwrap().0)
                .count(),
            1
        );
    }
    let head = service.send(&["HEAD /healthz HTTP/1.1", &service.host()], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
#[ignore = "long"]
fn what_processes_died_of_is_counted() {
    let service = service_with(|settings| settings.limits.memory = 300_000_000);
    let late = service_with(|settings| {
        settings.limits.memory = 300_000_000;
        settings.limits.time = std::time::Duration::from_secs(2);
    });
    let deaths = |service: &super::Service, cause: &str| {
        super::metric(service, &format!("results_child_deaths_total{{cause=\"{cause}\"}}"))
    };
    assert_eq!(late.query("merged", super::ENDLESS).problem(), "deadline");
    assert_eq!(deaths(&late, "deadline"), 1);
    // An error is no death.
    assert_eq!(service.query("merged", "select 1 / 0 as x").problem(), "failed");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| service.query("merged", super::ENDLESS).problem());
        service.cancel(service.at_work(&service.token, super::ENDLESS));
        assert_eq!(asked.join().unwrap(), "cancelled");
    });
    assert_eq!((deaths(&service, "cancelled"), deaths(&service, "failed")), (1, 0));
}

#[test]
fn seconds_left_are_those_of_a_run_at_work() {
    let world = super::super::world::World::new(20);
    world.analyse("run", &["--shard", "0/2"]);
    let path = world.path("run/_status/shard-0.json");
    let mut told: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let now = chrono::Utc::now().timestamp_micros();
    for (key, value) in [
        ("state", json!("running")),
        ("host", json!("elsewhere")),
        ("updated_us", json!(now)),
        ("started_us", json!(now - 60_000_000)),
        ("counts", json!({"total": 20, "ok": 8, "skipped": 1, "failed": 1, "running": 1})),
        ("already_done", json!(0)),
    ] {
        told[key] = value;
    }
    std::fs::write(&path, told.to_string()).unwrap();
    let service = super::Service::start(&[world.path("run")], |_| {});
    let left = super::metric(&service, "results_seconds_left{source=\"run\"}");
    assert!((55..=75).contains(&left), "{left}");
    for (state, n) in [("ok", 8), ("skipped", 1), ("failed", 1), ("running", 1)] {
        assert_eq!(
            super::metric(&service, &format!("results_units{{source=\"run\",state=\"{state}\"}}")),
            n,
            "{state}"
        );
    }
}
