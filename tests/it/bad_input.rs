//! Bad input gets a clear answer, and nothing else is lost.

use std::io::Write;

use crate::world::{HEADER, World, rows};

fn with(world: &World, id: &str, text: &str) {
    world.user(id, text);
}

/// Users whose files are wrong, and what the ledger must say.
fn bad_users(world: &World) -> Vec<(&'static str, &'static str, &'static str)> {
    let good = rows(5, 300);
    with(world, "b_empty", "");
    with(world, "b_header", &format!("{HEADER}\n"));
    with(world, "b_column", &good.replace("label:SITTING", "label:STANDING"));
    with(world, "b_text", &good.replacen(",0.0,2\n", ",yes,2\n", 1));
    with(world, "b_ragged", &good.replacen(",0.0,2\n", ",0.0,2,9,9\n", 1));
    with(world, "b_short", &rows(6, 40));
    with(world, "b_constant", &constant());
    let labels: Vec<String> = good
        .lines()
        .enumerate()
        .map(|(i, line)| {
            if i == 0 {
                line.to_owned()
            } else {
                line.replace(",0.0,2", ",nan,2").replace(",1.0,2", ",nan,2")
            }
        })
        .collect();
    with(world, "b_nolabels", &labels.join("\n"));
    world.write("data/b_binary.features_labels.csv", [0u8, 159, 146, 150, 1, 2, 255, 10, 0, 7]);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(good.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    world.write("data/b_torn.features_labels.csv.gz", &gz[..gz.len() / 2]);
    vec![
        ("b_empty", "failed", "empty"),
        ("b_header", "skipped", "N=0"),
        ("b_column", "failed", "label:SITTING"),
        ("b_text", "failed", "yes"),
        ("b_ragged", "failed", "line"),
        ("b_short", "skipped", "40"),
        ("b_constant", "skipped", "variance"),
        ("b_nolabels", "skipped", "label"),
        ("b_binary", "failed", "not"),
        ("b_torn", "failed", "end"),
    ]
}

fn constant() -> String {
    let mut text = format!("{HEADER}\n");
    for i in 0..300 {
        let line = format!("{},1,0.5,0.1,0.1,0.2,0.2,0.2,{}.0,2\n", 1_433_789_351 + 60 * i, i % 2);
        text.push_str(&line);
    }
    text
}

#[test]
fn bad_users_are_told_and_good_ones_are_kept() {
    let world = World::new(3);
    let bad = bad_users(&world);
    let said = world.analyse("run", &["--shards", "2"]);
    assert_eq!(said.code, Some(3), "{said:#?}");
    let sql = "select user_id, state, reason from users order by user_id";
    let ledger = world.expect(0, &["sql", "--run", "run", "--format", "ndjson", sql]).out;
    for (user, state, why) in bad {
        let line = ledger.lines().find(|l| l.contains(&format!("\"{user}\""))).unwrap_or_default();
        assert!(line.contains(&format!("\"state\":\"{state}\"")), "{user}: {line}");
        assert!(line.to_lowercase().contains(&why.to_lowercase()), "{user} should say `{why}`: {line}");
    }
    assert_eq!(ledger.matches("\"state\":\"ok\"").count(), 3);
    // The row with text is named by its line: the first data row without a label of 1.
    let text = ledger.lines().find(|l| l.contains("b_text")).unwrap();
    assert!(text.contains("line") && text.contains("label:SITTING"), "{text}");

    let merge = world.expect(3, &["merge", "--output", "m", "--shards", "run"]);
    assert!(merge.err.contains("failed: ") && merge.err.contains("skipped: 4"), "{}", merge.err);
    assert!(!world.path("m").exists());
    let partial = world.expect(3, &["merge", "--output", "m", "--shards", "run", "--allow-partial"]);
    assert!(partial.err.contains("(PARTIAL)"), "{}", partial.err);
    let csv = world.csv("m");
    assert_eq!(csv["per_user_te.partial.csv"].lines().count(), 1 + 3 * 2);
    assert_eq!(csv["missing_units.csv"].lines().count(), 1 + 10);
    assert!(csv["error_log.partial.csv"].contains("b_torn"));
    assert!(std::fs::read_to_string(world.path("m/merge.yaml")).unwrap().contains("complete: false"));
    assert!(world.expect(3, &["validate", "m"]).out.contains("FAIL  complete"));

    // A mended file is done on resume, and only it and the other failures are.
    world.user("b_text", &rows(5, 300));
    world.expect(3, &["run", "--resume", "run"]);
    let sql = "select state from users where user_id = 'b_text'";
    assert_eq!(world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out, "state\nok\n");
    let sql = "select count(*) as n from raw.users where user_id = 'u00'";
    assert_eq!(world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out, "n\n1\n");
}

#[test]
fn no_data_is_said_before_anything_is_made() {
    let world = World::new(0);
    let said = world.analyse("run", &[]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(said.err.contains("data") && said.err.contains("*.features_labels.csv*"), "{}", said.err);
    let said = world.run(&["run", "--config", "quick.yaml", "--data", "nowhere", "--out", "run"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("nowhere"), "{}", said.err);
    assert!(!world.path("run").exists());
}

#[test]
fn a_run_directory_that_cannot_be_written_is_named() {
    let world = World::new(1);
    world.write("file", "not a folder");
    let said = world.analyse("file/run", &[]);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert!(said.err.contains("file"), "{}", said.err);
}

#[test]
fn an_input_that_vanishes_after_planning_fails_its_user_only() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shard", "1/3"]).code, Some(0));
    let path = world.path("data/u02.features_labels.csv");
    std::fs::remove_file(&path).unwrap();
    let said = world.expect(3, &["run", "--resume", "run"]);
    assert!(said.err.contains("u02"), "{}", said.err);
    world.user("u02", &rows(3, 300));
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["validate", "run"]);
}
