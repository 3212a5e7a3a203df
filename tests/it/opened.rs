//! What of a run without locks is opened, by whom, and how often: a worker reads the plan and the ledger of its share, once;
//! who looks where a run stands, and who closes it, reads what the workers said. Every call is a request there, so they are
//! counted.

use std::sync::{Arc, Mutex};

use results::error::Exit;
use results::event::FanOut;
use results::run::{Here, Problems, RunOutcome, Stop, Work, open, status};
use results::schema::Schemas;
use results::store::{ExpectedUnit, Location, MemoryStorage, Object, Run, RunState, Storage};

use crate::hooked::{Asked, Hooked};
use crate::world::World;

/// What was asked for: files that were opened, and, with a word before them, folders that were listed, and the rest.
#[derive(Debug, Default, Clone)]
struct Watch(Arc<Mutex<Vec<String>>>);

impl Watch {
    fn over(&self, storage: MemoryStorage) -> Hooked {
        let seen = Arc::clone(&self.0);
        Hooked::new(storage, move |asked| {
            seen.lock().unwrap().push(match asked {
                Asked::Read(path) => path.to_owned(),
                Asked::List(folder) => format!("list {folder}"),
                Asked::Change(path) => format!("make {path}"),
                Asked::Note(path) => format!("note {path}"),
                Asked::Other(path) => format!("look at {path}"),
            });
            Ok(())
        })
    }

    /// What was asked for since the last time.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.0.lock().unwrap());
        asked.sort();
        asked
    }

    /// The same of some folders.
    fn opened(&self, folders: &[&str]) -> Vec<String> {
        let mut opened = self.asked();
        opened.retain(|path| folders.iter().any(|folder| path.starts_with(folder)));
        opened
    }
}

/// A run of eight users in four shards, one of them with too little data.
struct Bench {
    _world: World,
    storage: Arc<Hooked>,
    watch: Watch,
    schemas: Schemas,
}

impl Bench {
    fn new() -> Self {
        let world = World::new(8);
        world.user("u03", &crate::world::rows(4, 20));
        Self::of(world, 4)
    }

    fn of(world: World, shards: u32) -> Self {
        let watch = Watch::default();
        let storage = Arc::new(watch.over(MemoryStorage::without_locks()));
        let schemas = world.planned(shards, Arc::clone(&storage) as Arc<dyn Storage>);
        Self { _world: world, storage, watch, schemas }
    }

    fn run(&self) -> Run {
        open(Location::from(Arc::clone(&self.storage) as Arc<dyn Storage>)).unwrap()
    }

    /// Works on shares and tells what went wrong there, as `results run --resume RUN --shard I/N` does.
    fn work(&self, shares: &[&str]) -> (RunOutcome, Problems) {
        let run = self.run();
        self.watch.opened(&[]);
        let shares = shares.iter().map(|share| share.parse().unwrap()).collect();
        let work = Work::of(run, &self.schemas).only(shares).threads(Some(1));
        let end = work.start(&Here::new(&self.schemas), &FanOut::default(), &Stop::default()).unwrap();
        let problems = work.problems(&end).unwrap();
        (end, problems)
    }

    /// The same by itself from the start, and what is asked for that.
    fn asked(&self, share: &str) -> Vec<String> {
        self.watch.asked();
        let run = self.run();
        let work = Work::of(run, &self.schemas).only(vec![share.parse().unwrap()]).threads(Some(1));
        let end = work.start(&Here::new(&self.schemas), &FanOut::default(), &Stop::default()).unwrap();
        assert_eq!((end.exit(), work.problems(&end).unwrap().units.len()), (Exit::Done, 0));
        self.watch.asked()
    }

    /// The files in a folder.
    fn files(&self, folder: &str) -> Vec<String> {
        self.storage.inner.list(folder).unwrap().into_iter().map(|entry| entry.path).collect()
    }

    fn state(&self) -> RunState {
        self.run().manifest().state
    }
}

/// Files of the plan and of the ledger.
const OWN: [&str; 2] = ["_expected", "users"];

