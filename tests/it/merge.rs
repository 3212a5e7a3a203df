//! What a merge refuses, and how it says so to people and programs.

use serde_json::Value;

use crate::world::World;

fn report(world: &World, args: &[&str], code: i32) -> Value {
    let _ = std::fs::remove_file(world.path("report.json"));
    let common = ["--output", "merged", "--report", "report.json"];
    world.expect(code, &[&["merge", "--shards"], args, &common].concat());
    assert_eq!(code == 0, world.path("merged").exists());
    serde_json::from_slice(&std::fs::read(world.path("report.json")).unwrap()).unwrap()
}

#[test]
#[ignore = "long"]
fn a_report_has_everything() {
    let world = World::new(4);
    for shard in ["0/2", "1/2"] {
        let out = format!("s{}", &shard[..1]);
        assert_eq!(world.analyse(&out, &["--shard", shard]).code, Some(0));
    }
    let missing = report(&world, &["s0"], 3);
    assert_eq!((&missing["outcome"], &missing["units"]), (&"incomplete".into(), &4.into()));
    let kind = &missing["findings"][0];
    assert_eq!(
        (&kind["code"], &kind["kind"], &kind["count"]),
        (&"M01".into(), &"never started".into(), &2.into())
    );
    assert!(kind["remedy"].as_str().unwrap().contains("--resume"));
    assert_eq!(kind["items"][0]["user_id"], "u01");

    let written = report(&world, &["s0", "s1"], 0);
    assert_eq!(
        (&written["complete"], &written["units_ok"], &written["rows"]["te"]),
        (&true.into(), &4.into(), &8.into())
    );
    std::fs::remove_dir_all(world.path("merged")).unwrap();

    world.user("u01", &crate::world::rows(77, 300));
    assert_eq!(world.analyse("other", &[]).code, Some(0));
    let differing = report(&world, &["s0", "s1", "other"], 3);
    assert_eq!(differing["outcome"], "conflicting");
    assert_eq!(differing["conflicts"][0]["code"], "M17");
    let items = differing["conflicts"][0]["items"].as_array().unwrap();
    let first = items.iter().find(|item| item["table"] == "te").unwrap();
    assert_eq!((&first["user_id"], &first["table"]), (&"u01".into(), &"te".into()));

    world.write("quick.yaml", crate::world::QUICK.replace("surrogates: 19", "surrogates: 29"));
    assert_eq!(world.analyse("else", &[]).code, Some(0));
    let refused = report(&world, &["s0", "else"], 2);
    assert_eq!((&refused["outcome"], &refused["code"]), (&"refused".into(), &"M23".into()));
    assert!(refused["error"].as_str().unwrap().contains("surrogates"), "{refused}");
}

#[test]
fn units_that_nobody_planned_or_that_lie_in_another_shard_are_refused() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    assert_eq!(world.analyse("two", &["--users", "2", "--shards", "2"]).code, Some(0));
    let plan = std::fs::read(world.path("run/_expected.parquet")).unwrap();
    std::fs::copy(world.path("two/_expected.parquet"), world.path("run/_expected.parquet")).unwrap();
    let found = report(&world, &["run"], 3);
    assert_eq!(found["findings"][0]["code"], "M14");
    assert_eq!(found["findings"][0]["items"][0]["user_id"], "u02");
    world.write("run/_expected.parquet", plan);

    let place = |shard: u32| world.path(&format!("run/users/shard={shard}/user_id=u00"));
    std::fs::rename(place(0), place(1)).unwrap();
    let found = report(&world, &["run"], 3);
    assert_eq!(found["findings"][0]["code"], "M15");
    let said = world.expect(3, &["validate", "run"]);
    assert!(said.out.contains("FAIL  no wrong shard"), "{}", said.out);
}

#[test]
fn checks_of_ones_own_are_run_too() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    std::fs::create_dir(world.path("mine")).unwrap();
    let check = "-- A user has another k than 9.\n-- remedy: ask Kim.\n-- needs: te\nSELECT user_id, k FROM te WHERE k <> 9\n";
    world.write("mine/only_nine.sql", check);
    let args = ["merge", "--shards", "run", "--output", "merged", "--checks", "mine"];
    let said = world.expect(3, &args);
    for part in ["FAIL  only_nine: 4 rows A user has another k than 9.", "ask Kim.", "u01"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    assert!(!world.path("merged").exists());
    world.write("mine/only_nine.sql", check.replace("<> 9", "> 9"));
    world.expect(0, &args);
    let said = world.expect(2, &["merge", "--shards", "run", "--output", "m2", "--checks", "nowhere"]);
    assert!(said.err.contains("nowhere"), "{}", said.err);
}

