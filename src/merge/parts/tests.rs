//! Merges in parts against merges of all at once, over runs as chance makes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::record::Record;
use crate::config::parse;
use crate::merge::stage::{Parts, Stage};
use crate::merge::{Merge, MergeOutcome, Merged, OnConflict};
use crate::queries::Queries;
use crate::schema::{Row, Schemas};
use crate::sql::Definitions;
use crate::store::{
    ExpectedUnit, LedgerRow, Location, MERGE_MANIFEST, MergeManifest, NewRun, Prepared, Run, UnitState,
    commit, commit_group,
};
use crate::yaml::from_yaml;

const OWN: [(&str, &str); 2] = [
    (
        "odd.yaml",
        "table: odd
version: 1
description: A key that may be absent.
csv: odd.csv
key: [feature_mode, day]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: day, type: int}
  - {name: p, type: float}
  - {name: q, type: float, derived: {q_of: p, family: [day]}}
",
    ),
    (
        "remarks.yaml",
        "table: remarks
version: 1
description: A list.
csv: remarks.csv
columns:
  - {name: text, type: text}
  - {name: x, type: float}
",
    ),
];

/// Ids that sort oddly.
const IDS: [&str; 12] = [
    "a",
    "A",
    "a0",
    "10",
    "9",
    "é",
    "~",
    "u 1",
    "a,b",
    "\u{1F600}",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "-",
];

/// A stream of numbers by a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn p(&mut self) -> Option<f64> {
        match self.below(12) {
            0 => None,
            1 => Some(f64::NAN),
            2 => Some(0.0),
            3 => Some(1.0),
            4 => Some(5e-324),
            5 => Some(0.5),
            6..9 => Some((self.below(20) + 1) as f64 / 20.0),
            _ => Some(self.below(1 << 30) as f64 / (1u64 << 30) as f64),
        }
    }
}

/// What a run is like.
#[derive(Debug, Clone, Copy)]
struct Like {
    seed: u64,
    users: usize,
    /// Of how many things one is out of order; none is with 0.
    faults: u64,
    by: bool,
    nulls: bool,
}

struct World {
    dir: tempfile::TempDir,
    schemas: Schemas,
    queries: Queries,
    shards: Vec<PathBuf>,
}

fn user(n: usize) -> String {
    let id = IDS[n % IDS.len()];
    if n < IDS.len() { id.to_owned() } else { format!("{id}{}", n / IDS.len()) }
}

fn rows(chance: &mut Chance, surrogates: i64) -> Vec<(String, Vec<Row>)> {
    fn maybe(row: Row, name: &'static str, value: Option<f64>) -> Row {
        match value {
            Some(value) => row.with(name, value),
            None => row,
        }
    }
    let te = (1..=2i64).map(|tau| {
        let row = Row::new().with("feature_mode", "composite").with("tau", tau);
        let row = row.with("surrogates_A2S", surrogates).with("n_samples", chance.below(50) as i64);
        let delta = chance.p().map(|p| if p.is_nan() { 0.0 } else { p - 0.4 });
        let (a, b) = (chance.p(), chance.p());
        maybe(maybe(maybe(row, "Delta_TE", delta), "p_A2S", a), "p_S2A", b)
    });
    let te: Vec<Row> = te.collect();
    let odd = [None, Some(3i64)].into_iter().map(|day| {
        let row = Row::new().with("feature_mode", "composite");
        let row = day.map_or_else(|| row.clone(), |day| row.clone().with("day", day));
        maybe(row, "p", chance.p())
    });
    let odd: Vec<Row> = odd.collect();
    let remarks = (0..chance.below(3)).map(|_| {
        let row = Row::new().with("text", ["", "x,y", "\"", "é\n"][chance.below(4) as usize]);
        maybe(row, "x", chance.p())
    });
    let remarks = remarks.collect();
    vec![("te".into(), te), ("odd".into(), odd), ("remarks".into(), remarks)]
}

