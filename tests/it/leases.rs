//! Workers of a run whose storage keeps no locks: one a share, taken over where it dies, fenced where it does not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use results::error::{Exit, chain};
use results::event::{Event, EventKind, EventSink};
use results::leases::{Claim, Terms};
use results::run::{Here, Orders, Redo, ShardOutcome, Share, Stop, WorkerError, open, pulse, status};
use results::schema::Schemas;
use results::store::{
    Assignment, Created, Entry, Location, MemoryStorage, Object, Run, Storage, StorageError, StoreError,
};

use crate::hooked::{Asked, Hooked};
use crate::world::World;

/// Twenty times as fast as it is meant to be: a beat a second.
fn terms() -> Terms {
    Terms::default().faster(20)
}

/// A storage that one may take away from a worker.
fn far(storage: MemoryStorage, is_away: Arc<AtomicBool>) -> Hooked {
    let name = storage.name();
    Hooked::new(storage, move |_| {
        if !is_away.load(Ordering::Relaxed) {
            return Ok(());
        }
        let source = std::io::ErrorKind::TimedOut.into();
        Err(StorageError { action: "reach", path: name.clone(), source })
    })
}

/// A run of four users that nobody has worked on.
struct Bench {
    terms: Terms,
    _world: World,
    storage: MemoryStorage,
    schemas: Schemas,
}

impl Bench {
    fn new() -> Self {
        Self::of(1)
    }

    /// Divided among so many workers.
    fn of(shards: u32) -> Self {
        let world = World::new(4);
        let storage = MemoryStorage::without_locks();
        let schemas = world.planned(shards, Arc::new(storage.clone()));
        Self { terms: terms(), _world: world, storage, schemas }
    }

    fn run(&self) -> Run {
        Self::run_at(Arc::new(self.storage.clone()))
    }

    fn run_at(storage: Arc<dyn Storage>) -> Run {
        open(Location::from(storage)).unwrap()
    }

    fn work(&self, share: &str, tell: &Teller, stop: &Stop) -> Result<ShardOutcome, WorkerError> {
        self.work_at(&self.run(), share, tell, stop)
    }

    fn work_at(
        &self,
        run: &Run,
        share: &str,
        tell: &Teller,
        stop: &Stop,
    ) -> Result<ShardOutcome, WorkerError> {
        let here = Here { terms: self.terms, ..Here::new(&self.schemas) };
        let assignment: Assignment = share.parse().unwrap();
        let share = Share { run, assignment, threads: 1, redo: Redo::default(), memory: None, timeout: None };
        here.work(&share, &Orders::default(), tell, stop)
    }

    /// Does one unit of a share.
    fn one(&self, share: &str) {
        let (teller, begun, go) = Teller::gated();
        let stop = Stop::default();
        std::thread::scope(|scope| {
            let at_work = scope.spawn(|| self.work(share, &teller, &stop));
            begun.recv().unwrap();
            stop.ask();
            go.send(()).unwrap();
            drop(go);
            let end = at_work.join().unwrap().unwrap();
            assert!(end.interrupted && end.idle.is_none(), "{end:?}");
        });
    }

    /// The workers that wrote files of the ledger.
    fn ledger(&self) -> Vec<String> {
        let files = self.storage.list("users").unwrap();
        let writer = |entry: &Entry| {
            let name = entry.path.rsplit_once('/').unwrap().1.trim_end_matches(".parquet").to_owned();
            name.rsplit_once('-').unwrap().1.to_owned()
        };
        let mut writers: Vec<String> = files.iter().map(writer).collect();
        writers.sort();
        writers.dedup();
        writers
    }

    fn put(&self, path: &str, bytes: Vec<u8>) {
        assert_eq!(self.storage.create(&Object { path: path.into(), bytes }).unwrap(), Created::Yes);
    }

    /// A worker of another machine, or one that is gone here, has taken the first lease of the share.
    fn taken_by(&self, claim: &Claim) {
        self.put("_leases/1/0of1/1", serde_json::to_vec(claim).unwrap());
    }
}

/// Keeps what is told; may hold a worker up when it begins a unit.
struct Teller {
    told: Mutex<Vec<EventKind>>,
    /// Says that a unit begins, and waits until it may.
    gate: Option<Mutex<(Sender<()>, Receiver<()>)>>,
}

impl Teller {
    fn new() -> Self {
        Self { told: Mutex::default(), gate: None }
    }

