use arrow::array::{AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;

use super::*;
use crate::sql::Session;
use results_numerics::numerics::stats;

const P: [Option<f64>; 9] =
    [Some(0.01), None, Some(0.04), Some(0.04), Some(1.0), Some(0.0), Some(0.2), None, Some(0.03)];

/// A table `tests` with p-values in families: 1 has most of them, 2 has one, 3 has none, 4 has nulls only.
fn session() -> Session {
    let session = Session::empty().unwrap();
    let mut rows: Vec<(i64, Option<f64>)> = P.iter().map(|p| (1, *p)).collect();
    rows.extend([(2, Some(0.03)), (4, None), (4, None)]);
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from_iter_values(0..rows.len() as i64)) as ArrayRef),
        ("tau", Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.0)))),
        ("p", Arc::new(rows.iter().map(|r| r.1).collect::<Float64Array>())),
        ("name", Arc::new(StringArray::from(vec!["a"; rows.len()]))),
    ])
    .unwrap();
    session.batch("tests", batch).unwrap();
    session
}

async fn numbers(session: &Session, sql: &str) -> Vec<Option<f64>> {
    let batches = session.collect(sql).await.unwrap();
    batches
        .iter()
        .flat_map(|b| b.column(0).as_primitive::<Float64Type>().iter().collect::<Vec<_>>())
        .collect()
}

async fn refusal(sql: &str) -> String {
    let session = session();
    match session.query(sql).await {
        Err(error) => error.to_string(),
        Ok(frame) => crate::sql::SessionError::from(frame.collect().await.unwrap_err()).to_string(),
    }
}

fn same(a: &[Option<f64>], b: &[Option<f64>]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.is_some(), b.is_some(), "{a:?} {b:?}");
        assert!((a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs() < 1e-15, "{a:?} {b:?}");
    }
}

#[tokio::test]
async fn q_values_are_of_each_partition_and_those_of_stats() {
    let session = session();
    for (function, of) in [
        ("bh_qvalue", stats::benjamini_hochberg as fn(&[Option<f64>]) -> Vec<Option<f64>>),
        ("by_qvalue", stats::benjamini_yekutieli),
    ] {
        let mut expected = of(&P);
        expected.extend([Some(0.03), None, None]);
        for over in [
            "PARTITION BY tau",
            "PARTITION BY tau ORDER BY p",
            "PARTITION BY tau ORDER BY id DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
        ] {
            let sql = format!("SELECT {function}(p) OVER ({over}) FROM tests ORDER BY id");
            same(&numbers(&session, &sql).await, &expected);
        }
        let all: Vec<_> = numbers(&session, "SELECT p FROM tests ORDER BY id").await;
        let sql = format!("SELECT {function}(p) OVER () FROM tests ORDER BY id");
        same(&numbers(&session, &sql).await, &of(&all));
    }
}

#[tokio::test]
async fn families_without_rows_and_filters_on_q() {
    let session = session();
    let none = "SELECT bh_qvalue(p) OVER (PARTITION BY tau) FROM tests WHERE tau = 3";
    assert!(numbers(&session, none).await.is_empty());
    // The family is that of all rows, not of those that pass.
    let few = "SELECT p FROM tests QUALIFY bh_qvalue(p) OVER (PARTITION BY tau) < 0.04 ORDER BY id";
    same(&numbers(&session, few).await, &[Some(0.01), Some(0.0), Some(0.03)]);
    let limited = "SELECT bh_qvalue(p) OVER (PARTITION BY tau) FROM tests ORDER BY id LIMIT 1";
    same(&numbers(&session, limited).await, &stats::benjamini_hochberg(&P)[..1]);
}

#[tokio::test]
async fn whole_numbers_decimals_and_null_are_numbers() {
    let session = session();
    let sql = "SELECT bh_qvalue(x) OVER () FROM (VALUES (0), (1), (NULL)) AS v(x) ORDER BY x NULLS LAST";
    same(&numbers(&session, sql).await, &[Some(0.0), Some(1.0), None]);
    let sql = "SELECT by_qvalue(CAST(x AS DECIMAL(5, 3))) OVER () FROM (VALUES (0.5)) AS v(x)";
    same(&numbers(&session, sql).await, &[Some(0.5)]);
    same(&numbers(&session, "SELECT bh_qvalue(NULL) OVER () FROM tests LIMIT 1").await, &[None]);
    same(&numbers(&session, "SELECT hodges_lehmann(id) FROM tests").await, &[Some(5.5)]);
    same(&numbers(&session, "SELECT hodges_lehmann(NULL) FROM tests").await, &[None]);
}

