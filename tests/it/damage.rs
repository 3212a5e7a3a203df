//! Files of a run that were lost, cut or changed are found, named, and mended by resume.

use crate::world::{Said, World};

fn run() -> World {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world
}

fn refused(world: &World, kind: &str, detail: &str) -> Said {
    let said = world.expect(3, &["merge", "--shards", "run", "--output", "merged"]);
    assert!(said.err.contains(kind) && said.err.contains(detail), "{}", said.err);
    assert!(!world.path("merged").exists());
    let said = world.expect(3, &["validate", "run"]);
    assert!(said.out.contains("FAIL"), "{}", said.out);
    said
}

#[test]
fn a_flipped_bit_in_a_data_file() {
    let world = run();
    let file = &world.table_files("run", "te")[1];
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    refused(&world, "broken file: 1", "checksum");
    let said = world.expect(3, &["merge", "--shards", "run", "--output", "merged", "--allow-partial"]);
    assert!(said.err.contains("2 of 3 units"), "{}", said.err);
    assert_eq!(world.csv("merged")["per_user_te.partial.csv"].lines().count(), 1 + 2 * 2);
}

#[test]
fn a_lost_an_empty_and_a_cut_file() {
    let world = run();
    let files = world.table_files("run", "te");
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::write(&files[1], b"").unwrap();
    let bytes = std::fs::read(&files[2]).unwrap();
    std::fs::write(&files[2], &bytes[..bytes.len() - 10]).unwrap();
    let said = world.expect(3, &["merge", "--shards", "run", "--output", "merged"]);
    for detail in ["file missing", "0 bytes", "broken file: 3"] {
        assert!(said.err.contains(detail), "{detail}: {}", said.err);
    }
}