    /// One that holds every unit up, with the other ends.
    fn gated() -> (Self, Receiver<()>, Sender<()>) {
        let (begins, begun) = channel();
        let (go, may) = channel();
        (Self { gate: Some(Mutex::new((begins, may))), ..Self::new() }, begun, go)
    }

    fn waited_for(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let holder = |kind: &EventKind| match kind {
            EventKind::ShardWaiting { holder, seconds } => {
                assert!(seconds.is_some());
                Some(holder.clone())
            }
            _ => None,
        };
        told.iter().filter_map(holder).collect()
    }
}

impl EventSink for Teller {
    fn emit(&self, event: &Event) {
        self.told.lock().unwrap().push(event.kind.clone());
        if let (Some(gate), EventKind::UnitStarted { .. }) = (&self.gate, &event.kind) {
            let gate = gate.lock().unwrap();
            let _ = gate.0.send(());
            // Whoever has closed the gate lets all pass.
            let _ = gate.1.recv();
        }
    }
}

fn elsewhere() -> Claim {
    let ttl = terms().ttl;
    Claim { host: "elsewhere".into(), job: Some("job 17".into()), ..Claim::of_this_process(ttl) }
}

#[test]
fn a_share_has_one_worker_and_the_next_begins_when_it_has_ended() {
    let bench = Bench::new();
    let (first, begun, go) = Teller::gated();
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let at_work = scope.spawn(|| bench.work("0/1", &first, &stop));
        begun.recv().unwrap();
        // It lives, which shows with its next beat, in this and in any other division.
        for (share, words) in [("0/1", "process"), ("1/2", "a worker that divides the users by 1 (process")] {
            let teller = Teller::new();
            let refused = bench.work(share, &teller, &Stop::default()).unwrap_err();
            assert_eq!(refused.exit(), Exit::Usage);
            let said = refused.to_string();
            let holder = format!("shard {share} is being worked on by another process: {words}");
            assert!(said.starts_with(&holder), "{said}");
            assert!(said.contains(&format!("process {} on ", std::process::id())), "{said}");
            assert_eq!(teller.waited_for().len(), 1, "told once");
        }
        let now = pulse(&bench.run()).unwrap();
        assert_eq!((now.state.as_str(), now.shards[0].state.as_str()), ("running", "running"));
        // Told to stop, it ends with its unit.
        stop.ask();
        go.send(()).unwrap();
        drop(go);
        let end = at_work.join().unwrap().unwrap();
        assert!(end.interrupted && end.counts.ok == 1, "{end:?}");
    });
    let found = status(&bench.run()).unwrap();
    assert!(found.shards.iter().all(|shard| shard.state == "interrupted"), "{:?}", found.shards);
    let end = bench.storage.read("_leases/1/0of1/1.end").unwrap().unwrap();
    let end: serde_json::Value = serde_json::from_slice(&end).unwrap();
    assert_eq!(
        (&end["state"], &end["counts"]["ok"], &end["lease"]),
        (&"interrupted".into(), &1.into(), &1.into())
    );
    let group = end["last_groups"][0].as_str().unwrap();
    assert!(bench.storage.list("users").unwrap()[0].path.ends_with(&format!("{group}.parquet")));

    let teller = Teller::new();
    let end = bench.work("0/1", &teller, &Stop::default()).unwrap();
    assert_eq!(teller.waited_for(), [""; 0]);
    assert_eq!((end.counts.ok, end.interrupted), (4, false));
    assert_eq!(bench.ledger(), ["0of1f1", "0of1f2"]);
    let found = status(&bench.run()).unwrap();
    assert!(found.shards.iter().all(|shard| shard.state == "finished"), "{:?}", found.shards);
}

#[test]
fn numbers_of_another_division_begin_above_those_before() {
    let bench = Bench::of(2);
    bench.one("0/2");
    let _end = bench.work("0/2", &Teller::new(), &Stop::default()).unwrap();
    let names = |folder: &str| -> Vec<String> {
        bench.storage.list(folder).unwrap().into_iter().map(|entry| entry.path).collect()
    };
    // By who registered the run.
    assert_eq!(bench.storage.read("_leases/1.yaml").unwrap().unwrap(), b"of: 2\ndead: []\n");
    assert!(names("_leases/1").contains(&"_leases/1/0of2/2.end".to_owned()));
    bench.one("0/1");
    assert_eq!(bench.storage.read("_leases/2.yaml").unwrap().unwrap(), b"of: 1\ndead: []\n");
    assert_eq!(names("_leases/2")[0], "_leases/2/0of1/1000001");
    let _end = bench.work("1/2", &Teller::new(), &Stop::default()).unwrap();
    assert_eq!(bench.storage.read("_leases/3.yaml").unwrap().unwrap(), b"of: 2\ndead: []\n");
    assert_eq!(names("_leases/3")[0], "_leases/3/1of2/2000001");
    let found = status(&bench.run()).unwrap();
    assert_eq!((found.state.as_str(), found.counts.ok), ("complete", 4));
}