#[test]
fn one_table_and_one_format_are_what_the_whole_merge_writes() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "all"]);
    let args = ["merge", "--shards", "run", "--output", "one", "--table", "te", "--format", "csv"];
    world.expect(0, &args);
    let files: Vec<_> = world.files("one").iter().map(|f| f.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["merge.yaml", "per_user_te.csv"]);
    assert_eq!(world.csv("one")["per_user_te.csv"], world.csv("all")["per_user_te.csv"]);
    let said = world.expect(1, &["sql", "--run", "one", "select 1"]);
    assert!(said.err.contains("no Parquet files") && said.err.contains("--format parquet"), "{}", said.err);
    world.expect(0, &["merge", "--shards", "run", "--output", "p", "--table", "te", "--format", "parquet"]);
    world.expect(0, &["validate", "p"]);
}

#[test]
fn users_that_are_expected_and_in_no_plan_are_missing() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.write("users.txt", "u00\r\nu01\n\nu07\n");
    let said = world.expect(3, &["merge", "--shards", "run", "--output", "m", "--expect", "users.txt"]);
    assert!(said.err.contains("u07: expected, and in no plan"), "{}", said.err);
    world.expect(0, &["merge", "--shards", "run", "--output", "m", "--data", "data"]);
    world.user("u02", &crate::world::rows(5, 300));
    let said = world.expect(3, &["merge", "--shards", "run", "--output", "n", "--data", "data"]);
    assert!(said.err.contains("u02: expected"), "{}", said.err);
}

#[test]
#[ignore = "long"]
fn a_report_counts_what_it_does_not_list() {
    let world = World::new(0);
    let modes = "[composite, magnitude_only, sma_only, variance_only]";
    world.write(
        "quick.yaml",
        crate::world::QUICK.replace("[composite]", modes) + "runtime: {day_hours: false}\n",
    );
    // Rows of two days ten minutes apart, and then of one: no hour has as many as it had.
    for (run, rows) in [("one", 288), ("two", 144)] {
        for user in 0..6 {
            let all = crate::world::rows(user + 1, 2880);
            let header = all.lines().take(1);
            let lines: Vec<&str> = header.chain(all.lines().skip(1).step_by(10).take(rows)).collect();
            world.user(&format!("u{user:02}"), &(lines.join("\n") + "\n"));
        }
        assert_eq!(world.analyse(run, &[]).code, Some(0));
    }
    let differing = report(&world, &["one", "two"], 3);
    let kind = &differing["conflicts"][0];
    let sql = "select count(*) as n from run1.hour_bins a join run2.hour_bins b on a.user_id = b.user_id \
               and a.feature_mode = b.feature_mode and a.kind = b.kind and a.idx = b.idx where a.count <> b.count";
    let said = world.expect(0, &["sql", "--run", "one", "--run", "two", "--format", "csv", sql]);
    let bins: u64 = said.out.lines().last().unwrap().parse().unwrap();
    // Of 24 units, 24 hours and the 6 bins of the day.
    assert_eq!((bins, &kind["by_table"]["hour_bins"]), (24 * (24 + 6), &bins.into()));

    let items = kind["items"].as_array().unwrap();
    let mut all = 0;
    for (table, count) in kind["by_table"].as_object().unwrap() {
        let count = count.as_u64().unwrap();
        let listed = items.iter().filter(|item| item["table"] == **table).count() as u64;
        assert_eq!(listed, count.min(1000), "{table}");
        all += count;
    }
    assert!(kind["by_table"]["te"].as_u64().unwrap() > 1000, "{kind}");
    assert_eq!(kind["count"], all);

    let said = world.expect(3, &["merge", "--shards", "one", "two", "--output", "merged"]);
    assert!(said.err.contains(&format!("… and {} more\n", all - 10)), "{}", said.err);
    assert!(said.err.contains(&format!("error: {all} values of the same user differ")), "{}", said.err);
}