#[tokio::test]
async fn harmonic_numbers_go_on_where_adding_would_not_end() {
    let session = session();
    let sql = "SELECT harmonic(x) FROM (VALUES (0), (3), (10000001), (9223372036854775807), (-1)) AS v(x)";
    let expected =
        [Some(0.0), Some(11.0 / 6.0), Some(16.695_311_465_859_86), Some(44.245_488_040_178_08), None];
    for (found, expected) in numbers(&session, sql).await.iter().zip(expected) {
        assert!(
            found.is_some() == expected.is_some()
                && (found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12,
            "{found:?} {expected:?}"
        );
    }
}

#[tokio::test]
async fn aggregates_are_those_of_stats() {
    let session = session();
    let known: Vec<f64> = P.iter().flatten().copied().collect();
    let sql = "SELECT hodges_lehmann(p) FROM tests GROUP BY tau ORDER BY tau";
    same(&numbers(&session, sql).await, &[stats::hodges_lehmann(&known), Some(0.03), None]);
    let sql = "SELECT wilcoxon_p(p) FROM tests GROUP BY tau ORDER BY tau";
    same(&numbers(&session, sql).await, &[stats::wilcoxon_signed_rank(&known).map(|t| t.p), None, None]);
    let sql = "SELECT hodges_lehmann(p) OVER (PARTITION BY tau) FROM tests ORDER BY id LIMIT 1";
    same(&numbers(&session, sql).await, &[stats::hodges_lehmann(&known)]);
    let mut distinct = known.clone();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    for others in ["", ", count(DISTINCT id), sum(p)"] {
        let sql = format!("SELECT hodges_lehmann(DISTINCT p){others} FROM tests WHERE tau = 1");
        same(&numbers(&session, &sql).await, &[stats::hodges_lehmann(&distinct)]);
    }
}

#[tokio::test]
async fn what_group_tests_say_at_once_is_what_its_functions_say() {
    let session = session();
    for values in ["p", "p - 0.3", "CASE WHEN p > 0.03 THEN p - 0.4 ELSE -0.0 END", "0 * p", "nullif(p, p)"] {
        let sql = format!(
            "SELECT found[1], m, found[2], w, found[3], g, found[4], h, found[5], i[1], found[6], i[2]
             FROM (SELECT signed_ranks({values}) AS found, median({values}) AS m, wilcoxon_p({values}) AS w,
                   wilcoxon_greater_p({values}) AS g, hodges_lehmann({values}) AS h,
                   hodges_lehmann_interval({values}) AS i FROM tests GROUP BY tau ORDER BY tau)"
        );
        for batch in session.collect(&sql).await.unwrap() {
            for pair in batch.columns().chunks(2) {
                assert_eq!(pair[0].to_data(), pair[1].to_data(), "{values}");
            }
        }
    }
}

/// Of more values than are in memory, in groups between each other, with ties and both zeros.
#[tokio::test]
async fn group_tests_of_many_values_say_the_same() {
    for values in ["sin(i)", "round(sin(i) * 50) / 50", "-0.0 * i"] {
        let sql = format!(
            "SELECT found[1], m, found[2], w, found[3], g, found[4], h, found[5], ends[1], found[6], ends[2]
             FROM (SELECT signed_ranks(x) AS found, median(x) AS m, wilcoxon_p(x) AS w, wilcoxon_greater_p(x) AS g,
                   hodges_lehmann(x) AS h, hodges_lehmann_interval(x) AS ends
                   FROM (SELECT i % 3 > 1 AS part, {values} AS x FROM (SELECT unnest(range(0, 600000)) AS i))
                   GROUP BY part ORDER BY part)"
        );
        let batches = session().collect(&sql).await.unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
        for batch in batches {
            for pair in batch.columns().chunks(2) {
                assert_eq!(pair[0].to_data(), pair[1].to_data(), "{values}");
            }
        }
    }
    let many = "FROM (SELECT round(sin(i) * 9e5) AS x FROM (SELECT unnest(range(0, 600000)) AS i))";
    let sql = format!(
        "SELECT signed_ranks(DISTINCT x) = (SELECT signed_ranks(x) FROM (SELECT DISTINCT x {many})) {many}"
    );
    let found = session().collect(&sql).await.unwrap();
    assert_eq!(found[0].column(0).as_boolean().true_count(), 1);
}

#[tokio::test]
async fn other_arguments_are_refused_in_plain_words() {
    insta::assert_snapshot!(refusal("SELECT bh_qvalue(name) OVER () FROM tests").await, @r"
    bh_qvalue takes numbers, and this is text
    (hint: CAST(… AS DOUBLE) makes numbers of what holds them)
    ");
    insta::assert_snapshot!(refusal("SELECT by_qvalue(p, p) OVER () FROM tests").await, @r"
    by_qvalue takes one argument, and here are 2
    (hint: the values alone, as in f(x))
    ");
    insta::assert_snapshot!(refusal("SELECT bh_qvalue() OVER () FROM tests").await, @r"
    bh_qvalue takes one argument, and here are 0
    (hint: the values alone, as in f(x))
    ");
    insta::assert_snapshot!(refusal("SELECT hodges_lehmann(name) FROM tests").await, @r"
    hodges_lehmann takes numbers, and this is text
    (hint: CAST(… AS DOUBLE) makes numbers of what holds them)
    ");
    insta::assert_snapshot!(refusal("SELECT ks_uniform(p + 1) FROM tests").await, @r"
    ks_uniform takes p-values, and 1.01 is not between 0 and 1
    (hint: a condition that leaves such rows out, or the column that has p)
    ");
    for name in ["wilcoxon_p", "hodges_lehmann", "hodges_lehmann_interval", "ks_uniform"] {
        for (value, words) in [("inf", "one is infinite"), ("-inf", "one is infinite"), ("nan", "one is NaN")]
        {
            let said = refusal(&format!("SELECT {name}(CAST('{value}' AS DOUBLE)) FROM tests")).await;
            assert!(said.starts_with(&format!("{name} takes numbers, and {words}\n(hint: ")), "{said}");
        }
    }
    insta::assert_snapshot!(refusal("SELECT wilcoxon_p(p > 0.5) FROM tests").await, @r"
    wilcoxon_p takes numbers, and this is true or false
    (hint: CAST(… AS DOUBLE) makes numbers of what holds them)
    ");
}
