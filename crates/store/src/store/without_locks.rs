//! Runs without locks, on storages where a lock or a replaced file is an error.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::changes;
use super::made::one_by_one;
use super::run::read_manifest;
use super::*;
use crate::attempts::{Index, Ledger, Ledgers, OpenRun, Precedence, each_unit, sweep};
use crate::compact::Compaction;
use crate::config::testing::config;
use crate::schema::{LEDGER, Row, Schemas};

/// A storage that keeps no locks, and knows what was asked of it.
#[derive(Debug)]
struct NoLocks {
    inner: Arc<dyn Storage>,
    reads: AtomicU64,
    listings: AtomicU64,
}

impl NoLocks {
    fn new() -> Arc<Self> {
        let (reads, listings) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { inner: Arc::new(MemoryStorage::new()), reads, listings })
    }

    /// How many files were read and folders listed since it was last asked.
    fn asked(&self) -> (u64, u64) {
        (self.reads.swap(0, Ordering::Relaxed), self.listings.swap(0, Ordering::Relaxed))
    }
}

impl Storage for NoLocks {
    fn publish(&self, objects: &[Object]) -> Result<Created, StorageError> {
        Ok(match one_by_one(&*self.inner, objects)? {
            Made::Ours => Created::Yes,
            Made::Theirs(_) => Created::Existed,
        })
    }

    fn create(&self, object: &Object) -> Result<Created, StorageError> {
        self.inner.create(object)
    }

    fn replace(&self, object: &Object) -> Result<(), StorageError> {
        panic!("{} is replaced", object.path)
    }

    fn note(&self, object: &Object) -> Result<(), StorageError> {
        self.inner.note(object)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.read(path)
    }

    fn open(&self, path: &str) -> Result<Option<Arc<dyn ReadAt>>, StorageError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.inner.open(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, StorageError> {
        self.listings.fetch_add(1, Ordering::Relaxed);
        self.inner.list(folder)
    }

    fn size(&self, path: &str) -> Result<Option<u64>, StorageError> {
        self.inner.size(path)
    }

    fn modified(&self, path: &str) -> Result<Option<i64>, StorageError> {
        self.inner.modified(path)
    }

    fn remove(&self, path: &str) -> Result<(), StorageError> {
        self.inner.remove(path)
    }

    fn keeps_locks(&self) -> bool {
        false
    }

    fn lock(&self, name: &str, _: Hold, _: Duration) -> Result<Option<Held>, StorageError> {
        panic!("{name} is locked")
    }

    fn name(&self) -> String {
        "store".into()
    }

    fn object_store(&self) -> Result<Objects, StorageError> {
        self.inner.object_store()
    }
}

fn schemas() -> Schemas {
    Schemas::load(None).unwrap()
}

fn unit(position: u64, shards: u32) -> ExpectedUnit {
    ExpectedUnit {
        position,
        shard: (position % u64::from(shards)) as u32,
        user_id: format!("u{position:02}"),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 1,
        rows: Arc::new(BTreeMap::from([("te".into(), 2)])),
    }
}

fn new(users: u64, shards: u32, schemas: &Schemas) -> NewRun<'_> {
    static CONFIG: std::sync::OnceLock<crate::config::Config> = std::sync::OnceLock::new();
    NewRun {
        config: CONFIG.get_or_init(config),
        units: (0..users).map(|position| unit(position, shards)).collect(),
        shards,
        only_shards: Vec::new(),
        schemas,
        data_folder: "data".into(),
        control: None,
    }
}

fn open(storage: &Arc<NoLocks>) -> Run {
    Run::open(Location::Storage(Arc::clone(storage) as Arc<dyn Storage>)).unwrap()
}

fn register(storage: &Arc<NoLocks>, users: u64, shards: u32) -> Run {
    let storage = Arc::clone(storage) as Arc<dyn Storage>;
    Run::create_or_join(storage, &new(users, shards, &schemas())).unwrap()
}

fn by(index: u32, of: u32, lease: u64) -> Writer {
    Writer { share: Assignment { index, of }, lease: Some(lease) }
}

fn prepared(unit: &ExpectedUnit, by: Writer) -> Prepared {
    let te = |tau: u32| Row::new().with("feature_mode", "composite").with("tau", tau).with("TE_A2S", 0.5);
    let mut row = LedgerRow::done(&unit.user_id, &attempt_id_of(by));
    (row.shard, row.position) = (unit.shard, unit.position);
    Prepared::new(&schemas(), row, &[("te".to_owned(), (1..=2).map(te).collect())]).unwrap()
}

