//! A folder with data and a configuration, and the program run in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use results::config::{ConfigSource, Overrides, load};
use results::measures;
use results::run::{Planned, create};
use results::schema::{Only, Schemas};
use results::store::{Location, Storage};
use tempfile::TempDir;

/// Header of the narrow `ExtraSensory` format.
pub(crate) const HEADER: &str = "timestamp,raw_acc:magnitude_stats:mean,raw_acc:3d:mean_x,raw_acc:3d:mean_y,raw_acc:3d:mean_z,raw_acc:3d:std_x,raw_acc:3d:std_y,raw_acc:3d:std_z,label:SITTING,label_source";

/// A configuration that takes milliseconds a user.
pub(crate) const QUICK: &str = "feature_modes: [composite]
analysis_modes: [global_te]
k_selection: {strategy: AIS, k_grid: [1, 2], per_variable: false}
surrogates: 19
statistical: {nulls: [permute]}
data: {min_rows: 100}
quality_profile: exploratory
";

/// A temporary folder with `data/` and `quick.yaml`.
pub(crate) struct World {
    dir: TempDir,
    program: PathBuf,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl World {
    /// With `users` made-up users `u00`, `u01`, ….
    pub(crate) fn new(users: usize) -> Self {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_results"));
        let world = Self { dir: tempfile::tempdir().unwrap(), program };
        std::fs::create_dir(world.path("data")).unwrap();
        world.write("quick.yaml", QUICK);
        for user in 0..users {
            world.user(&format!("u{user:02}"), &rows(user as u64 + 1, 300));
        }
        world
    }

    /// Runs another build of the program.
    pub(crate) fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes a user's file.
    pub(crate) fn user(&self, id: &str, text: &str) {
        self.write(&format!("data/{id}.features_labels.csv"), text);
    }

    /// The program with arguments, not yet started.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.here(Command::new(&self.program), args)
    }

    /// The program with arguments, as a terminal starts it: whoever runs these tests under `nohup` passes that on.
    pub(crate) fn at_a_terminal(&self, args: &[&str]) -> Command {
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP").arg(&self.program);
        self.here(command, args)
    }

    /// The program with arguments, as `nohup` starts it: the end of a connection is nothing to it, from when
    /// `nohup.out` is there.
    pub(crate) fn under_nohup(&self, args: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' HUP; : >nohup.out; exec \"$0\" \"$@\""]).arg(&self.program);
        self.here(command, args)
    }

    /// A command with arguments in the folder, and nothing of whoever runs these tests.
    fn here(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).current_dir(self.dir.path()).env("CI", "true").env_remove("RESULTS_DEFINITIONS");
        command
    }

    /// The program at work, saying nothing.
    pub(crate) fn started(&self, args: &[&str]) -> Child {
        quiet(&mut self.command(args))
    }

    /// The program at work on its third unit and never done with it, each worker of it: no machine is too quick.
    pub(crate) fn at_the_third_unit(&self, args: &[&str]) -> Child {
        quiet(self.command(args).env("RESULTS_FAILPOINT", "unit@3||hang"))
    }

    /// Files of the ledger of a run so far.
    pub(crate) fn committed(&self, run: &str) -> usize {
        let ledger = format!("{run}/users");
        if self.path(&ledger).exists() { self.files(&ledger).len() } else { 0 }
    }

    /// Waits for what comes in a while.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_mins(5);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "never: {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until so many units are committed to a run.
    pub(crate) fn wait_for_commits(&self, run: &str, n: usize) {
        self.wait_until(&format!("{n} units"), |world| world.committed(run) >= n);
    }

    /// Starts the program with one worker of one thread, and kills it at its third unit: two are done then.
    pub(crate) fn killed_at_work(&self, run: &str, args: &[&str]) {
        let mut child = self.at_the_third_unit(args);
        self.wait_for_commits(run, 2);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(self.committed(run), 2);
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Said {
        said(&self.command(args).stdin(std::process::Stdio::null()).output().unwrap())
    }

    /// Runs it and expects an exit code.
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Said {
        let said = self.run(args);
        assert_eq!(said.code, Some(code), "{args:?}: {said:#?}");
        said
    }

    /// Runs the quick analysis into `dir`.
    pub(crate) fn analyse(&self, dir: &str, more: &[&str]) -> Said {
        let args = [&["run", "--config", "quick.yaml", "--data", "data", "--out", dir], more].concat();
        self.run(&args)
    }

    /// Plans a run of all users by the quick configuration in a storage; the definitions that it has.
    pub(crate) fn planned(&self, shards: u32, storage: Arc<dyn Storage>) -> Schemas {
        let data = self.path("data").display().to_string();
        let overrides = Overrides { data: Some(data), ..Overrides::default() };
        let source = ConfigSource::File(self.path("quick.yaml"));
        let config = load(&source, &overrides, None, &measures::settings()).unwrap().config;
        let mut schemas = Schemas::load(None).unwrap();
        schemas.without(Only::Nulls);
        let planned = Planned { config: &config, shards, only_shards: Vec::new(), schemas: &schemas };
        create(Location::from(storage), planned, &|_| ()).unwrap();
        schemas
    }

    /// Every CSV file of a folder, by name.
    pub(crate) fn csv(&self, dir: &str) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(self.path(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "csv") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
        files
    }

    /// Whether the status of each of so many workers of a run has these words.
    pub(crate) fn all_say(&self, run: &str, workers: usize, words: &[&str]) -> bool {
        (0..workers).all(|worker| {
            let status = std::fs::read_to_string(self.path(&format!("{run}/_status/shard-{worker}.json")));
            status.is_ok_and(|status| words.iter().all(|words| status.contains(words)))
        })
    }

    /// All files below a folder of the world, relative to it.
    pub(crate) fn files(&self, dir: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.path(dir)];
        while let Some(folder) = open.pop() {
            let listed: std::io::Result<Vec<DirEntry>> =
                std::fs::read_dir(&folder).and_then(Iterator::collect);
            let entries = match listed {
                // Whoever is at work may have removed it since it was seen.
                Err(error) if error.kind() == ErrorKind::NotFound && folder != self.path(dir) => continue,
                entries => entries.unwrap(),
            };
            for entry in entries {
                let path = entry.path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }

    /// Data files of a table in a run.
    pub(crate) fn table_files(&self, run: &str, table: &str) -> Vec<PathBuf> {
        self.files(&format!("{run}/{table}"))
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }
}

/// Writes a program, by another process: whatever this one starts meanwhile would hold the file open for writing, and what
/// is open so is not run.
pub(crate) fn program(file: &Path, text: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""]).arg(file).arg(text);
    assert!(shell.status().unwrap().success(), "{}", file.display());
}

/// Sends a signal to a process.
pub(crate) fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(process, signal).unwrap();
}

/// Starts a command that reads nothing and says nothing.
pub(crate) fn quiet(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `n` rows a minute apart in which activity drives sitting one step later.
pub(crate) fn rows(seed: u64, n: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = format!("{HEADER}\n");
    let mut activity = 0.5;
    for i in 0..n {
        let sitting = u8::from(activity + 0.6 * (next() - 0.5) < 0.5);
        activity = 0.6 * activity + 0.4 * next();
        let time = 1_433_789_351 + 60 * i;
        let (x, y, z, s) = (activity, next() * 0.1, next() * 0.1, activity * 0.5);
        writeln!(text, "{time},{x:.6},{x:.6},{y:.6},{z:.6},{s:.6},{y:.6},{z:.6},{sitting}.0,2").unwrap();
    }
    text
}
