//! The same against a real server, and through a proxy that goes wrong: `tests/services/s3.sh` starts both and calls these.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bucket::Bucket;
use super::settings::Environment;
use super::storage::RemoteStorage;
use crate::config::StoreConfig;
use crate::store::{Created, Location, Object, Storage, conformance, data_file, new_attempt_id};

/// Longest time until anything that goes wrong is told.
const TOLD: Duration = Duration::from_secs(31);

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/services/s3.sh sets it"))
}

fn env() -> Environment {
    variable("AWS_ENDPOINT_URL");
    Environment::of_process()
}

/// A storage at a URL, as an environment reaches it.
fn at(env: &Environment, url: &str) -> RemoteStorage {
    let Location::Url(url) = url.parse().unwrap() else { panic!("{url}") };
    RemoteStorage::new(Arc::new(Bucket::make(&url, env, &StoreConfig::default()).unwrap()), url)
}

/// A prefix that no other test has.
fn fresh(name: &str) -> String {
    format!("{}/{}/{name}", variable("RESULTS_S3_TEST_URL"), new_attempt_id())
}

fn object(path: &str, bytes: &[u8]) -> Object {
    Object { path: path.into(), bytes: bytes.into() }
}

/// The proxy, for one test at a time.
struct Proxy {
    server: String,
    _one: MutexGuard<'static, ()>,
}

