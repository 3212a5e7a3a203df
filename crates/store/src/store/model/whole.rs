//! The functions of the crate as they are called, on files as they are written.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::cast::Cast;
use super::faulty::{Asks, Faulty};
use super::rng::Rng;
use super::stage::{Actor, Died, Part, Stage};
use super::world::{Answer, Request, Row, World};
use super::{Failure, Seen, Setting};
use crate::attempts::{Index, Ledger, sweep};
use crate::compact::Compaction;
use crate::config::testing::config;
use crate::schema::{Row as Cells, Schemas};
use crate::store::broken::break_it;
use crate::store::ledger::rows_in;
use crate::store::{
    Assignment, ExpectedUnit, LedgerRow, Location, NewRun, Prepared, Protocol, Run, RunState, Storage,
    StoreError, Writer, commit_group, origin,
};

fn schemas() -> &'static Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    SCHEMAS.get_or_init(|| Schemas::load(None).unwrap())
}

/// Rows of a real file of the ledger.
fn decode(path: &str, bytes: &[u8]) -> Vec<Row> {
    let row = |row: LedgerRow| Row {
        user: row.user_id,
        attempt: row.attempt,
        files: row.files.into_iter().map(|file| file.file).collect(),
    };
    rows_in(path, bytes.to_vec()).unwrap().into_iter().map(row).collect()
}

fn units() -> Vec<ExpectedUnit> {
    let unit = |position: u64| ExpectedUnit {
        position,
        shard: (position % 2) as u32,
        user_id: format!("u{position}"),
        feature_mode: "composite".into(),
        input: "{}".into(),
        input_bytes: 1,
        rows: Arc::default(),
    };
    (0..4).map(unit).collect()
}

fn new_run() -> NewRun<'static> {
    static CONFIG: OnceLock<crate::config::Config> = OnceLock::new();
    NewRun {
        config: CONFIG.get_or_init(config),
        units: units(),
        shards: 2,
        only_shards: Vec::new(),
        schemas: schemas(),
        data_folder: "data".into(),
        control: None,
    }
}

fn prepared(unit: &ExpectedUnit, attempt: &str) -> Prepared {
    let te = |tau: u32| Cells::new().with("feature_mode", "composite").with("tau", tau).with("TE_A2S", 0.5);
    let mut row = LedgerRow::done(&unit.user_id, attempt);
    (row.shard, row.position) = (unit.shard, unit.position);
    Prepared::new(schemas(), row, &[("te".to_owned(), (1..=2).map(te).collect())]).unwrap()
}

/// Opens the run with the storage of somebody.
fn open(storage: Arc<dyn Storage>) -> Result<Run, StoreError> {
    Run::open(Location::Storage(storage))
}

/// The worker of a lease: looks at the share, takes it if there is work, does what is left, closes the run.
fn work(
    run: &Run,
    by: Writer,
    group: usize,
    committed: &dyn Fn(&[LedgerRow]) -> Result<(), String>,
) -> Result<Result<(), String>, StoreError> {
    let (before, files) = Ledger::with_files(run, by.share)?;
    let has_row = |unit: &&ExpectedUnit| before.rows.iter().any(|row| row.user_id == unit.user_id);
    if run.expected_of(by.share)?.iter().all(has_row) {
        run.close_if_complete()?;
        return Ok(Ok(()));
    }
    let swept = sweep(run, by, 0, Some(&files))?;
    let ledger = match swept.ledger {
        Some(ledger) => ledger,
        None if swept.is_as_seen => before,
        None => Ledger::of_share(run, by.share)?,
    };
    let done: HashSet<&str> = ledger.rows.iter().map(|row| row.user_id.as_str()).collect();
    let todo: Vec<&ExpectedUnit> =
        run.expected_of(by.share)?.into_iter().filter(|unit| !done.contains(unit.user_id.as_str())).collect();
    for (n, units) in todo.chunks(group).enumerate() {
        let name = |unit: &&ExpectedUnit| format!("20261129T10{n:02}00-{}-{by}", unit.position);
        let units = units.iter().map(|unit| prepared(unit, &name(unit))).collect();
        let rows = commit_group(run, schemas(), units, 1)?;
        if let Err(what) = committed(&rows) {
            return Ok(Err(what));
        }
    }
    run.close_if_complete()?;
    Ok(Ok(()))
}

