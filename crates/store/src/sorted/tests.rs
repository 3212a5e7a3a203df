use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef};
use proptest::prelude::*;

use super::{Choice, Choose, Everything, Findings, SortedFile, SortedRows};
use crate::store::{LocalStorage, Object, Storage, parquet_bytes};

/// User, key, value and attempt of a row.
type Line = (String, i64, Option<f64>, String);

fn columns() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("user_id", DataType::Utf8, false),
        Field::new("attempt", DataType::Utf8, false),
        Field::new("tau", DataType::Int64, false),
        Field::new("x", DataType::Float64, true),
    ]))
}

fn batch(lines: &[Line]) -> RecordBatch {
    RecordBatch::try_new(
        columns(),
        vec![
            Arc::new(StringArray::from_iter_values(lines.iter().map(|l| &l.0))),
            Arc::new(StringArray::from_iter_values(lines.iter().map(|l| &l.3))),
            Arc::new(Int64Array::from_iter_values(lines.iter().map(|l| l.1))),
            Arc::new(lines.iter().map(|l| l.2).collect::<Float64Array>()),
        ],
    )
    .unwrap()
}

/// What is done with attempts of runs that are not all taken.
#[derive(Debug, Default)]
struct Chosen(BTreeMap<(usize, String), Choose>);

impl Chosen {
    fn set(&mut self, run: usize, attempt: &str, choose: Choose) {
        self.0.insert((run, attempt.to_owned()), choose);
    }
}

impl Choice for Chosen {
    fn of(&self, run: usize, attempt: &str) -> Choose {
        self.0.get(&(run, attempt.to_owned())).copied().unwrap_or(Choose::Take)
    }

    fn takes_all(&self, run: usize) -> bool {
        self.0.keys().all(|(of, _)| *of != run)
    }
}

fn read(files: Vec<SortedFile>, chosen: Chosen) -> (Vec<(String, i64, Option<f64>)>, Findings) {
    let choice: Arc<dyn Choice> = Arc::new(chosen);
    let mut rows = SortedRows::open(files, columns(), &["tau".to_owned()], &choice, true).unwrap();
    let mut found = Vec::new();
    while let Some(picked) = rows.next_rows().unwrap() {
        let batch = picked.batch(&columns()).unwrap();
        let (users, taus) = (batch.column(0).as_string::<i32>(), batch.column(2).as_primitive::<Int64Type>());
        let values = batch.column(3).as_primitive::<Float64Type>();
        found.extend(
            (0..batch.num_rows())
                .map(|i| (users.value(i).to_owned(), taus.value(i), values.iter().nth(i).flatten())),
        );
    }
    (found, rows.findings())
}

fn line(user: &str, tau: i64, x: f64, attempt: &str) -> Line {
    (user.into(), tau, Some(x), attempt.into())
}

proptest! {
    /// Rows thrown into files, some of them stored, against a map.
    #[test]
    fn files_come_out_as_one_sorted_table(
        rows in prop::collection::btree_map(("[a-c]{0,3}", 0i64..4), prop::option::of(-5.0..5.0), 0..200),
        place in prop::collection::vec(0usize..7, 200),
        twice in prop::collection::vec(any::<bool>(), 200),
        stored in prop::collection::vec(any::<bool>(), 8),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let storage: Arc<dyn Storage> = Arc::new(LocalStorage::new(dir.path()));
        let mut parts: Vec<Vec<Line>> = vec![Vec::new(); 8];
        let mut chosen = Chosen::default();
        for (((i, ((user, tau), x)), place), twice) in rows.iter().enumerate().zip(&place).zip(&twice) {
            parts[*place].push((user.clone(), *tau, *x, format!("a{i}")));
            if *twice {
                parts[7].push((user.clone(), *tau, *x, format!("b{i}")));
                chosen.set(0, &format!("b{i}"), Choose::Compare);
            }
        }
        let files = parts.iter().zip(&stored).enumerate().map(|(i, (lines, stored))| {
            if *stored {
                let path = format!("{i}.parquet");
                let bytes = parquet_bytes(&batch(lines), None).unwrap();
                storage.replace(&Object { path: path.clone(), bytes }).unwrap();
                SortedFile::stored(0, "run", 0, super::Owner::Group, &storage, &path)
            } else {
                SortedFile::rows(0, "run", batch(lines))
            }
        });
        let (found, findings) = read(files.collect(), chosen);
        let expected: Vec<_> = rows.iter().map(|((u, t), x)| (u.clone(), *t, *x)).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!((findings.differing, findings.repeating), (0, 0));
        prop_assert_eq!(findings.rows, rows.len() as u64);
    }
}