impl Proxy {
    fn with(rules: &str) -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let proxy = Self { server: variable("RESULTS_S3_FAULTS"), _one: one };
        proxy.ask("POST", "/_rules", rules);
        proxy.ask("POST", "/_reset", "");
        proxy
    }

    fn env(&self) -> Environment {
        env().with("AWS_ENDPOINT_URL", &self.server)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.server.trim_start_matches("http://")).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _cut = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Requests of a kind since the rules were given.
    fn count(&self, kind: &str) -> u64 {
        let counts: serde_json::Value = serde_json::from_str(&self.ask("POST", "/_counts", "")).unwrap();
        counts[kind].as_u64().unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.ask("POST", "/_rules", "");
    }
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn storage_contract_on_a_real_server() {
    let all = fresh("conformance");
    conformance::all(&|name| Arc::new(at(&env(), &format!("{all}/{name}"))));
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn a_real_server_keeps_what_is_asked_of_it() {
    let storage = at(&env(), &fresh("probe"));
    storage.probe().unwrap();
    assert!(storage.list("").unwrap().is_empty());
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn one_url_is_one_storage() {
    let Location::Url(url) = fresh("same").parse().unwrap() else { panic!() };
    let (one, other) = (super::open(&url).unwrap(), super::open(&url).unwrap());
    assert!(Arc::ptr_eq(&one, &other));
    assert!(!Arc::ptr_eq(&one, &super::open(&url.join("x")).unwrap()));
    let _ = one.create(&object("a", b"1")).unwrap();
    assert_eq!(other.read("a").unwrap().unwrap(), b"1");
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn many_objects_are_listed_and_removed() {
    let storage = at(&env(), &fresh("many"));
    let path = |n: usize| data_file("te", n as u32 % 24, &format!("a/b {n}%"), "1");
    let all: Vec<Object> = (0..2500).map(|n| object(&path(n), b"1")).collect();
    assert_eq!(storage.publish(&all).unwrap(), Created::Yes);
    let mut paths: Vec<String> = all.iter().map(|object| object.path.clone()).collect();
    paths.sort();
    let listed: Vec<String> = storage.list("te").unwrap().into_iter().map(|entry| entry.path).collect();
    assert!(listed == paths, "{} of {}", listed.len(), paths.len());
    paths.iter().take(50).for_each(|path| storage.remove(path).unwrap());
    assert_eq!(storage.list("te").unwrap().len(), 2450);
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn creates_are_answered_through_all_that_can_go_wrong() {
    let url = fresh("faults");
    let path = url.strip_prefix("s3:/").unwrap();
    let faults =
        ["error", "slowdown", "conflict", "lost", "done500", "twice", "late", "refuse", "slow", "cut"];
    let of = |fault: &str| if fault == "conflict" { "PUT" } else { "*" };
    let rules: Vec<String> =
        faults.iter().map(|fault| format!("{} {path} {fault} 0.04 -1 0.2", of(fault))).collect();
    let proxy = Proxy::with(&rules.join("\n"));
    let storage = at(&proxy.env(), &url);
    let told: Vec<(usize, Vec<Created>)> = std::thread::scope(|scope| {
        let storage = &storage;
        let makers: Vec<_> = (0..4)
            .map(|maker: usize| {
                let make = move |n: usize| {
                    // Every third name has two makers.
                    let name = if n.is_multiple_of(3) && maker < 2 {
                        format!("te/{n}")
                    } else {
                        format!("te/{maker}-{n}")
                    };
                    storage.create(&object(&name, format!("{maker} {n}").as_bytes())).unwrap()
                };
                scope.spawn(move || (maker, (0..40).map(make).collect()))
            })
            .collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    let (faults, puts) = (160 - proxy.count("plain").min(160), proxy.count("PUT"));
    drop(proxy);
    assert!(faults > 0 || puts > 160, "nothing went wrong");
    let right = at(&env(), &url);
    for n in 0..40 {
        for (maker, told) in &told {
            let shared = n % 3 == 0 && *maker < 2;
            let name = if shared { format!("te/{n}") } else { format!("te/{maker}-{n}") };
            let there = right.read(&name).unwrap().expect("it was told to be there");
            let is_ours = there == format!("{maker} {n}").as_bytes();
            assert_eq!(told[n] == Created::Yes, is_ours, "{name} of {maker}");
            assert!(is_ours || shared);
        }
    }
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn reads_are_whole_through_all_that_can_go_wrong() {
    let url = fresh("reads");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n * 31 / 7) as u8).collect();
    let _ = at(&env(), &url).create(&object("te/long", &bytes)).unwrap();
    let path = url.strip_prefix("s3:/").unwrap();
    let rules: Vec<String> = ["error", "slowdown", "lost", "refuse", "cut"]
        .iter()
        .map(|fault| format!("GET {path} {fault} 0.08 -1 0.2"))
        .collect();
    let proxy = Proxy::with(&rules.join("\n"));
    let storage = at(&proxy.env(), &url);
    for _ in 0..20 {
        assert_eq!(storage.read("te/long").unwrap().unwrap(), bytes);
        let open = storage.open("te/long").unwrap().unwrap();
        for at in [0, 700_000, 2_999_000] {
            assert_eq!(open.read_at(at, 1000).unwrap(), bytes[at as usize..at as usize + 1000]);
        }
    }
    assert!(proxy.count("plain") < proxy.count("GET"), "nothing went wrong");
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn a_store_that_asks_for_less_is_asked_more_slowly() {
    let url = fresh("slow");
    let proxy = Proxy::with(&format!("PUT {} slowdown 1 5", url.strip_prefix("s3:/").unwrap()));
    // Without any other try, so that it is not these that help.
    let storage = at(&proxy.env().with("RESULTS_STORE_RETRIES", "0"), &url);
    let begun = Instant::now();
    assert_eq!(storage.publish(&[object("a", b"1"), object("b", b"1")]).unwrap(), Created::Yes);
    assert_eq!(proxy.count("fault:slowdown"), 5);
    assert!(begun.elapsed() > Duration::from_secs(1));
    drop(proxy);
    // What is soon out of date is not waited for.
    let proxy = Proxy::with(&format!("PUT {} slowdown 1", url.strip_prefix("s3:/").unwrap()));
    let begun = Instant::now();
    let error = at(&proxy.env(), &url).note(&object("beat", b"1")).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(11), "{error}");
    assert!(crate::error::chain(&error).contains("SlowDown (503)"), "{error}");
}

/// What is told when something goes wrong, within the time for it.
fn told<T: std::fmt::Debug>(asked: impl FnOnce() -> Result<T, crate::store::StorageError>) -> String {
    let begun = Instant::now();
    let error = crate::error::chain(&asked().unwrap_err());
    assert!(begun.elapsed() < TOLD, "{:?}: {error}", begun.elapsed());
    for secret in ["results-test-secret", "results-read-secret", "hush", "x-amz-", "Signature="] {
        assert!(!error.contains(secret), "{error}");
    }
    assert!(error.contains("\n(hint: ") && error.matches('\n').count() == 1, "{error}");
    error
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn each_mistake_is_told_with_a_way_out() {
    let url = fresh("mistakes");
    let create = |env: &Environment, url: &str| told(|| at(env, url).create(&object("a", b"1")));
    let says = |told: &str, what: &str, hint: &str| {
        assert!(told.contains(what) && told.split_once("(hint: ").unwrap().1.contains(hint), "{told}");
    };
    let server = variable("AWS_ENDPOINT_URL");
    let nobody = env().with("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    says(&create(&nobody, &url), &format!("{server} does not know the key AKIA…LE"), "AWS_ACCESS_KEY_ID");
    // A look without words is asked again in a way that has some.
    says(&told(|| at(&nobody, &url).size("a")), "does not know the key AKIA…LE", "AWS_ACCESS_KEY_ID");
    let wrong = env().with("AWS_SECRET_ACCESS_KEY", "hush");
    says(&create(&wrong, &url), "refuses the signature of the key resu…st", "AWS_SECRET_ACCESS_KEY");
    says(&told(|| at(&wrong, &url).read("a")), "refuses the signature", "AWS_SECRET_ACCESS_KEY");
    let reader =
        env().with("AWS_ACCESS_KEY_ID", "results-read").with("AWS_SECRET_ACCESS_KEY", "results-read-secret");
    let denied = create(&reader, &url);
    let prefix = url.strip_prefix("s3://bucket/").unwrap();
    says(
        &denied,
        "the store says AccessDenied (403) for PUT, and could list",
        &format!("needs s3:PutObject on bucket/{prefix}/*"),
    );
    says(&told(|| at(&reader, &url).remove("a")), "AccessDenied (403) for DELETE", "s3:DeleteObject");
    assert!(at(&reader, &url).list("").unwrap().is_empty());
    for told in [
        create(&env(), "s3://buckett/run"),
        told(|| at(&env(), "s3://buckett/run").read("run.yaml")),
        told(|| at(&env(), "s3://buckett/run").list("")),
    ] {
        says(&told, &format!("the bucket `buckett` was not found at {server}"), "buckets there: bucket");
    }
    // Nor was it made.
    says(
        &told(|| at(&env(), "s3://buckett").list("")),
        "the bucket `buckett` was not found",
        "buckets there: bucket)",
    );
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn a_server_that_is_not_there_is_told() {
    let url = fresh("nobody");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = env().with("AWS_ENDPOINT_URL", &format!("http://{free}"));
    let error = told(|| at(&nobody, &url).create(&object("a", b"1")));
    assert!(error.contains(&format!("nobody listens at http://{free}; tried for ")), "{error}");
    let unknown = env().with("AWS_ENDPOINT_URL", "http://no-such-host.invalid");
    let error = told(|| at(&unknown, &url).list(""));
    assert!(error.contains("the host of http://no-such-host.invalid is not known"), "{error}");
    let encrypted = env().with("AWS_ENDPOINT_URL", &variable("AWS_ENDPOINT_URL").replace("http:", "https:"));
    let error = told(|| at(&encrypted, &url).read("a"));
    assert!(error.contains("no encrypted connection to https://127.0.0.1"), "{error}");
    // One that takes a connection, and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = env().with("AWS_ENDPOINT_URL", &format!("http://{}", mute.local_addr().unwrap()));
    let error = told(|| at(&silent, &url).read("a"));
    assert!(
        error.contains("no answer from http://127.0.0.1") && error.contains("; tried for 30 s"),
        "{error}"
    );
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn what_is_no_s3_server_is_told() {
    let page = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", page.local_addr().unwrap());
    std::thread::spawn(move || {
        for (n, stream) in page.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _request = stream.read(&mut [0; 4096]);
            let (status, body) = if n % 2 == 0 {
                ("200 OK", "<html>hello</html>")
            } else {
                ("404 Not Found", "<html>no</html>")
            };
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    let env = env().with("AWS_ENDPOINT_URL", &server);
    let storage = at(&env, &fresh("page"));
    for _ in 0..2 {
        let error = told(|| storage.list(""));
        assert!(error.contains(&format!("what answers at {server} is not an S3 server")), "{error}");
    }
}

#[test]
#[ignore = "asks an S3 server: tests/services/s3.sh"]
fn a_server_that_stays_broken_is_given_up() {
    let url = fresh("broken");
    let path = url.strip_prefix("s3:/").unwrap();
    let proxy = Proxy::with(&format!("PUT {path} error 1"));
    let storage = at(&proxy.env(), &url);
    let error = told(|| storage.create(&object("a", b"1")));
    assert!(
        error.contains("the store says InternalError (500) to PUT: made by fault.py; tried for "),
        "{error}"
    );
    assert!(proxy.count("PUT") >= 5, "{}", proxy.count("PUT"));
    drop(proxy);
    let proxy = Proxy::with(&format!("GET {path} error 1"));
    let error = told(|| at(&proxy.env(), &url).read("a"));
    assert!(error.contains("(500) to GET"), "{error}");
}
