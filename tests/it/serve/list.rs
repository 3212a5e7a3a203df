//! The list of what is served: quick however much there is, and whatever becomes of one of them.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use serde_json::json;

use super::super::world::World;
use super::Service;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Puts something in the place of each file of a ledger that nobody can read to its end.
fn endless_ledger(world: &World, run: &str) {
    let pipe = world.path("pipe");
    if !pipe.exists() {
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    }
    for file in world.files(&format!("{run}/users")) {
        std::fs::remove_file(&file).unwrap();
        symlink(&pipe, &file).unwrap();
    }
}

#[test]
fn no_ledger_is_read_for_the_list_or_for_a_live_page() {
    let world = World::new(3);
    world.analyse("out/whole", &[]);
    world.analyse("out/half", &["--shard", "0/2"]);
    for run in ["whole", "half"] {
        endless_ledger(&world, &format!("out/{run}"));
    }
    let begun = Instant::now();
    let service = Service::start(&[world.path("out")], |_| {});
    let runs = service.get("/api/v1/runs").json();
    let of = |name: &str| {
        let run = runs.as_array().unwrap().iter().find(|run| run["name"] == name).unwrap();
        (run["state"].clone(), run["done"].clone(), run["units"].clone())
    };
    assert_eq!(of("whole"), (json!("complete"), json!(3), json!(3)));
    assert_eq!((of("half").0, of("half").2), (json!("incomplete"), json!(3)));
    for path in ["/", "/?filter=whole"] {
        assert_eq!(service.get(path).status, 200);
    }
    let mut events = super::live::Events::of(&service, "half");
    assert_eq!(events.next().unwrap().0, "status");
    let looks = |service: &Service| super::metric(service, "results_source_looks_total");
    let before = looks(&service);
    service.until("all were looked at again", |service| looks(service) >= before + 6);
    // Whoever reads the ledger waits for ever.
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn whatever_becomes_of_one_the_others_go_on() {
    let world = World::new(2);
    world.analyse("out/good", &[]);
    world.analyse("other/good", &[]);
    for name in ["gone", "torn", "written"] {
        copy(&world.path("out/good"), &world.path(&format!("out/{name}")));
    }
    std::fs::create_dir_all(world.path("out/nothing")).unwrap();
    std::fs::create_dir_all(world.path("empty")).unwrap();
    world.write("file", "no folder");
    symlink(world.path("other/good"), world.path("link")).unwrap();
    symlink(world.path("nowhere"), world.path("dangling")).unwrap();
    let dirs = ["out", "other/good", "empty", "file", "link", "dangling"].map(|name| world.path(name));
    let service = Service::start(&dirs, |_| {});
    let states = |service: &Service| {
        let runs = service.get("/api/v1/runs").json();
        let of = |run: &serde_json::Value| {
            (run["name"].as_str().unwrap().to_owned(), run["state"].as_str().unwrap().to_owned())
        };
        runs.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let named = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
    };
    // A link that is named is what it leads to, which is served once.
    assert_eq!(
        states(&service),
        named(&[
            ("gone", "complete"),
            ("good", "complete"),
            ("torn", "complete"),
            ("written", "complete"),
            ("good~2", "complete"),
            ("file", "damaged"),
            ("dangling", "damaged"),
        ])
    );
    // A folder without any is said on the page.
    let page = service.get("/").text();
    assert!(page.contains("empty") && page.contains("no run"), "{page}");
    std::fs::remove_dir_all(world.path("out/gone")).unwrap();
    world.write("out/torn/run.yaml", "\0");
    copy(&world.path("other/good"), &world.path("empty/new"));
    std::fs::rename(world.path("other/good"), world.path("other/elsewhere")).unwrap();
    service.until("it is seen", |service| {
        states(service)
            == named(&[
                ("good", "complete"),
                ("torn", "damaged"),
                ("written", "complete"),
                ("good~2", "damaged"),
                ("new", "complete"),
                ("file", "damaged"),
                ("dangling", "damaged"),
            ])
    });
    let page = service.get("/").text();
    assert!(page.contains("run.yaml") && page.contains("not found"), "{page}");
    for (name, words) in [("torn", "run.yaml"), ("good~2", "not found"), ("file", "file")] {
        let page = service.get(&format!("/run/{}", super::encoded(name)));
        assert!(page.status == 200 && page.text().contains(words), "{name}: {}", page.text());
    }
    assert_eq!(service.get("/run/gone").status, 404);
    assert_eq!(service.query("good", "select count(*) as n from te").status, 200);
    // What is mended is as before.
    std::fs::rename(world.path("other/elsewhere"), world.path("other/good")).unwrap();
    std::fs::copy(world.path("out/good/run.yaml"), world.path("out/torn/run.yaml")).unwrap();
    service.until("both are back", |service| {
        let states = states(service);
        ["torn", "good~2"].iter().all(|name| states.contains(&((*name).to_owned(), "complete".to_owned())))
    });
    assert_eq!(service.query("good~2", "select count(*) as n from te").status, 200);
}

#[test]
#[ignore = "long"]
fn an_output_without_its_files_is_damaged_and_no_path_is_told() {
    let world = World::new(1);
    world.analyse("secret/run", &[]);
    let run = world.path("secret/run");
    world.expect(0, &["merge", "--shards", run.to_str().unwrap(), "--output", "out/gone"]);
    copy(&world.path("out/gone"), &world.path("out/torn"));
    std::fs::remove_file(world.path("out/gone/te.parquet")).unwrap();
    world.write("out/torn/te.parquet", "PAR1 nothing PAR1");
    let service = Service::start(&[world.path("out"), run.clone()], |_| {});
    let runs = service.get("/api/v1/runs").json();
    let states: Vec<_> = runs.as_array().unwrap().iter().map(|run| run["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["damaged", "complete", "complete"]);
    assert_eq!(runs[0]["problem"].as_str().unwrap().lines().next(), Some("te.parquet is gone"));
    // For a moment it may be one that is being replaced.
    service.until("it is damaged", |service| service.query("gone", "select 1 as n").status == 500);
    let beside = service.query("run", "select count(*) as n from torn.public.te");
    assert_eq!((beside.status, beside.problem().as_str()), (500, "source-damaged"), "{}", beside.text());
    let others = ["/", "/api/v1/runs", "/api/v1/runs/gone", "/api/v1/runs/torn", "/run/gone", "/metrics"];
    let others = others.map(|path| service.get(path));
    let asked = ["gone", "torn"].map(|name| service.query(name, "select count(*) as n from te"));
    for reply in others.iter().chain(&asked).chain([&beside]) {
        let text = reply.text();
        for path in ["out", "secret"].map(|name| world.path(name)) {
            assert!(!text.contains(path.to_str().unwrap()), "{text}");
        }
    }
    assert!(asked[1].text().contains("--shards run --output torn"), "{}", asked[1].text());
}

#[test]
#[ignore = "long"]
fn an_output_that_is_replaced_again_and_again_is_whole_or_told_as_being_replaced() {
    let world = World::new(1);
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "kept"]);
    copy(&world.path("kept"), &world.path("out/merged"));
    let service = Service::start(&[world.path("out")], |_| {});
    let over = AtomicBool::new(false);
    let endings = std::thread::scope(|scope| {
        let ask = || {
            let mut endings = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                let reply = service.query("merged", "select count(*) as n from te");
                let said = if reply.status == 200 { String::new() } else { reply.text() };
                assert!([200, 404, 409].contains(&reply.status), "{} {said}", reply.status);
                endings.insert(reply.status);
            }
            endings
        };
        let asking = [(); 2].map(|()| scope.spawn(ask));
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(50));
            // As a merge does it: what is put into the place is whole.
            copy(&world.path("kept"), &world.path("next"));
            std::fs::remove_dir_all(world.path("out/merged")).unwrap();
            std::fs::rename(world.path("next"), world.path("out/merged")).unwrap();
        }
        over.store(true, Ordering::Relaxed);
        asking.map(|asking| asking.join().unwrap()).into_iter().flatten().collect::<BTreeSet<u16>>()
    });
    assert!(endings.len() > 1, "it was never asked while it was replaced: {endings:?}");
    service.until("it is there", |service| service.query("merged", "select 1 as n").status == 200);
}

#[test]
fn a_token_for_some_is_not_told_of_folders() {
    let world = World::new(1);
    world.analyse("out/k6_a", &[]);
    std::fs::create_dir_all(world.path("secret_project")).unwrap();
    let service = Service::start(&[world.path("out"), world.path("secret_project")], |_| {});
    let state = service.state.to_str().unwrap();
    let anna = world.expect(0, &["token", "new", "anna", "--sources", "k6*", "--state", state]).out;
    assert!(service.get("/").text().contains("secret_project"));
    assert!(!service.get_as(anna.trim(), "/").text().contains("secret_project"));
}
