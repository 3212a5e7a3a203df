//! URLs where folders are named: `file://` is a folder everywhere, and what is no URL of ours is told.

use crate::world::World;

/// The URL of a folder of the world.
fn url(world: &World, name: &str) -> String {
    format!("file://{}", world.path(name).display())
}

#[test]
#[ignore = "long"]
fn a_file_url_is_the_folder_wherever_one_is_named() {
    let world = World::new(3);
    let at = |name: &str| url(&world, name);
    world.expect(0, &["run", "--config", "quick.yaml", "--data", &at("data"), "--out", "run"]);
    let manifest = std::fs::read_to_string(world.path("run/run.yaml")).unwrap();
    let folder = world.path("data").canonicalize().unwrap();
    assert!(manifest.contains(&format!("folder: {}\n", folder.display())), "{manifest}");
    world.expect(0, &["merge", "--shards", &at("run"), "--data", &at("data"), "--output", &at("merged")]);
    world.expect(0, &["merge", "--shards", "run", "--output", "plain"]);
    assert_eq!(world.csv("merged"), world.csv("plain"));
    assert!(!world.path("file:").exists());
    for place in ["run", "merged"] {
        let place = at(place);
        world.expect(0, &["validate", &place]);
        let said = world.expect(
            0,
            &["sql", "--run", &place, "--format", "csv", "select count(distinct user_id) as n from te"],
        );
        assert_eq!(said.out, "n\n3\n");
    }
    world.expect(0, &["export", &at("merged"), "--format", "csv", "--output", "csv"]);
    world.expect(0, &["report", &at("merged"), "-o", "report.html"]);
    world.expect(0, &["plot", "p_histogram", "--run", &at("merged"), "-o", "p.svg"]);
    world.expect(0, &["compact", &at("run")]);
    let said = world.expect(2, &["compact", &at("merged")]);
    assert!(said.err.contains("is itself an output of `results merge`"), "{said:?}");
    world.expect(0, &["control", &at("run"), "--pairs", "2"]);
    assert!(world.path("run_control/run.yaml").exists());
    let said = world.expect(2, &["merge", "--shards", "run", &at("run"), "--output", "twice"]);
    assert!(said.err.contains("is named twice"), "{said:?}");
    world.expect(0, &["demo", "--users", "2", "--data-only", "--out", &at("demo")]);
    assert_eq!(world.files("demo/data").len(), 2);
}

#[test]
fn what_is_no_url_of_ours_is_told() {
    let world = World::new(1);
    for (args, told) in [
        (&["validate", "ftp://a/b"][..], "only s3:// and file:// are known"),
        (&["validate", "file://a/b"], "write file:///full/path"),
        (&["sql", "--run", "s3:///a", "select 1"], "it names no bucket"),
        (&["merge", "--shards", "run", "--output", "gs://bucket/b"], "only s3:// and file:// are known"),
        (
            &["export", "run", "--format", "csv", "--output", "s3://bucket/b"],
            "--output takes a path and no URL",
        ),
        (&["sql", "--run", "run", "--output", "file:///a/b", "select 1"], "(hint: write /a/b)"),
        (&["demo", "--report", "--out", "s3://bucket/b"], "a report is written into a folder"),
        (&["control", "s3://bucket"], "name the control with --out"),
    ] {
        let said = world.expect(2, args);
        assert!(said.err.contains(told), "{args:?}: {}", said.err);
    }
    assert!(!world.path("s3:").exists() && !world.path("file:").exists());
}