fn files(run: &Run, folder: &str) -> Vec<String> {
    run.storage().list(folder).unwrap().into_iter().map(|entry| entry.path).collect()
}

/// Data of a commit that was not ended.
fn leave(run: &Run, shard: u32, by: Writer) -> (String, String) {
    let name = attempt_id_of(by);
    let path = |table: &str| group_file(table, shard, 0, &name);
    let _ = run.storage().create(&Object { path: path("te"), bytes: name.clone().into() }).unwrap();
    (path("te"), path(LEDGER))
}

#[test]
fn a_run_is_made_extended_moved_and_closed_by_names_only() {
    let storage = NoLocks::new();
    let mut run = register(&storage, 5, 2);
    assert_eq!(
        (run.protocol(), run.manifest().format, run.manifest().buckets),
        (Protocol::Names, 2, Some(1))
    );
    assert_eq!(files(&run, "_expected").len(), 2);
    // Joined, by one that knows the plan and by one that has another.
    let again = register(&storage, 5, 2);
    assert_eq!(again.manifest().run_id, run.manifest().run_id);
    let schemas = schemas();
    let other = Run::create_or_join(Arc::clone(&storage) as Arc<dyn Storage>, &new(6, 2, &schemas));
    assert!(other.unwrap_err().to_string().contains("u05"));
    // The same plan on a disk has the same fingerprint.
    let disk = Run::create_or_join(Arc::new(MemoryStorage::new()) as Arc<dyn Storage>, &new(5, 2, &schemas));
    assert_eq!(disk.unwrap().manifest().input, run.manifest().input);

    run.extend(vec![unit(7, 2), unit(8, 2)]).unwrap();
    let units: Vec<(u64, u32, String)> =
        run.expected().unwrap().iter().map(|u| (u.position, u.shard, u.user_id.clone())).collect();
    assert_eq!(units[5..], [(5, 1, "u07".into()), (6, 0, "u08".into())]);
    assert_eq!(open(&storage).expected().unwrap(), run.expected().unwrap());
    assert_eq!((run.manifest().input.units, run.manifest().plan.len()), (7, 2));
    let moved: Vec<ExpectedUnit> = run.expected().unwrap().to_vec();
    let moved = moved.into_iter().map(|u| ExpectedUnit { input: "elsewhere".into(), ..u }).collect();
    run.move_data(moved, "/new").unwrap();
    let now = open(&storage);
    assert_eq!((now.manifest().config.data_root.as_str(), now.manifest().plan.len()), ("/new", 1));
    assert!(now.expected().unwrap().iter().all(|unit| unit.input == "elsewhere"));
    assert_eq!(files(&run, "_changes"), ["_changes/00000001.yaml", "_changes/00000002.yaml"]);

    assert_eq!(now.close_if_complete().unwrap(), RunState::Incomplete);
    let units: Vec<ExpectedUnit> = now.expected().unwrap().to_vec();
    for unit in &units[1..] {
        commit(&now, &schemas, prepared(unit, by(0, 1, 1))).unwrap();
    }
    assert_eq!(now.close_if_complete().unwrap(), RunState::Incomplete);
    assert!(matches!(now.folders().unwrap(), Folders::Buckets(1)));
    assert_eq!(now.use_buckets().unwrap(), 1);
    commit(&now, &schemas, prepared(&units[0], by(0, 1, 1))).unwrap();
    assert_eq!(now.close_if_complete().unwrap(), RunState::Complete);
    storage.asked();
    assert_eq!(now.close_if_complete().unwrap(), RunState::Complete);
    assert_eq!((storage.asked(), files(&run, "_changes").len()), ((2, 1), 3));
    assert_eq!(open(&storage).manifest().state, RunState::Complete);
    assert!(files(&run, "users").iter().all(|path| is_group(path)));
}

