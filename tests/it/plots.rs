//! Pictures of what a run found: `results plot`.

use crate::world::World;

fn world() -> World {
    let world = World::new(3);
    world.user("short", &crate::world::rows(9, 20));
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged", "--accept-skipped", "short"]);
    world
}

/// The plots by name, as `--list` shows them.
fn listed(said: &str) -> Vec<String> {
    said.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
#[ignore = "long"]
fn every_plot_is_drawn_or_says_what_it_needs() {
    let world = world();
    let names = listed(&world.expect(0, &["plot", "--list"]).out);
    assert!(names.len() >= 10 && names.contains(&"p_histogram".to_owned()), "{names:?}");
    for name in &names {
        for dir in ["run", "merged"] {
            let said = world.run(&["plot", name, "--run", dir]);
            if said.code == Some(2) {
                assert!(
                    said.err.contains(&format!("The plot `{name}` needs the table")),
                    "{name} {dir}: {}",
                    said.err
                );
                // Only a control has the one, only a run the other.
                assert!(name == "control" || (name == "retries" && dir == "merged"), "{}", said.err);
                continue;
            }
            assert_eq!(said.code, Some(0), "{name} {dir}: {}", said.err);
            let svg = said.out;
            assert!(
                svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("role=\"img\""),
                "{name}: {svg}"
            );
            assert_eq!(
                world.run(&["plot", name, "--run", dir]).out,
                svg,
                "{name}: the same rows, the same bytes"
            );
        }
    }
}

#[test]
fn rows_of_a_picture_are_those_of_its_query() {
    let world = world();
    world.expect(0, &["plot", "p_histogram", "--run", "merged", "--param", "bins=4", "-o", "p.csv"]);
    let rows = std::fs::read_to_string(world.path("p.csv")).unwrap();
    assert!(rows.starts_with("measure,direction,low,high,tests,expected\n"), "{rows}");
    let sum: f64 =
        rows.lines().skip(1).map(|line| line.split(',').nth(4).unwrap().parse::<f64>().unwrap()).sum();
    let tests =
        world.expect(0, &["sql", "--run", "merged", "--format", "csv", "select count(p) as n from tests"]);
    assert_eq!(tests.out, format!("n\n{sum}\n"));
    for line in rows.lines().skip(1) {
        let edge: f64 = line.split(',').nth(2).unwrap().parse().unwrap();
        assert!([0.0, 0.25, 0.5, 0.75].contains(&edge), "{line}");
    }
    // What is skipped is seen with its reason.
    let reasons = world.expect(0, &["plot", "reasons", "--run", "run"]).out;
    assert!(reasons.contains("skipped") && reasons.contains("1 marks (bar)"), "{reasons}");

    let taken = world.expect(2, &["plot", "p_histogram", "--run", "merged", "-o", "p.csv"]);
    assert!(taken.err.contains("p.csv exists already"), "{}", taken.err);
    world.expect(0, &["plot", "p_histogram", "--run", "merged", "-o", "p.csv", "--force"]);
    world.expect(
        0,
        &["plot", "p_histogram", "--run", "merged", "-o", "p.svg", "--theme", "dark", "--width", "400"],
    );
    assert!(std::fs::read_to_string(world.path("p.svg")).unwrap().contains("width=\"400\""));
}

const OWN: &str = "-- Who has how many rows?
-- mark: bar
-- x: n_samples \"kept rows\"
-- y: user_id
-- section: data
-- order: 1
-- param least=0: rows at least
select user_id, n_samples from users where n_samples >= $least order by user_id
";

#[test]
fn a_plot_of_ones_own_is_a_file() {
    let world = world();
    world.write("mine.sql", OWN);
    std::fs::create_dir_all(world.path("own/queries/plots")).unwrap();
    world.write("own/queries/plots/mine.sql", OWN);
    let of_file = world.expect(0, &["plot", "mine.sql", "--run", "merged"]).out;
    assert!(of_file.contains("Who has how many rows?") && of_file.contains(">u02<"), "{of_file}");
    let listed = world.expect(0, &["plot", "--list", "--definitions", "own"]).out;
    assert!(listed.contains("mine ") && listed.contains("least=0 (rows at least)"), "{listed}");
    assert_eq!(world.expect(0, &["plot", "mine", "--definitions", "own", "--run", "merged"]).out, of_file);
    let none = world.expect(0, &["plot", "mine.sql", "--run", "merged", "--param", "least=100000"]).out;
    assert!(none.contains("No rows to draw."), "{none}");
}

#[test]
fn a_plot_that_cannot_be_read_is_named_and_the_others_are_there() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    std::fs::create_dir_all(world.path("own/queries/plots")).unwrap();
    world.write("own/queries/plots/mine.sql", OWN);
    world.write("own/queries/plots/e.sql", b"\xff\xfe bad");
    std::os::unix::fs::symlink("nowhere", world.path("own/queries/plots/g.sql")).unwrap();
    let listed = world.expect(0, &["plot", "--list", "--definitions", "own"]).out;
    for part in [
        "mine ",
        "p_histogram ",
        "cannot read the query plots/e.sql: it is in UTF-16, or not text",
        "cannot read the query plots/g.sql: No such file",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let plot = |name: &str| world.run(&["plot", name, "--run", "run", "--definitions", "own"]);
    assert_eq!(plot("mine").code, Some(0));
    let said = plot("e");
    assert!(said.code == Some(2) && said.err.contains("cannot read the query plots/e.sql: "), "{said:?}");
}

#[test]
fn what_is_wrong_with_a_plot_is_named_with_file_and_line() {
    let world = world();
    let said = |text: &str, more: &[&str]| {
        world.write("mine.sql", text);
        world.expect(2, &[&["plot", "mine.sql", "--run", "merged"], more].concat()).err
    };
    let cases: [(&str, &str, &str); 8] = [
        ("-- mark: bar", "-- mark: bra", "mine.sql:2: unknown mark `bra` (did you mean `bar`?)"),
        ("-- order: 1", "-- ordre: 1", "mine.sql:6: unknown key `ordre` (did you mean `order`?)"),
        (
            "-- x: n_samples",
            "-- x: n_sample",
            "mine.sql:3: unknown column `n_sample` (did you mean `n_samples`?)",
        ),
        ("-- y: user_id\n", "", "mine.sql:2: `bar` needs `y`"),
        ("-- order: 1", "-- mark: point", "mine.sql:6: `mark` stands here and in line 2"),
        ("from users", "from usres", "mine.sql:8: table 'usres' not found\n(hint: is it users?)"),
        (
            "where n_samples",
            "\nwhere n_sampls",
            "mine.sql:9: unknown column n_sampls\n(hint: is it n_samples?)",
        ),
        ("select user_id", "selekt user_id", "mine.sql:8: "),
    ];
    for (from, to, start) in cases {
        let err = said(&OWN.replace(from, to), &[]);
        assert!(err.contains(&format!("error: {start}")), "{to}: {err}");
    }
    assert!(said(&OWN.replace("select user_id", "selekt user_id"), &[]).to_lowercase().contains("line: 8"));
    assert!(said(OWN, &["--param", "leats=1"]).contains("the query has no parameter $leats"));
    let many =
        "-- Many?\n-- mark: point\n-- x: value\n-- y: value\nselect value from generate_series(1, 6000)";
    assert!(said(many, &[]).contains("mine.sql: draws 6000 marks, and a plot has at most 5000"));

    let unknown = world.expect(2, &["plot", "histogram", "--run", "merged"]).err;
    assert!(unknown.contains("unknown plot `histogram` (did you mean `k_histogram`?)"), "{unknown}");
    let no_picture = world.expect(2, &["plot", "forest", "--run", "merged", "-o", "x.gif"]).err;
    assert!(no_picture.contains("x.gif isn't a picture"), "{no_picture}");
    assert!(world.expect(2, &["plot", "forest"]).err.contains("--run DIR"));
    let inside = world.expect(2, &["plot", "forest", "--run", "merged", "-o", "merged/x.svg"]).err;
    assert!(inside.contains("which holds a run or merged results"), "{inside}");
}

#[test]
#[ignore = "long"]
fn ids_of_any_kind_are_drawn() {
    let world = World::new(2);
    for id in ["<script>alert(1)<", "quote\"'&", "\u{202e}turned", "%s {x}"] {
        world.user(id, &crate::world::rows(5, 300));
    }
    world.analyse("run", &[]);
    for plot in ["forest", "direction_pairs"] {
        let svg = world.expect(0, &["plot", plot, "--run", "run"]).out;
        assert!(
            !svg.contains("<script") && !svg.contains('\u{202e}') && svg.contains("&lt;script&gt;"),
            "{svg}"
        );
    }
}

#[test]
fn a_build_without_png_says_which_one_has_it() {
    let world = World::new(2);
    world.analyse("run", &[]);
    let said = world.run(&["plot", "p_histogram", "--run", "run", "-o", "p.png"]);
    if cfg!(feature = "png") {
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(std::fs::read(world.path("p.png")).unwrap().starts_with(b"\x89PNG"));
    } else {
        assert_eq!(said.code, Some(2), "{}", said.err);
        assert!(said.err.contains("cargo install --locked --path . --features png"), "{}", said.err);
        assert!(!world.path("p.png").exists());
    }
}
