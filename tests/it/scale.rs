//! The figures of `docs/scale.md`, computed from what `cargo bench --bench scale` measured.
//!
//! With `RESULTS_WRITE_REFERENCE=1` the tables are written; else each of their figures must be within a tenth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// How far a figure of the page may be from the one that is computed.
const TOLERANCE: f64 = 0.1;

/// What the page supposes: core-seconds a user, threads of a worker, seconds of a group.
const SECONDS_A_USER: f64 = 0.2;
const THREADS: f64 = 8.0;
const WINDOW: f64 = 60.0;

/// Most bytes of a group, bytes of a file after a compaction, users of a part of a merge.
const GROUP_BYTES: f64 = 64e6;
const COMPACTED_BYTES: f64 = 100e6;
const PART: f64 = 10e6;

/// Dollars: a request that writes or lists, one that reads, a byte and month.
const PUT: f64 = 5e-6;
const GET: f64 = 0.4e-6;
const MONTH: f64 = 0.023e-9;

/// Numbers of users, and whether each is committed by itself.
const COLUMNS: [(&str, f64, bool); 5] = [
    ("1 M, alone", 1e6, true),
    ("1 M", 1e6, false),
    ("10 M", 1e7, false),
    ("100 M", 1e8, false),
    ("1 B", 1e9, false),
];

/// What was measured of which line, by the end of its name.
const WHAT: [(&str, &str); 15] = [
    ("plan", "users are put into a plan, which is written"),
    ("status", "`results status RUN`"),
    (
        "sql count",
        "`results sql --run RUN \"select count(*) from coupling\"`, every fiftieth user done twice",
    ),
    (
        "resume of a share",
        "`results run --resume RUN --shard 7/1000` of a plan by 1000 shards, nothing to do",
    ),
    ("of a share of 40 shards", "the same of a plan by 40 shards"),
    ("merge 8 in 4 processes", "the same by processes, 4 at a time; memory of the largest"),
    ("merge 8", "the same with `--parts 8`"),
    (": merge", "`results merge --format csv`: rows, q, a test over all users for each lag"),
    ("survey", "a part of a hundred: which files cannot be used"),
    ("runs", "its rows as sorted runs"),
    ("ranges", "how often each p is there, values of tests"),
    ("combine", "q by p, and tests over its users"),
    ("write", "its rows with q"),
    ("together", "the output"),
    ("of a thousand", "a thousand parts combined: 24 families with 10,000 distinct p in each part"),
];

/// What the table of sizes has.
const SIZES: [(&str, &str, &str); 12] = [
    ("tables besides the ledger", "a user", "tables"),
    ("bytes of rows a user", "a user", "data"),
    ("bytes of ledger a user", "a user", "ledger"),
    ("bytes of plan a user", "a user", "plan"),
    ("tables of the counted run, with the ledger", "requests", "tables"),
    ("PUT a group", "requests", "put_a_group"),
    ("beats a worker and second", "requests", "beats_a_worker_second"),
    ("looks for a successor a worker and second", "requests", "looks_a_worker_second"),
    ("other requests a worker, from its start to its end", "requests", "others_a_worker"),
    ("requests of `status`, four workers", "requests", "status"),
    ("requests of a share with nothing to do", "requests", "resume_of_a_share"),
    ("GET an object merged", "requests", "get_an_object_merged"),
];

struct Figures(Value);

impl Figures {
    fn read() -> Self {
        Self(
            serde_json::from_str(&std::fs::read_to_string(file("tests/reference/scale.json")).unwrap())
                .unwrap(),
        )
    }

    fn get(&self, of: &str, name: &str) -> f64 {
        let number = self.0[of][name].as_f64();
        number.unwrap_or_else(|| panic!("tests/reference/scale.json lacks `{name}` of `{of}`"))
    }

    /// What so many users take.
    fn derived(&self, users: f64, alone: bool) -> Vec<(&'static str, f64)> {
        let [data, ledger, plan, tables] =
            ["data", "ledger", "plan", "tables"].map(|name| self.get("a user", name));
        let [put_a_group, counted, beats, looks, get_an_object] = [
            "put_a_group",
            "tables",
            "beats_a_worker_second",
            "looks_a_worker_second",
            "get_an_object_merged",
        ]
        .map(|name| self.get("requests", name));
        let group = (WINDOW * THREADS / SECONDS_A_USER).min(GROUP_BYTES / data);
        let groups = users / if alone { 1.0 } else { group };
        let objects = groups * (tables + 1.0) * put_a_group / counted;
        let seconds = users * SECONDS_A_USER / THREADS;
        let compacted = (users * (data + ledger) / COMPACTED_BYTES).max(tables + 1.0);
        let parts = (users / PART).max(1.0);
        let (commit, leases) = (objects * PUT, seconds * (beats * PUT + looks * GET));
        let (compaction, merge) = (objects * GET + compacted * PUT, objects * get_an_object * GET);
        vec![
            ("groups", groups),
            ("objects", objects),
            ("objects after a compaction", compacted),
            ("rows, GB", users * data / 1e9),
            ("ledger, GB", users * ledger / 1e9),
            ("plan, GB", users * plan / 1e9),
            ("group tests, GB on the disk a family", 16.0 * users / 1e9),
            ("requests a user", (objects + seconds * (beats + looks)) / users),
            ("commits, $", commit),
            ("leases, $", leases),
            ("compaction, $", compaction),
            ("merge, $", merge),
            ("merge in parts of 10 M, $", merge + 2.0 * parts * parts * (tables + 1.0) * GET),
            ("one listing of the ledger, $", groups / 1000.0 * PUT),
            ("$ for a million users", (commit + leases + compaction + merge) / users * 1e6),
            ("a month of keeping, $", users * (data + ledger + plan) * MONTH),
            ("core hours", users * SECONDS_A_USER / 3600.0),
        ]
    }

