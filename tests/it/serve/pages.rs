//! Pages without script.

use std::time::Duration;

use super::{Service, encoded, service};
use crate::world::{World, rows};

#[test]
fn every_page_is_there_and_closed() {
    let service = service();
    for (path, has) in [
        ("/queries", "None."),
        ("/", "merged"),
        ("/?filter=mer", "merged"),
        ("/run/run", "Where it stands"),
        ("/run/merged", "Tables"),
        ("/run/merged/table/te", "TE_A2S"),
        ("/run/merged/table/te?sort=-TE_A2S", "aria-sort=\"descending\""),
        ("/run/merged/table/te?where=user_id.eq.u01&count=1", "remove"),
        ("/run/run/table/raw.te", "attempt"),
        ("/run/merged/users", "u02"),
        ("/run/merged/user/u01", "p = ("),
        ("/run/run/log/0", "Log of shard 0"),
        ("/run/run/plots", "p_histogram"),
        ("/run/merged/plot/forest", "class=\"plot\""),
        ("/sql", "Query"),
        ("/saved", "None was saved"),
    ] {
        let reply = service.get(path);
        let text = reply.text();
        assert_eq!(reply.status, 200, "{path}: {text}");
        assert!(text.contains(has), "{path}: {text}");
        assert!(text.contains("<html lang=\"en\">") && text.contains("<main id=\"main\">"), "{path}");
        assert_eq!(text.matches("<h1").count(), 1, "{path}");
        for word in ["http://", "https://"] {
            let elsewhere = text.replace(&format!("http://{}", service.address), "");
            assert!(
                !elsewhere.contains(&format!("src=\"{word}"))
                    && !elsewhere.contains(&format!("href=\"{word}")),
                "{path}"
            );
        }
    }
    let absent = service.get("/run/merged/table/tee");
    assert!(absent.status == 404 && absent.text().contains("is it te?"), "{absent:?}");
    assert_eq!(absent.head("content-type"), Some("text/html; charset=utf-8"));
}

#[test]
fn a_page_has_no_character_that_html_forbids() {
    let world = World::new(0);
    world.user("a\u{1}b\u{fffe}", &rows(1, 300));
    world.analyse("run", &[]);
    let service = Service::start(&[world.path("run")], |_| {});
    for path in ["/run/run/users", "/run/run/table/te", "/run/run/report"] {
        let text = service.get(path).text();
        assert!(text.contains("a\u{fffd}b\u{fffd}"), "{path}: {text}");
        assert!(!text.contains(['\u{1}', '\u{fffe}']), "{path}: {text}");
    }
}

#[test]
fn the_form_for_a_filter_leads_to_an_address_that_holds_it() {
    let service = service();
    let reply = service.get("/run/merged/table/te?where=tau.eq.1&sort=-TE_A2S&c=user_id&o=ne&v=u01");
    assert_eq!(reply.status, 303);
    let place = reply.head("location").unwrap().to_owned();
    assert_eq!(place, "/run/merged/table/te?where=tau.eq.1&where=user_id.ne.u01&sort=-TE_A2S");
    let page = service.get(&place).text();
    assert!(page.contains("u02") && !page.contains("/user/u01\""), "{page}");
    let to_sql = page
        .split("href=\"/sql?")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let editor = service.get(&format!("/sql?{to_sql}"));
    assert!(editor.text().contains("2 rows in"), "{}", editor.text());
}

