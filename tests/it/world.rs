//! A folder with data and a configuration, and the program run in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

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
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.dir.path()).env("CI", "true").env_remove("RESULTS_DEFINITIONS");
        command
    }

    /// The program at work, saying nothing.
    pub(crate) fn started(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Files of the ledger of a run so far.
    pub(crate) fn committed(&self, run: &str) -> usize {
        let ledger = format!("{run}/users");
        if self.path(&ledger).exists() { self.files(&ledger).len() } else { 0 }
    }

    /// Waits until something is committed to a run.
    pub(crate) fn wait_for_a_commit(&self, run: &str) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.committed(run) == 0 {
            assert!(Instant::now() < deadline, "nothing was committed");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Starts the program and kills it once it has committed something; how many commits there are then.
    pub(crate) fn killed_at_work(&self, run: &str, args: &[&str]) -> usize {
        let mut child = self.started(args);
        self.wait_for_a_commit(run);
        child.kill().unwrap();
        child.wait().unwrap();
        self.committed(run)
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

    /// All files below a folder of the world, relative to it.
    pub(crate) fn files(&self, dir: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.path(dir)];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
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
