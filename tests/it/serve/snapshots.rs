//! One state of a source over several requests, and no longer than it is used.

use std::time::Duration;

use serde_json::json;

use super::super::world::World;
use super::Service;

/// A run of which a part is done.
fn half() -> World {
    let world = World::new(6);
    world.analyse("run", &["--shard", "0/2"]);
    world
}

/// Puts another merged output in the place of one.
fn replace(world: &World) {
    world.expect(0, &["merge", "--shards", "run", "--output", "again"]);
    std::fs::rename(world.path("merged"), world.path("before")).unwrap();
    std::fs::rename(world.path("again"), world.path("merged")).unwrap();
}

/// Follows the link to the next page to the end.
fn rest(service: &Service, mut next: Option<String>) -> Vec<serde_json::Value> {
    let mut rows = Vec::new();
    while let Some(path) = next {
        let reply = service.get(&path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        rows.extend(reply.json().as_array().unwrap().clone());
        next = super::next(&reply);
    }
    rows
}

#[test]
#[ignore = "long"]
fn pages_are_of_one_state_whatever_is_committed_meanwhile() {
    let world = half();
    let service = Service::start(&[world.path("run")], |_| {});
    let all = service.get("/api/v1/runs/run/tables/te/rows").json().as_array().unwrap().clone();
    let users = |rows: &[serde_json::Value]| {
        let mut ids: Vec<String> =
            rows.iter().map(|row| row["user_id"].as_str().unwrap().to_owned()).collect();
        ids.dedup();
        ids
    };
    let before = users(&all);
    assert_eq!(before.len(), 3, "{all:?}");
    let first = service.get("/api/v1/runs/run/tables/te/rows?limit=1");
    let next = super::next(&first).unwrap();
    assert!(next.contains("snapshot="), "{next}");
    let told = service.get("/api/v1/runs/run").json()["snapshot"].as_str().unwrap().to_owned();
    assert_eq!(first.head("etag"), Some(format!("W/\"{told}\"").as_str()));
    // As it was told in either place.
    for id in [format!("\"{told}\""), format!("W/\"{told}\"")] {
        let path = format!("/api/v1/runs/run/tables/te/rows?limit=1&snapshot={}", super::encoded(&id));
        assert_eq!(service.get(&path).status, 200, "{id}");
    }
    let page = service.get("/run/run/table/te").text();
    assert!(!page.contains("rel=\"next\""), "all fit on a page");
    world.expect(0, &["run", "--resume", "run"]);
    // The page that was begun goes on; whoever begins now sees all.
    let mut seen = first.json().as_array().unwrap().clone();
    seen.extend(rest(&service, Some(next)));
    assert_eq!(seen, all);
    let whole = service.get("/api/v1/runs/run/tables/te/rows").json().as_array().unwrap().clone();
    assert_eq!(users(&whole).len(), 6);
    let old = service.get(&format!("/api/v1/runs/run/tables/te/rows?snapshot={told}")).json();
    assert_eq!(old, json!(all));
}

#[test]
#[ignore = "long"]
fn a_state_that_is_used_keeps_its_files_and_an_idle_service_keeps_none() {
    let world = World::new(4);
    world.analyse("run", &[]);
    let service = Service::start(&[world.path("run")], |settings| settings.keep = Duration::from_secs(15));
    let held = |service: &Service| {
        let text = service.get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix("results_snapshots "));
        line.unwrap().parse::<u64>().unwrap()
    };
    // Whoever asks once leaves nothing behind.
    assert_eq!(service.query("run", "select count(*) as n from te").status, 200);
    assert_eq!(held(&service), 0);
    let first = service.get("/api/v1/runs/run/tables/te/rows?limit=1");
    let next = super::next(&first).unwrap();
    assert_eq!(held(&service), 1);
    let files = world.files("run/te").len();
    let said = world.expect(0, &["compact", "run", "--wait", "0"]);
    assert!(said.out.contains("still") || said.err.contains("read"), "{said:?}");
    assert!(world.files("run/te").len() > files, "the old files are there beside the new one");
    // The page that was begun reads them still.
    let rows = rest(&service, Some(next.clone())).len() + 1;
    assert_eq!(json!(rows), service.query("run", "select count(*) as n from te").json()[0]["n"]);
    service.until("nobody uses it any more", |service| held(service) == 0);
    world.expect(0, &["compact", "run", "--wait", "0"]);
    assert_eq!(world.files("run/te").len(), 1, "what was replaced is gone");
    let gone = service.get(&next);
    assert_eq!((gone.status, gone.problem().as_str()), (410, "snapshot-gone"), "{}", gone.text());
    assert!(gone.text().contains("begin again"), "{}", gone.text());
    assert_eq!(service.query("run", "select count(*) as n from te").json()[0]["n"], json!(rows));
}

#[test]
fn a_page_of_an_output_that_was_replaced_is_none() {
    let world = World::new(3);
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let service = Service::start(&[world.path("merged")], |settings| settings.look = Duration::from_hours(1));
    let first = service.get("/api/v1/runs/merged/tables/te/rows?limit=1");
    let next = super::next(&first).unwrap();
    assert_eq!(service.get(&next).status, 200);
    replace(&world);
    let gone = service.get(&next);
    assert_eq!((gone.status, gone.problem().as_str()), (410, "snapshot-gone"), "{}", gone.text());
    // Without it the new one is asked, and whoever reads a page of it is told nothing.
    assert_eq!(service.get("/run/merged/table/te").status, 200);
}

#[test]
#[ignore = "long"]
fn a_query_that_reads_an_output_while_it_is_replaced_does_not_look_whole() {
    let world = World::new(2);
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let service = Service::start(&[world.path("merged")], |_| {});
    // So many rows that they wait for whoever reads.
    let sql = "select n, repeat('x', 100) as x from (select unnest(range(1, 2000000)) as n)";
    let path = format!("/api/v1/query?run=merged&sql={}&format=csv", super::encoded(sql));
    let mut download = super::client::Download::begin(&service, &path);
    assert!(download.read(10_000) > 0);
    replace(&world);
    let reply = download.rest();
    assert!(reply.status == 200 && !reply.is_whole);
    service.until("it is told", |service| {
        service.audit().iter().any(|line| line["sql"] == sql && line["ending"] == "source-changed")
    });
}
