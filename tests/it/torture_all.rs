//! Every command that writes or reads is killed at any moment, again and again: nothing is lost, doubled, torn or left
//! lying.
//!
//! `RESULTS_KILLS=1000 cargo test --test it torture_all -- --ignored --nocapture`, with `TMPDIR` on the disk that is
//! meant. With `RESULTS` another build of the program is killed: a release build is quicker, and is killed at any moment
//! only, since it has no places where a test can make it fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use results::attempts::Ledger;
use results::store::{Run, parse_path};

use crate::compact::look;
use crate::torture::{COMMIT, DOUBLE, kill_all};
use crate::world::{QUICK, World};

const USERS: usize = 6;

/// Kills of a run once it is complete. What comes after them, to see that all is well, takes as long as ten.
const AFTERWARDS: usize = 24;

/// Runs that are tortured at the same time, each in a folder of its own: most of a kill is waiting.
const AT_ONCE: usize = 2;

/// Steps of a compaction and of its end.
fn compaction() -> Vec<&'static str> {
    [&COMMIT[..], &["renamed|_status/", "removed|"]].concat()
}

struct Torture {
    world: World,
    random: u64,
    /// Whether the program has places where it can be made to fail.
    has_steps: bool,
    /// Kills by command.
    kills: BTreeMap<&'static str, usize>,
    /// How long a command took that was not killed.
    took: BTreeMap<&'static str, Duration>,
}

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Killed,
    With(i32),
}

