use super::*;

const WHOLE: &str = r#"-- Are the p-values flat where nothing is coupled?
-- mark: bar
-- x: low..high "p"
-- y: tests "tests"
-- facet: measure, direction
-- layer: rule y=expected "as many as chance gives"
-- section: findings
-- order: 20
-- needs: tests
-- caption: Flat bars are what no coupling looks like.
--    A peak at 0 is signal.
-- param bins=20: bars between 0 and 1
-- Two words: this is prose.
select 1
-- mark: this is no header any more
"#;

#[test]
fn a_header_says_what_is_drawn() {
    let plot = Plot::parse("p.sql", WHOLE).unwrap();
    assert_eq!((plot.mark, plot.order, plot.section.as_deref()), (Mark::Bar, 20, Some("findings")));
    assert_eq!(plot.title, "Are the p-values flat where nothing is coupled?");
    let x = plot.field("x").unwrap();
    assert_eq!((x.column.as_str(), x.upper.as_deref(), x.title.as_str()), ("low", Some("high"), "p"));
    assert_eq!(plot.facets, ["measure", "direction"]);
    assert_eq!(plot.layers[0].at, At::Column("expected".into()));
    assert_eq!(plot.caption, "Flat bars are what no coupling looks like. A peak at 0 is signal.");
    assert!(Plot::is_one(WHOLE) && !Plot::is_one("-- What is seen\nselect 1 as mark"));
}

/// What is said of a header with these lines below its title.
fn said(lines: &str) -> String {
    Plot::parse("p.sql", &format!("-- Title\n{lines}\nselect 1")).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let cases = [
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- colour: c",
            "p.sql:5: unknown key `colour` (did you mean `color`?); the keys are",
        ),
        (
            "-- mark: barr\n-- x: a",
            "p.sql:2: unknown mark `barr` (did you mean `bar`?); the marks are bar, point",
        ),
        ("-- mark: bar\n-- mark: line", "p.sql:3: `mark` stands here and in line 2"),
        ("-- mark: bar\n-- x: a", "p.sql:2: `bar` needs `y`"),
        ("-- mark: range\n-- x: a\n-- y: b\n-- low: c", "p.sql:2: `range` needs `high`"),
        ("-- mark: pair\n-- low: a\n-- high: b", "p.sql:2: `pair` needs `x` or `y`"),
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- size: c",
            "p.sql:5: `bar` has no `size`; it has x, y, color, label",
        ),
        ("-- x: a", "p.sql:1: `mark` is missing"),
        ("-- mark: bar\n-- x: a b\n-- y: c", "p.sql:3: `a b` isn't a column"),
        ("-- mark: bar\n-- x: a \"b\n-- y: c", "p.sql:3: a label stands in two quotes"),
        ("-- mark: line\n-- x: a..b\n-- y: c", "p.sql:3: `LOW..HIGH` is for the `x` of bars"),
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- y-scale: lin",
            "p.sql:5: unknown scale `lin` (did you mean `linear`?)",
        ),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- y-scale: log", "p.sql:5: the length of a bar is its value"),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- x-scale: log", "p.sql:5: the length of a bar is its value"),
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- y-scale: category\n-- x-scale: sqrt",
            "p.sql:6: the length of a bar is its value",
        ),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- color-scale: log", "p.sql:5: `color-scale` has no `color`"),
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- layer: ruler y=c",
            "p.sql:5: unknown layer `ruler` (did you mean `rule`?)",
        ),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- layer: line x=c", "p.sql:5: a layer is"),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- section: finding", "(did you mean `findings`?)"),
        (
            "-- mark: bar\n-- x: a\n-- y: b\n-- order: first",
            "p.sql:5: `order` is a whole number, and `first` isn't one",
        ),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- facet: a, b, c", "p.sql:5: 3 columns to facet by"),
        ("-- mark: bar\n-- x: a\n-- y: b\n-- free: z", "p.sql:5: unknown axis `z`; the axes are x, y"),
        ("-- mark: bar\n-- x:\n-- y: b", "p.sql:3: `x` has no value"),
    ];
    for (lines, start) in cases {
        let said = said(lines);
        assert!(
            said.starts_with(start) || (!start.starts_with("p.sql") && said.contains(start)),
            "{lines}: {said}"
        );
    }
    assert!(
        Plot::parse("p.sql", "select 1")
            .unwrap_err()
            .to_string()
            .starts_with("p.sql:1: the first line is the title")
    );
    let untitled = "-- mark: bar\n-- x: a\n-- y: b\nselect 1";
    let said = Plot::parse("p.sql", untitled).unwrap_err().to_string();
    assert!(said.starts_with("p.sql:1: ") && said.ends_with("and `mark: bar` stands below it"), "{said}");
    assert!(Plot::is_one(untitled));
    // Where bars go is said by edges, and by a scale of words.
    for lines in ["-- x: a..b\n-- y: c\n-- x-scale: log", "-- x: a\n-- y: b\n-- x-scale: category"] {
        assert!(Plot::parse("p.sql", &format!("-- Title\n-- mark: bar\n{lines}\nselect 1")).is_ok());
    }
}