#[test]
fn who_changes_a_run_second_decides_about_what_the_first_made_of_it() {
    let storage = NoLocks::new();
    let (mut one, mut two) = (register(&storage, 2, 2), register(&storage, 2, 2));
    one.extend(vec![unit(2, 2), unit(3, 2)]).unwrap();
    // Of its users, one is in the plan by now.
    two.extend(vec![unit(3, 2), unit(4, 2)]).unwrap();
    let users: Vec<(u64, &str)> =
        two.expected().unwrap().iter().map(|u| (u.position, u.user_id.as_str())).collect();
    assert_eq!(users, [(0, "u00"), (1, "u01"), (2, "u02"), (3, "u03"), (4, "u04")]);
    assert_eq!(two.manifest().input.users, 5);
    // What it knew of the plan is old.
    let units = one.expected().unwrap().to_vec();
    assert!(matches!(one.move_data(units, "/new"), Err(StoreError::Changed { .. })));

    let tries = AtomicU64::new(0);
    let changed = two.change_manifest(|manifest| {
        // Another one has the number of the first try.
        if tries.fetch_add(1, Ordering::Relaxed) == 0 {
            let (mut other, number) = read_manifest(two.storage())?;
            other.buckets = Some(7);
            assert!(changes::add(two.storage(), number + 1, &other)?);
        }
        manifest.finished_at = Some("now".into());
        Ok(())
    });
    let changed = changed.unwrap();
    assert_eq!((tries.into_inner(), changed.buckets, changed.finished_at), (2, Some(7), Some("now".into())));
    assert_eq!(open(&storage).manifest().buckets, Some(7));
    // A record that says nothing is told with its name.
    let bad = Object { path: "_changes/00000009.yaml".into(), bytes: b"by: x".into() };
    let _ = storage.create(&bad).unwrap();
    let error = Run::open(Location::Storage(storage)).unwrap_err().to_string();
    assert!(error.contains("_changes/00000009.yaml is damaged"), "{error}");
}

#[test]
fn a_share_reads_its_own_shards_only() {
    let storage = NoLocks::new();
    let run = register(&storage, 40, 10);
    for unit in run.expected().unwrap() {
        commit(&run, &schemas(), prepared(unit, by(0, 1, 1))).unwrap();
    }
    let run = open(&storage);
    storage.asked();
    let share = Assignment { index: 3, of: 10 };
    let units: Vec<u64> = run.expected_of(share).unwrap().iter().map(|u| u.position).collect();
    assert_eq!((units, storage.asked()), (vec![3, 13, 23, 33], (1, 0)));
    let ledger = Ledger::of_share(&run, share).unwrap();
    assert_eq!((ledger.rows.len(), storage.asked()), (4, (4, 1)));
    // Another division: positions 1, 5, 9, … are in all shards with an odd number.
    let share = Assignment { index: 1, of: 4 };
    let units = run.expected_of(share).unwrap();
    assert!(units.len() == 10 && units.iter().all(|u| share.has(u.position)));
    assert_eq!(storage.asked().0, 4, "one of its five shards was read before");
    assert_eq!(
        run.expected_of(share).unwrap().len(),
        run.own_units().unwrap().filter(|u| share.has(u.position)).count()
    );
}

#[test]
fn a_void_refuses_a_commit_and_has_no_rows_for_any_reader() {
    let storage = NoLocks::new();
    let run = register(&storage, 4, 2);
    let units = run.expected().unwrap().to_vec();
    for unit in &units[..3] {
        commit(&run, &schemas(), prepared(unit, by(0, 4, 1))).unwrap();
    }
    let late = prepared(&units[3], by(3, 4, 7));
    let void = group_file(LEDGER, units[3].shard, 0, &late.row.attempt);
    assert_eq!(run.void(&void, by(3, 4, 8)).unwrap(), Voided::Made);
    let error = commit(&run, &schemas(), late).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shard 3 of 4 was taken over by another worker (lease 8) while this one was not heard of; nothing is lost\n\
         (hint: `results status` shows who has it)"
    );
    // One of a unit's own file too, as an older tool may look for it.
    let _ = run.void(&data_file(LEDGER, 0, "u00", "20261129T000000-x-0of4f1"), by(0, 4, 2)).unwrap();

    let ledger = Ledger::read(run.storage()).unwrap();
    assert_eq!((ledger.rows.len(), ledger.corrupt.len()), (3, 0));
    let index = Index::read(run.storage()).unwrap();
    assert_eq!((index.files.len(), index.names_of_several().count()), (3, 0));
    let (rows, corrupt) =
        unit_ledgers(run.storage(), &run.storage().list(LEDGER).unwrap(), schemas().ledger().unwrap())
            .unwrap();
    assert_eq!((rows.num_rows(), corrupt.len()), (3, 0));
    let runs = [OpenRun::new(run.clone())];
    let ledgers = Ledgers::open(&runs, schemas().ledger().unwrap()).unwrap();
    assert_eq!(ledgers.corrupt.len(), 0);
    let mut seen = (0, 0);
    each_unit(&runs, &ledgers, (Precedence::Latest, &crate::attempts::Damage::default()), |unit| {
        seen = (seen.0 + u32::from(unit.planned.is_some()), seen.1 + unit.attempts.len());
        Ok(())
    })
    .unwrap();
    assert_eq!(seen, (4, 3));
    assert_eq!(run.close_if_complete().unwrap(), RunState::Incomplete);
    let done = Compaction { run: &run, schemas: &schemas(), wait: Duration::ZERO }.run().unwrap();
    assert_eq!((done.attempts, done.left), (2, Vec::new()));
    assert_eq!(Ledger::read(run.storage()).unwrap().rows.len(), 3);
}