impl Torture {
    fn new(place: usize) -> Self {
        let program = std::env::var_os("RESULTS");
        let has_steps = program.is_none();
        let world = World::new(USERS);
        let world = match program {
            Some(program) => world.with_program(std::path::absolute(program).unwrap()),
            None => world,
        };
        assert_eq!(world.analyse("whole", &[]).code, Some(0));
        world.expect(0, &["merge", "--output", "expected", "--shards", "whole"]);
        world.expect(0, &["export", "whole", "--format", "csv", "--output", "expected-export"]);
        std::fs::create_dir(world.path("tmp")).unwrap();
        let seed: u64 = std::env::var("RESULTS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
        let random = seed.wrapping_mul(AT_ONCE as u64).wrapping_add(place as u64);
        Self { world, random, has_steps, kills: BTreeMap::new(), took: BTreeMap::new() }
    }

    /// A number below another one.
    fn below(&mut self, end: usize) -> usize {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % end
    }

    fn killed(&self) -> usize {
        self.kills.values().sum()
    }

    /// Starts a command and kills it, at a step or at any moment; it may be quicker.
    fn kill(&mut self, name: &'static str, args: &[&str], steps: &[&str]) -> Ended {
        let mut command = self.world.command(args);
        command.env("TMPDIR", self.world.path("tmp"));
        let at_step = self.has_steps && !steps.is_empty() && self.below(2) == 0;
        if at_step {
            let step = steps[self.below(steps.len())];
            command.env("RESULTS_FAILPOINT", format!("{step}|kill"));
        }
        let start = Instant::now();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if !at_step {
            let longest = self.took.get(name).map_or(400, |took| took.as_millis() as usize);
            let moment = Duration::from_millis(self.below(longest + longest / 10 + 1) as u64);
            while start.elapsed() < moment && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if child.try_wait().unwrap().is_none() {
                kill_all(&mut child);
            }
        }
        let status = child.wait().unwrap();
        let ended = match status.code() {
            None => Ended::Killed,
            // A worker was killed, and the one that looks after it has said so.
            Some(1 | 3) if at_step && name == "run" => Ended::Killed,
            Some(code) => Ended::With(code),
        };
        if ended == Ended::Killed {
            *self.kills.entry(name).or_default() += 1;
        } else {
            self.took.insert(name, start.elapsed());
        }
        ended
    }

    /// The run is worked on, alone or with a compaction beside it.
    fn work(&mut self, run: &str) {
        let shards = (1 + self.below(3)).to_string();
        let new = ["run", "--config", "quick.yaml", "--data", "data", "--out", run];
        let resumed = ["run", "--resume", run];
        let is_there = self.world.path(run).join("run.yaml").exists();
        // A new run has as many shards as its plan.
        let shards = if is_there { shards.as_str() } else { "3" };
        let what: &[&str] = if is_there { &resumed } else { &new };
        let args = [what, &["--shards", shards, "--retries", "0"]].concat();
        let beside = (is_there && self.below(3) == 0).then(|| self.world.started(&["compact", run]));
        let ended = self.kill("run", &args, &[&["unit|u"], &compaction()[..]].concat());
        if let Some(mut compaction) = beside {
            if self.below(2) == 0 {
                compaction.kill().unwrap();
            }
            compaction.wait().unwrap();
        }
        assert!(matches!(ended, Ended::Killed | Ended::With(0 | 3)), "{run}: {ended:?}");
    }

    fn compact(&mut self, run: &str) {
        let ended = self.kill("compact", &["compact", run, "--wait", "2"], &compaction());
        assert!(matches!(ended, Ended::Killed | Ended::With(0)), "{run}: {ended:?}");
    }

    fn merge(&mut self, run: &str, is_complete: bool) {
        let output = format!("{run}-merged");
        let _ = std::fs::remove_dir_all(self.world.path(&output));
        let ended = self.kill("merge", &["merge", "--output", &output, "--shards", run], &[]);
        if self.world.path(&output).exists() {
            assert!(is_complete || ended == Ended::With(0));
            assert_eq!(self.world.csv(&output), self.world.csv("expected"), "whole or absent");
        } else {
            assert!(ended == Ended::Killed || ended == Ended::With(3) && !is_complete, "{run}: {ended:?}");
        }
    }

    fn export(&mut self, run: &str) {
        let output = format!("{run}-export");
        let ended = self.kill("export", &["export", run, "--format", "csv", "--output", &output], &[]);
        assert!(matches!(ended, Ended::Killed | Ended::With(0)), "{run}: {ended:?}");
        if !self.world.path(&output).exists() {
            return;
        }
        // What is there is whole, and goes, so that the next one can write it.
        let expected = self.world.csv("expected-export");
        for (file, text) in self.world.csv(&output) {
            assert_eq!(text, expected[&file], "{file} is whole or absent");
            std::fs::remove_file(self.world.path(&output).join(file)).unwrap();
        }
    }

    fn validate(&mut self, run: &str) {
        let merged = format!("{run}-merged");
        let what =
            if self.world.path(&merged).exists() && self.below(2) == 0 { merged.as_str() } else { run };
        let ended = self.kill("validate", &["validate", what], &[]);
        assert!(matches!(ended, Ended::Killed | Ended::With(0)), "{what}: {ended:?}");
    }

    /// From the plan to the end, with kills all the way.
    fn one_run(&mut self, run: &str) {
        while look(&self.world.path(run)) < USERS {
            match self.below(8) {
                _ if !self.world.path(run).join("run.yaml").exists() => self.work(run),
                0..5 => self.work(run),
                5 | 6 => self.compact(run),
                _ => self.merge(run, false),
            }
        }
        let is_complete = self.world.run(&["run", "--resume", run]).code == Some(0);
        assert!(is_complete, "{run}");
        for _ in 0..AFTERWARDS {
            match self.below(5) {
                0 => self.work(run),
                1 => self.compact(run),
                2 => self.merge(run, true),
                3 => self.export(run),
                _ => self.validate(run),
            }
            assert_eq!(look(&self.world.path(run)), USERS);
        }
        self.finish(run);
    }

    /// Brings everything to its end, compares, and looks what lies about.
    fn finish(&self, run: &str) {
        let (world, merged, export) = (&self.world, format!("{run}-merged"), format!("{run}-export"));
        let expect = |args: &[&str]| {
            let mut command = world.command(args);
            let output = command.env("TMPDIR", world.path("tmp")).stdin(Stdio::null()).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{args:?}: {:#?}", crate::world::said(&output));
        };
        expect(&["run", "--resume", run, "--shards", "2"]);
        expect(&["compact", run]);
        let _ = std::fs::remove_dir_all(world.path(&merged));
        expect(&["merge", "--output", &merged, "--shards", run]);
        expect(&["export", run, "--format", "csv", "--output", &export]);
        expect(&["validate", run]);
        expect(&["validate", &merged]);
        assert_eq!(world.csv(&merged), world.csv("expected"));
        assert_eq!(world.csv(&export), world.csv("expected-export"));
        assert_eq!(world.expect(0, &["sql", "--run", run, "--format", "csv", DOUBLE]).out, "n\n0\n");
        assert_eq!(look(&world.path(run)), USERS);
        nothing_lies_about(&world.path(run));
        let names = |dir: &str| -> Vec<String> {
            let all = std::fs::read_dir(world.path(dir)).unwrap().flatten();
            all.map(|entry| entry.file_name().into_string().unwrap()).collect()
        };
        assert_eq!(names("tmp"), [""; 0]);
        for (folder, like) in [(&merged, "expected"), (&export, "expected-export")] {
            assert_eq!(names(folder).into_iter().collect::<BTreeSet<_>>(), names(like).into_iter().collect());
        }
        assert!(names("").iter().all(|name| !name.contains("staging")), "{:?}", names(""));
        for done in [run, &merged, &export] {
            std::fs::remove_dir_all(world.path(done)).unwrap();
        }
    }
}

/// Every file is one of the run, and folders are of one kind.
fn nothing_lies_about(dir: &Path) {
    let run = Run::open(dir).unwrap();
    let ledger = Ledger::read(run.storage()).unwrap();
    let known: BTreeSet<&str> = ledger.data_files().collect();
    let mut kinds = BTreeSet::new();
    for entry in run.storage().list("").unwrap() {
        let path = entry.path.as_str();
        if parse_path(path).is_some() {
            kinds.insert(path.contains("/user_bucket="));
            assert!(path.starts_with("users/") || known.contains(path), "{path} is left");
        } else {
            let is_own = ["_status/", "_logs/"].iter().any(|folder| path.starts_with(folder));
            assert!(is_own || ["run.yaml", "_expected.parquet"].contains(&path), "{path} is left");
        }
    }
    assert_eq!(kinds.len(), 1, "folders of two kinds");
}

/// Runs one after another until a number of kills is reached: how many runs, and the kills by command.
fn torture(place: usize, kills: usize) -> (usize, BTreeMap<&'static str, usize>) {
    let mut torture = Torture::new(place);
    let mut runs = 0;
    while torture.killed() < kills {
        let runtime = ["", "runtime: {user_folders: 2, commit_seconds: 0.1, day_hours: true}\n"][runs % 2];
        torture.world.write("quick.yaml", format!("{QUICK}{runtime}"));
        torture.one_run(&format!("run-{runs}"));
        runs += 1;
    }
    (runs, torture.kills)
}

#[test]
#[ignore = "takes a minute for 60 kills; RESULTS_KILLS says how many"]
fn every_command_is_killed_at_any_moment() {
    let kills: usize = std::env::var("RESULTS_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let start = Instant::now();
    let (mut runs, mut by_command) = (0, BTreeMap::<&str, usize>::new());
    std::thread::scope(|scope| {
        let each = |place| scope.spawn(move || torture(place, kills.div_ceil(AT_ONCE)));
        for tortured in (0..AT_ONCE).map(each).collect::<Vec<_>>() {
            let (more, kills) = tortured.join().unwrap();
            runs += more;
            for (command, n) in kills {
                *by_command.entry(command).or_default() += n;
            }
        }
    });
    let killed: usize = by_command.values().sum();
    println!("{killed} kills of {runs} runs in {:?}: {by_command:?}", start.elapsed());
}
