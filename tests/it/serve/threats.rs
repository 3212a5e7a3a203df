//! What somebody may try, and what stops it: each fails for its own reason.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::super::hostile_ids::COLUMNS;
use super::super::world::World;
use super::client::parse;
use super::{ENDLESS, encoded, merged, metric, service, service_with};

#[test]
fn nobody_gets_in_without_a_token() {
    let service = service();
    let plain = |head: &str| service.send(&["GET /api/v1/runs HTTP/1.1", &service.host(), head], b"");
    assert_eq!(plain("X: y").problem(), "login");
    assert_eq!(plain("Authorization: Bearer rs_wrong").status, 401);
    assert_eq!(plain("Authorization: Basic eDp5").status, 401);
    assert_eq!(plain("Cookie: results_1=x").status, 401);
    assert_eq!(plain(&format!("Authorization: Bearer {}", service.token)).status, 200);
    let page = service.send(&["GET / HTTP/1.1", &service.host()], b"");
    assert!(page.status == 401 && page.text().contains("href=\"/login\""), "{page:?}");
    let refused: Vec<_> = service.audit().into_iter().filter(|line| line["event"] == "refused").collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
}

#[test]
fn wrong_tokens_cost_time() {
    let service = service();
    let wrong = || service.get_as("rs_wrong", "/api/v1/runs").status;
    assert_eq!([(); 5].map(|()| wrong()), [401; 5]);
    // Also a right one waits: else it could be tried which are right. Where one request takes as long as the delay, that
    // grows with each that gets through.
    service.until("both wait", |service| wrong() == 429 && service.get("/api/v1/runs").status == 429);
    service.until("the delay is over", |service| service.get("/api/v1/runs").status == 200);
}

#[test]
fn a_link_signs_in_once_and_a_session_ends() {
    let service = service();
    let cookie = service.cookie();
    assert!(!cookie.contains(&service.token));
    let with = |method: &str, path: &str, more: &str| {
        service.send(&[&format!("{method} {path} HTTP/1.1"), &service.host(), &cookie, more], b"")
    };
    assert_eq!(with("GET", "/api/v1/runs", "Sec-Fetch-Site: same-origin").status, 200);
    let path = service.link.split_once("/login").unwrap().1;
    let again = service.send(&[&format!("GET /login{path} HTTP/1.1"), &service.host()], b"");
    assert!(again.status == 401 && again.text().contains("was used"), "{again:?}");
    let set = service.send(
        &["POST /login HTTP/1.1", &service.host(), "Content-Type: application/x-www-form-urlencoded"],
        format!("token={}", service.token).as_bytes(),
    );
    let head = set.head("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(head.contains(part), "{head}");
    }
    assert!(head.starts_with(&format!("results_{}=", service.address.port())), "{head}");
    let origin = format!("Origin: http://{}", service.address);
    assert_eq!(with("POST", "/logout", &origin).status, 303);
    assert_eq!(with("GET", "/api/v1/runs", "Sec-Fetch-Site: same-origin").status, 401);
}