#[test]
#[ignore = "long"]
fn a_torn_ledger_file_and_a_torn_status_file() {
    let world = run();
    let ledger = &world.files("run/users")[0];
    std::fs::write(ledger, b"").unwrap();
    world.write("run/_status/shard-0.json", "{\"shard\": 0, \"sta");
    world.expect(0, &["status", "run"]);
    refused(&world, "corrupt ledger file: 1", "0 bytes");
    std::fs::remove_file(ledger).unwrap();
    world.expect(0, &["run", "--resume", "run"]);
    world.expect(0, &["validate", "run"]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
}

#[test]
fn a_file_that_is_not_in_the_ledger() {
    let world = run();
    let file = &world.table_files("run", "te")[0];
    let stray = file.with_file_name("20200101T000000-000000000000.parquet");
    std::fs::copy(file, &stray).unwrap();
    let sql = ["sql", "--run", "run", "--format", "csv", "select count(*) as n from raw.te"];
    assert_eq!(world.expect(0, &sql).out, "n\n6\n");
    let said = world.expect(3, &["validate", "run"]);
    assert!(said.out.contains("FAIL  no not in the ledger"), "{}", said.out);
    world.expect(0, &["run", "--resume", "run"]);
    assert!(!stray.exists());
    world.expect(0, &["validate", "run"]);
}

#[test]
#[ignore = "long"]
fn duplicates_that_differ_stop_the_merge_and_name_both_values() {
    let world = World::new(2);
    assert_eq!(world.analyse("one", &[]).code, Some(0));
    // The same user with other data under the same plan: as if two machines had different files.
    world.user("u01", &crate::world::rows(77, 300));
    assert_eq!(world.analyse("two", &[]).code, Some(0));
    let said = world.expect(3, &["merge", "--shards", "one", "two", "--output", "merged"]);
    assert!(said.err.contains("u01 day_hours feature_mode composite, day 2015-06-08, hour "), "{}", said.err);
    assert!(
        said.err.contains("source_mean: 0.") && said.err.contains("(one ") && said.err.contains("(two "),
        "{}",
        said.err
    );
    assert!(!said.err.contains("u00"), "{}", said.err);
    world.expect(0, &["merge", "--shards", "one", "two", "--output", "first", "--on-conflict", "first"]);
    world.expect(0, &["merge", "--shards", "one", "two", "--output", "latest", "--on-conflict", "latest"]);
    world.expect(0, &["merge", "--shards", "one", "--output", "m1"]);
    world.expect(0, &["merge", "--shards", "two", "--output", "m2"]);
    assert_eq!(world.csv("first")["per_user_te.csv"], world.csv("m1")["per_user_te.csv"]);
    assert_eq!(world.csv("latest")["per_user_te.csv"], world.csv("m2")["per_user_te.csv"]);
    assert_ne!(world.csv("first"), world.csv("latest"));
}

#[test]
fn runs_of_different_settings_are_not_merged() {
    let world = World::new(2);
    assert_eq!(world.analyse("one", &["--shard", "0/2"]).code, Some(0));
    assert_eq!(world.analyse("two", &["--shard", "1/2", "--seed", "5"]).code, Some(0));
    let said = world.expect(2, &["merge", "--shards", "one", "two", "--output", "merged"]);
    assert!(said.err.contains("seed: 42 and 5"), "{}", said.err);
    let sql = "select run, count(*) as n from raw.te group by run order by run";
    let said = world.expect(0, &["sql", "--run", "one", "--run", "two", "--format", "csv", sql]);
    assert_eq!(said.out, "run,n\none,2\ntwo,2\n");
}

#[test]
#[ignore = "long"]
fn files_that_others_leave_in_every_folder_are_not_the_programs() {
    let world = run();
    world.expect(0, &["merge", "--shards", "run", "--output", "before"]);
    let left = |run: &str| {
        for name in ["", "users", "users/shard=0", "te", "te/shard=1", "_status", "_logs"] {
            for file in [".DS_Store", "._x.parquet", ".nfs00000001", ".#run.yaml"] {
                world.write(&format!("{run}/{name}/{file}"), b"\0x");
            }
            std::fs::create_dir_all(world.path(&format!("{run}/{name}/.stfolder"))).unwrap();
            world.write(&format!("{run}/{name}/.stfolder/a.parquet"), b"x");
        }
        world.write(&format!("{run}/users/Thumbs.db"), b"x");
    };
    left("run");
    for args in [
        &["status", "run"][..],
        &["sql", "--run", "run", "select * from te"],
        &["run", "--resume", "run", "-q"],
        &["validate", "run"],
        &["compact", "run"],
        &["export", "run", "--format", "csv", "--output", "csv"],
        &["merge", "--shards", "run", "--output", "merged"],
    ] {
        let said = world.expect(0, args);
        assert!(!said.err.contains("damaged") && !said.err.contains("warning"), "{args:?}: {said:?}");
    }
    assert_eq!(world.csv("merged"), world.csv("before"));
    world.write("merged/.DS_Store", b"x");
    world.expect(0, &["validate", "merged"]);
    // A folder of which a file manager has taken note is as good as new.
    std::fs::create_dir(world.path("new")).unwrap();
    world.write("new/.DS_Store", b"x");
    assert_eq!(world.analyse("new", &[]).code, Some(0));
    // Beside definitions too, as a copy from another system brings them.
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    std::fs::create_dir_all(world.path("own/queries/reports")).unwrap();
    world.write("own/schemas/._te.yaml", b"\0\x05\x16\x07");
    world.write("own/queries/reports/._q.sql", b"\0\x05\xff\x07");
    world.expect(0, &["--definitions", "own", "sql", "--run", "new", "select * from te"]);
}

#[test]
fn a_lost_file_is_named_and_the_others_answer() {
    let world = run();
    let files = world.table_files("run", "te");
    let whole = world.expect(0, &["sql", "--run", "run", "--format", "csv", "select count(*) as n from te"]);
    assert_eq!(whole.out, "n\n6\n");
    std::fs::remove_file(&files[0]).unwrap();
    let bytes = std::fs::read(&files[1]).unwrap();
    std::fs::write(&files[1], &bytes[..bytes.len() - 9]).unwrap();
    let said = world.expect(0, &["status", "run"]);
    assert!(said.out.starts_with("run: incomplete, 1 of 3 units done"), "{}", said.out);
    assert!(said.out.contains("damaged: u0") && said.out.contains("file missing"), "{}", said.out);
    assert!(said.out.contains("results run --resume run"), "{}", said.out);
    let ask = |code, more: &[&str], sql: &str| {
        world.expect(code, &[&["sql", "--run", "run", "--format", "csv"], more, &[sql]].concat())
    };
    // What does not need them is answered as ever.
    for sql in ["select count(*) as n from users", "select count(*) as n from expected"] {
        let said = ask(0, &["--strict"], sql);
        assert_eq!((said.out.as_str(), said.err.as_str()), ("n\n3\n", ""));
    }
    for sql in [
        "select count(*) as n from te",
        "select count(*) as n from raw.te",
        "select count(TE_A2S) as n from te",
    ] {
        let said = ask(3, &[], sql);
        assert_eq!(said.out, "n\n2\n", "{sql}");
        assert!(said.err.contains("file missing") && said.err.contains("were written"), "{}", said.err);
        assert!(
            said.err.contains("user u0") && said.err.contains("`results run --resume run`"),
            "{}",
            said.err
        );
        let said = ask(3, &["--strict"], sql);
        assert!(said.out.is_empty() && said.err.starts_with("error: files that the query needs"), "{said:?}");
    }
    world.expect(0, &["run", "--resume", "run", "-q"]);
    let healed = ask(0, &["--strict"], "select count(*) as n from te");
    assert_eq!((healed.out.as_str(), healed.err.as_str()), ("n\n6\n", ""));
    assert!(world.expect(0, &["status", "run"]).out.starts_with("run: complete, 3 of 3"));
}

#[test]
fn a_changed_file_ends_a_query_in_words() {
    let world = run();
    for file in world.table_files("run", "te") {
        let length = std::fs::metadata(&file).unwrap().len();
        std::fs::write(&file, vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
    }
    let said =
        world.expect(3, &["sql", "--run", "run", "--format", "csv", "select count(TE_A2S) as n from te"]);
    assert_eq!(said.out, "n\n0\n");
    assert!(said.err.contains("user u00") && said.err.contains("checksum differs"), "{}", said.err);
    assert!(!said.err.contains("Parquet error") && !said.err.contains("Object Store"), "{}", said.err);
}

/// Changes one bit at the beginning of a data file.
fn change_a_bit(file: &std::path::Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let magic = b"PAR1".len();
    bytes[magic + 24] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn a_bit_that_is_not_seen_by_its_size_costs_its_user_only() {
    let world = run();
    let ask = |code, more: &[&str], sql: &str| {
        world.expect(code, &[&["sql", "--run", "run", "--format", "csv"], more, &[sql]].concat())
    };
    let without =
        ask(0, &[], "select user_id, tau, \"TE_A2S\" from te where user_id <> 'u00' order by 1, 2").out;
    let file = world.table_files("run", "te").into_iter().find(|file| file.to_string_lossy().contains("u00"));
    change_a_bit(&file.unwrap());
    for table in ["te", "raw.te"] {
        let said = ask(3, &[], &format!("select user_id, tau, \"TE_A2S\" from {table} order by 1, 2"));
        assert_eq!(said.out, without, "{table}");
        assert!(
            said.err.contains("user u00") && said.err.contains("`results run --resume run`"),
            "{}",
            said.err
        );
        assert_eq!(said.err.matches("warning").count(), 1, "{}", said.err);
    }
    let said = ask(3, &["--strict"], "select count(TE_A2S) as n from te");
    assert!(said.out.is_empty() && said.err.starts_with("error: files that the query needs"), "{said:?}");
    // What is in other files is answered as ever.
    assert_eq!(ask(0, &[], "select count(*) as n from k_selection").out, "n\n3\n");
    // Files of groups too.
    world.expect(0, &["run", "--resume", "run", "-q"]);
    assert_eq!(ask(0, &["--strict"], "select count(TE_A2S) as n from te").out, "n\n6\n");
    world.expect(0, &["compact", "run"]);
    change_a_bit(&world.table_files("run", "te")[0]);
    let said = ask(3, &[], "select count(TE_A2S) as n from te");
    assert!(said.err.contains("checksum differs"), "{}", said.err);
    assert_ne!(said.out, "n\n6\n");
}

#[test]
fn an_equal_attempt_takes_the_place_of_a_damaged_one() {
    let world = run();
    assert_eq!(world.analyse("again", &[]).code, Some(0));
    let ask = |code| {
        let sql = "select user_id, tau, \"TE_A2S\" from te order by user_id, tau";
        world.expect(code, &["sql", "--run", "run", "--run", "again", "--format", "csv", sql])
    };
    let whole = ask(0).out;
    assert_eq!(whole.lines().count(), 7);
    for run in ["again", "run"] {
        let files = world.table_files(run, "te");
        let bytes = std::fs::read(&files[0]).unwrap();
        std::fs::remove_file(&files[0]).unwrap();
        assert_eq!(ask(0).out, whole, "{run}");
        std::fs::write(&files[0], bytes).unwrap();
    }
}

/// Every reader of rows says whose are missing, and ends with 3.
fn lacks_a_user(world: &World, whose: &str, what: &str) {
    let ask = |code, more: &[&str], sql: &str| {
        world.expect(code, &[&["sql", "--run", "run", "--format", "csv"], more, &[sql]].concat())
    };
    for query in ["select count(distinct user_id) as n from te", "select count(*) as n from users"] {
        let said = ask(3, &[], query);
        assert_eq!(said.out, "n\n2\n", "{query}");
        assert!(said.err.contains(whose) && said.err.contains(what), "{query}: {}", said.err);
        assert!(said.err.contains("`results run --resume run`"), "{}", said.err);
        let said = ask(3, &["--strict"], query);
        assert!(said.out.is_empty() && said.err.contains(whose), "{said:?}");
    }
    // The plan has everybody.
    assert_eq!(ask(0, &["--strict"], "select count(*) as n from expected").out, "n\n3\n");
    let said = world.expect(3, &["export", "run", "--format", "csv", "--output", "csv"]);
    assert!(said.err.contains(whose) && said.err.contains(what), "{}", said.err);
    let said = world.expect(3, &["report", "run", "-o", "report.html"]);
    assert!(said.err.contains(what), "{}", said.err);
    assert!(std::fs::read_to_string(world.path("report.html")).unwrap().contains(what));
}

#[test]
#[ignore = "long"]
fn a_ledger_file_that_cannot_be_read_is_named_by_every_reader() {
    let world = run();
    let ledger =
        world.files("run/users").into_iter().find(|file| file.to_string_lossy().contains("user_id=u01"));
    std::fs::write(ledger.unwrap(), b"torn").unwrap();
    lacks_a_user(&world, "user u01", "Parquet file too small");
}

#[test]
#[ignore = "long"]
fn a_ledger_file_of_several_users_that_cannot_be_read_is_named() {
    let world = run();
    world.expect(0, &["compact", "run"]);
    let groups = world.files("run/users");
    assert_eq!(groups.len(), 2, "{groups:?}");
    std::fs::write(&groups[1], b"torn").unwrap();
    lacks_a_user(&world, "several users", "Parquet file too small");
}

#[test]
#[ignore = "long"]
fn a_report_says_that_a_file_was_changed() {
    let world = run();
    let file = world.table_files("run", "te").into_iter().find(|file| file.to_string_lossy().contains("u00"));
    change_a_bit(&file.unwrap());
    let said = world.expect(3, &["report", "run", "-o", "report.html"]);
    assert!(said.err.contains("u00") && said.err.contains("checksum differs"), "{}", said.err);
    assert!(std::fs::read_to_string(world.path("report.html")).unwrap().contains("checksum differs"));
}
