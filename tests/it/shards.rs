//! Shards, threads and directories change no byte of the result.

use crate::world::World;

fn merge(world: &World, output: &str, shards: &[&str]) {
    world.expect(0, &[&["merge", "--output", output, "--shards"], shards].concat());
}

#[test]
#[ignore = "long"]
fn any_number_of_shards_gives_the_same_csv() {
    let world = World::new(9);
    assert_eq!(world.analyse("one", &["--shards", "1", "--threads", "2"]).code, Some(0));
    merge(&world, "merged_one", &["one"]);
    let one = world.csv("merged_one");
    assert_eq!(one["per_user_te.csv"].lines().count(), 1 + 9 * 2);

    assert_eq!(world.analyse("seven", &["--shards", "7"]).code, Some(0));
    merge(&world, "merged_seven", &["seven"]);
    assert_eq!(world.csv("merged_seven"), one);
    // Every shard has a log, and the directory holds nothing but the run.
    assert!(world.path("seven/_logs/shard-6.log").exists());

    let own: Vec<String> = (0..4)
        .map(|i| {
            let shard = format!("{i}/4");
            let args = ["run", "--config", "quick.yaml", "--data", "data", "--shard", &shard];
            world.expect(0, &args).out.trim().to_owned()
        })
        .collect();
    assert!(own[3].contains("quick_") && own[3].contains("shard3of4"), "{own:?}");
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    merge(&world, "merged_own", &own);
    assert_eq!(world.csv("merged_own"), one);
    world.expect(0, &["validate", own[1]]);
    let status = world.expect(0, &["status", own[0], own[1]]);
    assert!(status.out.ends_with("in all: 5 of 5 units done\n"), "{}", status.out);
    // Without one of them, the result is refused and the gap is named.
    let said = world.expect(3, &["merge", "--output", "no", "--shards", own[0], own[1], own[3]]);
    assert!(said.err.contains("never started: 2") && said.err.contains("u02 composite"), "{}", said.err);
    assert!(!world.path("no").exists());
}

#[test]
#[ignore = "long"]
fn shards_by_hand_share_a_directory_while_it_is_read() {
    let world = World::new(6);
    for i in [2, 0] {
        let said = world.analyse("run", &["--shard", &format!("{i}/3")]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        let count =
            world.expect(0, &["sql", "--run", "run", "--format", "csv", "select count(*) as n from te"]);
        assert_eq!(count.out, format!("n\n{}\n", if i == 2 { 4 } else { 8 }));
    }
    let status = world.expect(0, &["status", "run"]);
    assert!(status.out.contains("incomplete, 4 of 6 units done, 2 missing"), "{}", status.out);
    assert!(world.expect(3, &["validate", "run"]).out.contains("FAIL  complete"));
    assert_eq!(world.analyse("run", &["--shard", "1/3"]).code, Some(0));
    assert!(world.expect(0, &["status", "run"]).out.contains("complete, 6 of 6 units done"));
    world.expect(0, &["validate", "run"]);
    // A shard that is done again does nothing.
    let before = world.files("run/users");
    assert_eq!(world.analyse("run", &["--shard", "1/3"]).code, Some(0));
    assert_eq!(world.files("run/users"), before);
}

#[test]
fn merged_output_is_valid_exportable_and_never_overwritten() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    merge(&world, "merged", &["run"]);
    world.expect(0, &["validate", "merged"]);
    let again = world.expect(2, &["merge", "--output", "merged", "--shards", "run"]);
    assert!(again.err.contains("exists already"), "{}", again.err);
    world.expect(0, &["export", "merged", "--format", "csv", "--output", "csv"]);
    assert_eq!(world.csv("csv"), world.csv("merged"));
    world.expect(0, &["export", "run", "--format", "csv", "--output", "csv2", "--table", "te"]);
    assert_eq!(world.csv("csv2")["per_user_te.csv"], world.csv("merged")["per_user_te.csv"]);
    let header = world.csv("merged")["per_user_te.csv"].lines().next().unwrap().to_owned();
    assert!(header.starts_with(
        "user_id,feature_mode,k,l,tau,TE_A2S,TE_S2A,Delta_TE,p_A2S,p_S2A,q_A2S,q_S2A,p_Delta_TE,q_Delta_TE,n_samples,low_n,quality_passed,"
    ));
    // A line of the CSV that was changed is found.
    let csv = world.csv("merged")["per_user_te.csv"].replacen("u01", "u99", 1);
    world.write("merged/per_user_te.csv", csv);
    let said = world.expect(3, &["validate", "merged"]);
    assert!(said.out.contains("FAIL  per_user_te.csv agrees with te.parquet"), "{}", said.out);
}

#[test]
fn the_order_of_shards_and_an_equal_copy_change_nothing() {
    let world = World::new(4);
    for i in 0..2 {
        assert_eq!(world.analyse(&format!("s{i}"), &["--shard", &format!("{i}/2")]).code, Some(0));
    }
    merge(&world, "a", &["s0", "s1"]);
    merge(&world, "b", &["s1", "s0"]);
    assert_eq!(world.csv("a"), world.csv("b"));
    assert_eq!(world.analyse("s0again", &["--shard", "0/2"]).code, Some(0));
    let said = world.expect(0, &["merge", "--output", "c", "--shards", "s0", "s1", "s0again"]);
    assert!(said.err.contains("2 equal duplicates left out"), "{}", said.err);
    assert_eq!(world.csv("c"), world.csv("a"));
}

#[test]
fn bad_shards_and_strange_directories_are_refused() {
    let world = World::new(2);
    for (shard, why) in [
        ("4/4", "the last of 4 shards is 3/4"),
        ("x/2", "`x` is not a whole number"),
        ("0/0", "at least one shard"),
    ] {
        let said = world.analyse("run", &["--shard", shard]);
        assert_eq!(said.code, Some(2), "{said:#?}");
        assert!(said.err.contains(why) && said.err.contains("counted from 0"), "{}", said.err);
        assert!(!world.path("run").exists());
    }
    std::fs::create_dir(world.path("full")).unwrap();
    world.write("full/thesis.txt", "mine");
    let said = world.analyse("full", &[]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("thesis.txt") && said.err.contains("hint"), "{}", said.err);

    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    let said = world.analyse("run", &["--shards", "2", "--seed", "7"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("seed: 42 in the run, 7 asked for"), "{}", said.err);
    let said = world.analyse("run", &["--shard", "0/3"]);
    assert!(said.code == Some(2) && said.err.contains("planned with 2 shards, not 3"), "{}", said.err);
    world.user("u99", &crate::world::rows(9, 300));
    let said = world.analyse("run", &["--shards", "2"]);
    assert!(said.code == Some(2) && said.err.contains("not in its plan: u99"), "{}", said.err);

    let yaml = std::fs::read_to_string(world.path("run/run.yaml")).unwrap();
    world.write(
        "run/run.yaml",
        yaml.replacen("format: 1", "format: 99", 1)
            .replace("tool_version: \"0.1.0\"", "tool_version: \"9.9.0\""),
    );
    let said = world.expect(2, &["run", "--resume", "run"]);
    assert!(said.err.contains("format 99") && said.err.contains("9.9.0 or newer"), "{}", said.err);
    world.expect(0, &["status", "run"]);
}
