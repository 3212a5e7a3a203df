//! Directories of the predecessor are merged and queried as they are.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::world::World;

fn samples(names: &[&str]) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/legacy");
    names.iter().map(|name| folder.join(name).display().to_string()).collect()
}

const WHOLE: [&str; 3] = [
    "full_bins6_20261123_1300_shard0of3",
    "full_bins6_20261123_1301_shard1of3",
    "full_bins6_20261123_1302_shard2of3",
];

fn merge(world: &World, dirs: &[String], more: &[&str], code: i32) -> crate::world::Said {
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    world.expect(code, &[&["merge", "--shards"], &dirs[..], &["--output", "merged"], more].concat())
}

#[test]
fn three_shards_become_one_table_whose_q_cover_all_users() {
    let world = World::new(0);
    let said = merge(&world, &samples(&WHOLE), &["--report", "report.json"], 3);
    assert!(said.err.contains("failed: 2") && said.err.contains("Insufficient data (N=145)"), "{}", said.err);
    // Nothing here can resume such a run.
    assert!(!said.err.contains("--resume") && said.err.contains("in a run of this program"), "{}", said.err);
    assert!(!world.path("merged").exists());
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["outcome"], "incomplete");
    assert_eq!(report["findings"][0]["code"], "M08");
    assert_eq!(report["findings"][0]["count"], 2);
    assert!(!report["findings"].to_string().contains("--resume"));

    merge(&world, &samples(&WHOLE), &["--allow-partial"], 3);
    let te = &world.csv("merged")["per_user_te.partial.csv"];
    // Two lags of six users; the numbers are those of the files.
    assert_eq!(te.lines().count(), 1 + 12);
    assert!(te.contains("0.25675050480752715,0.6077303143959676,-0.35097980958844044,0.73,0.99"), "{te}");
    let disagreeing = "select count(*) from (select q_A2S as q, bh_qvalue(p_A2S) over (partition by tau) as b \
                       from te) where abs(q - b) > 1e-15 or q is null";
    let said = world.expect(0, &["sql", "--run", "merged", "--format", "csv", disagreeing]);
    assert_eq!(said.out.lines().last(), Some("0"));
}

#[test]
fn what_a_crash_left_is_named_and_completed_by_the_whole_shard() {
    let world = World::new(0);
    let names = [&WHOLE[..], &["interrupted_shard2of3"]].concat();
    let said = merge(&world, &samples(&names), &["--allow-partial"], 3);
    assert!(said.err.contains("interrupted_shard2of3/per_user_te.csv"), "{}", said.err);
    assert!(said.err.contains("failed: 2"), "{}", said.err);
    let with = world.csv("merged");
    std::fs::rename(world.path("merged"), world.path("with")).unwrap();
    merge(&world, &samples(&WHOLE), &["--allow-partial"], 3);
    assert_eq!(with["per_user_te.partial.csv"], world.csv("merged")["per_user_te.partial.csv"]);
}

#[test]
fn a_shard_that_nobody_named_and_users_that_are_expected_are_missed() {
    let world = World::new(0);
    let said = merge(&world, &samples(&WHOLE[..2]), &[], 3);
    assert!(said.err.contains("unknown users of shard 2 of 3"), "{}", said.err);
    world.write("users.txt", "35FC5211-BFD2-4B9E-AF27-0DD4134855C0\nNOBODY\n");
    let said = merge(&world, &samples(&WHOLE[..2]), &["--expect", "users.txt"], 3);
    assert!(said.err.contains("NOBODY") && said.err.contains("35FC5211"), "{}", said.err);
}

#[test]
fn sql_reads_them_and_other_commands_say_who_does() {
    let world = World::new(0);
    let dirs = samples(&WHOLE);
    let args: Vec<&str> = dirs.iter().flat_map(|dir| ["--run", dir.as_str()]).collect();
    let sql = "select count(distinct user_id) as n, count(q_A2S) as q from te";
    let said = world.expect(0, &[&["sql", "--format", "csv"], &args[..], &[sql]].concat());
    assert_eq!(said.out, "n,q\n6,12\n");
    let said = world.run(&["validate", &dirs[0]]);
    assert!(
        said.code == Some(1) && said.err.contains("`results merge` and `results sql` read it"),
        "{said:?}"
    );
}

/// A directory with only te: p of two users, q made from them alone.
fn shard(world: &World, name: &str, users: &[(&str, f64, f64)]) -> String {
    let header = "user_id,feature_mode,k,l,tau,TE_A2S,TE_S2A,Delta_TE,p_A2S,p_S2A,q_A2S,q_S2A,n_samples,low_n,quality_passed";
    let mut text = format!("{header}\n");
    for (user, p, q) in users {
        writeln!(text, "{user},composite,2,2,1,0.5,0.25,0.25,{p},{p},{q},{q},900,False,True").unwrap();
    }
    std::fs::create_dir(world.path(name)).unwrap();
    world.write(&format!("{name}/per_user_te.csv"), text);
    name.to_owned()
}