fn world(like: Like) -> World {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("own");
    std::fs::create_dir(&own).unwrap();
    for (name, text) in OWN {
        std::fs::write(own.join(name), text).unwrap();
    }
    let schemas = Schemas::load(Some(&own)).unwrap();
    let nulls = if like.nulls { "statistical: {nulls: [permute, days]}\n" } else { "" };
    let text = format!("{nulls}fdr: {{method: {}}}\n", if like.by { "by" } else { "bh" });
    let config = parse("test", &text, None, &crate::measures::settings()).unwrap().config;
    let mut chance = Chance(like.seed);
    let planned = |user_: usize| ExpectedUnit {
        position: user_ as u64,
        shard: (user_ % 2) as u32,
        user_id: user(user_),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 0,
        rows: Arc::new(BTreeMap::new()),
    };
    let new = NewRun {
        config: &config,
        units: (0..like.users).map(planned).collect(),
        shards: 2,
        only_shards: vec![],
        schemas: &schemas,
        data_folder: "-".into(),
        control: None,
    };
    let shards: Vec<PathBuf> = ["run", "other"].map(|name| dir.path().join(name)).into();
    let runs = [&shards[0], &shards[1]].map(|dir| Run::create_or_join(dir, &new).unwrap());
    fill(&runs, &schemas, like, &mut chance);
    World { queries: Queries::load(None).unwrap(), dir, schemas, shards }
}

/// Attempts of every user: one, or several that are equal, on another basis, failed or skipped, in files of their own and
/// in groups, in either run.
fn fill(runs: &[Run; 2], schemas: &Schemas, like: Like, chance: &mut Chance) {
    let mut groups: BTreeMap<(usize, u64), Vec<Prepared>> = BTreeMap::new();
    for place in 0..like.users {
        let faulty = |chance: &mut Chance| like.faults > 0 && chance.one_in(like.faults);
        let surrogates = 19 + chance.below(3) as i64;
        let mut cells = rows(chance, surrogates);
        let lives = if chance.one_in(3) { 2 + chance.below(2) } else { 1 };
        for life in 0..lives {
            let is_same = life == 0 || chance.one_in(2);
            if !is_same || (life > 0 && faulty(chance)) {
                cells = rows(chance, surrogates);
            }
            let state = match chance.below(6) {
                _ if life + 1 == lives && !faulty(chance) => UnitState::Ok,
                0 => UnitState::Failed,
                1 => UnitState::Skipped,
                _ => UnitState::Ok,
            };
            let which = chance.below(2) as usize;
            let row = LedgerRow {
                user_id: user(place),
                feature_mode: "composite".into(),
                shard: (place % 2) as u32,
                position: place as u64,
                attempt: format!("n{place}-{life}"),
                state,
                reason: (state != UnitState::Ok).then(|| format!("why {}", place % 3)),
                n_samples: Some(1),
                k: None,
                started_us: life as i64,
                finished_us: life as i64 + 1,
                peak_memory_bytes: None,
                tool_version: "t".into(),
                engine: "e1".into(),
                config_fingerprint: runs[0].manifest().config_fingerprint.clone(),
                input_fingerprint: Some(if is_same { "i".into() } else { format!("i{life}") }),
                files: vec![],
            };
            let tables = if state == UnitState::Ok { cells.clone() } else { Vec::new() };
            let unit = Prepared::new(schemas, row, &tables).unwrap();
            if chance.one_in(3) {
                commit(&runs[which], schemas, unit).unwrap();
            } else {
                groups.entry((which, chance.below(3))).or_default().push(unit);
            }
        }
    }
    for ((which, _), units) in groups {
        commit_group(&runs[which], schemas, units, 2).unwrap();
    }
}

impl World {
    fn merge(
        &self,
        output: &str,
        change: impl Fn(&mut Merge<'_>),
    ) -> Result<Merged, crate::merge::MergeError> {
        let shards = self.shards.iter().map(Location::from).collect();
        let definitions = Definitions { schemas: &self.schemas, queries: &self.queries };
        let mut merge = Merge::new(shards, self.dir.path().join(output), definitions);
        change(&mut merge);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(merge.run())
    }

    fn path(&self, output: &str) -> PathBuf {
        self.dir.path().join(output)
    }
}

/// All that is told of a merge and all that it wrote, but for the time.
fn told(
    merged: Result<Merged, crate::merge::MergeError>,
    output: &Path,
) -> (String, BTreeMap<String, String>) {
    let merged = match merged {
        Err(error) => return (format!("{} {error}", error.code()), files(output)),
        Ok(merged) => merged,
    };
    let about = format!("{} {} {} {:?}", merged.units, merged.units_ok, merged.duplicates, merged.notes);
    let outcome = match merged.outcome {
        MergeOutcome::Written(written) => format!(
            "{:?} {} {:?} {:?} {:?}",
            written.gaps, written.checks, written.changed, written.control, written.reach
        ),
        MergeOutcome::Wrong(checks) => {
            let failed = checks.iter().filter(|check| !check.passed());
            failed.map(|check| format!("{} {}\n", check.name, check.violations)).collect::<Vec<_>>().concat()
        }
        refused => format!("{refused:?}"),
    };
    (format!("{about}\n{outcome}"), files(output))
}

fn files(output: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(output).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = if name == MERGE_MANIFEST {
            let mut manifest: MergeManifest = from_yaml(&std::fs::read_to_string(&path).unwrap()).unwrap();
            manifest.merged_at.clear();
            format!("{manifest:?}")
        } else if name.ends_with(".parquet") {
            let file = std::fs::File::open(&path).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
            let schema = Arc::clone(reader.schema());
            let said = format!("{:?}", reader.metadata().file_metadata().key_value_metadata());
            let rows: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
            let rows = concat_batches(&schema, &rows).unwrap();
            format!(
                "{schema:?}\n{said}\n{:?}",
                rows.columns().iter().map(|c| c.to_data()).collect::<Vec<_>>()
            )
        } else {
            String::from_utf8(std::fs::read(&path).unwrap()).unwrap()
        };
        files.insert(name, text);
    }
    files
}