#[test]
#[ignore = "long"]
fn an_output_is_complete_without_skipped_units_that_are_accepted() {
    let world = World::new(4);
    for user in ["u01", "u03"] {
        world.user(user, &crate::world::rows(3, 20));
    }
    let run = world.analyse("run", &[]);
    let again = world.run(&["run", "--resume", "run"]);
    for said in [&run, &again] {
        assert_eq!(said.code, Some(3), "{}", said.err);
        let told = "exit code 3, since the inputs of 2 units cannot be analysed";
        assert!(said.err.contains(told) && said.err.contains("`--accept-skipped 2`"), "{}", said.err);
        assert!(!said.err.contains("--resume"), "{}", said.err);
    }
    let merge = |output, accept: &[&str], code| {
        world.expect(code, &[&["merge", "--shards", "run", "--output", output], accept].concat())
    };
    let refused = merge("none", &[], 3);
    assert!(refused.err.contains("`--accept-skipped 2` makes an output"), "{}", refused.err);
    assert!(!refused.err.contains("--resume"), "{}", refused.err);
    for wrong in ["1", "3", "u01,u00", "u9"] {
        let said = merge("none", &["--accept-skipped", wrong], 2);
        assert!(said.err.contains("skipped: 2\n  u01 composite: Insufficient data"), "{}", said.err);
    }
    let one = merge("none", &["--accept-skipped", "u01"], 3);
    assert!(one.err.contains("  shard 0: u03") && !one.err.contains("u01"), "{}", one.err);
    assert!(!world.path("none").exists());

    let by_number = merge("merged", &["--accept-skipped", "2", "--report", "r.json"], 0);
    let by_name = merge("named", &["--accept-skipped", "u03", "--accept-skipped", "u01"], 0);
    assert_eq!(world.csv("merged"), world.csv("named"));
    let validated = world.expect(0, &["validate", "merged"]);
    for said in [&by_number, &by_name, &validated] {
        assert!(
            said.err.contains("accepted as skipped: 2\n  u01 composite: Insufficient data"),
            "{}",
            said.err
        );
    }
    assert!(
        by_number.err.contains("2 of 4 units, complete without 2 accepted as skipped"),
        "{}",
        by_number.err
    );
    assert!(world.csv("merged").contains_key("per_user_te.csv"));
    let report: Value = serde_json::from_slice(&std::fs::read(world.path("r.json")).unwrap()).unwrap();
    assert_eq!((&report["complete"], &report["findings"]), (&true.into(), &Value::Array(Vec::new())));
    assert_eq!(report["accepted_skipped"][1]["user_id"], "u03");
    let manifest = std::fs::read_to_string(world.path("merged/merge.yaml")).unwrap();
    assert!(manifest.contains("complete: true\n") && manifest.contains("- user_id: u01\n"), "{manifest}");
    // Whoever accepts what is skipped does not accept what is missing.
    std::fs::remove_dir_all(world.path("run/users")).unwrap();
    assert_eq!(
        world.run(&["merge", "--shards", "run", "--output", "m3", "--accept-skipped", "0"]).code,
        Some(3)
    );
    let partial = world.expect(3, &["merge", "--shards", "run", "--output", "m4", "--allow-partial"]);
    assert!(partial.err.contains("PARTIAL"), "{}", partial.err);
}

#[test]
fn nothing_is_written_into_a_run_or_an_output() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let (run, merged) = (world.files("run"), world.files("merged"));
    for inside in ["run/te/new", "run/new", "merged/new", "run/../merged/deep/new"] {
        for args in [
            &["merge", "--shards", "run", "--output", inside][..],
            &["merge", "--shards", "run", "--output", "other", "--report", inside],
            &["export", "run", "--format", "csv", "--output", inside],
            &["sql", "--run", "run", "--format", "csv", "--output", inside, "select 1"],
            &["run", "--config", "quick.yaml", "--data", "data", "--out", inside],
            &["demo", "--users", "2", "--out", inside],
        ] {
            let said = world.expect(2, args);
            assert!(said.err.contains(" lies in ") && said.err.contains("(hint:"), "{args:?}: {said:?}");
        }
    }
    assert_eq!((world.files("run"), world.files("merged")), (run, merged));
    world.expect(2, &["export", "run", "--format", "csv", "--output", "run"]);
    assert!(!world.path("other").exists());
    // A run is gone on with where it is.
    assert_eq!(world.analyse("run", &[]).code, Some(0));
}

#[test]
fn expected_ids_that_are_written_otherwise_in_the_plan_are_named_beside_it() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let merge = |code, list: &[u8]| {
        world.write("list.txt", list);
        world.expect(code, &["merge", "--shards", "run", "--expect", "list.txt", "--output", "merged"]).err
    };
    let told = merge(3, b"U00\nu01.csv\ndata/u02.parquet\nu3\n");
    for (id, there) in [("U00", "u00"), ("u01.csv", "u01"), ("data/u02.parquet", "u02")] {
        let words = format!("{id}: expected, and in no plan, which has `{there}`");
        assert!(told.contains(&words), "{id}: {told}");
    }
    assert!(told.contains("u3: expected, and in no plan\n"), "{told}");
    // UTF-16 is named, and so is a folder; a table has its column taken.
    let wide: Vec<u8> = "\u{feff}u00\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(merge(2, &wide).contains("UTF-16"));
    let said = world.expect(2, &["merge", "--shards", "run", "--expect", "data", "--output", "merged"]);
    assert!(said.err.contains("--data data"), "{}", said.err);
    merge(0, b"\xef\xbb\xbfsite,user_id\r\na,u00\r\nb,u01\r\n");
    std::fs::remove_dir_all(world.path("merged")).unwrap();
    // What the folder has beside is said.
    world.write("data/U03.FEATURES_LABELS.CSV", "x");
    let said = world.expect(0, &["merge", "--shards", "run", "--data", "data", "--output", "merged"]);
    assert!(said.err.contains("U03.FEATURES_LABELS.CSV"), "{}", said.err);
}
