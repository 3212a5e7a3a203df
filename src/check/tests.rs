use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::export::TableWriter;
use crate::schema::{Facts, Schemas};
use crate::sql::{Definitions, Queries};
use crate::yaml::from_yaml;

const SCHEMA: &str = r#"
table: t
version: 1
description: d
key: [n]
columns:
  - {name: n, type: int}
  - {name: way, type: text, values: [A2S, "it's"]}
  - {name: bins, type: int, config: hour_bins}
  - {name: level, type: float, config: fdr.alpha}
  - {name: rule, type: text, config: fdr.method}
  - {name: seed, type: int, config: seed}
  - {name: surrogates, type: int, config: surrogates}
"#;

/// Values of the columns after the key.
type Line = (Option<&'static str>, Option<i64>, Option<f64>, Option<&'static str>, Option<i64>);

const RIGHT: Line = (Some("A2S"), Some(6), Some(0.05), Some("bh"), Some(7));

fn batch(lines: &[Line]) -> RecordBatch {
    let (count, whole) = (lines.len() as i64, |of: fn(&Line) -> Option<i64>| -> ArrayRef {
        Arc::new(lines.iter().map(of).collect::<Int64Array>())
    });
    let text = |of: fn(&Line) -> Option<&'static str>| -> ArrayRef {
        Arc::new(lines.iter().map(of).collect::<StringArray>())
    };
    let users: ArrayRef = Arc::new(StringArray::from_iter_values(lines.iter().map(|_| "u")));
    RecordBatch::try_from_iter_with_nullable([
        ("user_id", users, false),
        ("n", Arc::new(Int64Array::from_iter_values(0..count)), true),
        ("way", text(|line| line.0), true),
        ("bins", whole(|line| line.1), true),
        ("level", Arc::new(lines.iter().map(|line| line.2).collect::<Float64Array>()), true),
        ("rule", text(|line| line.3), true),
        ("seed", whole(|line| line.4), true),
        // Not known of the results below: whatever it holds is no finding.
        ("surrogates", whole(|_| Some(1)), true),
    ])
    .unwrap()
}

fn facts(schema: &TableSchema, rows: &RecordBatch) -> (u64, Facts) {
    let mut writer = TableWriter::new(&rows.schema()).looking_at(schema, &rows.schema());
    for row in 0..rows.num_rows() {
        let part = rows.slice(row, 1);
        writer.push(Box::new(move || Ok(part))).unwrap();
    }
    writer.finish().unwrap()
}

/// Violations of each check of the columns, by name; what was seen in passing is used if asked.
fn found(lines: &[Line], seed: u64, use_facts: bool) -> Vec<(String, u64)> {
    let (schemas, queries) = (Schemas::load(None).unwrap(), Queries::load(None).unwrap());
    let schema: TableSchema = from_yaml(SCHEMA).unwrap();
    let rows = batch(lines);
    let settings = json!({"hour_bins": 6, "seed": seed, "fdr": {"alpha": 0.05, "method": "bh"}});
    let mut known = Known::of(settings.into());
    if use_facts {
        let (count, facts) = facts(&schema, &rows);
        known.add("t", count, facts);
    }
    let session = Session::empty().unwrap();
    session.batch("t", rows).unwrap();
    let definitions = Definitions { schemas: &schemas, queries: &queries };
    let tables = [&schema];
    let checks = run_checks(&session, &tables, definitions, &known);
    let checks = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(checks).unwrap();
    let is_new =
        |check: &CheckResult| check.name.starts_with("allowed") || check.name.starts_with("constant");
    checks.into_iter().filter(is_new).map(|check| (check.name, check.violations)).collect()
}

fn expected(lines: &[Line], seed: i64) -> Vec<(String, u64)> {
    let wrong = |is: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| is(line)).count() as u64;
    vec![
        ("allowed t.way".into(), wrong(&|l| l.0.is_some_and(|way| !["A2S", "it's"].contains(&way)))),
        ("constant t.bins".into(), wrong(&|l| l.1.is_some_and(|bins| bins != 6))),
        (
            "constant t.level".into(),
            wrong(&|l| l.2.is_some_and(|level| level.to_bits() != 0.05f64.to_bits())),
        ),
        ("constant t.rule".into(), wrong(&|l| l.3.is_some_and(|rule| rule != "bh"))),
        ("constant t.seed".into(), wrong(&|l| l.4.is_some_and(|own| own != seed))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What was seen in passing never hides what the queries find.
    #[test]
    fn values_that_are_not_allowed_and_constants_of_others_are_counted(
        lines in prop::collection::vec(
            (
                prop::option::of(prop_oneof![6 => Just("A2S"), 6 => Just("it's"), 1 => Just("it"), 1 => Just("")]),
                prop::option::of(prop_oneof![12 => Just(6i64), 1 => Just(7), 1 => Just(-6)]),
                prop::option::of(prop_oneof![12 => Just(0.05), 1 => Just(0.05f64.next_up()), 1 => Just(f64::NAN)]),
                prop::option::of(prop_oneof![12 => Just("bh"), 1 => Just("by")]),
                prop::option::of(prop_oneof![12 => Just(7i64), 1 => Just(8)]),
            ),
            0..6,
        ),
    ) {
        let expected = expected(&lines, 7);
        prop_assert_eq!(&found(&lines, 7, true), &expected);
        prop_assert_eq!(&found(&lines, 7, false), &expected);
    }
}

#[test]
fn neighbours_that_are_one_as_a_double_are_told_apart() {
    let seed = (1i64 << 60) + 1;
    let lines = [(RIGHT.0, RIGHT.1, RIGHT.2, RIGHT.3, Some(seed - 1))];
    assert_eq!(((seed - 1) as f64).to_bits(), (seed as f64).to_bits());
    for use_facts in [true, false] {
        assert_eq!(found(&lines, seed as u64, use_facts), expected(&lines, seed));
        assert_eq!(found(&lines, seed as u64, use_facts)[4].1, 1);
    }
}

#[test]
fn a_seed_that_no_column_can_hold_is_still_compared() {
    let found = found(&[RIGHT], u64::MAX, true);
    assert_eq!(found[4], ("constant t.seed".to_owned(), 1));
}
