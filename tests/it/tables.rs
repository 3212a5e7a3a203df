//! The tables of runs: the same rows whoever reads them, in whatever files they lie.

use std::collections::BTreeMap;
use std::path::Path;

use crate::world::{QUICK, World, rows};

fn sql(world: &World, runs: &[&str], query: &str) -> String {
    let runs: Vec<&str> = runs.iter().flat_map(|run| ["--run", run]).collect();
    world.expect(0, &[&["sql", "--format", "csv"], &runs[..], &[query]].concat()).out
}

/// The rows of a table in some columns, in an order of their own.
fn table(world: &World, runs: &[&str], name: &str, columns: &str) -> Vec<String> {
    let text = sql(world, runs, &format!("select {columns} from {name}"));
    let mut rows: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    rows.sort();
    rows
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

/// A run whose units have files of their own; two users were done again on other input, one of them in a group.
fn mixed(world: &World) {
    let config = QUICK.replace("[global_te]", "[global_te, stratified_te, ste, gc]");
    world.write("quick.yaml", config);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.user("u01", &rows(101, 320));
    world.expect(0, &["run", "--resume", "run"]);
    let manifest = std::fs::read_to_string(world.path("run/run.yaml")).unwrap();
    world.write("run/run.yaml", manifest.replace("\nonly_shards:", "\nbuckets: 1\nonly_shards:"));
    world.user("u04", &rows(104, 330));
    world.user("u02", &rows(102, 310));
    world.expect(0, &["run", "--resume", "run"]);
}

#[test]
#[ignore = "long"]
fn sql_and_merge_have_the_same_rows_in_every_table() {
    let world = World::new(7);
    mixed(&world);
    let files = world.table_files("run", "te");
    let groups = files.iter().filter(|file| file.to_string_lossy().contains("user_bucket=")).count();
    assert!(groups > 0 && files.len() - groups == 8, "{files:?}");
    // The copy has the same attempts, those of two users twice.
    copy(&world.path("run"), &world.path("copy"));
    world.user("u05", &rows(105, 340));
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["compact", "copy"]);
    for runs in [&["run"][..], &["copy"], &["run", "copy"], &["copy", "run"]] {
        let _ = std::fs::remove_dir_all(world.path("merged"));
        // The user who was done again since is another one in the copy.
        let merge = ["merge", "--on-conflict", "latest", "--output", "merged", "--shards"];
        world.expect(0, &[&merge, runs].concat());
        let there = sql(&world, runs, "show tables");
        let there: Vec<&str> = there.lines().filter_map(|line| line.split(',').nth(2)).collect();
        let merged: BTreeMap<String, u64> = rows_of(&world);
        for (name, count) in &merged {
            assert!(there.contains(&name.as_str()), "{name}: {there:?}");
            let header = sql(&world, &["merged"], &format!("select * from {name} limit 0"));
            let columns: Vec<String> =
                header.trim().split(',').map(|column| format!("\"{column}\"")).collect();
            let of = |runs: &[&str]| table(&world, runs, name, &columns.join(", "));
            let of_sql = of(runs);
            assert_eq!(of_sql, of(&["merged"]), "{name} of {runs:?}");
            assert_eq!(of_sql.len() as u64, *count, "{name} of {runs:?}");
        }
        assert!(merged.len() >= 8 && merged["te"] == 14, "{merged:?}");
    }
}

/// Rows of each table, as the merged output says.
fn rows_of(world: &World) -> BTreeMap<String, u64> {
    let manifest = std::fs::read_to_string(world.path("merged/merge.yaml")).unwrap();
    let lines = manifest.lines().skip_while(|line| *line != "rows:").skip(1);
    let rows = lines.take_while(|line| line.starts_with(' '));
    rows.filter_map(|line| line.trim().split_once(": "))
        .map(|(table, rows)| (table.to_owned(), rows.parse().unwrap()))
        .collect()
}

#[test]
fn damaged_small_files_are_named_by_a_query_and_the_others_are_not_asked_for() {
    let world = World::new(5);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let file = &world.table_files("run", "te")[2];
    let good = std::fs::read(file).unwrap();
    let mut footer = good.clone();
    let at = footer.len() - 20;
    footer[at] ^= 0xff;
    let damaged = [
        (None, true),
        (Some(&good[..0]), true),
        (Some(&good[..good.len() - 9]), true),
        (Some(&footer), false),
    ];
    for (bytes, is_counted) in damaged {
        match bytes {
            Some(bytes) => std::fs::write(file, bytes).unwrap(),
            None => std::fs::remove_file(file).unwrap(),
        }
        // What is lost or cut is seen before anything is read, and what has other bytes when it is; the answer is that
        // of the others.
        let queries =
            ["select sum(TE_A2S) from raw.te", "select * from te", "select count(*) as n from raw.te"];
        for query in &queries[..if is_counted { 3 } else { 2 }] {
            let said = world.expect(3, &["sql", "--run", "run", query]);
            assert!(said.err.contains("user_id=u02"), "{query}: {said:#?}");
        }
        let others = "select count(*) as n, count(p_A2S) as p from raw.te where user_id <> 'u02'";
        let code = if is_counted { 3 } else { 0 };
        let said = world.expect(code, &["sql", "--run", "run", "--format", "csv", others]);
        assert_eq!(said.out, "n,p\n8,8\n");
    }
    std::fs::write(file, good).unwrap();
    assert_eq!(sql(&world, &["run"], "select count(*) as n from raw.te"), "n\n10\n");
    let of_one = "select run, shard, user_id, count(*) as n from raw.te where user_id in ('u02', 'u09') \
                  group by run, shard, user_id";
    assert_eq!(sql(&world, &["run"], of_one), "run,shard,user_id,n\nrun,0,u02,2\n");
}