#[test]
fn a_sweep_takes_names_first_and_touches_nothing_of_the_living() {
    let storage = NoLocks::new();
    let run = register(&storage, 4, 2);
    let unit = run.expected().unwrap()[0].clone();
    let done = commit(&run, &schemas(), prepared(&unit, by(0, 2, 5))).unwrap();
    let dead = [leave(&run, 0, by(0, 2, 5)), leave(&run, 0, by(2, 3, 4))];
    let alive = [leave(&run, 0, by(0, 2, 6)), leave(&run, 1, by(1, 2, 5)), leave(&run, 0, by(1, 3, 5))];
    let compaction = new_numbered_id(1);
    let compaction = group_file("te", 0, 0, &compaction);
    let _ = storage.create(&Object { path: compaction.clone(), bytes: Vec::new() }).unwrap();

    let swept = sweep(&run, by(0, 2, 6), 4, None).unwrap().leftovers;
    assert_eq!((swept.data_files, swept.staged_files, swept.set_aside.len()), (2, 0, 0));
    for (data, ledger) in &dead {
        assert_eq!(storage.size(data).unwrap(), None);
        assert_eq!(run.void(ledger, by(0, 2, 9)).unwrap(), Voided::WasThere(Void { by: by(0, 2, 6) }));
    }
    for (data, ledger) in &alive {
        assert!(storage.size(data).unwrap().is_some() && storage.size(ledger).unwrap().is_none());
    }
    assert!(storage.size(&compaction).unwrap().is_some());
    assert!(storage.size(&done.files[0].file).unwrap().is_some());
    assert_eq!(sweep(&run, by(0, 2, 6), 4, None).unwrap().leftovers.data_files, 0);
}

#[test]
fn a_sweep_moves_damaged_files_of_the_ledger_away_and_no_others() {
    let storage = NoLocks::new();
    let run = register(&storage, 2, 1);
    let path = |name: &str| group_file(LEDGER, 0, 0, name);
    for (name, bytes) in [("20261129T000000-a-0of1f1", &b"torn"[..]), ("20261129T000001-b-0of1f1", b"")] {
        let _ = storage.create(&Object { path: path(name), bytes: bytes.into() }).unwrap();
    }
    commit(&run, &schemas(), prepared(&run.expected().unwrap()[0].clone(), by(0, 1, 1))).unwrap();
    let swept = sweep(&run, by(0, 1, 2), 0, None).unwrap().leftovers;
    assert_eq!(swept.set_aside.len(), 2);
    assert_eq!(files(&run, "users").len(), 1);
    assert_eq!(files(&run, "_damaged").len(), 2);
    assert_eq!(
        storage.read(&format!("_damaged/{}", path("20261129T000000-a-0of1f1"))).unwrap().unwrap(),
        b"torn"
    );
}

#[test]
fn a_compaction_removes_what_it_replaced_once_the_grace_is_over() {
    let storage = NoLocks::new();
    let run = register(&storage, 6, 1);
    let units = run.expected().unwrap().to_vec();
    for unit in &units[..3] {
        commit(&run, &schemas(), prepared(unit, by(0, 1, 1))).unwrap();
    }
    let schemas = schemas();
    let compaction = Compaction { run: &run, schemas: &schemas, wait: Duration::ZERO };
    let first = compaction.run().unwrap();
    assert_eq!((first.attempts, first.kept, first.before.files, first.after.files), (3, 6, 6, 8));
    let told = || {
        let ledger = Ledger::read(run.storage()).unwrap();
        ledger.rows.iter().map(|row| (row.user_id.clone(), row.attempt.clone())).collect::<Vec<_>>()
    };
    assert!(told().iter().all(|(_, attempt)| attempt.ends_with("+1")));
    // Not before the time is over, by the clock of the storage; and nothing is written again.
    let again = compaction.run().unwrap();
    assert_eq!((again.attempts, again.kept, again.after.files), (0, 6, 8));
    assert_eq!(compaction.run_with_grace(Duration::from_mins(1)).unwrap().kept, 6);
    std::thread::sleep(Duration::from_millis(30));
    let due = compaction.run_with_grace(Duration::from_millis(20)).unwrap();
    assert_eq!((due.kept, due.after.files), (0, 2));
    assert_eq!(files(&run, "users"), ["users/shard=0/user_bucket=0000/c00000001.parquet"]);
    assert!(files(&run, "_status").is_empty());

    // The next number; the ledger of the first stays, its data do not.
    for unit in &units[3..] {
        commit(&run, &schemas, prepared(unit, by(0, 1, 1))).unwrap();
    }
    let before = told();
    let second = compaction.run_with_grace(Duration::ZERO).unwrap();
    assert_eq!((second.attempts, second.after.files), (6, 3));
    let users: Vec<String> = told().into_iter().map(|(user, _)| user).collect();
    assert_eq!(users, before.into_iter().map(|(user, _)| user).collect::<Vec<_>>());
    assert_eq!(compaction.run_with_grace(Duration::ZERO).unwrap(), compacted_nothing(second.after));
}