#[test]
fn the_editor_answers_and_its_address_holds_all() {
    let service = service();
    let sql = "select user_id from te where tau = $tau and user_id > $after order by user_id";
    let path = format!("/sql?run=merged&sql={}&p.tau=1&p.after=u00", encoded(sql));
    let page = service.get(&path).text();
    assert!(page.contains("2 rows in") && page.contains("name=\"p.tau\" value=\"1\""), "{page}");
    // As curl, it is the same rows.
    let curl = page.split("curl --fail").nth(1).unwrap().split("</pre>").next().unwrap();
    let curl = curl
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let curl = format!("curl --fail --silent{curl}");
    let said = std::process::Command::new("sh").args(["-c", &curl]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "user_id\nu01\nu02\n", "{curl}: {said:?}");
    let missing = service.get(&format!("/sql?run=merged&sql={}", encoded(sql))).text();
    assert!(missing.contains("which have no value") && missing.contains("name=\"p.after\""), "{missing}");
    let explained = service.get(&format!("{path}&explain=1")).text();
    assert!(explained.contains("How it would be answered") && explained.contains("TableScan"), "{explained}");
    let cut = service
        .get(&format!("/sql?run=merged&sql={}", encoded("select unnest(range(1, 20001)) as n")))
        .text();
    assert!(cut.contains("10,000 rows in") && cut.contains("there are more"), "no limit is told");
    let wrong = service.get(&format!("/sql?run=merged&sql={}", encoded("select 1\nfrom te )"))).text();
    assert!(wrong.contains("Line 2, column 9"), "{wrong}");
}

#[test]
#[ignore = "long"]
fn directories_that_vanish_or_are_damaged_say_so_and_the_others_go_on() {
    let world = World::new(2);
    world.analyse("a/run", &[]);
    std::fs::create_dir_all(world.path("b")).unwrap();
    std::fs::create_dir_all(world.path("nothing")).unwrap();
    for to in ["b/run", "b/other", "alone"] {
        let mut copy = std::process::Command::new("cp");
        let copied = copy.arg("-r").arg(world.path("a/run")).arg(world.path(to)).status();
        assert!(copied.unwrap().success());
    }
    world.write("file", "no run");
    let dirs = ["a", "b", "alone", "nothing", "gone", "file"].map(|name| world.path(name));
    let service = Service::start(&dirs, |settings| settings.limits.time = Duration::from_mins(10));
    let page = service.get("/").text();
    for part in
        ["/run/run\"", "/run/run~2\"", "/run/other\"", "/run/alone\"", "gone not found", "file not found"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Two of one name are two sources.
    std::fs::remove_dir_all(world.path("b/run/te")).unwrap();
    assert_eq!(service.get("/run/run/table/te").status, 200);
    let lost = service.get("/run/run~2/table/te").text();
    assert!(lost.contains("damaged") && lost.contains("run~2"), "{lost}");
    let report = service.get("/run/run~2/report").text();
    assert!(report.contains("M10") && report.contains("Findings by measure"), "{report}");
    // What is damaged while it is served, and what vanishes.
    world.write("b/other/run.yaml", "format: [");
    std::fs::remove_dir_all(world.path("alone")).unwrap();
    std::fs::remove_dir_all(world.path("a/run")).unwrap();
    service.until("all are seen", |service| {
        let page = service.get("/").text();
        !page.contains("/run/run\"") && page.contains("alone not found") && page.contains("other/run.yaml")
    });
    for (path, status, said) in [
        ("/run/other", 200, "run.yaml"),
        ("/run/other/plots", 500, "run.yaml"),
        ("/run/other/report", 500, "run.yaml"),
        ("/run/alone", 200, "not found"),
        ("/run/alone/report", 409, "not found: it was removed, or is being replaced"),
        ("/run/run", 404, "unknown run run"),
        ("/run/run~2/plots", 200, "p_histogram"),
        ("/run/run~2/plot/reasons", 200, "class=\"plot\""),
    ] {
        let reply = service.get(path);
        let text = reply.text();
        assert!(reply.status == status && text.contains(said), "{path}: {} {text}", reply.status);
        assert!(!text.contains(world.root().to_str().unwrap()), "{path}: {text}");
    }
    let empty = Service::start(&[world.path("nothing")], |_| {});
    assert!(empty.get("/").text().contains("Nothing is served that you can see"));
}

#[test]
fn the_time_of_an_answer_is_not_that_of_a_process_that_waits() {
    let service = service();
    service.query("merged", "select 1 as n");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let since = std::time::Instant::now();
    let page = service.get("/sql?run=merged&sql=select%201%20as%20n").text();
    let took = since.elapsed().as_millis();
    let told = page.split_once("role=\"status\">").unwrap().1.split_once(" ms").unwrap().0;
    let ms: u128 = told.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(ms <= took, "it took {took} ms, and the page says {told} ms");
}
