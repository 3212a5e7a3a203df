//! Nobody who stops reading ends a command, or changes its exit code.

use std::fs::File;
use std::process::Stdio;

use crate::world::World;

/// Commands, with the exit code of each; `N` is another number each time.
const COMMANDS: &[(i32, &str)] = &[
    (0, "run --config quick.yaml --data data --out new-N"),
    (0, "run --config quick.yaml --data data --out shards-N --shards 2"),
    (0, "run --config quick.yaml --data data --out json-N --json"),
    (0, "run --resume run"),
    (0, "run --resume run --explain --dry-run"),
    (0, "status run"),
    (0, "status run --json"),
    (0, "merge --shards run --output merged-N"),
    (3, "merge --shards gaps --output merged-gaps-N"),
    (3, "merge --shards gaps --output partial-N --allow-partial"),
    (0, "validate run"),
    (3, "validate gaps"),
    (0, "compact run"),
    (0, "export run --format csv --output csv-N"),
    (0, "demo --users 2 --data-only --out demo-N"),
    (0, "config show"),
    (0, "config check quick.yaml"),
    (0, "schema show"),
    (0, "completions bash"),
    (0, "sql --list"),
    (1, "status nothing"),
    (2, "run --config nothing.yaml"),
    (2, "sql --no-such-option"),
    (1, "sql --run run --format csv select+nothing"),
];

type Stream = fn() -> Stdio;

/// A pipe that nobody reads.
fn closed() -> Stdio {
    std::io::pipe().unwrap().1.into()
}

/// A disk on which nothing fits.
fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

#[test]
#[ignore = "long"]
fn nobody_who_stops_reading_changes_what_happens() {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world.write("data/u01.features_labels.csv", "timestamp\n");
    assert_eq!(world.analyse("gaps", &[]).code, Some(3));
    std::fs::remove_file(world.path("data/u01.features_labels.csv")).unwrap();
    world.user("u01", &crate::world::rows(2, 300));
    let streams: [(&str, Stream, Stream); 2] = [("a", closed, closed), ("b", Stdio::null, full)];
    for (n, out, err) in streams {
        for (code, words) in COMMANDS {
            let words = words.replace('N', n);
            let args: Vec<String> = words.split(' ').map(|word| word.replace('+', " ")).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let mut command = world.command(&args);
            command.env("RESULTS_LOG", "debug").stdin(Stdio::null()).stdout(out()).stderr(err());
            assert_eq!(command.status().unwrap().code(), Some(*code), "{words} ({n})");
        }
    }
    assert!(world.path("new-a/run.yaml").exists() && world.path("merged-a/merge.yaml").exists());
}

#[test]
fn rows_that_cannot_be_written_are_an_error_and_a_reader_that_went_away_is_none() {
    let world = World::new(1);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    let sql = ["sql", "--run", "run", "--format", "csv", "select * from te"];
    let mut command = world.command(&sql);
    let said = crate::world::said(&command.stdout(full()).stderr(Stdio::piped()).output().unwrap());
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("No space left on device"), "{said:?}");
    for format in ["table", "csv", "json", "ndjson", "arrow", "parquet"] {
        let sql = ["sql", "--run", "run", "--format", format, "select * from te"];
        let said = crate::world::said(&world.command(&sql).stdout(full()).output().unwrap());
        let words = "error: cannot write to standard output: No space left on device";
        assert!(said.code == Some(1) && said.err.starts_with(words), "{format}: {said:?}");
    }
    let said = crate::world::said(&world.command(&sql).stdout(closed()).output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let said = crate::world::said(&world.command(&["status", "run"]).stdout(full()).output().unwrap());
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("error: cannot write to standard output: "), "{said:?}");
    // A run is not kept from its end by that.
    let told = ["run", "--config", "quick.yaml", "--data", "data", "--out", "told", "--json"];
    assert_eq!(world.command(&told).stdout(full()).output().unwrap().status.code(), Some(1));
    assert_eq!(world.committed("told"), 1);
}