#[test]
fn secrets_and_state_are_nobody_elses_to_read() {
    let service = service();
    let mode = |name: &str| std::fs::metadata(service.state.join(name)).unwrap().permissions().mode() & 0o777;
    service.query("merged", "select 1 as n");
    assert_eq!([mode(""), mode("queries")], [0o700; 2]);
    assert_eq!([mode("token"), mode("tokens.yaml"), mode("audit.ndjson")], [0o600; 3]);
    for file in ["tokens.yaml", "audit.ndjson"] {
        let text = std::fs::read_to_string(service.state.join(file)).unwrap();
        assert!(!text.contains(&service.token[3..]), "{file}");
    }
    std::fs::set_permissions(&service.state, std::fs::Permissions::from_mode(0o755)).unwrap();
    let world = merged();
    let said =
        world.expect(2, &["serve", "merged", "--listen", "0", "--state", service.state.to_str().unwrap()]);
    assert!(said.err.contains("chmod 700"), "{}", said.err);
    std::fs::set_permissions(&service.state, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn children_have_no_secrets_and_limits_of_their_own() {
    // A limit by which they are told from those of other services of this process.
    let memory: u64 = 1_000_000_007;
    let service = service_with(|settings| settings.limits.memory = memory);
    let own = std::process::id().to_string();
    service.until("both wait for their jobs, limited", |service| {
        let mut looked = 0;
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let read = |name: &str| {
                String::from_utf8_lossy(&std::fs::read(entry.path().join(name)).unwrap_or_default())
                    .into_owned()
            };
            let is_ours =
                read("status").lines().any(|l| l.strip_prefix("PPid:").is_some_and(|id| id.trim() == own));
            let line = read("cmdline").replace('\0', " ");
            // It is the last that a child sets; of one that has not come so far the rest is not asked.
            if !is_ours || !line.trim_end().ends_with(" answer") || read("oom_score_adj").trim() != "1000" {
                continue;
            }
            let limits = read("limits");
            let of = |name: &str| {
                limits.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
            };
            if !of("Max data size").contains(&memory.to_string()) {
                continue;
            }
            assert_eq!(of("Max core file size").split_whitespace().nth(4), Some("0"), "{limits}");
            let environment = read("environ");
            let pairs = environment.split('\0').filter_map(|pair| pair.split_once('='));
            let names: Vec<&str> = pairs.map(|(name, _)| name).collect();
            assert!((1..=5).contains(&names.len()), "{names:?}");
            assert!(!environment.contains(&service.token) && !line.contains(&service.token));
            looked += 1;
        }
        looked == 2
    });
}

#[test]
fn pages_elsewhere_cannot_ask_or_change() {
    let service = service();
    let cookie = service.cookie();
    let send = |method: &str, path: &str, heads: &[&str]| {
        let line = format!("{method} {path} HTTP/1.1");
        let host = service.host();
        let all = [&[line.as_str(), &host, &cookie], heads].concat();
        service.send(&all, b"")
    };
    let query = "/api/v1/query?run=merged&sql=select%201%20as%20n";
    let foreign = ["Sec-Fetch-Site: cross-site"];
    assert_eq!(send("GET", query, &foreign).problem(), "forbidden");
    assert_eq!(send("GET", query, &["Sec-Fetch-Site: same-site"]).problem(), "forbidden");
    assert_eq!(send("GET", query, &["Sec-Fetch-Site: none"]).status, 200);
    for heads in [&foreign[..], &["Origin: http://evil.example"], &["Origin: null"], &[]] {
        assert_eq!(send("POST", "/logout", heads).status, 403, "{heads:?}");
        assert_eq!(send("POST", "/saved", heads).status, 403, "{heads:?}");
    }
    let auth = format!("Authorization: Bearer {}", service.token);
    let heads = [auth.as_str(), "Origin: http://evil.example"];
    let told = send("POST", "/api/v1/query", &heads).json();
    assert_eq!(told["title"], "Not allowed from a page elsewhere", "{told}");
    assert!(told["hint"].as_str().unwrap().contains("leaves out"), "{told}");
    // The editor shows the query and waits.
    let page = "/sql?run=merged&sql=select%2041%20%2B%201%20as%20answer";
    let shown = send("GET", page, &["Sec-Fetch-Site: cross-site"]).text();
    assert!(shown.contains("has not been asked") && shown.contains("select 41 + 1 as answer"), "{shown}");
    assert!(!shown.contains("<bdi>42</bdi>"));
    let asked = send("GET", page, &["Sec-Fetch-Site: same-origin"]).text();
    assert!(asked.contains("<bdi>42</bdi>") && !asked.contains("has not been asked"), "{asked}");
    let heads = send("GET", "/", &[]).heads;
    assert!(!heads.iter().any(|(name, _)| name.starts_with("access-control")), "{heads:?}");
}

#[test]
fn a_name_that_was_turned_to_us_is_refused() {
    let service = service_with(|settings| settings.host_names = vec!["lab.example.org".into()]);
    let port = service.address.port();
    let with = |host: &str| service.send(&["GET /healthz HTTP/1.1", &format!("Host: {host}")], b"");
    for own in ["127.0.0.1", "localhost", "[::1]", "LAB.example.org", "lab.example.org."] {
        assert_eq!(with(&format!("{own}:{port}")).status, 200, "{own}");
        // Compared without the port.
        assert_eq!(with(own).status, 200, "{own}");
    }
    for foreign in ["evil.example", &format!("evil.example:{port}"), "10.0.0.1", "localhost.evil.example", ""]
    {
        let reply = with(foreign);
        assert_eq!((reply.status, reply.problem().as_str()), (421, "misdirected"), "{foreign}");
    }
    // Both names must be ours, the one in the first line too.
    let two = service.send(&["GET http://evil.example/healthz HTTP/1.1", &service.host()], b"");
    assert_eq!(two.status, 421);
}

#[test]
fn every_answer_binds_the_browser() {
    let service = service();
    let cookie = service.cookie();
    for path in
        ["/", "/login", "/nothing", "/assets/script.js", "/api/v1/runs", "/sql", "/run/merged/table/te"]
    {
        let reply = service.send(&[&format!("GET {path} HTTP/1.1"), &service.host(), &cookie], b"");
        let policy = reply.head("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.head("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.head("referrer-policy"), Some("same-origin"));
        let text = reply.text();
        assert!(!text.contains("style=\"") && !text.contains("onclick"), "{path}");
    }
}

#[test]
fn names_lead_nowhere_but_to_their_sources() {
    let world = World::new(1);
    world.analyse("out/run", &[]);
    std::fs::create_dir_all(world.path("secret")).unwrap();
    std::fs::rename(world.path("out/run"), world.path("secret/run")).unwrap();
    world.analyse("out/own", &[]);
    std::os::unix::fs::symlink(world.path("secret/run"), world.path("out/link")).unwrap();
    let service = super::Service::start(&[world.path("out")], |_| {});
    let runs = service.get("/api/v1/runs").json();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    for name in ["link", "..", "%2e%2e", "%2e%2e%2fsecret%2frun", "own%2f..%2flink", "%2fetc", "own%00"] {
        let status = service.get(&format!("/api/v1/runs/{name}")).status;
        assert!(matches!(status, 400 | 404), "{name}: {status}");
    }
    for sql in
        ["select * from '/etc/passwd'", "select * from \"/etc/passwd\"", "select * from '../secret/run/te'"]
    {
        let reply = service.query("own", sql);
        assert_eq!(reply.problem(), "unknown-table", "{sql}: {}", reply.text());
    }
    assert_eq!(service.get("/api/v1/runs/own/shards/0/log?from=99999999").status, 404);
    std::fs::create_dir_all(world.path("out/own/_logs")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.path("out/own/_logs/shard-0.log")).unwrap();
    assert_eq!(service.get("/api/v1/runs/own/shards/0/log").status, 404);
    assert_eq!(service.get("/assets/..%2f..%2fCargo.toml").status, 404);
}

#[test]
fn a_token_sees_its_own_sources_and_nothing_of_others() {
    let service = service();
    let (world, state) = (merged(), service.state.to_str().unwrap().to_owned());
    let said = world.expect(0, &["token", "new", "anna", "--sources", "mer*", "--state", &state]);
    let anna = said.out.trim().to_owned();
    let runs = service.get_as(&anna, "/api/v1/runs").json();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    let hidden = service.get_as(&anna, "/api/v1/runs/run");
    let absent = service.get_as(&anna, "/api/v1/runs/rum");
    assert_eq!((hidden.status, absent.status), (404, 404));
    assert_eq!(hidden.text().replace("run run", "run rum"), absent.text());
    for path in [
        "/api/v1/runs/run/events",
        "/api/v1/runs/run/tables/te/rows",
        "/api/v1/query?run=run&sql=select%201",
        "/run/run",
        "/run/run/user/u01",
    ] {
        assert_eq!(service.get_as(&anna, path).status, 404, "{path}");
    }
    assert_eq!(service.get_as(&anna, "/metrics").status, 403);
    assert_eq!(service.get_as(&anna, "/api/v1/runs/merged/tables/te/rows?limit=1").status, 200);
    world.expect(0, &["token", "revoke", "anna", "--state", &state]);
    service.until("the token has ended", |service| service.get_as(&anna, "/api/v1/runs").status == 401);
}

#[test]
fn revoking_ends_what_is_open_and_others_cannot() {
    let service = service();
    let (world, state) = (merged(), service.state.to_str().unwrap().to_owned());
    let token =
        |name: &str| world.expect(0, &["token", "new", name, "--state", &state]).out.trim().to_owned();
    let (anna, ben) = (token("anna"), token("ben"));
    let path = format!("/api/v1/query?run=merged&sql={}", encoded(ENDLESS));
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| service.get_as(&anna, &path));
        let number = service.at_work(&anna, ENDLESS);
        assert_eq!(service.get_as(&ben, "/api/v1/queries").text(), "[]");
        let auth = format!("Authorization: Bearer {ben}");
        let cancel = format!("POST /api/v1/queries/{number}/cancel HTTP/1.1");
        assert_eq!(service.send(&[&cancel, &service.host(), &auth], b"").status, 404);
        world.expect(0, &["token", "revoke", "anna", "--state", &state]);
        let reply = asked.join().unwrap();
        assert_eq!((reply.status, reply.problem().as_str()), (499, "cancelled"), "{}", reply.text());
    });
    // One's own is cancelled by oneself, or by an administrator. Anna's may be there still.
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| service.get_as(&ben, &path));
        service.cancel(service.at_work(&ben, ENDLESS));
        assert_eq!(asked.join().unwrap().problem(), "cancelled");
    });
}

