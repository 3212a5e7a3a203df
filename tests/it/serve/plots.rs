//! Plots on the service: the list, files, pages, the editor's.

use std::time::Duration;

use serde_json::json;

use super::client::Reply;
use super::{Service, encoded, merged, service, service_with};
use crate::world::World;

/// Asks with a mark of what is there already.
fn asked_again(service: &Service, path: &str, tag: &str) -> Reply {
    let (host, auth) = (service.host(), format!("Authorization: Bearer {}", service.token));
    let known = format!("If-None-Match: {tag}");
    service.send(&[&format!("GET {path} HTTP/1.1"), &host, &auth, &known], b"")
}

/// A text of a page as a browser has it.
pub(super) fn plain(html: &str) -> String {
    let html =
        html.replace("&#38;", "&").replace("&amp;", "&").replace("&#34;", "\"").replace("&quot;", "\"");
    let html = html.replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
    html.replace("<code>", "`").replace("</code>", "`")
}

#[test]
fn plots_are_listed_and_are_those_of_the_terminal() {
    let service = service();
    let plots = service.get("/api/v1/runs/merged/plots").json();
    let of = |name: &str| plots.as_array().unwrap().iter().find(|plot| plot["name"] == name).unwrap().clone();
    let histogram = of("p_histogram");
    assert_eq!(histogram["title"], json!("Are the p-values flat where nothing is coupled?"));
    assert_eq!(
        histogram["params"],
        json!([{"name": "bins", "default": "20", "what": "bars between 0 and 1"}])
    );
    assert_eq!(histogram["problem"], json!(null));
    assert!(of("control")["problem"].as_str().unwrap().contains("needs the table `control`"), "{plots}");
    let base = "/api/v1/runs/merged/plots/p_histogram";
    let svg = service.get(&format!("{base}.svg"));
    assert_eq!((svg.status, svg.head("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(svg.text(), merged().expect(0, &["plot", "p_histogram", "--run", "merged"]).out);
    assert!(svg.head("content-security-policy").unwrap().contains("sandbox"), "{svg:?}");
    let csv = service.get(&format!("{base}.csv?p.bins=4"));
    let args =
        ["plot", "p_histogram", "--run", "merged", "--param", "bins=4", "-o", "of_service.csv", "--force"];
    merged().expect(0, &args);
    let written = std::fs::read(merged().path("of_service.csv")).unwrap();
    assert_eq!((csv.status, &csv.body), (200, &written));
    let saved = csv.head("content-disposition").unwrap();
    assert_eq!(saved, "attachment; filename=\"merged-p_histogram.csv\"");
    let rows = service.get(&format!("{base}.json?p.bins=4")).json();
    assert_eq!(rows.as_array().unwrap().len() + 1, String::from_utf8(written).unwrap().lines().count());
    let sql = service.get(&format!("{base}.sql?p.bins=4")).text();
    assert!(sql.contains("least(floor(p * 4), 4 - 1)"), "{sql}");
    let dark = service.get(&format!("{base}.svg?theme=dark&width=400")).text();
    assert!(dark.contains("width=\"400\"") && dark.contains("#14181d"), "{dark}");
    let png = service.get(&format!("{base}.png"));
    if cfg!(feature = "png") {
        assert!(png.status == 200 && png.body.starts_with(b"\x89PNG"), "{png:?}");
    } else {
        assert!(png.status == 501 && png.text().contains("--features png"), "{png:?}");
    }
}

#[test]
#[ignore = "long"]
fn what_is_there_already_is_not_sent_again() {
    let service = service_with(|settings| settings.limits.time = Duration::from_mins(10));
    let mut tags = std::collections::BTreeSet::new();
    for path in [
        "/assets/style.css",
        "/assets/script.js",
        "/api/v1/runs/merged/plots/p_histogram.svg",
        "/api/v1/runs/merged/plots/p_histogram.svg?p.bins=4",
        "/api/v1/runs/run/plots/p_histogram.svg",
        "/run/merged/report",
        "/run/merged/report?hide-users=1",
    ] {
        let first = service.get(path);
        let tag = first.head("etag").unwrap_or_else(|| panic!("{path}: {first:?}")).to_owned();
        let again = asked_again(&service, path, &tag);
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.head("etag"), Some(tag.as_str()));
        assert_eq!(asked_again(&service, path, "\"other\"").status, 200, "{path}");
        assert!(tags.insert(tag), "{path}");
    }
}

#[test]
fn what_is_unknown_in_an_address_is_named_with_the_nearest() {
    let service = service();
    for (path, status, said) in [
        ("/api/v1/runs/merged/plots/p_histgram.svg", 404, "is it p_histogram?"),
        ("/api/v1/runs/merged/plots/p_histogram.svgg", 404, "is it svg?"),
        ("/api/v1/runs/merged/plots/p_histogram", 404, "p_histogram.svg"),
        ("/api/v1/runs/merged/plots/p_histogram.svg?theme=drak", 400, "is it dark?"),
        ("/api/v1/runs/merged/plots/p_histogram.svg?widht=300", 400, "is it width?"),
        ("/api/v1/runs/merged/plots/p_histogram.svg?width=9", 400, "width is 200 at least"),
        ("/api/v1/runs/merged/plots/p_histogram.svg?p.bin=3", 400, "it uses $bins"),
        ("/api/v1/runs/merged/plots/p_histogram.svg?p.bins=x", 400, "plots/p_histogram.sql: "),
        ("/api/v1/runs/merged/plots/control.svg", 422, "needs the table `control`"),
        ("/api/v1/runs/merge/plots", 404, "is it merged?"),
        ("/api/v1/runs/merged/users/u1", 404, "is it u01?"),
        ("/api/v1/query?run=merged&sql=select%201&format=svg", 422, "the first line is the title"),
        ("/run/merged/plot/p_histgram", 404, "is it p_histogram?"),
        ("/run/merged/plot/p_histogram?bins=3", 400, "unknown parameter bins"),
        ("/run/run/user/u1", 404, "is it u01?"),
        ("/run/run/user/somebody", 404, "the page of all users"),
        ("/run/merged/report?user=u1", 404, "is it u01?"),
        ("/run/merged/report?plot=forrest", 404, "is it forest?"),
        ("/run/merged/report?alpha=2", 400, "a number between 0 and 1"),
        ("/run/merged/report?hide-user=1", 400, "is it hide-users?"),
        ("/run/merged/log/7", 404, "no log of shard 7"),
        ("/run/run/log/x", 400, "/run/run/log/x has a whole number in the place of `x`"),
        ("/run/%ff", 400, "/run/%ff isn't a text"),
        ("/api/v1/runs/run/shards/x/log", 400, "a whole number in the place of `x`"),
        ("/api/v1/runs/%ff", 400, "/api/v1/runs/%ff isn't a text"),
        ("/api/v1/runs?state=complte", 400, "is it complete?"),
        ("/run/merged?foo=1", 400, "unknown parameter foo"),
        ("/run/merged/plots?x=1", 400, "/run/merged/plots takes none"),
        ("/run/merged/user/u01?x=1", 400, "unknown parameter x"),
        ("/saved?x=1", 400, "unknown parameter x"),
        ("/queries?x=1", 400, "unknown parameter x"),
        ("/assets/style.css?x=1", 400, "unknown parameter x"),
        ("/login?cod=x", 400, "is it code?"),
        ("/metrics?x=1", 400, "/metrics takes none"),
        ("/healthz?x=1", 400, "/healthz takes none"),
        ("/readyz?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged?x=1", 400, "/api/v1/runs/merged takes none"),
        ("/api/v1/runs/run/status?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/run/events?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged/tables?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged/tables/te?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged/users/u01?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged/plots?x=1", 400, "unknown parameter x"),
        ("/api/v1/runs/merged/queries?x=1", 400, "unknown parameter x"),
        ("/api/v1/queries?x=1", 400, "unknown parameter x"),
        ("/api/v1/saved?x=1", 400, "unknown parameter x"),
        ("/api/v1/saved/mine?x=1", 400, "unknown parameter x"),
    ] {
        let reply = service.get(path);
        let text = plain(&reply.text());
        assert!(reply.status == status && text.contains(said), "{path}: {} {text}", reply.status);
        // Programs are told as RFC 9457 has it, people by a page.
        let is_for_programs =
            ["/api/", "/metrics", "/healthz", "/readyz"].iter().any(|of| path.starts_with(of));
        let kind = if is_for_programs { "application/problem+json" } else { "text/html; charset=utf-8" };
        assert_eq!(reply.head("content-type"), Some(kind), "{path}");
    }
    let (host, auth) = (service.host(), format!("Authorization: Bearer {}", service.token));
    let reply = service.send(&["POST /api/v1/queries/abc/cancel HTTP/1.1", &host, &auth], b"");
    assert_eq!((reply.status, reply.head("content-type")), (400, Some("application/problem+json")));
    assert!(reply.text().contains("in the place of `abc`"), "{}", reply.text());
    // What is sent to an address is refused with the parameters that it does not take, and nothing is done.
    assert_eq!(service.put("PUT", "/api/v1/saved/mine", "select 1").status, 200);
    for (method, path) in [
        ("POST", "/api/v1/query?run=merged"),
        ("POST", "/api/v1/queries/1/cancel?x=1"),
        ("DELETE", "/api/v1/saved/mine?replace=1"),
        ("POST", "/queries/1/cancel?x=1"),
        ("POST", "/saved?name=x"),
        ("POST", "/saved/mine/remove?x=1"),
        ("POST", "/login?code=x"),
        ("POST", "/logout?x=1"),
    ] {
        let reply = service.put(method, path, "{}");
        assert!(
            reply.status == 400 && reply.text().contains("unknown parameter"),
            "{method} {path}: {reply:?}"
        );
    }
    assert_eq!(service.get("/api/v1/saved/mine?").status, 200);
}

#[test]
fn a_plot_of_ones_own_is_there_without_a_restart() {
    let own = tempfile::tempdir().unwrap();
    let folder = own.path().join("queries/plots");
    std::fs::create_dir_all(&folder).unwrap();
    let service = service_with(|settings| {
        settings.limits.definitions = Some(own.path().to_owned());
        settings.limits.time = Duration::from_mins(10);
    });
    let before = service.get("/run/merged/report");
    let write = |name: &str, header: &str| {
        let sql = "select user_id, n_samples from users order by user_id";
        std::fs::write(folder.join(name), format!("-- Who has <how> many rows?\n{header}\n{sql}")).unwrap();
    };
    write("mine.sql", "-- mark: bar\n-- x: n_samples \"rows\"\n-- y: user_id\n-- section: findings");
    write("other.sql", "-- mark: bra\n-- x: n_samples\n-- y: user_id");
    let page = service.get("/run/merged/plots").text();
    assert!(
        page.contains("href=\"/run/merged/plot/mine\"") && page.contains("Who has &#60;how&#62;"),
        "{page}"
    );
    assert!(plain(&page).contains("plots/other.sql:2: unknown mark `bra` (did you mean `bar`?)"), "{page}");
    let page = service.get("/run/merged/plot/mine").text();
    assert!(page.contains("class=\"plot\"") && page.contains("/plots/mine.csv"), "{page}");
    let wrong = service.get("/api/v1/runs/merged/plots/other.svg");
    assert_eq!((wrong.status, &wrong.json()["line"]), (422, &json!(2)), "{wrong:?}");
    std::fs::write(folder.join("unread.sql"), b"\xff\xfe bad").unwrap();
    let unread = "cannot read the query plots/unread.sql: it is in UTF-16, or not text";
    assert!(plain(&service.get("/run/merged/plots").text()).contains(unread));
    let wrong = service.get("/api/v1/runs/merged/plots/unread.svg");
    assert!(wrong.status == 422 && wrong.text().contains(unread), "{wrong:?}");
    // The report has it, and says of the others what is wrong.
    let after = service.get("/run/merged/report");
    assert_ne!(before.head("etag"), after.head("etag"));
    assert!(
        after.text().contains("Who has &#60;how&#62;")
            && plain(&after.text()).contains("unknown mark `bra`")
            && plain(&after.text()).contains(unread)
    );
    write("mine.sql", "-- mark: bar\n-- x: samples\n-- y: user_id");
    let wrong = service.get("/run/merged/plot/mine");
    assert!(
        wrong.status == 422 && plain(&wrong.text()).contains("did you mean `n_samples`?"),
        "{}",
        wrong.text()
    );
}

#[test]
fn pages_have_pictures_with_their_rows_and_their_sql() {
    let service = service();
    let page = service.get("/run/merged").text();
    assert!(page.contains("/run/merged/plots") && page.contains("action=\"/run/merged/report\""), "{page}");
    let page = service.get("/run/merged/plot/p_histogram?p.bins=4").text();
    for part in [
        "<h1>Are the p-values flat where nothing is coupled?</h1>",
        "Flat bars are what no coupling looks like.",
        "name=\"p.bins\" value=\"4\" placeholder=\"20\"",
        "role=\"img\"",
        "/api/v1/runs/merged/plots/p_histogram.svg?p.bins=4",
        "least(floor(p * 4), 4 - 1)",
        "Rows of the plot",
    ] {
        assert!(plain(&page).contains(part), "{part}: {page}");
    }
    // The style of the pages has the colours of the picture.
    assert!(service.get("/assets/style.css").text().contains("--plot-c0:"));
    // As curl, the rows are those of the file.
    let curl = plain(page.split("<pre tabindex=\"0\">curl").nth(1).unwrap().split("</pre>").next().unwrap());
    let said =
        std::process::Command::new("sh").args(["-c", &format!("curl --silent{curl}")]).output().unwrap();
    let csv = service.get("/api/v1/runs/merged/plots/p_histogram.csv?p.bins=4");
    assert_eq!(said.stdout, csv.body, "{curl}");
    let user = service.get("/run/run/user/u01").text();
    assert!(
        user.contains("Where do the values of a person lie") && user.contains("class=\"plot\""),
        "{user}"
    );
    let its = plain(&user);
    let its = its.split("href=\"").find(|part| part.starts_with("/run/run/plot/own_nulls")).unwrap();
    let its = service.get(its.split('"').next().unwrap());
    assert!(its.status == 200 && plain(&its.text()).contains("user_id = 'u01' or"), "{its:?}");
}

#[test]
fn the_editor_draws_what_has_a_header() {
    let service = service();
    let editor = |sql: &str, more: &str| service.get(&format!("/sql?run=merged&sql={}{more}", encoded(sql)));
    let sql = "select user_id, n_samples from users where n_samples > $least order by user_id";
    let plain_page = editor(sql, "&p.least=1").text();
    assert!(!plain_page.contains("class=\"plot\"") && plain_page.contains("Draw it"), "{plain_page}");
    // What is chosen becomes the header, and the address holds it.
    let chosen = editor(sql, "&p.least=1&mark=bar&x=n_samples&y=user_id&color=&facet=");
    assert_eq!(chosen.status, 303);
    let place = chosen.head("location").unwrap().to_owned();
    let page = service.get(&place).text();
    for part in
        ["class=\"plot\"", "-- mark: bar\n-- x: n_samples\n-- y: user_id\nselect", "3 rows in", "p.least"]
    {
        assert!(plain(&page).contains(part), "{part}: {page}");
    }
    assert!(page.contains("<option selected>n_samples</option>"), "{page}");
    let picture = page.split("href=\"").find(|part| part.contains("format=svg")).unwrap();
    let picture = service.get(&plain(picture.split('"').next().unwrap()));
    assert!(picture.status == 200 && picture.text().starts_with("<svg "), "{picture:?}");
    // Defaults are those of the header, and a header that is wrong leaves the rows.
    let own = "-- Who?\n-- mark: bar\n-- x: n_samples\n-- y: user_id\n-- param least=1: rows\nselect user_id, n_samples from users \
               where n_samples > $least";
    let page = editor(own, "").text();
    assert!(page.contains("class=\"plot\"") && page.contains("placeholder=\"1\""), "{page}");
    let page = editor(&own.replace("x: n_samples", "x: samples"), "").text();
    assert!(plain(&page).contains("did you mean `n_samples`?") && page.contains("3 rows in"), "{page}");
    let page = editor(&own.replace("mark: bar", "mark: bra"), "").text();
    assert!(page.contains("No picture: ") && plain(&page).contains("did you mean `bar`?"), "{page}");
    let many = "-- Too many?\n-- mark: point\n-- x: n\n-- y: n\nselect unnest(range(1, 6000)) as n";
    let page = editor(many, "").text();
    assert!(page.contains("a plot has at most 5000") && page.contains("5,999 rows in"), "{page}");
    let wrong = editor(&own.replace("from users", "from user"), "").text();
    assert!(wrong.contains("No answer") && !wrong.contains("No picture"), "{wrong}");
}

#[test]
#[ignore = "long"]
fn ids_of_any_kind_are_drawn_and_said_as_they_are() {
    let world = World::new(1);
    let ids = ["<script>alert(1)<", "quote\"'&", "\u{202e}turned", "%s {x}"];
    for id in ids {
        world.user(id, &crate::world::rows(5, 300));
    }
    world.analyse("run", &[]);
    let service =
        Service::start(&[world.path("run")], |settings| settings.limits.time = Duration::from_mins(10));
    for id in ids {
        let page = service.get(&format!("/run/run/user/{}", encoded(id)));
        let text = page.text();
        assert!(page.status == 200 && text.contains("class=\"plot\""), "{id}: {text}");
        assert!(!text.contains("<script>alert"), "{id}: {text}");
        let its = plain(&text);
        let its = its.split("href=\"").find(|part| part.starts_with("/run/run/plot/own_nulls")).unwrap();
        let its = service.get(its.split('"').next().unwrap());
        assert!(its.status == 200 && !its.text().contains("This person has no test"), "{id}: {its:?}");
    }
    let forest = service.get("/run/run/plot/forest").text();
    let picture = forest.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(picture.contains("&lt;script&gt;") && !picture.contains('\u{202e}'), "{picture}");
    assert!(!forest.contains("<script>alert"), "{forest}");
}
