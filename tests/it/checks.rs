//! Values that are not allowed, and constants that are not the configuration's, are found wherever they come from.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::world::World;

/// Every conditional measure on, three bins of the day.
fn run(world: &World) {
    let modes = "analysis_modes: [global_te, stratified_te, true_cte, gc]\nhour_bins: 3";
    let quick = crate::world::QUICK.replace("analysis_modes: [global_te]", modes);
    world.write("quick.yaml", quick);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
}

/// Writes a Parquet file again with a column changed.
pub(crate) fn change(path: &Path, column: &str, change: impl Fn(&ArrayRef) -> ArrayRef) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().collect::<Result<_, _>>().unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), Arc::clone(&schema), None).unwrap();
    for batch in batches {
        let mut columns = batch.columns().to_vec();
        let place = schema.index_of(column).unwrap();
        columns[place] = change(&columns[place]);
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
}

fn first_text(values: &ArrayRef, text: &'static str) -> ArrayRef {
    let own = values.as_string::<i32>().iter().enumerate();
    Arc::new(own.map(|(row, value)| if row == 0 { Some(text) } else { value }).collect::<StringArray>())
}

fn first_number(values: &ArrayRef, number: i64) -> ArrayRef {
    let own = values.as_primitive::<Int64Type>().iter().enumerate();
    Arc::new(own.map(|(row, value)| if row == 0 { Some(number) } else { value }).collect::<Int64Array>())
}

#[test]
#[ignore = "long"]
fn values_changed_in_an_output_are_found() {
    let world = World::new(2);
    run(&world);
    let said = world.expect(0, &["validate", "run"]);
    for check in ["allowed gc.sign_GC", "constant stratified_cte.hour_bins", "constant families.method"] {
        assert!(said.out.contains(&format!("ok    {check}\n")), "{check}: {}", said.out);
    }
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    assert_eq!(world.expect(0, &["validate", "merged"]).out.matches("ok    constant ").count(), 4);

    change(&world.path("merged/gc.parquet"), "sign_GC", |values| first_text(values, "A2T"));
    change(&world.path("merged/true_cte.parquet"), "hour_bins", |values| first_number(values, 4));
    change(&world.path("merged/families.parquet"), "method", |values| first_text(values, "by"));
    let said = world.expect(3, &["validate", "merged"]);
    for failed in ["allowed gc.sign_GC", "constant true_cte.hour_bins", "constant families.method"] {
        assert!(said.out.contains(&format!("FAIL  {failed}\n")), "{failed}: {}", said.out);
        assert!(said.err.contains(&format!("FAIL  {failed}: 1 row ")), "{failed}: {}", said.err);
    }
    assert!(said.err.contains("A2T"), "{}", said.err);
    for passed in ["allowed families.method", "constant stratified_cte.hour_bins", "range true_cte.hour_bins"]
    {
        assert!(said.out.contains(&format!("ok    {passed}\n")), "{passed}: {}", said.out);
    }
}

#[test]
fn a_merge_compares_with_the_values_a_schema_lists() {
    let world = World::new(2);
    run(&world);
    std::fs::create_dir_all(world.path("mine/schemas")).unwrap();
    let schema = world.expect(0, &["schema", "show", "hour_bins", "--yaml"]).out;
    let merge = |output: &str, code: i32| {
        world.expect(code, &["merge", "--definitions", "mine", "--shards", "run", "--output", output])
    };
    world.write("mine/schemas/hour_bins.yaml", &schema);
    merge("all", 0);
    let narrower = schema.replace("  - hour\n", "");
    assert_ne!(narrower, schema);
    world.write("mine/schemas/hour_bins.yaml", narrower);
    let said = merge("merged", 3);
    assert!(said.err.contains("FAIL  allowed hour_bins.kind: 48 rows "), "{}", said.err);
    assert!(!world.path("merged").exists());
}

#[test]
fn a_column_of_ones_own_repeats_a_setting() {
    let world = World::new(0);
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    let schema = "table: lines\nversion: 1\ndescription: d\nkey: [feature_mode]\ncolumns:\n  \
                  - {name: feature_mode, type: text, nullable: false}\n  - {name: seed, type: int, config: seed}\n";
    world.write("own/schemas/lines.yaml", schema);
    for user in ["a", "b"] {
        world.write(&format!("data/{user}.csv"), "x\n");
    }
    world.write("say.sh", r#"echo "{\"table\": \"lines\", \"seed\": $1}""#);
    let merge = |output: &str, seed: &str, code: i32| {
        let config = format!("seed: 42\nanalysis:\n  engine: command\n  command: [sh, say.sh, \"{seed}\"]\n");
        world.write("own.yaml", config);
        let args = ["--config", "own.yaml", "--data", "data", "--definitions", "own"];
        world.expect(0, &[&["run", "--out", output], &args[..]].concat());
        world.expect(code, &["merge", "--shards", output, "--output", &format!("m{output}")])
    };
    merge("right", "42", 0);
    assert!(world.expect(0, &["validate", "mright"]).out.contains("ok    constant lines.seed\n"));
    let said = merge("wrong", "43", 3);
    assert!(said.err.contains("FAIL  constant lines.seed: 2 rows "), "{}", said.err);
    let said = world.expect(3, &["validate", "wrong"]);
    assert!(said.out.contains("FAIL  constant lines.seed\n"), "{}", said.out);
    // A setting that is misspelt would never be compared.
    world.write("own/schemas/lines.yaml", schema.replace("config: seed", "config: sed"));
    let said = world.expect(2, &["schema", "show", "--definitions", "own"]);
    assert!(said.err.contains("`sed`, which is not a setting"), "{}", said.err);
}