fn told(rows: &[LedgerRow]) -> Vec<(String, String)> {
    rows.iter().map(|row| (row.user_id.clone(), row.attempt.clone())).collect()
}

fn said<T>(actor: &Actor, done: Result<T, StoreError>) -> Result<Option<T>, String> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(_) if actor.is_dead() => Ok(None),
        Err(StoreError::TakenOver { .. }) => {
            actor.with(|_, seen| seen.fenced += 1);
            Ok(None)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn storage(actor: &Actor) -> Arc<dyn Storage> {
    Arc::new(Faulty(actor.clone()))
}

fn of_worker(lease: u64, share: Assignment, group: usize) -> Part {
    Box::new(move |actor| {
        let by = Writer { share, lease: Some(lease) };
        let committed = |rows: &[LedgerRow]| actor.with(|world, _| world.tell(told(rows)));
        let done = open(storage(actor)).and_then(|run| work(&run, by, group, &committed));
        said(actor, done)?.unwrap_or(Ok(()))
    })
}

fn of_compaction() -> Part {
    Box::new(move |actor| {
        let compact = |run: Run| {
            let compaction = Compaction { run: &run, schemas: schemas(), wait: Duration::ZERO };
            compaction.run_with_grace(Duration::ZERO)
        };
        let Some(done) = said(actor, open(storage(actor)).and_then(compact))? else { return Ok(()) };
        actor.with(|_, seen| seen.compactions += u64::from(done.attempts > 0));
        if done.left.is_empty() { Ok(()) } else { Err(format!("left: {:?}", done.left)) }
    })
}

/// What a reader sees, by ledger and by index: users, and whether all files are there.
fn look(run: &Run) -> Result<(BTreeSet<String>, bool), StoreError> {
    let index = Index::read(run.storage())?;
    let ledger = Ledger::read(run.storage())?;
    if let Some((file, what)) = ledger.corrupt.into_iter().next() {
        return Err(StoreError::Damaged { file, what });
    }
    let mut is_whole = true;
    for file in ledger.rows.iter().flat_map(|row| &row.files).map(|file| &file.file) {
        is_whole = is_whole && run.storage().read(file)?.is_some();
    }
    for file in &index.files {
        is_whole = is_whole && run.storage().read(&file.path)?.is_some();
    }
    Ok((ledger.rows.into_iter().map(|row| row.user_id).collect(), is_whole))
}

fn of_reader() -> Part {
    Box::new(move |actor| {
        let before: BTreeSet<String> =
            actor.with(|world, _| world.counting().into_iter().map(|row| row.user.clone()).collect());
        let Some(run) = said(actor, open(storage(actor)))? else { return Ok(()) };
        loop {
            match look(&run) {
                Ok((seen, true)) => {
                    let missing: Vec<&String> = before.difference(&seen).collect();
                    let what = || format!("a reader did not see {missing:?}");
                    return if missing.is_empty() { Ok(()) } else { Err(what()) };
                }
                Ok(_) | Err(StoreError::Changed { .. }) => actor.with(|_, seen| seen.readings_anew += 1),
                Err(error) => return said::<()>(actor, Err(error)).map(drop),
            }
        }
    })
}

/// The store when nobody else is there.
#[derive(Clone)]
struct Alone(Arc<Mutex<World>>);

impl Asks for Alone {
    fn ask(&self, request: Request) -> Result<Option<Answer>, Died> {
        Ok(Some(self.0.lock().unwrap().serve("alone", &request, "")))
    }

    fn page(&self) -> usize {
        1000
    }
}

impl Alone {
    fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(Faulty(self.clone()))
    }

    fn into_world(self) -> World {
        let world = Arc::try_unwrap(self.0).ok().expect("nobody else has it");
        world.into_inner().unwrap()
    }
}