fn parts(count: u32) -> Parts {
    Parts { count, ..Parts::default() }
}

/// The same merge by all numbers of parts; gives what is told of it.
fn same_by_all(world: &World, counts: &[u32], change: impl Fn(&mut Merge<'_>)) -> String {
    let one = told(world.merge("one", &change), &world.path("one"));
    for count in counts {
        let output = format!("parts-{count}");
        let merged = world.merge(&output, |merge| {
            change(merge);
            merge.parts = parts(*count);
        });
        let (said, written) = told(merged, &world.path(&output));
        assert_eq!(said, one.0, "{count} parts");
        assert_eq!(written.keys().collect::<Vec<_>>(), one.1.keys().collect::<Vec<_>>(), "{count} parts");
        for (name, text) in written {
            assert_eq!(text, one.1[&name], "{name} of {count} parts");
        }
    }
    one.0
}

/// The same merge by a process for each part; gives what is told by the one that is refused, or the last.
fn same_by_steps(world: &World, count: u32, change: impl Fn(&mut Merge<'_>)) {
    let one = told(world.merge("one", &change), &world.path("one"));
    let step = |(stage, part): (Stage, u32)| {
        world.merge("steps", |merge| {
            change(merge);
            let only = Some((stage, stage.has_parts().then_some(part)));
            merge.parts = Parts { count, only, ..Parts::default() };
        })
    };
    let steps = Stage::ALL.into_iter().flat_map(|stage| stage.parts(count).map(move |part| (stage, part)));
    let is_done =
        |merged: &Result<Merged, _>| matches!(merged, Ok(Merged { outcome: MergeOutcome::PartDone, .. }));
    let last = steps.map(step).find(|merged| !is_done(merged)).unwrap();
    let (said, written) = told(last, &world.path("steps"));
    assert_eq!(said, one.0);
    assert!(written == one.1, "files of {count} parts by steps");
}

fn like() -> impl Strategy<Value = Like> {
    let faults = prop_oneof![2 => Just(0u64), 1 => Just(4), 1 => Just(40)];
    (any::<u64>(), 7usize..30, faults, any::<bool>(), any::<bool>())
        .prop_map(|(seed, users, faults, by, nulls)| Like { seed, users, faults, by, nulls })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_any_run_are_what_one_makes(
        like in like(), allow_partial in any::<bool>(), csv_only in any::<bool>(), latest in any::<bool>(),
    ) {
        let world = world(like);
        same_by_all(&world, &[2, 7], |merge| {
            merge.allow_partial = allow_partial;
            if csv_only {
                merge.formats = vec![crate::export::ExportFormat::Csv];
            }
            if latest {
                merge.on_conflict = OnConflict::Latest;
            }
        });
    }

    #[test]
    fn parts_by_processes_of_their_own_are_what_one_makes(
        like in like(), allow_partial in any::<bool>(), latest in any::<bool>(),
    ) {
        let world = world(like);
        same_by_steps(&world, 3, |merge| {
            merge.allow_partial = allow_partial;
            if latest {
                merge.on_conflict = OnConflict::Latest;
            }
        });
    }
}

#[test]
fn one_user_and_sixty_four_parts() {
    let like = Like { seed: 1, users: 1, faults: 0, by: false, nulls: false };
    let one = world(like);
    same_by_all(&one, &[], |merge| merge.allow_partial = true);
    let many = one.merge("many", |merge| merge.parts = parts(2)).unwrap_err().to_string();
    assert!(many.starts_with("2 parts are more than the 1 user of the plan"), "{many}");
    let like = Like { seed: 2, users: 64, faults: 0, by: true, nulls: false };
    same_by_all(&world(like), &[64], |merge| merge.allow_partial = true);
}

#[test]
fn what_one_process_has_seen_is_taken_over_by_the_others() {
    let like = Like { seed: 5, users: 20, faults: 0, by: false, nulls: false };
    let world = world(like);
    let part = |stage, part| {
        let merged = world.merge("out", |merge| {
            merge.allow_partial = true;
            merge.on_conflict = OnConflict::Latest;
            merge.parts = Parts { count: 2, only: Some((stage, Some(part))), ..Parts::default() };
        });
        merged.unwrap()
    };
    let first = part(Stage::Survey, 0);
    let file = world.path("out/_parts/seen.parquet");
    let seen = std::fs::read(&file).unwrap();
    // Of a process that had seen something else, so that it shows who believes it.
    let mut other = Record::decode(seen).unwrap().note::<serde_json::Value>().unwrap();
    assert_eq!(other["seen"]["found"]["units"], first.units);
    other["seen"]["found"]["units"] = 4711.into();
    std::fs::write(&file, Record::new(Vec::new(), &other).encode().unwrap()).unwrap();
    assert_eq!(part(Stage::Survey, 1).units, 4711);
    // What is damaged is made again.
    std::fs::write(&file, b"PAR1").unwrap();
    let again = part(Stage::Runs, 0);
    assert_eq!(again.units, first.units);
    assert!(
        again.notes.iter().any(|note| note.contains("_parts/seen.parquet is not what was written")),
        "{:?}",
        again.notes
    );
    assert!(part(Stage::Runs, 1).notes.iter().all(|note| !note.contains("_parts/seen.parquet")));
}

#[test]
fn who_does_parts_of_a_merge_that_has_ended_leaves_nothing_behind() {
    let like = Like { seed: 7, users: 8, faults: 0, by: false, nulls: false };
    let world = world(like);
    let part = |of_another| {
        world.merge("out", |merge| {
            merge.allow_partial = true;
            merge.parts = Parts { count: 2, only: Some((Stage::Survey, Some(0))), resume: false, of_another };
        })
    };
    let refused = |why: &str| {
        let error = part(true).unwrap_err();
        assert!(error.to_string().contains(why) && error.code() == "M29", "{error}");
    };
    // Neither before it has begun nor when it is not there any more.
    refused("/out has ended, or was given up");
    assert!(!world.path("out").exists());
    let _ = part(false).unwrap();
    let _ = part(true).unwrap();
    std::fs::remove_file(world.path("out/_parts/merge.parquet")).unwrap();
    refused("/out has ended, or was given up");
    assert!(!world.path("out/_parts/merge.parquet").exists());
}

#[test]
fn parts_of_another_version_run_or_snapshot_are_refused_with_both() {
    let like = Like { seed: 3, users: 8, faults: 0, by: false, nulls: false };
    let world = world(like);
    let survey = |merge: &mut Merge<'_>| {
        merge.allow_partial = true;
        merge.parts = Parts { count: 3, only: Some((Stage::Survey, None)), ..Parts::default() };
    };
    let _ = world.merge("out", survey).unwrap();
    let file = world.path("out/_parts/merge.parquet");
    let own = Record::decode(std::fs::read(&file).unwrap()).unwrap().note::<serde_json::Value>().unwrap();
    let refused = |key: &str, value: serde_json::Value| {
        let mut other = own.clone();
        other[key] = value;
        std::fs::write(&file, Record::new(Vec::new(), &other).encode().unwrap()).unwrap();
        let error = world.merge("out", survey).unwrap_err();
        assert_eq!(error.code(), "M29");
        let told = error.to_string();
        assert!(
            told.contains("/out are of another merge: ")
                && told.contains("(hint: name another place, or remove "),
            "{told}"
        );
        told.lines().next().unwrap().split_once("merge: ").unwrap().1.to_owned()
    };
    let here = env!("CARGO_PKG_VERSION");
    assert_eq!(
        refused("version", "0.0.9".into()),
        format!("version of the program there 0.0.9, here {here}")
    );
    assert_eq!(refused("parts", 8.into()), "number of parts there 8, here 3");
    let runs = own["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(", ");
    assert_eq!(refused("runs", vec!["r9"].into()), format!("runs there r9, here {runs}"));
    let here = &own["snapshot"].as_str().unwrap()[..12];
    assert_eq!(
        refused("snapshot", "0123456789abcdef".into()),
        format!("files of the ledger there 0123456789ab, here {here}")
    );
    std::fs::write(&file, b"PAR1").unwrap();
    let told = world.merge("out", survey).unwrap_err().to_string();
    assert!(told.contains("_parts/merge.parquet is damaged, or of another version"), "{told}");
}
