//! One HTML file of what a run found: `results report`.

use std::collections::BTreeSet;

use crate::world::{World, rows};

fn world() -> World {
    let world = World::new(0);
    for (at, id) in ["anna-4711", "béla <b>", "ca\"rl", "d,e'f"].into_iter().enumerate() {
        world.user(id, &rows(at as u64 + 1, 300));
    }
    world.user("short-one", &rows(9, 20));
    world.analyse("run", &[]);
    world
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path(name)).unwrap()
}

/// Tags that are closed, ids that are there once, links that lead somewhere.
fn assert_sound(html: &str) {
    const VOID: [&str; 5] = ["meta", "br", "link", "hr", "img"];
    let mut open = Vec::new();
    let body = html.split_once("<body>").map_or(html, |(_, rest)| {
        rest.trim_end().trim_end_matches("</html>").trim_end().trim_end_matches("</body>")
    });
    for tag in body.split('<').skip(1) {
        let (head, _) = tag.split_once('>').unwrap();
        let name = head.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if head.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{head}");
            continue;
        }
        if !VOID.contains(&name) && !head.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    let distinct: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "an id twice: {ids:?}");
    for link in html.split("href=\"#").skip(1) {
        let to = link.split('"').next().unwrap();
        assert!(ids.contains(&to), "#{to} leads nowhere");
    }
    for part in ["<script", "http-equiv=\"refresh\"", "src=", "@import", "url(http", "onload", "javascript:"]
    {
        assert!(!html.contains(part), "{part}");
    }
}

#[test]
#[ignore = "long"]
fn a_report_and_a_plot_go_to_standard_output() {
    let world = world();
    let said = world.expect(0, &["report", "run", "-o", "-"]);
    assert_sound(&said.out);
    assert!(!world.path("-").exists() && !world.path("report.html").exists());
    world.expect(0, &["report", "run"]);
    assert_eq!(said.out, read(&world, "report.html"));
    let plot = world.expect(0, &["plot", "reasons", "--run", "run", "-o", "-"]);
    assert!(plot.out.starts_with("<svg"), "{plot:?}");
    assert_eq!(plot.out, world.expect(0, &["plot", "reasons", "--run", "run"]).out);
}

#[test]
#[ignore = "long"]
fn a_report_is_one_file_of_everything() {
    let world = world();
    world.expect(0, &["merge", "--shards", "run", "--output", "merged", "--accept-skipped", "short-one"]);
    world.expect(0, &["report", "merged", "--user", "anna-4711"]);
    let html = read(&world, "report.html");
    assert_sound(&html);
    for part in [
        "<html lang=\"en\">",
        "default-src 'none'",
        "What this is",
        "merged results, complete",
        "Settings that differ from the defaults",
        "k_selection.k_grid",
        "short-one (composite): ",
        "Tests by measure, lag and direction",
        "smallest p possible",
        "A negative control is missing here",
        "TE, lag 1, composite: of 4 persons, ",
        "Wilcoxon signed-rank test, n = 4",
        "Are the p-values flat where nothing is coupled?",
        "data:text/csv;charset=utf-8,measure,direction,low",
        "download=\"p_histogram.csv\"",
        "least(floor(p * 20), 20 - 1)",
        "The plot <code>control</code> needs the table <code>control</code>",
        "Person anna-4711",
        "béla &#60;b&#62;",
        "Permutation p of TE_A2S.",
    ] {
        assert!(html.contains(part), "{part}");
    }
    world.expect(0, &["report", "merged", "--user", "anna-4711", "-o", "again.html"]);
    assert_eq!(read(&world, "again.html"), html, "the same input, the same bytes");
    assert!(world.expect(2, &["report", "merged"]).err.contains("report.html exists already"));
    world.expect(0, &["report", "merged", "--force", "--title", "A <title>", "--alpha", "0.2"]);
    let html = read(&world, "report.html");
    assert!(
        html.contains("<h1>A &#60;title&#62;</h1>")
            && html.contains("α = 0.2.")
            && html.contains("coalesce(0.2, alpha)")
    );
    assert!(
        world
            .expect(2, &["report", "merged", "--force", "--user", "nobody"])
            .err
            .contains("unknown user `nobody`")
    );
    assert!(
        world
            .expect(2, &["report", "merged", "-o", "merged/r.html"])
            .err
            .contains("which holds a run or merged results")
    );
    world.expect(1, &["report", "nothing", "-o", "n.html"]);
    assert!(!world.path("n.html").exists());
}

