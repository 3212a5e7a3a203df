//! No text of SQL ends the process, or leaves it at work for ever: each ends with words that say what was too much.

use std::time::{Duration, Instant};

use datafusion::common::runtime::SpawnedTask;
use futures::StreamExt;
use results::sql::{Bounds, Session, SessionError};

/// What an error of the engine says and nobody should read.
const INSIDE: &[&str] = &[
    "DataFusion",
    "datafusion",
    "Arrow",
    "Physical plan",
    "Resources exhausted",
    "FairSpill",
    "Internal error",
    "panicked",
    "backtrace",
    "Utf8",
    "Int64",
    "Float64",
    "Span(",
    "Candidate",
];

/// Longer than what is to end takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(30);

/// Within 400 MB and some time, on threads as the program has them.
fn ends_with(sql: &str, time: Duration) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    let sql = sql.to_owned();
    let asked = async move {
        let bounds = Bounds { memory: Some(400_000_000), time: Some(time), ..Bounds::default() };
        let mut clock = bounds.start();
        let session = Session::within(bounds).unwrap();
        let asked = session.clone();
        let frame = clock.part(async move { asked.query(&sql).await }).await?;
        let rows = clock.part(async move { frame.execute_stream().await }).await?;
        let mut rows = clock.rows(rows);
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            count += batch.map_err(SessionError::from)?.num_rows();
        }
        Ok(count)
    };
    let answer = runtime.block_on(async { SpawnedTask::spawn(asked).await });
    runtime.shutdown_background();
    answer.unwrap().map_err(|error: SessionError| error.to_string())
}

fn all_end(queries: &[(String, &str)]) {
    all_end_within(LONG, queries);
}

fn all_end_within(time: Duration, queries: &[(String, &str)]) {
    for (sql, words) in queries {
        let shown: String = sql.chars().take(100).collect();
        let started = Instant::now();
        let said = ends_with(sql, time).expect_err(&shown);
        assert!(started.elapsed() < Duration::from_mins(1), "{shown}: {:?}", started.elapsed());
        assert!(said.contains(words) && said.contains("(hint:"), "{shown}: {said}");
        for inside in INSIDE {
            assert!(!said.contains(inside), "{shown}: {said}");
        }
    }
}

fn nested(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("select {}{inner}{}", open.repeat(times), close.repeat(times))
}

fn chain(term: impl Fn(usize) -> String, by: &str, times: usize) -> String {
    let terms: Vec<String> = (0..times).map(term).collect();
    format!("select count(*) from (values (1)) v(x) where {}", terms.join(by))
}

#[test]
fn what_is_too_deep_or_too_much_is_named() {
    let doubled = |step: &str, times: usize| {
        let steps: String = (1..times)
            .map(|i| step.replace("NEXT", &i.to_string()).replace("LAST", &(i - 1).to_string()))
            .collect();
        format!("with t0 as (select 1 as x){steps} select count(*) from t{}", times - 1)
    };
    all_end(&[
        (chain(|i| format!("x = {i}"), " or ", 10_000), "5000 terms"),
        (chain(|i| format!("x <> {i}"), " and ", 4900), "300"),
        (chain(|i| format!("(x <> {i} or x > 3)"), " and ", 400), "300"),
        (format!("select 1 from (values (1)) v(x) where not ({})", vec!["x = 2"; 2000].join(" or ")), "300"),
        (nested("cast(", "1", " as int)", 3000), "levels deep"),
        (format!("select 1{}", "::int".repeat(100)), "levels deep"),
        (nested("(", "1", ")", 3000), "levels deep"),
        (nested("abs(", "1", ")", 60), "levels deep"),
        (nested("case when true then ", "1", " end", 100), "levels deep"),
        (nested("not ", "true", "", 100), "levels deep"),
        (
            format!("select 1 where {}true{}", "exists (select 1 where ".repeat(9), ")".repeat(9)),
            "8 levels deep",
        ),
        (format!("select {}", vec!["1"; 2001].join(", ")), "2000"),
        (doubled(", tNEXT as (select a.x from tLAST a cross join tLAST b)", 25), "500 tables"),
        (doubled(", tNEXT as (select x from tLAST union all select x from tLAST)", 25), "500 tables"),
        (
            format!(
                "select 1 group by {}",
                (0..8).map(|i| format!("cube({i} + 1, {i} + 2)")).collect::<Vec<_>>().join(", ")
            ),
            "(hint",
        ),
    ]);
}

/// Steps of `WITH`, each on the one before.
fn steps(step: &str, times: usize, end: &str) -> String {
    let named = |i: usize| format!(", t{i} as ({})", step.replace("LAST", &format!("t{}", i - 1)));
    let all: String = (1..=times).map(named).collect();
    format!("with t0 as (select 1 as x){all} {}", end.replace("LAST", &format!("t{times}")))
}

