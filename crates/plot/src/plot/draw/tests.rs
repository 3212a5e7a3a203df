use super::*;
use crate::plot::Values;

fn numbers(values: impl IntoIterator<Item = f64>) -> Values {
    Values::Numbers(values.into_iter().map(Some).collect())
}

fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Values {
    Values::Texts(values.into_iter().map(|text| Some(text.to_owned())).collect())
}

fn rows(columns: Vec<(&str, Values)>) -> Rows {
    Rows::new(columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect())
}

fn plot(header: &str) -> Plot {
    Plot::parse("p.sql", &format!("-- What is seen?\n{header}\n-- caption: How it is read.\nselect 1"))
        .unwrap()
}

fn drawn(header: &str, rows: &Rows) -> String {
    svg(&plot(header), rows, &Look::default()).unwrap()
}

/// One picture of each mark, by name.
#[allow(clippy::too_many_lines, reason = "a list")]
fn pictures() -> Vec<(&'static str, Plot, Rows)> {
    let wave = |n: usize| (0..n).map(|i| ((i * 37 % 23) as f64 - 8.0) / 4.0);
    let people: Vec<String> = (0..9).map(|i| format!("u{i:02}")).collect();
    let people = || texts(people.iter().map(String::as_str));
    let both = |n: usize| texts((0..n).map(|i| if i % 2 == 0 { "A2S" } else { "S2A" }));
    vec![
        (
            "bar",
            plot(
                "-- mark: bar\n-- x: low..high \"p\"\n-- y: tests \"tests\"\n-- facet: measure, direction\n\
                 -- layer: rule y=expected \"as many as chance gives\"",
            ),
            rows(vec![
                ("low", numbers((0..40).map(|i| f64::from(i / 2 % 10) / 10.0))),
                ("high", numbers((0..40).map(|i| f64::from(i / 2 % 10 + 1) / 10.0))),
                ("tests", numbers((0..40).map(|i| f64::from(3 + i * 13 % 17)))),
                ("expected", numbers((0..40).map(|_| 9.0))),
                ("measure", texts((0..40).map(|i| if i < 20 { "TE" } else { "GC" }))),
                ("direction", both(40)),
            ]),
        ),
        (
            "bar_lying",
            plot("-- mark: bar\n-- x: units \"units\"\n-- y: reason\n-- color: state\n-- label: units"),
            rows(vec![
                ("units", numbers([40.0, 7.0, 3.0, 1.0])),
                (
                    "reason",
                    texts([
                        "too short",
                        "too short",
                        "no target at all in any of the rows of this person",
                        "-",
                    ]),
                ),
                ("state", texts(["skipped", "failed", "failed", "ok"])),
            ]),
        ),
        (
            "point",
            plot(
                "-- mark: point\n-- x: effect \"effect (bits)\"\n-- y: q\n-- color: direction\n-- size: n \"tests\"\n\
                 -- y-scale: log\n-- layer: rule y=0.05 \"alpha\"",
            ),
            rows(vec![
                ("effect", numbers(wave(30))),
                (
                    "q",
                    numbers((0..30).map(|i| if i == 7 { 0.0 } else { 10_f64.powf(-f64::from(i * 7 % 13)) })),
                ),
                ("direction", both(30)),
                ("n", numbers((0..30).map(|i| f64::from(i % 5)))),
            ]),
        ),
        (
            "line",
            plot("-- mark: line\n-- x: at \"time\"\n-- y: rate \"units a minute\"\n-- color: shard"),
            rows(vec![
                (
                    "at",
                    Values::Times(
                        (0..24).map(|i| Some(1_795_874_400_000_000 + i / 2 * 300_000_000)).collect(),
                    ),
                ),
                (
                    "rate",
                    Values::Numbers(wave(24).enumerate().map(|(i, v)| (i != 9).then_some(v + 3.0)).collect()),
                ),
                ("shard", texts((0..24).map(|i| if i % 2 == 0 { "shard 1" } else { "shard 2" }))),
            ]),
        ),
        (
            "step",
            plot(
                "-- mark: step\n-- x: minute\n-- y: mb \"MB\"\n-- layer: rule x=4 \"restart\"\n-- layer: line y=limit \"limit\"",
            ),
            rows(vec![
                ("minute", numbers((0..10).map(f64::from))),
                ("mb", numbers((0..10).map(|i| f64::from(100 + 20 * (i / 3))))),
                ("limit", numbers((0..10).map(|_| 200.0))),
            ]),
        ),
        (
            "range",
            plot(
                "-- mark: range\n-- x: value \"bits\"\n-- y: user \"user\"\n-- low: low\n-- high: high\n-- color: direction\n\
                 -- layer: rule x=0",
            ),
            rows(vec![
                ("value", numbers(wave(18))),
                (
                    "low",
                    Values::Numbers(wave(18).enumerate().map(|(i, v)| (i != 3).then_some(v - 0.5)).collect()),
                ),
                ("high", numbers(wave(18).map(|v| v + 0.7))),
                (
                    "user",
                    texts((0..18).map(|i| ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"][i / 2])),
                ),
                ("direction", both(18)),
            ]),
        ),
        (
            "tile",
            plot("-- mark: tile\n-- x: hour \"hour of the day\"\n-- y: day\n-- color: kept \"share kept\""),
            rows(vec![
                ("hour", numbers((0..72).map(|i| f64::from(i % 24)))),
                ("day", texts((0..72).map(|i| ["2026-01-01", "2026-01-02", "2026-01-03"][i / 24]))),
                ("kept", numbers((0..72).map(|i| f64::from(i * 11 % 60) / 60.0))),
            ]),
        ),
        (
            "pair",
            plot("-- mark: pair\n-- y: user\n-- low: a \"A2S\"\n-- high: s \"S2A\""),
            rows(vec![("user", people()), ("a", numbers(wave(9))), ("s", numbers(wave(9).map(|v| 1.0 - v)))]),
        ),
    ]
}

#[test]
fn pictures_are_those_that_were_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var_os("RESULTS_GOLDEN").is_some();
    for (name, plot, rows) in pictures() {
        let own = svg(&plot, &rows, &Look::default()).unwrap();
        let page = Look { theme: Theme::Page, id: name.to_owned(), ..Look::default() };
        assert_eq!(svg(&plot, &rows, &page).unwrap(), svg(&plot, &rows, &page).unwrap());
        let path = folder.join(format!("{name}.svg"));
        if write {
            std::fs::write(&path, &own).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap();
        assert!(golden == own, "{name} looks different: look at it, then write it with RESULTS_GOLDEN=1");
    }
}

/// A picture whose elements are closed, of finite numbers.
fn assert_whole(svg: &str) {
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (head, _) = tag.split_once('>').unwrap();
        match head.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if head.ends_with('/') => {}
            None => open.push(head.split(' ').next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let numbers = svg.split("<style>").next().unwrap().to_owned() + svg.split("</style>").last().unwrap();
    for part in ["=\"NaN", "=\"inf", "=\"-inf", "LNaN", "Minf"] {
        assert!(!numbers.contains(part), "{part}: {svg}");
    }
}

const MARKS: [&str; 10] = [
    "-- mark: bar\n-- x: word\n-- y: v",
    "-- mark: bar\n-- x: v\n-- y: w",
    "-- mark: bar\n-- x: v\n-- y: word",
    "-- mark: point\n-- x: v\n-- y: w\n-- size: w\n-- color: v",
    "-- mark: point\n-- x: v\n-- y: w\n-- x-scale: log\n-- y-scale: sqrt\n-- color: word\n-- label: word",
    "-- mark: line\n-- x: v\n-- y: w\n-- color: word",
    "-- mark: step\n-- x: v\n-- y: w\n-- facet: word",
    "-- mark: range\n-- x: word\n-- y: v\n-- low: w\n-- high: v",
    "-- mark: tile\n-- x: word\n-- y: word\n-- color: v",
    "-- mark: pair\n-- x: word\n-- low: v\n-- high: w",
];

#[test]
fn whatever_the_rows_hold_is_drawn_or_said() {
    let cases: Vec<Vec<Option<f64>>> = vec![
        vec![],
        vec![Some(1.0)],
        vec![None, None, None],
        vec![Some(3.0); 5],
        vec![Some(0.0); 2],
        vec![Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(1.0)],
        vec![Some(-5.0), Some(-1.0)],
        vec![Some(f64::MAX), Some(f64::MIN), Some(5e-324)],
        vec![Some(1e-300), Some(1e300)],
    ];
    let long = "long ".repeat(2000);
    let words = ["<script>alert(1)</script>", "\"'&", "\u{202e}turned", "line\nline", long.as_str(), ""];
    for values in &cases {
        let n = values.len();
        let own = rows(vec![
            ("v", Values::Numbers(values.clone())),
            ("w", Values::Numbers(values.iter().rev().copied().collect())),
            ("word", texts((0..n).map(|i| words[i % words.len()]))),
        ]);
        for header in MARKS {
            for theme in [Theme::Light, Theme::Page] {
                let svg = svg(&plot(header), &own, &Look { theme, ..Look::default() }).unwrap();
                assert_whole(&svg);
                assert!(
                    !svg.contains("<script") && !svg.contains('\u{202e}') && svg.len() < 60_000,
                    "{header}: {svg}"
                );
                if n == 0 {
                    assert!(svg.contains("No rows to draw."), "{svg}");
                }
                if values.iter().all(Option::is_none) && n > 0 && !header.contains("tile") {
                    assert!(
                        svg.contains("None of the rows has values to draw.")
                            && svg.contains("3 without a value"),
                        "{header}: {svg}"
                    );
                }
            }
        }
    }
    let own = rows(vec![("v", numbers([1.0, -1.0, 0.0, f64::NAN])), ("w", numbers([1.0; 4]))]);
    let said = drawn("-- mark: point\n-- x: v\n-- y: w\n-- x-scale: log", &own);
    assert!(said.contains("Not drawn: 1 not finite, 2 not above 0, which this scale cannot show."), "{said}");
}

#[test]
fn what_the_rows_lack_is_named_with_its_line() {
    let own = rows(vec![("value", numbers([1.0])), ("user_id", texts(["u1"]))]);
    let said = |header: &str| svg(&plot(header), &own, &Look::default()).unwrap_err().to_string();
    let cases = [
        (
            "-- mark: point\n-- x: valeu\n-- y: value",
            "p.sql:3: unknown column `valeu` (did you mean `value`?); the columns are value, user_id",
        ),
        ("-- mark: point\n-- x: value\n-- y: value\n-- facet: user", "p.sql:5: unknown column `user`"),
        (
            "-- mark: point\n-- x: value\n-- y: value\n-- layer: rule y=alpha",
            "p.sql:5: unknown column `alpha`",
        ),
        (
            "-- mark: line\n-- x: value\n-- y: user_id",
            "p.sql:4: `y` is `user_id`, which is text, and a line is of numbers",
        ),
        (
            "-- mark: pair\n-- y: user_id\n-- low: value\n-- high: user_id",
            "p.sql:5: `high` is `user_id`, which is text",
        ),
        (
            "-- mark: point\n-- x: user_id\n-- y: value\n-- x-scale: log",
            "p.sql:5: `user_id` is text, whose scale is `category`",
        ),
        (
            "-- mark: point\n-- x: value\n-- y: value\n-- x-scale: time",
            "p.sql:5: `value` is a number, and `time` is the scale of times",
        ),
    ];
    for (header, start) in cases {
        assert!(said(header).starts_with(start), "{header}: {}", said(header));
    }
}

#[test]
fn a_picture_has_so_many_marks_and_panels_at_most() {
    let of = |n: usize| {
        rows(vec![
            ("v", numbers((0..n).map(|i| i as f64))),
            ("word", texts((0..n).map(|i| ["a", "b", "c"][i % 3]))),
        ])
    };
    let header = "-- mark: point\n-- x: v\n-- y: v";
    assert!(drawn(header, &of(5000)).len() < 800_000);
    let many = svg(&plot(header), &of(5001), &Look::default()).unwrap_err().to_string();
    assert_eq!(
        many,
        "p.sql: draws 5001 marks, and a plot has at most 5000\n(hint: aggregate in its SQL: bins, quantiles, or a limit \
         that the caption states)"
    );
    let panels =
        svg(&plot("-- mark: point\n-- x: v\n-- y: v\n-- facet: v"), &of(61), &Look::default()).unwrap_err();
    assert!(
        panels.to_string().starts_with("p.sql:5: draws 61 panels, and a plot has at most 60"),
        "{panels}"
    );
}

#[test]
fn a_picture_of_a_page_has_no_colour_of_its_own() {
    let (_, plot, rows) = pictures().remove(0);
    let page = svg(&plot, &rows, &Look { theme: Theme::Page, id: "one".into(), ..Look::default() }).unwrap();
    assert!(!page.contains("<style>") && !page.contains('#'), "{page}");
    for part in [
        "role=\"img\"",
        "<title>What is seen?</title>",
        "<desc>How it is read. 4 panels, 40 marks (bar).</desc>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let style = crate::plot::page_style();
    for part in ["prefers-color-scheme:dark", "@media print", ".plot .c0{fill:var(--plot-c0)}"] {
        assert!(style.contains(part), "{part}: {style}");
    }
}

/// Pixel by pixel: how a PNG is packed may change.
#[cfg(feature = "png")]
#[test]
fn pixels_are_those_that_were_looked_at() {
    use resvg::tiny_skia::Pixmap;

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let write = std::env::var_os("RESULTS_GOLDEN").is_some();
    for (name, plot, rows) in pictures() {
        let svg = svg(&plot, &rows, &Look { width: 360, ..Look::default() }).unwrap();
        let png = crate::plot::png(&svg).unwrap();
        let path = folder.join(format!("{name}.png"));
        if write {
            std::fs::write(&path, &png).unwrap();
        }
        let golden = Pixmap::load_png(&path).unwrap();
        let own = Pixmap::decode_png(&png).unwrap();
        assert_eq!((own.width(), own.height()), (golden.width(), golden.height()), "{name}");
        let differing =
            own.pixels().iter().zip(golden.pixels()).filter(|(own, golden)| own != golden).count();
        assert_eq!(differing, 0, "pixels of {name}: look at it, then write it with RESULTS_GOLDEN=1");
    }
}

#[cfg(feature = "png")]
#[test]
fn pictures_become_pixels_with_letters_of_the_program() {
    for (name, plot, rows) in pictures() {
        for theme in [Theme::Light, Theme::Dark] {
            let svg = svg(&plot, &rows, &Look { theme, ..Look::default() }).unwrap();
            let png = crate::plot::png(&svg).unwrap();
            assert!(png.starts_with(b"\x89PNG"), "{name}");
            assert_eq!(png, crate::plot::png(&svg).unwrap(), "{name}");
            if let Some(folder) = std::env::var_os("RESULTS_LOOK") {
                std::fs::write(std::path::Path::new(&folder).join(format!("{name}_{theme:?}.png")), png)
                    .unwrap();
            }
        }
    }
}