#[test]
fn more_rows_than_a_chunk_and_a_batch_keep_their_order() {
    let part = |from: i64| -> Vec<Line> {
        (0..40_000).map(|i| line(&format!("{:06}", 3 * i + from), 1, i as f64, "a")).collect()
    };
    let files = (0..3).map(|i| SortedFile::rows(0, "run", batch(&part(i)))).collect();
    let (found, _) = read(files, Chosen::default());
    assert_eq!(found.len(), 120_000);
    assert!(found.windows(2).all(|w| w[0].0 < w[1].0));
}

#[test]
fn duplicates_are_compared_to_the_last_bit() {
    let one = [line("a", 1, 0.0, "t1"), line("a", 2, 5.0, "t1"), line("b", 1, f64::NAN, "t2")];
    let other = [line("a", 1, -0.0, "d1"), line("a", 3, 5.0, "d1"), line("b", 1, f64::NAN, "d2")];
    let mut chosen = Chosen::default();
    chosen.set(1, "d1", Choose::Compare);
    chosen.set(1, "d2", Choose::Compare);
    let files = vec![SortedFile::rows(0, "r0", batch(&one)), SortedFile::rows(1, "r1", batch(&other))];
    let (found, findings) = read(files, chosen);
    assert_eq!(found.iter().map(|r| (r.0.as_str(), r.1)).collect::<Vec<_>>(), [("a", 1), ("a", 2), ("b", 1)]);
    let told: Vec<_> = findings
        .differences
        .iter()
        .map(|d| {
            format!(
                "{} {} {}: {} ({}) {} ({})",
                d.user_id, d.row_key, d.column, d.one, d.one_source, d.other, d.other_source
            )
        })
        .collect();
    assert_eq!(
        told,
        ["a tau 1 x: 0.0 (r0 t1) -0.0 (r1 d1)", "a tau 3 (whole row): (no such row) () (a row) (r1 d1)"]
    );
}

#[test]
fn what_is_left_out_is_gone_and_two_that_count_are_named() {
    let one = [line("a", 1, 1.0, "t1"), line("b", 1, 2.0, "gone")];
    let other = [line("a", 1, 1.0, "t2")];
    let mut chosen = Chosen::default();
    chosen.set(0, "gone", Choose::Leave);
    let files = vec![SortedFile::rows(0, "r0", batch(&one)), SortedFile::rows(0, "r0", batch(&other))];
    let (found, findings) = read(files, chosen);
    assert_eq!(found.len(), 1);
    assert_eq!(findings.repeating, 1);
    assert_eq!(findings.repeated[0].sources, ["r0 t1", "r0 t2"]);
}

#[test]
fn duplicates_are_told_by_attempt_in_whatever_files_they_lie() {
    let told = |order: [usize; 4]| {
        let mut chosen = Chosen::default();
        for other in ["b", "c"] {
            chosen.set(0, other, Choose::Compare);
        }
        chosen.set(1, "a", Choose::Compare);
        let all = [
            (0, [line("u", 1, 1.0, "d")]),
            (0, [line("u", 1, 2.0, "c")]),
            (0, [line("u", 1, 3.0, "b")]),
            (1, [line("u", 1, 4.0, "a")]),
        ];
        let files =
            order.map(|at| SortedFile::rows(all[at].0, &format!("r{}", all[at].0), batch(&all[at].1)));
        let (_, findings) = read(files.into(), chosen);
        findings.differences.into_iter().map(|differs| differs.other_source).collect::<Vec<_>>().join(", ")
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        assert_eq!(told(order), "r0 b, r0 c, r1 a");
    }
}

#[test]
fn what_is_not_kept_is_counted() {
    let part =
        |x: f64, attempt: &str| -> Vec<Line> { (0..2500).map(|tau| line("a", tau, x, attempt)).collect() };
    let file = |run: usize, lines: &[Line]| SortedFile::rows(run, "run", batch(lines));
    let mut chosen = Chosen::default();
    chosen.set(1, "d", Choose::Compare);
    let (found, findings) = read(vec![file(0, &part(1.0, "t")), file(1, &part(2.0, "d"))], chosen);
    assert_eq!((found.len(), findings.differing, findings.differences.len()), (2500, 2500, 1000));
    let files = vec![file(0, &part(1.0, "t")), file(1, &part(1.0, "u"))];
    let (found, findings) = read(files, Chosen::default());
    assert_eq!((found.len(), findings.repeating, findings.repeated.len()), (2500, 2500, 1000));
}

#[test]
fn a_file_that_is_not_sorted_is_named() {
    let lines = [line("b", 1, 1.0, "t"), line("a", 1, 1.0, "t")];
    let file = SortedFile::rows(0, "r0", batch(&lines));
    let everything: Arc<dyn Choice> = Arc::new(Everything);
    let mut rows = SortedRows::open(vec![file], columns(), &["tau".to_owned()], &everything, true);
    let error = match &mut rows {
        Ok(rows) => rows.next_rows().unwrap_err(),
        Err(_) => rows.unwrap_err(),
    };
    assert!(error.to_string().contains("rows of r0 is damaged: its rows are not in the order"), "{error}");
}