#[test]
fn what_doubles_from_step_to_step_is_named() {
    let cube = |columns: usize| {
        let columns: Vec<String> = (0..columns).map(|i| format!("x + {i}")).collect();
        format!("select count(*) as x from t0 group by cube({})", columns.join(", "))
    };
    let cubes = |times: usize| {
        let doubled: Vec<String> = (2..times)
            .map(|i| format!(", t{i} as (select x from t{0} union all select x from t{0})", i - 1))
            .collect();
        format!(
            "with t0 as (select 1 as x), t1 as ({}){} select count(*) from t{}",
            cube(11),
            doubled.concat(),
            times - 1
        )
    };
    all_end(&[
        (steps("select x + x as x from LAST", 30, "select count(*) from LAST where x > 0"), "10000 terms"),
        (
            steps(
                "select case when x > 1 then x else x end as x from LAST",
                20,
                "select x from LAST where x > 0",
            ),
            "10000 terms",
        ),
        (
            steps(
                "select x * x as x from LAST",
                20,
                "select 1 where exists (select 1 from LAST where x > 0)",
            ),
            "10000 terms",
        ),
        (
            steps("select a.x + a.x as x from LAST a", 16, "select a.x from LAST a join t0 b on a.x > b.x"),
            "10000 terms",
        ),
        (format!("with t0 as (select 1 as x) {}", cube(20)), "1048576 sets of columns; it may make 4096"),
        (format!("with t0 as (select 1 as x) {}", cube(64)), "sets of columns; it may make 4096"),
        (cubes(6), "they may make 16384"),
    ]);
    let few = steps("select x + x as x from LAST", 10, "select count(*) from LAST where x > 0");
    assert_eq!(ends_with(&few, LONG), Ok(1));
    let plain = steps("select x + x as x from LAST", 30, "select x from LAST");
    assert_eq!(ends_with(&plain, LONG), Ok(1));
    let many: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    let list = format!("select 1 as n from (select 1 + 1 as x) where x in ({})", many.join(", "));
    assert_eq!(ends_with(&list, LONG), Ok(1));
}

#[test]
fn what_grows_is_counted_before_it_is_made() {
    let made: Vec<(String, &str)> = [
        ("repeat('x', 3000000000)", "2.1 GB"),
        ("length(repeat(repeat(repeat('x', 10000), 10000), 100))", "(hint"),
        ("length(lpad('x', 2000000000, 'y'))", "more memory than it may have (400 MB)"),
        ("rpad('x', 9223372036854775807)", "2.1 GB"),
        ("length(replace(repeat('a', 100000), 'a', repeat('b', 100000)))", "2.1 GB"),
        ("length(concat(repeat('a', 150000000), repeat('a', 150000000)))", "400 MB"),
        ("array_length(range(1, 1000000000000))", "2.1 GB"),
        ("array_length(generate_series(1, 100000000))", "400 MB"),
        ("array_length(array_repeat(1, 10000000000))", "2.1 GB"),
        ("array_length(array_resize(make_array(1), 10000000000, 1))", "2.1 GB"),
        ("array_length(array_repeat('x', 1900000000))", "2.1 GB"),
        ("array_length(array_repeat(null, 1900000000))", "2.1 GB"),
        ("array_length(array_repeat(array_repeat(1, 100000), 100000))", "2.1 GB"),
        ("array_length(array_repeat(array_repeat('x', 5000000), 5))", "400 MB"),
    ]
    .map(|(made, words)| (format!("select {made}"), words))
    .into();
    all_end(&made);
}

#[test]
#[ignore = "long"]
fn what_does_not_end_ends_with_its_time() {
    all_end_within(
        Duration::from_millis(500),
        &[
            "select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b",
            "select count(*) from generate_series(1, 1000000000000)",
            "with recursive r as (select 1 as n union all select n from r) select count(*) from r",
            "select levenshtein(repeat('a', 100000), repeat('b', 100000))",
        ]
        .map(|sql| (sql.to_owned(), "takes longer than it may (0.5 s)")),
    );
}

#[test]
fn values_that_no_type_holds_are_named() {
    all_end(
        &[
            ("to_timestamp(9e18)", "seconds after 1970"),
            ("to_timestamp_seconds(9223372036854775807) + interval '1 day'", "(hint"),
            ("date '2020-01-01' + interval '99999999 years'", "a time is out of range"),
            ("abs(-9223372036854775807 - 1)", "too large"),
            ("cast(9e37 as decimal(38, 0)) + cast(9e37 as decimal(38, 0))", "too large"),
            ("1 / 0", "divided by 0"),
            ("regexp_like('a', '(((a{1,100}){1,100}){1,100})b')", "regular expression is too large"),
            ("least()", "least does not take no arguments"),
            ("sqrt('a')", "sqrt does not take (text)"),
            ("1_000", "1_000 isn't a number"),
        ]
        .map(|(value, words)| (format!("select {value}"), words)),
    );
}
