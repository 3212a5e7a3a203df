//! Run directories as the first release of format 1 wrote them: single files, groups, compacted, a compaction that was
//! killed while it removed what it had replaced, and a run that was killed between the files of a unit and its row in
//! the ledger. All are of the three users in `data`.

use std::path::Path;

use crate::world::World;

const WHOLE: [&str; 4] = ["plain", "grouped", "compacted", "moving"];

/// A world with a copy of the references.
fn references() -> World {
    let world = World::new(0);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/format1");
    copy(&from, world.root());
    world
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn merges_to_what_it_did(world: &World, runs: &[&str], output: &str) {
    world.expect(0, &[&["merge", "--output", output, "--shards"], runs].concat());
    assert_eq!(world.csv(output), world.csv("expected"), "{runs:?}");
}

#[test]
#[ignore = "long"]
fn what_was_written_is_read_queried_and_merged() {
    let world = references();
    for run in WHOLE {
        assert!(world.expect(0, &["status", run]).out.contains("complete"), "{run}");
        let count = "select count(*) as n, count(distinct user_id) as users from te";
        let found = world.expect(0, &["sql", "--run", run, "--format", "csv", count]).out;
        assert_eq!(found, "n,users\n6,3\n", "{run}");
        // What befell its workers was not written down then, and is not told to be nothing.
        let report = world.expect(0, &["report", run, "-o", "-"]).out;
        assert!(
            report.contains(
                "The plot <code>retries</code> needs the table <code>events</code>, which is not there."
            ),
            "{run}: {report}"
        );
        assert!(!report.contains("No worker was restarted"), "{run}");
        merges_to_what_it_did(&world, &[run], &format!("merged_{run}"));
    }
    for run in ["plain", "grouped", "compacted"] {
        world.expect(0, &["validate", run]);
    }
    // Equal attempts of several directories are duplicates.
    merges_to_what_it_did(&world, &WHOLE, "merged");
}

#[test]
#[ignore = "long"]
fn what_was_written_is_gone_on_with() {
    let world = references();
    for run in WHOLE {
        let told = world.expect(0, &["run", "--resume", run, "--data", "data", "--explain"]).out;
        assert!(!told.contains("rerun"), "{run}: {told}");
        world.expect(0, &["compact", run]);
        world.expect(0, &["validate", run]);
        merges_to_what_it_did(&world, &[run], &format!("merged_{run}"));
    }
}

#[test]
fn what_was_killed_is_gone_on_with() {
    let world = references();
    world.expect(3, &["merge", "--output", "no", "--shards", "killed"]);
    let told = world.expect(0, &["run", "--resume", "killed", "--data", "data"]);
    assert_eq!(world.table_files("killed", "users").len(), 3, "{told:?}");
    assert_eq!(world.table_files("killed", "te").len(), 3, "{told:?}");
    world.expect(0, &["validate", "killed"]);
    merges_to_what_it_did(&world, &["killed"], "merged");
}

#[test]
fn a_run_of_before_a_table_is_one_experiment_with_those_after() {
    let world = references();
    let config = std::fs::read_to_string(world.path("plain/run.yaml")).unwrap();
    assert!(!config.contains("day_hours"));
    let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "new"];
    world.expect(0, &args);
    let hours =
        "select count(*) > 0 as some, sum(kept) = (select sum(n_samples) from users) as all from day_hours";
    let found = world.expect(0, &["sql", "--run", "new", "--format", "csv", hours]).out;
    assert_eq!(found, "some,all\nTrue,True\n");
    // The other numbers are those that they were.
    merges_to_what_it_did(&world, &["plain", "new"], "both");
    assert!(world.path("both/day_hours.parquet").exists());
    merges_to_what_it_did(&world, &["new", "plain"], "turned");
    // A run of before does not begin with the table when it goes on.
    std::fs::remove_dir_all(world.path("plain/te")).unwrap();
    world.expect(0, &["run", "--resume", "plain", "--data", "data"]);
    assert!(!world.path("plain/day_hours").exists() && world.path("plain/te").exists());
}