#[test]
fn a_worker_reads_the_plan_and_the_ledger_of_its_share_once() {
    let bench = Bench::new();
    for share in ["0/4", "1/4", "2/4"] {
        let _end = bench.work(&[share]);
    }
    let _end = bench.work(&["1/4"]);
    let opened = bench.watch.opened(&OWN);
    let files: Vec<String> = ["_expected/shard=1", "users/shard=1"]
        .iter()
        .flat_map(|folder| bench.storage.inner.list(folder).unwrap())
        .map(|entry| entry.path)
        .collect();
    assert_eq!(opened, files, "each once, and nothing of other shards");
    assert_eq!(files.len(), 2);
    assert_eq!(bench.state(), RunState::Incomplete);
}

#[test]
fn a_run_is_closed_and_looked_at_without_the_rows_of_its_ledger() {
    let bench = Bench::new();
    let at_first = status(&bench.run()).unwrap();
    assert!(bench.watch.opened(&["users", "list users"]).is_empty());
    assert_eq!((at_first.counts.total, at_first.shards.len(), at_first.of), (8, 4, 4));
    assert!(at_first.shards.iter().all(|shard| shard.state == "not started"));

    let (_end, others) = bench.work(&["0/4", "1/4"]);
    let (_end, own) = bench.work(&["3/4"]);
    assert_eq!((others.units.len(), own.units.len()), (0, 1));
    let half = status(&bench.run()).unwrap();
    assert_eq!((half.counts.ok, half.counts.skipped, half.missing), (5, 1, 2));
    assert_eq!((half.problems.units.len(), half.problems.units[0].user_id.as_str()), (1, "u03"));
    assert!(half.problems.units[0].reason.contains("20"), "{:?}", half.problems);
    assert_eq!(bench.state(), RunState::Incomplete);

    // The last one closes the run by what the others said.
    let _end = bench.work(&["2/4"]);
    let shard = |path: &String| path.contains("/shard=2");
    let opened = bench.watch.opened(&["_expected", "users", "list users"]);
    assert!(opened.iter().all(shard), "{opened:?}");
    assert_eq!(bench.state(), RunState::Complete);
    bench.watch.opened(&[]);
    let whole = status(&bench.run()).unwrap();
    assert_eq!(bench.watch.opened(&["users", "list users", "list te", "_expected"]), [""; 0]);
    assert_eq!((whole.state.as_str(), whole.counts.ok, whole.problems.units.len()), ("complete", 7, 1));
}

#[test]
fn what_nobody_said_is_in_the_ledger() {
    let bench = Bench::new();
    let _end = bench.work(&["0/4", "1/4", "2/4"]);
    // Another division: of share 0/2, nobody has said anything since.
    let _end = bench.work(&["1/2"]);
    bench.watch.opened(&[]);
    let whole = status(&bench.run()).unwrap();
    assert_eq!(
        (whole.state.as_str(), whole.counts.ok, whole.counts.skipped, whole.of),
        ("complete", 7, 1, 2)
    );
    assert_eq!(whole.shards.len(), 2);
    let opened = bench.watch.opened(&["users"]);
    assert!(
        opened.len() == 2 && opened.iter().all(|path| !path.contains("shard=1") && !path.contains("shard=3"))
    );
    assert_eq!(bench.state(), RunState::Complete);

    // A worker that died said less than it did. The run was divided among four.
    let bench = Bench::new();
    let _end = bench.work(&["0/1"]);
    let end = "_leases/2/0of1/1000001.end";
    let said = String::from_utf8(bench.storage.inner.read(end).unwrap().unwrap()).unwrap();
    let beat = said.replace("\"finished\"", "\"running\"").replace("\"ok\": 7", "\"ok\": 3");
    assert_ne!(beat, said);
    bench.storage.inner.remove(end).unwrap();
    let status_of = |beat: String| {
        let beat = Object { path: "_leases/2/0of1/1000001.beat".into(), bytes: beat.into() };
        bench.storage.inner.note(&beat).unwrap();
        status(&bench.run()).unwrap()
    };
    assert_eq!(status_of(beat.clone()).counts.ok, 3, "its process is alive");
    let process = std::process::id();
    let dead = beat.replace(&format!("\"pid\": {process}"), &format!("\"pid\": {}", u32::MAX - 1));
    assert_ne!(dead, beat);
    let found = status_of(dead);
    assert_eq!((found.counts.ok, found.state.as_str()), (7, "complete"));
}