#[test]
fn whoever_leaves_ends_their_query() {
    let service = service();
    let mut stream = TcpStream::connect(service.address).unwrap();
    let head = format!(
        "GET /api/v1/query?run=merged&sql={} HTTP/1.1\r\n{}\r\nAuthorization: Bearer {}\r\n\r\n",
        encoded(ENDLESS),
        service.host(),
        service.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    service.until("the query runs", |service| service.get("/api/v1/queries").text() != "[]");
    drop(stream);
    service.until("it has ended", |service| service.get("/api/v1/queries").text() == "[]");
    service.until("it is written", |service| {
        service.audit().iter().any(|line| line["sql"] == ENDLESS && line["ending"] == "cancelled")
    });
}

#[test]
#[ignore = "long"]
fn limits_are_named_with_what_raises_them() {
    let small = 300_000_000;
    let hasty = service_with(|settings| {
        settings.limits.time = Duration::from_millis(1500);
        settings.limits.memory = small;
    });
    let late = hasty.query("merged", ENDLESS);
    assert_eq!((late.status, late.problem().as_str()), (504, "deadline"));
    assert!(late.text().contains("--query-seconds"), "{}", late.text());
    for large in [
        "select array_length(array_agg(n)) as n from (select unnest(range(1, 60000000)) as n)",
        "select count(distinct repeat('x', 1000) || n) as n from (select unnest(range(1, 3000000)) as n)",
    ] {
        let reply = hasty.query("merged", large);
        assert!(matches!(reply.problem().as_str(), "memory" | "deadline"), "{}", reply.text());
        assert!(reply.text().contains("--query-"), "{}", reply.text());
    }
    let service = service_with(|settings| settings.limits.memory = small);
    let large = service.query("merged", "select length(repeat('x', 1000000000)) as n");
    assert_eq!((large.status, large.problem().as_str()), (507, "memory"), "{}", large.text());
    assert!(large.text().contains("--query-memory"), "{}", large.text());
    for service in [&hasty, &service] {
        service.until("it answers still", |service| service.query("merged", "select 1 as n").status == 200);
    }
}

#[test]
#[ignore = "long"]
fn whoever_waits_too_long_for_a_turn_is_told() {
    let service = service_with(|settings| {
        settings.limits.queries = 1;
        settings.limits.queue = 2;
        settings.limits.wait = Duration::from_millis(300);
    });
    std::thread::scope(|scope| {
        let first = scope.spawn(|| service.query("merged", ENDLESS).problem());
        let number = service.at_work(&service.token, ENDLESS);
        let second = service.query("merged", "select 1 as n");
        assert_eq!((second.status, second.problem().as_str()), (503, "queue-full"), "{}", second.text());
        assert_eq!(second.head("retry-after"), Some("5"));
        assert!(second.text().contains("--queries"), "{}", second.text());
        service.cancel(number);
        assert_eq!(first.join().unwrap(), "cancelled");
    });
    service.until("its turn is over", |service| metric(service, "results_queries_running") == 0);
    service.until("the next has one", |service| service.query("merged", "select 1 as n").status == 200);
}

#[test]
#[ignore = "long"]
fn slow_and_huge_requests_are_let_go() {
    let hasty = service_with(|settings| settings.head = Duration::from_millis(700));
    for begin in ["", "G", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y", "PRI * HTTP/2.0\r\n"] {
        let mut stream = TcpStream::connect(hasty.address).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let since = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(since.elapsed() < Duration::from_secs(50), "{begin:?}");
    }
    let service = service();
    let auth = format!("Authorization: Bearer {}", service.token);
    let long = format!("X: {}", "x".repeat(20_000));
    let reply = service.send(&["GET /healthz HTTP/1.1", &service.host(), &long], b"");
    assert!(matches!(reply.status, 0 | 400 | 431), "{reply:?}");
    let body = vec![b'x'; (1 << 20) + 1];
    let reply = service.send(&["POST /api/v1/query HTTP/1.1", &service.host(), &auth], &body);
    assert!(matches!(reply.status, 0 | 413), "{reply:?}");
    let sql = format!("select '{}'", "x".repeat(256 << 10));
    let body = serde_json::json!({"run": "merged", "sql": sql}).to_string();
    assert_eq!(service.put("POST", "/api/v1/query", &body).problem(), "too-large");
}

#[test]
#[ignore = "long"]
fn one_address_finds_the_doors_full_and_then_open_again() {
    let service = service_with(|settings| {
        settings.of_address = 4;
        settings.head = Duration::from_mins(10);
    });
    let health = || service.send(&["GET /healthz HTTP/1.1", &service.host()], b"");
    service.until("the doors are full", |service| {
        let _held = [(); 4].map(|()| TcpStream::connect(service.address).unwrap());
        let reply = health();
        reply.status == 503 && reply.text().starts_with("too many connections: 4 of your address are open")
    });
    service.until("there is room again", |_| health().status == 200);
}

#[test]
#[ignore = "long"]
fn ids_and_logs_are_text_wherever_they_are_shown() {
    let world = World::new(0);
    let nasty = ["<script>alert(1)</script>", "a\"b'c", "x&amp;y", "=1+1"];
    let mut table = String::from("who,a,b\n");
    let mut state = 12345u64;
    for id in nasty {
        for _ in 0..120 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (a, b) = (state >> 40 & 1023, state >> 60 & 1);
            table.push_str(&format!("\"{}\",{a},{b}\n", id.replace('"', "\"\"")));
        }
    }
    world.write("data/all.csv", table);
    world.write("ids.yaml", COLUMNS);
    let said = world.run(&["run", "--config", "ids.yaml", "--data", "data", "--out", "run"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    std::fs::create_dir_all(world.path("run/_logs")).unwrap();
    std::fs::write(world.path("run/_logs/shard-0.log"), "\x1b[31m<script>alert(2)</script>\x1b[0m\u{202e}x")
        .unwrap();
    let service = super::Service::start(&[world.path("run")], |_| {});
    for path in [
        "/run/run/users",
        "/run/run/table/te",
        "/run/run/log/0",
        "/sql?run=run&sql=select%20user_id%20as%20%22%3Cscript%3E%22%20from%20te",
    ] {
        let reply = service.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let text = reply.text();
        assert!(!text.contains("<script>alert") && !text.contains("\"<script>"), "{path}: {text}");
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{path}");
    }
    for id in nasty {
        let reply = service.get(&format!("/run/run/user/{}", encoded(id)));
        assert_eq!(reply.status, 200, "{id}: {}", reply.text());
        let json = service.get(&format!("/api/v1/runs/run/users/{}", encoded(id))).json();
        assert_eq!(json["id"], id);
    }
    let csv = service.get("/api/v1/runs/run/tables/te/rows?format=csv&select=user_id");
    assert!(csv.text().contains("\n=1+1\n"), "{}", csv.text());
    assert!(csv.head("content-disposition").unwrap().starts_with("attachment"));
}

#[test]
fn damaged_files_that_are_left_out_are_told_before_the_rows() {
    let world = World::new(2);
    world.analyse("run", &[]);
    let service = super::Service::start(&[world.path("run")], |_| {});
    let whole = service.query("run", "select user_id from te order by user_id");
    assert_eq!((whole.status, whole.head("x-notes")), (200, None));
    std::fs::remove_file(world.table_files("run", "te").first().unwrap()).unwrap();
    let rest = service.query("run", "select user_id from te order by user_id");
    let notes: Vec<String> = serde_json::from_str(rest.head("x-notes").unwrap()).unwrap();
    assert!(rest.status == 200 && notes[0].contains("damaged") && notes[0].contains("user u0"), "{notes:?}");
    assert!(!notes[0].contains(world.path("run").to_str().unwrap()), "{notes:?}");
}

#[test]
fn a_damaged_source_is_told_and_others_go_on() {
    let world = World::new(2);
    world.analyse("out/whole", &[]);
    world.expect(0, &["merge", "--shards", "out/whole", "--output", "out/merged"]);
    for name in ["torn", "garbage"] {
        std::fs::create_dir_all(world.path(&format!("out/{name}"))).unwrap();
    }
    world.write("out/torn/run.yaml", "format: 1\nrun_id: [");
    world.write("out/garbage/merge.yaml", "\0\0\0");
    let gone: PathBuf = world.path("gone");
    let service = super::Service::start(&[world.path("out"), gone], |_| {});
    let runs = service.get("/api/v1/runs").json();
    let state = |name: &str| {
        runs.as_array().unwrap().iter().find(|run| run["name"] == name).unwrap()["state"].clone()
    };
    assert_eq!([state("torn"), state("garbage"), state("gone")], ["damaged"; 3]);
    assert_eq!([state("whole"), state("merged")], ["complete"; 2]);
    assert_eq!(service.get("/run/torn").status, 200);
    assert!(service.get("/run/torn").text().contains("run.yaml"));
    let refused = service.query("torn", "select 1 as n");
    assert_eq!((refused.status, refused.problem().as_str()), (500, "source-damaged"));
    // A file that is torn while it is served is an error of the query that reads it.
    std::fs::write(world.path("out/merged/te.parquet"), b"PAR1 nothing PAR1").unwrap();
    let torn = service.query("merged", "select count(*) from te");
    assert_eq!((torn.status, torn.problem().as_str()), (500, "source-damaged"), "{}", torn.text());
    assert_eq!(service.query("whole", "select count(*) as n from te").status, 200);
    // A table that is a link leads out of the output.
    std::fs::remove_file(world.path("out/merged/te.parquet")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.path("out/merged/te.parquet")).unwrap();
    service.until("the link is seen", |service| service.query("merged", "select 1 as n").status == 500);
    assert!(service.query("merged", "select 1 as n").text().contains("is a link"));
}

#[test]
#[ignore = "long"]
fn other_bytes_of_the_same_length_cost_their_user_only() {
    let world = World::new(3);
    world.analyse("run", &[]);
    let te = world.table_files("run", "te").into_iter().find(|file| file.to_string_lossy().contains("u01"));
    let te = te.unwrap();
    let mut bytes = std::fs::read(&te).unwrap();
    bytes[28] ^= 1;
    std::fs::write(&te, bytes).unwrap();
    let service = super::Service::start(&[world.path("run")], |_| {});
    let reply = service.query("run", "select count(TE_A2S) as n from te");
    let four = serde_json::json!(4);
    assert_eq!((reply.status, reply.json()[0]["n"].clone()), (200, four), "{}", reply.text());
    let page = service.get("/run/run/table/te").text();
    assert!(page.contains("files that the query needs are damaged") && page.contains("user u01"), "{page}");
    let user = service.get("/api/v1/runs/run/users/u01").json();
    assert_eq!(user["parts"][0]["title"], "Damaged files", "{user}");
    assert!(user["parts"][0]["note"].as_str().unwrap().contains("checksum differs"), "{user}");
    let other = service.get("/api/v1/runs/run/users/u00").json();
    let tests = other["parts"].as_array().unwrap().iter().find(|part| part["title"] == "Tests").unwrap();
    assert!(!tests["rows"].as_array().unwrap().is_empty(), "{other}");
}

#[test]
fn a_replaced_output_is_asked_again() {
    let world = World::new(2);
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    // It looks for changes so seldom that the query must notice.
    let service =
        super::Service::start(&[world.path("merged")], |settings| settings.look = Duration::from_hours(1));
    assert_eq!(service.query("merged", "select count(*) as n from te").status, 200);
    std::fs::rename(world.path("merged"), world.path("old")).unwrap();
    world.user("u09", &super::super::world::rows(9, 300));
    world.analyse("run2", &[]);
    world.expect(0, &["merge", "--shards", "run2", "--output", "merged"]);
    let reply = service.query("merged", "select count(distinct user_id) as n from te");
    assert_eq!((reply.status, reply.json()[0]["n"].clone()), (200, serde_json::json!(3)), "{}", reply.text());
}

#[test]
fn tls_is_spoken_and_needed_where_others_listen() {
    let world = merged();
    let said = world.expect(2, &["serve", "merged", "--listen", "0.0.0.0:0", "--state", "state-tls"]);
    assert!(said.err.contains("--tls-cert") && said.err.contains("--insecure-no-tls"), "{}", said.err);
    world.write("bad.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    let said = world.expect(
        2,
        &[
            "serve",
            "merged",
            "--listen",
            "0",
            "--state",
            "state-tls",
            "--tls-cert",
            "bad.pem",
            "--tls-key",
            "bad.pem",
        ],
    );
    assert!(said.err.contains("bad.pem"), "{}", said.err);
    let plain = service();
    let taken = plain.address.to_string();
    let said = world.expect(2, &["serve", "merged", "--listen", &taken, "--state", "state-tls"]);
    assert!(said.err.contains("another port"), "{}", said.err);
    // What is not HTTP is not answered.
    let reply = parse(&{
        let mut stream = TcpStream::connect(plain.address).unwrap();
        stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    });
    assert!(matches!(reply.status, 0 | 400), "{reply:?}");
}