#[test]
fn a_share_of_which_all_is_done_is_taken_only_where_its_worker_did_not_end() {
    let bench = Bench::of(2);
    let work = || bench.work("0/2", &Teller::new(), &Stop::default()).unwrap();
    assert!(work().idle.is_none());
    let left = "te/shard=0/user_bucket=0000/20261129T000000-3fa9c1d2e4b5-0of2f1.parquet";
    bench.put(left, b"half".to_vec());
    let taken = |lease: &str| bench.storage.size(&format!("_leases/1/0of2/{lease}")).unwrap().is_some();
    // Nobody looks what lies about for a share that nobody takes.
    let end = work();
    assert_eq!(
        (end.counts.ok, end.interrupted, end.exit(), end.idle.is_some()),
        (2, false, Exit::Done, true)
    );
    assert!(!taken("2") && bench.storage.size(left).unwrap().is_some());
    // It died when all was done but to say so: that is made up for, and what it left is removed.
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let gone = Claim { process: child.id(), ..Claim::of_this_process(terms().ttl) };
    bench.storage.remove("_leases/1/0of2/1.end").unwrap();
    bench.storage.remove("_leases/1/0of2/1").unwrap();
    bench.put("_leases/1/0of2/1", serde_json::to_vec(&gone).unwrap());
    let end = work();
    assert_eq!((end.counts.ok, end.leftovers.data_files, end.idle), (2, 1, None));
    assert!(taken("2.end") && bench.storage.size(left).unwrap().is_none());
    // The commit, and the name that was taken before the rest was removed.
    assert_eq!(bench.storage.list("users").unwrap().len(), 2);
}

#[test]
#[ignore = "long"]
fn a_worker_that_died_is_taken_over_when_its_beat_has_not_changed_for_long() {
    let bench = Bench::new();
    bench.taken_by(&elsewhere());
    let teller = Teller::new();
    let started = Instant::now();
    let end = bench.work("0/1", &teller, &Stop::default()).unwrap();
    assert!(started.elapsed() > terms().ttl);
    assert_eq!(end.counts.ok, 4);
    assert_eq!(bench.ledger(), ["0of1f2"]);
    let process = std::process::id();
    assert_eq!(teller.waited_for(), [format!("process {process} on elsewhere, job 17")]);
}

#[test]
fn a_process_of_this_machine_that_is_gone_is_not_waited_for() {
    let bench = Bench::new();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    bench.taken_by(&Claim { process: child.id(), ..Claim::of_this_process(terms().ttl) });
    let teller = Teller::new();
    assert_eq!(bench.work("0/1", &teller, &Stop::default()).unwrap().counts.ok, 4);
    assert_eq!(teller.waited_for(), [""; 0]);
    assert_eq!(bench.ledger(), ["0of1f2"]);
}

#[test]
fn whoever_waits_for_a_share_can_be_told_to_stop() {
    let bench = Bench::new();
    bench.taken_by(&elsewhere());
    let stop = Stop::default();
    let teller = Teller::new();
    let end = std::thread::scope(|scope| {
        let waits = scope.spawn(|| bench.work("0/1", &teller, &stop));
        while teller.waited_for().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.ask();
        waits.join().unwrap().unwrap()
    });
    assert!(end.interrupted);
    assert!(matches!(
        teller.told.lock().unwrap().last(),
        Some(EventKind::ShardFinished { interrupted: true, .. })
    ));
    assert!(bench.storage.read("_leases/1/0of1/2").unwrap().is_none());
}