/// Shards of a run with many of them, each of one user.
const MANY: u32 = 12;

/// What a resume of a share asks for: what there is of that share, and nothing else but `of_run`.
fn own(bench: &Bench, of_run: &[&str]) -> Vec<String> {
    let tables: Vec<String> = bench.storage.inner.folders("").unwrap();
    let of_share = tables.iter().filter(|table| !table.starts_with("_leases"));
    let mut asked: Vec<String> =
        of_share.flat_map(|table| bench.files(&format!("{table}/shard=7"))).collect();
    asked.extend(["list users/shard=7", "list _changes", "run.yaml"].map(str::to_owned));
    asked.extend(of_run.iter().map(|&path| path.to_owned()));
    asked.sort();
    asked
}

#[test]
fn a_share_with_nothing_to_do_is_not_taken_and_little_is_asked_for_that() {
    let bench = Bench::of(World::new(MANY as usize), MANY);
    let share = |index: u32| format!("{index}/{MANY}");
    for index in 0..MANY - 1 {
        let _end = bench.work(&[&share(index)]);
    }
    // Plan, ledger and manifest of the share, its files, and who else is at work: nothing is written.
    let resumed = bench.asked(&share(7));
    assert_eq!(resumed, own(&bench, &["list _leases"]));
    let is_own = |path: &&String| path.contains("/shard=7/") && !path.starts_with("_expected");
    let files = resumed.iter().filter(is_own).count();
    assert_eq!(resumed.len() - files, 5, "besides the ledger and the files that it names: {resumed:#?}");
    assert_eq!(bench.state(), RunState::Incomplete);

    let _end = bench.work(&[&share(MANY - 1)]);
    assert_eq!(bench.state(), RunState::Complete);
    assert_eq!(bench.asked(&share(7)), own(&bench, &["_changes/00000001.yaml"]));
    let taken = format!("_leases/1/7of{MANY}/");
    assert_eq!(bench.files(&taken).len(), 3, "one lease, its beat and its end");
}

#[test]
fn a_share_of_which_all_is_done_says_so_of_a_longer_plan() {
    let bench = Bench::of(World::new(4), 4);
    for share in ["0/4", "1/4", "2/4", "3/4"] {
        let _end = bench.work(&[share]);
    }
    let mut run = bench.run();
    let more = ExpectedUnit { user_id: "u99".into(), ..run.expected().unwrap()[0].clone() };
    run.extend(vec![more]).unwrap();
    // It was done for four units, and is for five; once that is said, nobody has to say it again.
    let taken = || bench.files("_leases/1/2of4").len();
    let first = taken();
    let _end = bench.work(&["2/4"]);
    let second = taken();
    let _end = bench.work(&["2/4"]);
    assert!(first < second && second == taken(), "{:?}", bench.files("_leases"));
    assert_eq!(bench.state(), RunState::Incomplete);
    // The new user has the input of the first one.
    let _end = bench.work(&["0/4", "1/4", "3/4"]);
    assert_eq!(bench.state(), RunState::Complete);
}

/// What a worker asks for besides the files of its commits.
fn constant(asked: &[String]) -> usize {
    asked.iter().filter(|path| !(path.starts_with("make ") && path.contains("/shard="))).count()
}

#[test]
fn a_worker_of_a_new_run_asks_for_little_besides_its_commits() {
    let bench = Bench::of(World::new(8), 8);
    let counts: Vec<usize> =
        (0..8).map(|index| bench.asked(&format!("{index}/8"))).map(|asked| constant(&asked)).collect();
    // The first also makes the division of the users, and the last reads how each has ended and closes the run.
    assert!(counts[0] <= 16 && counts[7] <= 13 + 8 + 3, "{counts:?}");
    assert!(counts[1..7].iter().all(|count| *count <= 13), "{counts:?}");
    assert_eq!(bench.state(), RunState::Complete);
}
