//! The report on the service.

use std::time::Duration;

use results::serve::Settings;

use super::{Service, merged, service_with};
use crate::world::{World, rows};

/// A build that is not optimised takes its time.
fn slow(settings: &mut Settings) {
    settings.limits.time = Duration::from_mins(10);
}

#[test]
#[ignore = "long"]
fn a_report_is_one_file_that_is_opened_or_saved() {
    let service = service_with(slow);
    for name in ["run", "merged"] {
        let shown = service.get(&format!("/run/{name}/report"));
        let text = shown.text();
        assert!(shown.status == 200 && shown.is_whole, "{shown:?}");
        for part in ["What this is", "Findings by measure", "download=\"p_histogram.csv\"", "Appendix"] {
            assert!(text.contains(part), "{name}: {part}");
        }
        // Where it lies is nobody's business.
        assert!(!text.contains(merged().root().to_str().unwrap()), "{name}");
        let policy = shown.head("content-security-policy").unwrap();
        assert!(policy.contains("style-src 'unsafe-inline'") && !policy.contains("script"), "{policy}");
        let saved = service.get(&format!("/run/{name}/report?download=1"));
        assert_eq!(saved.body, shown.body, "{name}: the same state, the same bytes");
        let file = format!("attachment; filename=\"{name}-report.html\"");
        assert_eq!(saved.head("content-disposition"), Some(file.as_str()));
    }
    // It was made once.
    let reports = |service: &Service| service.audit().iter().filter(|line| line["sql"] == "report").count();
    service.until("both are noted", |service| reports(service) >= 2);
    assert_eq!(reports(&service), 2, "{:?}", service.audit());
    let text = service.get("/run/merged/report?title=A+%3Ctitle%3E&alpha=0.2&user=u01&plot=day_strip").text();
    for part in ["<h1>A &#60;title&#62;</h1>", "α = 0.2.", "Person u01", "person-1-plot-own_nulls"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
#[ignore = "long"]
fn hidden_users_are_nowhere_in_it() {
    let world = World::new(0);
    for (at, id) in ["anna-4711", "bela <b>"].into_iter().enumerate() {
        world.user(id, &rows(at as u64 + 1, 300));
    }
    world.user("short-one", &rows(9, 20));
    world.analyse("run", &[]);
    let service = Service::start(&[world.path("run")], slow);
    let open = service.get("/run/run/report").text();
    assert!(open.contains("anna-4711") && open.contains("M09"), "{open}");
    let hidden = service.get("/run/run/report?hide-users=1").text();
    for id in ["anna-4711", "bela", "short-one"] {
        assert!(!hidden.contains(id), "{id}");
    }
    assert!(hidden.contains("u001"));
}

#[test]
fn it_says_of_no_folder_where_it_lies() {
    // Data, run and output each lie elsewhere; marks that HTML writes otherwise are in the names.
    let (world, other) = (World::new(0), World::new(2));
    let data = other.path("home of 'anna' & co/data");
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::fs::rename(other.path("data"), &data).unwrap();
    std::fs::write(data.join("bad.features_labels.csv"), "nothing\n").unwrap();
    let (data, run) = (data.to_str().unwrap(), other.path("runs/run"));
    world.run(&["run", "--config", "quick.yaml", "--data", data, "--out", run.to_str().unwrap()]);
    let merge = ["merge", "--shards", run.to_str().unwrap(), "--output", "merged", "--allow-partial"];
    world.expect(3, &merge);
    let service = Service::start(&[run.clone(), world.path("merged")], slow);
    for name in ["run", "merged"] {
        let text = service.get(&format!("/run/{name}/report")).text();
        for part in ["<dt>Input</dt><dd>data: 3 persons, 3 units</dd>", "<td>data_root</td><td>data</td>"] {
            assert!(text.contains(part), "{name}: {part}: {text}");
        }
        assert!(
            text.contains("bad (composite): data/bad.features_labels.csv has no column"),
            "{name}: {text}"
        );
        for place in [&world, &other] {
            assert!(!text.contains(place.root().to_str().unwrap()), "{name}: {text}");
        }
        assert!(!text.contains("home of") && !text.contains("home%20of"), "{name}: {text}");
    }
}

#[test]
#[ignore = "long"]
fn a_run_that_is_not_done_has_a_report() {
    let world = World::new(4);
    world.analyse("half", &["--shard", "0/2"]);
    let service = Service::start(&[world.path("half")], slow);
    let half = service.get("/run/half/report").text();
    for part in
        ["Partial: the run is not complete", "M01", "4 units are planned; 2 of them have no result yet"]
    {
        assert!(half.contains(part), "{part}: {half}");
    }
    // A state that is another one has another report.
    world.analyse("half", &["--shard", "1/2"]);
    service.until("it is done", |service| !service.get("/run/half/report").text().contains("Partial:"));
}