/// What a worker does whose share is given to another one while it is at its second unit.
fn fenced(bench: &Bench, fence: impl Fn()) -> WorkerError {
    let (teller, begun, go) = Teller::gated();
    let stop = Stop::default();
    let lost = std::thread::scope(|scope| {
        let at_work = scope.spawn(|| bench.work("0/1", &teller, &stop));
        begun.recv().unwrap();
        go.send(()).unwrap();
        begun.recv().unwrap();
        fence();
        while !stop.is_asked() {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(go);
        at_work.join().unwrap().unwrap_err()
    });
    assert_eq!(bench.ledger(), [""; 0], "what is committed after that");
    let told = teller.told.lock().unwrap();
    let last = told.last().unwrap();
    assert!(matches!(last, EventKind::ShardLost { cause, .. } if *cause == lines(&lost)[0]), "{last:?}");
    lost
}

fn lines(error: &WorkerError) -> Vec<String> {
    chain(error).lines().map(str::to_owned).collect()
}

#[test]
fn a_worker_whose_share_was_taken_over_stops_and_commits_nothing() {
    let taken = |lease: u64| {
        format!(
            "shard 0 of 1 was taken over by another worker (lease {lease}) while this one was not heard of; nothing is lost"
        )
    };
    let bench = Bench::new();
    let other = serde_json::to_vec(&elsewhere()).unwrap();
    let lost = fenced(&bench, || bench.put("_leases/1/0of1/2", other.clone()));
    assert_eq!(lost.exit(), Exit::Usage);
    assert_eq!(lines(&lost)[0], taken(2));
    // It says nothing of what is not its own.
    assert!(bench.storage.read("_leases/1/0of1/1.end").unwrap().is_none());
    let bench = Bench::new();
    let lost = fenced(&bench, || bench.put("_leases/2.yaml", b"of: 2\ndead: [0of1f1]\n".to_vec()));
    assert_eq!((lost.exit(), lines(&lost)[0].clone()), (Exit::Usage, taken(1_000_001)));
}

#[test]
#[ignore = "long"]
fn a_worker_that_nobody_hears_stops_by_itself() {
    // Four times as much time as others have: a busy machine, too, can tell what comes first.
    let bench = Bench { terms: Terms::default().faster(5), ..Bench::new() };
    let is_away = Arc::new(AtomicBool::new(false));
    let far = far(bench.storage.clone(), Arc::clone(&is_away));
    let run = Bench::run_at(Arc::new(far));
    let (teller, begun, go) = Teller::gated();
    let stop = Stop::default();
    let lost = std::thread::scope(|scope| {
        let at_work = scope.spawn(|| bench.work_at(&run, "0/1", &teller, &stop));
        begun.recv().unwrap();
        let since = Instant::now();
        is_away.store(true, Ordering::Relaxed);
        while !stop.is_asked() {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Before anybody may take its share.
        assert!(since.elapsed() < bench.terms.ttl, "{:?}", since.elapsed());
        // Even if it is heard again: somebody may have the share.
        is_away.store(false, Ordering::Relaxed);
        drop(go);
        at_work.join().unwrap().unwrap_err()
    });
    assert!(matches!(lost, WorkerError::Store(StoreError::Unheard { .. })), "{lost:?}");
    assert_eq!(lost.exit(), Exit::Error);
    assert_eq!(bench.ledger(), [""; 0]);
    // It says that it has ended, so that the next need not wait.
    let next = Teller::new();
    assert_eq!(bench.work("0/1", &next, &Stop::default()).unwrap().counts.ok, 4);
    assert_eq!(next.waited_for(), [""; 0]);
    assert_eq!(bench.ledger(), ["0of1f2"]);
}

#[test]
fn a_file_that_cannot_be_read_now_is_not_taken_for_a_damaged_one() {
    let bench = Bench::new();
    let work = || bench.work("0/1", &Teller::new(), &Stop::default()).unwrap();
    assert_eq!(work().counts.ok, 4);
    let done = bench.storage.list("users").unwrap();
    let silent = Hooked::new(bench.storage.clone(), |asked| match asked {
        Asked::Read(path) if path.starts_with("te/") => {
            let source = std::io::ErrorKind::TimedOut.into();
            Err(StorageError { action: "read", path: path.to_owned(), source })
        }
        _ => Ok(()),
    });
    let error = bench.work_at(&Bench::run_at(Arc::new(silent)), "0/1", &Teller::new(), &Stop::default());
    let error = error.unwrap_err();
    assert_eq!(error.exit(), Exit::Error);
    assert!(lines(&error)[0].starts_with("cannot read te/"), "{error:?}");
    assert_eq!(bench.storage.list("users").unwrap(), done);
    // Nothing is left to do once it can be read.
    assert!(work().idle.is_some());
}
