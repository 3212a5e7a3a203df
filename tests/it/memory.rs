//! A run in memory: killed, gone on with and merged as one on a disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use results::attempts::Ledger;
use results::config::{Config, ConfigSource, Overrides, load};
use results::error::Exit;
use results::event::FanOut;
use results::measures;
use results::merge::{Merge, MergeOutcome};
use results::run::{Here, Planned, Stop, Work, create, open, status};
use results::schema::{Only, Schemas};
use results::sql::{Definitions, Queries};
use results::store::{Location, MemoryStorage, RunState, Storage, StorageError};

use crate::hooked::{Asked, Hooked};
use crate::world::World;

/// Whoever works through this is killed when so many files are written: nothing of it reaches the storage
/// any more.
fn mortal(storage: MemoryStorage, files: i64) -> Hooked {
    let (name, lives) = (storage.name(), AtomicI64::new(files));
    Hooked::new(storage, move |asked| {
        let files = i64::from(matches!(asked, Asked::Change(_)));
        if lives.fetch_sub(files, Ordering::Relaxed) >= files {
            return Ok(());
        }
        Err(StorageError { action: "write", path: name.clone(), source: std::io::Error::other("killed") })
    })
}

fn config(world: &World) -> Config {
    let data = world.path("data").display().to_string();
    let overrides = Overrides { data: Some(data), ..Overrides::default() };
    load(&ConfigSource::File(world.path("quick.yaml")), &overrides, None, &measures::settings())
        .unwrap()
        .config
}

/// A run of two shards that is killed after so many files, gone on with in one share, and merged.
fn killed_after(files: i64, world: &World, config: &Config, schemas: &Schemas, queries: &Queries) {
    let storage = MemoryStorage::new();
    let whole = Location::from(Arc::new(storage.clone()) as Arc<dyn Storage>);
    let mortal = Location::from(Arc::new(mortal(storage, files)) as Arc<dyn Storage>);
    let here = Here::new(schemas);
    let tell = FanOut::default();
    let planned = Planned { config, shards: 2, only_shards: Vec::new(), schemas };
    let run = create(&mortal, planned.clone(), &|_| ()).unwrap();
    let killed = Work::of(run, schemas).shards(2).start(&here, &tell, &Stop::default());
    let killed = results::error::chain(&killed.unwrap_err());
    assert!(killed.ends_with("killed"), "after {files} files: {killed}");
    let run = open(&whole).unwrap();
    let found = status(&run).unwrap();
    assert_ne!(found.state, "complete", "after {files} files");
    assert_eq!(Ledger::read(run.storage()).unwrap().corrupt, []);

    let again = Work::of(create(&whole, planned, &|_| ()).unwrap(), schemas).again(false);
    let outcome = again.start(&here, &tell, &Stop::default()).unwrap();
    assert_eq!((outcome.exit(), outcome.state), (Exit::Done, RunState::Complete));
    assert_eq!(status(again.run()).unwrap().counts.ok, 4);

    let output = world.path(&format!("merged-{files}"));
    let merge = Merge::new(vec![whole], output, Definitions { schemas, queries });
    let merged = tokio::runtime::Runtime::new().unwrap().block_on(merge.run()).unwrap();
    assert!(matches!(merged.outcome, MergeOutcome::Written(_)), "{:?}", merged.outcome);
    assert_eq!(world.csv(&format!("merged-{files}")), world.csv("expected"), "after {files} files");
}

#[test]
#[ignore = "long"]
fn a_run_in_memory_is_killed_gone_on_with_and_merged() {
    let world = World::new(4);
    assert_eq!(world.analyse("disk", &[]).code, Some(0));
    world.expect(0, &["merge", "--output", "expected", "--shards", "disk"]);
    let (config, mut schemas, queries) =
        (config(&world), Schemas::load(None).unwrap(), Queries::load(None).unwrap());
    // As every door does where nothing but shuffled observations is asked for.
    schemas.without(Only::Nulls);
    // Two files make it a run; each unit has several, the ledger's last.
    for files in [2, 3, 5, 8] {
        killed_after(files, &world, &config, &schemas, &queries);
    }
}