fn compacted_nothing(size: crate::compact::Size) -> crate::compact::Compacted {
    crate::compact::Compacted { before: size, after: size, ..crate::compact::Compacted::default() }
}

#[test]
fn data_for_a_number_that_another_compaction_has_are_removed() {
    let storage = NoLocks::new();
    let run = register(&storage, 4, 1);
    for unit in &run.expected().unwrap().to_vec()[..2] {
        commit(&run, &schemas(), prepared(unit, by(0, 1, 1))).unwrap();
    }
    let orphan = |number| {
        let path = group_file("te", 0, 0, &new_numbered_id(number));
        let _ = storage.create(&Object { path: path.clone(), bytes: path.clone().into() }).unwrap();
        path
    };
    let schemas = schemas();
    let compaction = Compaction { run: &run, schemas: &schemas, wait: Duration::ZERO };
    let (one, two) = (orphan(1), orphan(2));
    // Nobody has the number: whoever wrote them may be about to take it.
    assert_eq!(compaction.run_with_grace(Duration::ZERO).unwrap().leftovers, 0);
    assert_eq!(compaction.run_with_grace(Duration::ZERO).unwrap().leftovers, 1);
    assert!(storage.size(&one).unwrap().is_none() && storage.size(&two).unwrap().is_some());
    // A number is missing among others: nothing is known.
    let c1 = "users/shard=0/user_bucket=0000/c00000001.parquet";
    let bytes = storage.read(c1).unwrap().unwrap();
    let _ = storage.create(&Object { path: c1.replace("c00000001", "c00000003"), bytes }).unwrap();
    let left = compaction.run_with_grace(Duration::ZERO).unwrap().left;
    assert!(left.len() == 1 && left[0].why.contains("missing among those of others"), "{left:?}");
}

#[test]
fn names_keep_writers_apart_on_a_disk_too() {
    let dir = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(LocalStorage::new(dir.path()));
    let schemas = schemas();
    let at = Location::from(dir.path());
    let run = Run::create_or_join_by(at, storage, &new(3, 1, &schemas), Protocol::Names).unwrap();
    let units = run.expected().unwrap().to_vec();
    commit(&run, &schemas, prepared(&units[0], by(0, 1, 1))).unwrap();
    let late = prepared(&units[1], by(0, 1, 1));
    let ledger = group_file(LEDGER, 0, 0, &late.row.attempt);
    let (data, _) = leave(&run, 0, by(0, 1, 1));
    let staged = format!("_staging/999999-0@elsewhere~{}.parquet", attempt_id_of(by(0, 1, 1)));
    run.storage().note(&Object { path: staged, bytes: vec![1] }).unwrap();
    assert_eq!(run.void(&ledger, by(0, 1, 2)).unwrap(), Voided::Made);
    assert!(matches!(commit(&run, &schemas, late), Err(StoreError::TakenOver { lease: 2, .. })));
    let swept = sweep(&run, by(0, 1, 2), 0, None).unwrap().leftovers;
    assert_eq!((swept.data_files, swept.staged_files), (2, 1), "{:?}", files(&run, ""));
    assert!(run.storage().size(&data).unwrap().is_none());
    for unit in &units[1..] {
        commit(&run, &schemas, prepared(unit, by(0, 1, 2))).unwrap();
    }
    let run = Run::open(dir.path()).unwrap();
    assert_eq!(run.close_if_complete().unwrap(), RunState::Complete);
    let done = Compaction { run: &run, schemas: &schemas, wait: Duration::ZERO };
    assert_eq!(done.run_with_grace(Duration::ZERO).unwrap().attempts, 3);
    assert_eq!(Ledger::read(run.storage()).unwrap().rows.len(), 3);
    assert!(run.storage().list("_status").unwrap().is_empty(), "no lock was taken");
}