    /// The tables, by heading.
    fn tables(&self) -> BTreeMap<&'static str, Vec<Vec<String>>> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut sizes = vec![texts(&["what", "found"])];
        sizes.extend(SIZES.map(|(what, of, name)| vec![what.to_owned(), words(self.get(of, name))]));
        let mut derived = vec![texts(&["users"])];
        derived[0].extend(COLUMNS.map(|(name, ..)| name.to_owned()));
        let columns = COLUMNS.map(|(_, users, alone)| self.derived(users, alone));
        for (row, (name, _)) in columns[0].iter().enumerate() {
            let cells = columns.iter().map(|column| words(column[row].1));
            derived.push(std::iter::once((*name).to_owned()).chain(cells).collect());
        }
        let mut measured = vec![texts(&["line", "what", "time", "of a core", "memory"])];
        for (of, numbers) in self.0.as_object().unwrap() {
            if numbers.get("core_seconds").is_some() {
                let what = WHAT.iter().find(|(end, _)| of.ends_with(end)).map_or("", |(_, what)| what);
                let found = ["seconds", "core_seconds", "megabytes"].map(|name| words(self.get(of, name)));
                let units =
                    found.iter().zip(["s", "s", "MB"]).map(|(number, unit)| format!("{number} {unit}"));
                measured.push([format!("`{of}`"), what.to_owned()].into_iter().chain(units).collect());
            }
        }
        BTreeMap::from([("Sizes", sizes), ("Derived", derived), ("Measured", measured)])
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A number with three digits.
fn words(number: f64) -> String {
    let short = |number: f64| match number {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        1.0.. => format!("{number:.2}"),
        _ if number == 0.0 => "0".to_owned(),
        _ => {
            let places = (2.0 - number.log10().floor()).clamp(0.0, 9.0) as usize;
            format!("{number:.places$}")
        }
    };
    match number {
        1e9.. => format!("{} B", short(number / 1e9)),
        1e6.. => format!("{} M", short(number / 1e6)),
        1e3.. => format!("{},{:03}", number.round() as u64 / 1000, number.round() as u64 % 1000),
        _ => short(number),
    }
}

/// `4.2 M`, `416,667` or `0.12 s` as a number.
fn number(cell: &str) -> Option<f64> {
    let mut words = cell.split_whitespace();
    let number: f64 = words.next()?.replace(',', "").parse().ok()?;
    Some(match words.next() {
        Some("M") => number * 1e6,
        Some("B") => number * 1e9,
        _ => number,
    })
}

/// Whether a cell says what another one does, within a tenth if both are numbers.
fn says(cell: &str, other: &str) -> bool {
    match (number(cell), number(other)) {
        (Some(found), Some(known)) => (found - known).abs() <= TOLERANCE * known.abs(),
        _ => cell == other,
    }
}

fn lines(table: &[Vec<String>]) -> Vec<String> {
    let mut lines: Vec<String> = table.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
    lines.insert(1, "|---".repeat(table[0].len()) + "|");
    lines
}

#[test]
fn the_figures_of_the_page_are_those_that_were_measured() {
    let page = std::fs::read_to_string(file("docs/scale.md")).unwrap();
    let tables = Figures::read().tables();
    let (mut new, mut wrong, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    let mut page = page.lines().peekable();
    let mut heading = "";
    while let Some(line) = page.next() {
        heading = line.strip_prefix("## ").unwrap_or(heading);
        let Some(table) = tables.get(heading).filter(|_| line.starts_with('|')) else {
            new.push(line.to_owned());
            continue;
        };
        seen.push(heading);
        let mut found = vec![line.to_owned()];
        while let Some(line) = page.next_if(|line| line.starts_with('|')) {
            found.push(line.to_owned());
        }
        let known = lines(table);
        let is_row = |(found, known): (&String, &String)| {
            let [found, known] =
                [found, known].map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
            found.len() == known.len() && found.iter().zip(&known).all(|(found, known)| says(found, known))
        };
        let pairs = found.iter().zip(&known).filter(|pair| !is_row(*pair));
        wrong.extend(pairs.map(|(found, known)| format!("{found}\n  and it is\n{known}")));
        if found.len() != known.len() {
            wrong.push(format!("{} lines below `{heading}`, and there are {}", found.len(), known.len()));
        }
        new.extend(known);
    }
    seen.sort_unstable();
    assert_eq!(seen, tables.keys().copied().collect::<Vec<_>>(), "headings with their tables, once each");
    if std::env::var_os("RESULTS_WRITE_REFERENCE").is_some() {
        std::fs::write(file("docs/scale.md"), new.join("\n") + "\n").unwrap();
    } else {
        assert!(wrong.is_empty(), "{}\n(RESULTS_WRITE_REFERENCE=1 writes the tables)", wrong.join("\n"));
    }
}

#[test]
fn numbers_are_read_as_they_are_written() {
    for known in [0.0, 0.000_123, 0.0667, 0.5, 3.17, 42.0, 417.0, 999.4, 4167.0, 41_667.0, 4.2e6, 1e9, 2.4e10]
    {
        let found = number(&words(known)).unwrap();
        assert!((found - known).abs() <= 0.01 * known, "{known}: {}", words(known));
    }
    assert!(
        says("4.2 M", "4.5 M")
            && !says("4.2 M", "4.8 M")
            && says("users", "users")
            && !says("0.1 s", "0.2 s")
    );
}