#[test]
fn significance_calls_that_change_are_reported() {
    let world = World::new(0);
    // Alone, 0.04 is the largest p of its shard; among four users it no longer is below 0.05.
    let dirs = [
        shard(&world, "x_shard0of2", &[("a", 0.01, 0.02), ("b", 0.04, 0.04)]),
        shard(&world, "x_shard1of2", &[("c", 0.5, 0.9), ("d", 0.9, 0.9)]),
    ];
    let said = merge(&world, &dirs, &["--report", "report.json"], 0);
    assert!(said.err.contains("2 significance calls change at q < 0.05"), "{}", said.err);
    assert!(
        said.err.contains("te b composite tau 1: q_A2S was 0.04 in x_shard0of2, is 0.08 (p 0.04)"),
        "{}",
        said.err
    );
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["changed_calls"][0]["user_id"], "b");
    assert_eq!(report["changed_calls"].as_array().unwrap().len(), 2);
    assert_eq!(report["complete"], true);
}

#[test]
fn old_shards_and_a_new_run_are_one_table() {
    let world = World::new(2);
    let config = format!("{}taus: [1]\n", std::fs::read_to_string(world.path("quick.yaml")).unwrap());
    world.write("quick.yaml", config);
    assert_eq!(world.analyse("new", &[]).code, Some(0));
    let old = shard(&world, "old", &[("a", 0.01, 0.02), ("b", 0.04, 0.04)]);
    let said = merge(&world, &[old, "new".to_owned()], &["--table", "te"], 0);
    assert!(said.err.contains("4 of 4 units"), "{}", said.err);
    let said = world.expect(0, &["sql", "--run", "merged", "--format", "csv", "select user_id from te"]);
    assert_eq!(said.out, "user_id\na\nb\nu00\nu01\n");
}

/// Copies of the whole shards, with a line of one file changed.
fn changed(world: &World, file: &str, from: &str, to: &str) -> Vec<String> {
    for (dir, name) in samples(&WHOLE).iter().zip(WHOLE) {
        std::fs::create_dir(world.path(name)).unwrap();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, world.path(name).join(path.file_name().unwrap())).unwrap();
        }
    }
    let path = world.path(WHOLE[1]).join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    WHOLE.map(str::to_owned).to_vec()
}

#[test]
fn a_row_of_other_settings_than_its_directory_stops_the_merge() {
    let world = World::new(0);
    let dirs = changed(&world, "per_user_cte.csv", ",2,6,", ",2,8,");
    let said = merge(&world, &dirs, &["--allow-partial", "--report", "report.json"], 3);
    assert!(said.err.contains("FAIL  constant stratified_cte.hour_bins: 1 row "), "{}", said.err);
    assert!(!world.path("merged").exists());
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("report.json")).unwrap()).unwrap();
    assert_eq!(report["outcome"], "wrong");
    assert_eq!(report["checks"].as_array().unwrap().len(), 1);
    assert_eq!(report["checks"][0]["violations"], 1);
}

#[test]
fn a_value_that_no_schema_lists_is_named_with_file_and_line() {
    let world = World::new(0);
    let dirs = changed(&world, "per_user_gc.csv", ",S2A,", ",S2B,");
    let said = merge(&world, &dirs, &[], 3);
    assert!(
        said.err.contains("per_user_gc.csv") && said.err.contains("`S2B` isn't one of A2S, S2A"),
        "{}",
        said.err
    );
}

#[test]
fn tables_that_other_programs_made_are_named() {
    let world = crate::world::World::new(0);
    std::fs::create_dir(world.path("old_shard0of1")).unwrap();
    world.write("old_shard0of1/run_info.yaml", "config: {n_users: 1}\n");
    let merge = || world.run(&["merge", "--shards", "old_shard0of1", "--output", "merged"]);
    let said = merge();
    assert!(said.code != Some(0) && said.err.contains("has run_info.yaml of the predecessor"), "{said:?}");
    for name in ["per_user_te.xlsx", "Per_User_TE.csv", "per_user_te.csv.bak"] {
        world.write(&format!("old_shard0of1/{name}"), "PK");
        let said = merge();
        assert!(
            said.code != Some(0) && said.err.contains(name) && said.err.contains("per_user_te.csv.gz"),
            "{said:?}"
        );
    }
    // Beside a table that is read, each is told.
    world.write("old_shard0of1/per_user_te.csv", "user_id\n");
    assert!(merge().err.contains("per_user_te.xlsx lies there too and is not read"), "{:?}", merge());
    assert!(!world.path("merged").exists());
}