/// One more worker without faults, and what must be there then.
fn finish(world: World) -> Result<u64, Failure> {
    let alone = Alone(Arc::new(Mutex::new(world)));
    let check = || -> Result<u64, String> {
        let fail = |error: StoreError| error.to_string();
        let run = open(alone.storage()).map_err(fail)?;
        let voids = voids(&run);
        let committed = |rows: &[LedgerRow]| alone.0.lock().unwrap().tell(told(rows));
        work(&run, Writer { share: Assignment::ALL, lease: Some(99) }, 2, &committed).map_err(fail)??;
        let (seen, is_whole) = look(&run).map_err(fail)?;
        let expected: BTreeSet<String> = units().into_iter().map(|unit| unit.user_id).collect();
        if seen != expected || !is_whole {
            return Err(format!("there are {seen:?}, whole: {is_whole}"));
        }
        same_as_written(&run)?;
        if run.state_now().map_err(fail)? != RunState::Complete {
            return Err("the run is done and not closed".into());
        }
        alone.0.lock().unwrap().check()?;
        Ok(voids)
    };
    let done = check();
    let mut world = alone.into_world();
    done.map_err(|what| Failure { what, trace: world.trace.take().unwrap_or_default() })
}

fn voids(run: &Run) -> u64 {
    let files = run.storage().list("users").unwrap();
    let is_void = |path: &str| {
        let bytes = run.storage().read(path).unwrap().unwrap_or_default();
        crate::store::void::void_in(&bytes).is_some()
    };
    files.iter().filter(|entry| is_void(&entry.path)).count() as u64
}

/// Every attempt has the files that its row names, as they were written.
fn same_as_written(run: &Run) -> Result<(), String> {
    let ledger = Ledger::read(run.storage()).map_err(|e| e.to_string())?;
    let mut times: HashMap<&str, usize> = HashMap::new();
    let mut files: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for row in &ledger.rows {
        *times.entry(origin(&row.attempt).0).or_default() += 1;
        files.extend(row.files.iter().map(|file| (file.file.as_str(), (file.bytes, file.checksum.as_str()))));
    }
    if let Some((name, _)) = times.iter().find(|(_, n)| **n > 1) {
        return Err(format!("{name} counts twice"));
    }
    let fault = |(path, (bytes, checksum)): (&&str, &(u64, &str))| {
        Some(format!("{path}: {}", crate::store::fault_of(run.storage(), path, *bytes, checksum)?))
    };
    files.iter().find_map(fault).map_or(Ok(()), Err)
}

/// A case.
pub(super) fn play(cast: &Cast, rng: &mut Rng, setting: Setting) -> Result<Seen, Failure> {
    break_it(setting.broken);
    // Names of files are other ones each time: only what happened tells how it came.
    let alone = Alone(Arc::new(Mutex::new(World::new(decode, true))));
    let storage = alone.storage();
    let run =
        Run::create_or_join_by(Location::Storage(Arc::clone(&storage)), storage, &new_run(), Protocol::Names);
    let run = run.unwrap();
    let before = Writer { share: Assignment::ALL, lease: Some(0) };
    for unit in units().iter().take(rng.below(4)) {
        let name = format!("20261129T0900{:02}-x-{before}", unit.position);
        commit_group(&run, schemas(), vec![prepared(unit, &name)], 1).unwrap();
    }
    drop(run);
    let share = Assignment { index: 0, of: [1, 2][rng.below(2)] };
    let mut parts: Vec<(String, Part)> = Vec::new();
    for lease in 1..=1 + rng.below(3) as u64 {
        parts.push((format!("worker {lease}"), of_worker(lease, share, 1 + rng.below(2))));
    }
    for tag in 0..rng.below(3) {
        parts.push((format!("compaction {tag}"), of_compaction()));
    }
    if rng.chance(60) {
        parts.push(("reader".into(), of_reader()));
    }
    let (end, mut seen) = Stage::play(cast, setting, (alone.into_world(), rng), parts);
    seen.voids = end.and_then(finish)?;
    break_it(None);
    Ok(seen)
}
