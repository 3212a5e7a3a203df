//! Pages without script.

use super::{encoded, service};

#[test]
fn every_page_is_there_and_closed() {
    let service = service();
    for (path, has) in [
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
        ("/sql", "Query"),
        ("/saved", "None was saved"),
        ("/queries", "None."),
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