#[test]
#[ignore = "long"]
fn a_run_and_a_partial_output_say_what_is_missing() {
    let world = world();
    world.expect(0, &["report", "run", "-o", "run.html"]);
    let html = read(&world, "run.html");
    assert_sound(&html);
    for part in [
        "a run, ",
        "M09",
        "skipped",
        "the reason says what the input lacks",
        "5 units are planned; 0 of them",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // A file that is cut is found, as `validate` finds it.
    let file = world.table_files("run", "te").remove(0);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    world.expect(3, &["report", "run", "-o", "cut.html"]);
    assert!(read(&world, "cut.html").contains("M10"));
    world.expect(3, &["merge", "--shards", "run", "--output", "partial", "--allow-partial"]);
    world.expect(0, &["report", "partial", "-o", "partial.html"]);
    let html = read(&world, "partial.html");
    let first = html.split("<h1>").nth(1).unwrap().split("</header>").next().unwrap();
    assert!(first.contains("Partial: 3 of 5 units."), "{first}");
    // And on every page that is printed.
    assert!(html.contains("@page{@top-right{content:\"Partial: 3 of 5 units.\""), "{html}");
    assert!(html.contains("M09") && html.contains("M10"), "{html}");
}

#[test]
#[ignore = "long"]
fn a_run_without_a_unit_has_a_report() {
    let world = world();
    for entry in std::fs::read_dir(world.path("run")).unwrap().flatten() {
        if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with('_') {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    world.expect(0, &["report", "run"]);
    let html = read(&world, "report.html");
    assert_sound(&html);
    assert!(
        html.contains("5 units are planned; 5 of them have no result yet") && html.contains("M01"),
        "{html}"
    );
}

#[test]
fn merged_results_say_what_they_were_made_of() {
    let world = world();
    world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    world.expect(0, &["report", "merged", "-o", "merged.html"]);
    let html = read(&world, "merged.html");
    for part in
        ["5 persons, 5 units", "Digest of the plan (BLAKE3)", "Versions of the tables", "day_hours 1, "]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
#[ignore = "long"]
fn what_nobody_looked_for_is_not_said_to_be_absent() {
    let world = world();
    let text = read(&world, "run/run.yaml");
    assert!(text.contains("\n  units: 5\n"), "{text}");
    world.write("run/run.yaml", text.replace("\n  units: 5\n", "\n  units: 100001\n"));
    let html = world.expect(0, &["report", "run", "-o", "-"]).out;
    assert_sound(&html);
    assert!(
        html.contains("a run of more than 100000 units is not compared with its plan for a report"),
        "{html}"
    );
    assert!(!html.contains("Nothing is missing"), "{html}");
}

#[test]
#[ignore = "long"]
fn hidden_users_are_nowhere_in_the_file() {
    let world = world();
    world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    for dir in ["run", "merged"] {
        let out = format!("{dir}.html");
        world.expect(0, &["report", dir, "--hide-users", "--user", "anna-4711", "-o", &out]);
        let html = read(&world, &out);
        for id in ["anna-4711", "béla <b>", "ca\"rl", "d,e'f", "short-one"] {
            let escaped =
                id.replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;");
            let svg =
                id.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;");
            let encoded: String = id
                .bytes()
                .map(|b| {
                    if b.is_ascii_alphanumeric() || b == b'-' {
                        char::from(b).to_string()
                    } else {
                        format!("%{b:02X}")
                    }
                })
                .collect();
            for form in [id, &escaped, &svg, &encoded] {
                assert!(!html.contains(form), "{dir}: {form}");
            }
        }
        assert!(html.contains("u001") && html.contains("Person u001"), "{dir}");
    }
}

#[test]
fn a_plot_that_cannot_be_read_says_so_in_its_place() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    std::fs::create_dir_all(world.path("own/queries/plots")).unwrap();
    world.write("own/queries/plots/e.sql", b"\xff\xfe bad");
    let said = world.expect(1, &["report", "run", "--definitions", "own"]);
    let words = "cannot read the query plots/e.sql: it is in UTF-16, or not text";
    assert!(said.err.contains(words), "{}", said.err);
    let html = read(&world, "report.html");
    assert!(html.contains(&format!("The plot <code>e</code> could not be drawn: {words}")), "{html}");
    assert!(html.contains("download=\"p_histogram.csv\""), "{html}");
    assert_sound(&html);
}

/// The words of a page, of the rows in its links too.
fn words(html: &str) -> BTreeSet<String> {
    let plain = html.replace("%0A", "\n").replace("%20", " ").replace("%22", "\"");
    plain.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
}

#[test]
#[ignore = "long"]
fn ids_of_two_letters_are_hidden_wherever_they_stand() {
    let world = World::new(0);
    let ids = "JQXZ".chars().flat_map(|a| "bcdfghjklmnpqrtv".chars().map(move |b| format!("{a}{b}")));
    let ids: Vec<String> = ids.collect();
    for (at, id) in ids.iter().enumerate() {
        world.user(id, &rows(at as u64 + 1, if at == 5 { 20 } else { 300 }));
    }
    world.user("Xx", "nothing\n");
    world.analyse("run", &[]);
    world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    for dir in ["run", "merged"] {
        let open = world.expect(0, &["report", dir, "-o", "-"]).out;
        let hidden = world.expect(0, &["report", dir, "--hide-users", "--user", "Qb", "-o", "-"]).out;
        assert_sound(&hidden);
        let (open, words) = (words(&open), words(&hidden));
        for id in ids.iter().map(String::as_str).chain(["Xx"]).filter(|id| open.contains(*id)) {
            assert!(!words.contains(id), "{dir}: {id}");
        }
        assert!(open.contains("Qb") && open.contains("Xx"), "{dir}");
        for part in [
            " (median)",
            " (quartile)",
            " (composite): Insufficient data (N=20): at least 100 rows",
            "/data/u0",
            "Person u0",
            "user_id = &#39;u0",
        ] {
            assert!(hidden.contains(part), "{dir}: {part}");
        }
    }
}

/// What stands between two marks, each time.
fn between<'a>(html: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    html.split(start).skip(1).map(|part| part.split(end).next().unwrap()).collect()
}

#[test]
fn ids_that_are_numbers_are_hidden_and_other_numbers_stay() {
    let world = World::new(0);
    for (at, id) in (100..105).enumerate() {
        world.user(&id.to_string(), &rows(at as u64 + 1, if id == 102 { 50 } else { 300 }));
    }
    world.analyse("run", &[]);
    world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    for dir in ["run", "merged"] {
        let open = world.expect(0, &["report", dir, "-o", "-"]).out;
        let hidden = world.expect(0, &["report", dir, "--hide-users", "-o", "-"]).out;
        // Settings, SQL, digests, versions, places.
        for (start, end) in [("<pre", "</pre>"), ("<dl>", "</dl>"), ("<caption>", "</caption>")] {
            let open = between(&open, start, end);
            assert!(!open.is_empty());
            assert_eq!(between(&hidden, start, end), open, "{dir}");
        }
        for part in ["min_samples: 100", "- 1000", "/ 100.0", "bytes) / 1000000"] {
            assert_eq!(hidden.contains(part), open.contains(part), "{dir}: {part}");
        }
        // Nothing else is different either, but for the places in a picture.
        let without = |html: &str| {
            let mut parts = html.split("<svg");
            let first = parts.next().unwrap().to_owned();
            first + &parts.map(|part| part.split_once("</svg>").unwrap().1).collect::<String>()
        };
        let mut back = without(&hidden);
        for id in 1..6 {
            back = back.replace(&format!("u00{id}"), &(99 + id).to_string());
        }
        assert_eq!(back, without(&open), "{dir}");
        for (id, name) in [("101,A2S", "u002,A2S"), ("102 (composite): ", "u003 (composite): ")] {
            assert!(open.contains(id) && !hidden.contains(id) && hidden.contains(name), "{dir}: {id}");
        }
        assert!(hidden.contains("(N=50): at least 100 rows with a value are needed, 50 were read"), "{dir}");
    }
}

#[test]
fn those_who_are_missing_and_those_whom_a_plot_of_ones_own_names_are_hidden() {
    let world = World::new(0);
    let ids = ["Jb", "Qb", "Xb", "Zb"];
    for (at, id) in ids.into_iter().enumerate() {
        world.user(id, &rows(at as u64 + 1, 300));
    }
    world.analyse("run", &["--shard", "0/2"]);
    world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    world.write(
        "of_Qb.sql",
        "-- Why is Qb so?\n-- mark: bar\n-- x: n \"as Xb\"\n-- y: who\n-- caption: Not of Zb.\n\
         select concat('no Qb: ', user_id) as who, count(*) as n -- Jb\nfrom users where user_id <> 'Zb' group by user_id",
    );
    for dir in ["run", "merged"] {
        let args = ["report", dir, "--plot", "of_Qb.sql", "-o", "-"];
        let open = words(&world.expect(0, &args).out);
        assert!(ids.iter().all(|id| open.contains(*id)), "{dir}: {open:?}");
        let hidden = world.expect(0, &[&args[..], &["--hide-users"]].concat()).out;
        let words = words(&hidden);
        assert!(!ids.iter().any(|id| words.contains(*id)), "{dir}: {hidden}");
    }
}

#[test]
fn a_page_has_no_character_that_html_forbids() {
    let world = World::new(0);
    world.user("a\u{1}b\u{fffe}", &rows(1, 300));
    world.analyse("run", &[]);
    let html = world.expect(0, &["report", "run", "-o", "-"]).out;
    assert_sound(&html);
    assert!(html.contains("<td>a\u{fffd}b\u{fffd}</td>"), "{html}");
    assert!(!html.contains(['\u{1}', '\u{fffe}']), "{html}");
}

#[test]
#[ignore = "long"]
fn a_plot_that_fails_says_so_in_its_place() {
    let world = world();
    std::fs::create_dir_all(world.path("own/queries/plots")).unwrap();
    world.write(
        "own/queries/plots/mine.sql",
        "-- Mine?\n-- mark: bar\n-- x: nothing\n-- y: n\n-- section: data\nselect 1 as n",
    );
    let said = world.expect(1, &["report", "run", "--definitions", "own"]);
    assert!(said.err.contains("plots/mine.sql:3: unknown column `nothing`"), "{}", said.err);
    let html = read(&world, "report.html");
    assert!(
        html.contains("The plot <code>mine</code> could not be drawn: plots/mine.sql:3: unknown column"),
        "{html}"
    );
    assert_sound(&html);
    // A plot of one's own that can be drawn is in the section that it names.
    world.write(
        "own/queries/plots/mine.sql",
        "-- Mine?\n-- mark: bar\n-- x: n\n-- y: n\n-- section: data\n-- order: 1\nselect 1 as n",
    );
    world.expect(0, &["report", "run", "--definitions", "own", "--force"]);
    let html = read(&world, "report.html");
    let data = html.split("<section id=\"data\"").nth(1).unwrap();
    assert!(data.find(">Mine?<").unwrap() < data.find("At which hours").unwrap());
    world.write("extra.sql", "-- Extra?\n-- mark: bar\n-- x: n\n-- y: n\nselect 1 as n");
    world.expect(0, &["report", "run", "--plot", "extra.sql", "--force"]);
    assert!(read(&world, "report.html").contains(">Extra?<"));
}

#[test]
#[ignore = "long"]
fn several_directories_stand_side_by_side() {
    let world = world();
    world.write("other.yaml", crate::world::QUICK.replace("surrogates: 19", "surrogates: 9"));
    world.expect(3, &["run", "--config", "other.yaml", "--data", "data", "--out", "other"]);
    world.expect(0, &["report", "run", "other"]);
    let html = read(&world, "report.html");
    assert_sound(&html);
    let row = html.split("<td>surrogates</td>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains("<td>19</td><td>9</td>"), "{row}");
    assert!(html.contains("id=\"d1-findings\"") && html.contains("id=\"d2-plot-forest\""));
}
