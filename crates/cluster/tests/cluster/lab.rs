//! A run, what one process merges it to, and programs of a cluster that end with the test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

/// Users of the run, and into how many parts it is divided.
const USERS: usize = 9;
pub(crate) const PARTS: &str = "7";

const CONFIG: &str = "feature_modes: [composite]
analysis_modes: [global_te, gc]
k_selection: {strategy: AIS, k_grid: [1, 2], per_variable: false}
taus: [1, 2]
surrogates: 19
statistical: {nulls: [permute]}
data: {min_rows: 100}
quality_profile: exploratory
";

const HEADER: &str = "timestamp,raw_acc:magnitude_stats:mean,raw_acc:3d:mean_x,raw_acc:3d:mean_y,raw_acc:3d:mean_z,\
                      raw_acc:3d:std_x,raw_acc:3d:std_y,raw_acc:3d:std_z,label:SITTING,label_source";

/// The program, whose commands are those of `results` too.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_results-cluster"));
    command.env("CI", "true").env_remove("RESULTS_DEFINITIONS").stdin(Stdio::null());
    command
}

/// A folder with a run in it.
#[derive(Debug)]
pub(crate) struct Lab {
    dir: TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
}

/// The one run that all tests merge, and what one process merges it to.
fn run() -> &'static (TempDir, BTreeMap<String, String>) {
    static RUN: OnceLock<(TempDir, BTreeMap<String, String>)> = OnceLock::new();
    RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        std::fs::write(dir.path().join("quick.yaml"), CONFIG).unwrap();
        for user in 0..USERS {
            let file = dir.path().join(format!("data/u{user:02}.features_labels.csv"));
            std::fs::write(file, rows(user as u64 + 1, 300)).unwrap();
        }
        let args = ["run", "--config", "quick.yaml", "--data", "data", "--out", "run", "--shards", "2"];
        expect(0, program().args(args).current_dir(dir.path()));
        let args = ["merge", "--shards", "run", "--output", "one"];
        expect(0, program().args(args).current_dir(dir.path()));
        let one = output(&dir.path().join("one"));
        (dir, one)
    })
}

/// Where the run is that all tests have.
pub(crate) fn its_run() -> PathBuf {
    run().0.path().join("run")
}

/// Where it is that one process merges it to.
pub(crate) fn its_output() -> PathBuf {
    run().0.path().join("one")
}

/// The CSV files of an output, its manifest without the time, and the names of all files.
fn output(dir: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = match path.extension().and_then(|end| end.to_str()) {
            Some("csv") => std::fs::read_to_string(&path).unwrap(),
            Some("yaml") => {
                let text = std::fs::read_to_string(&path).unwrap();
                text.lines().filter(|line| !line.starts_with("merged_at")).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        };
        files.insert(name, text);
    }
    files
}

pub(crate) fn said(command: &mut Command) -> Said {
    let started = Instant::now();
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    Said { code: output.status.code(), out, err, took: started.elapsed() }
}

/// Runs a command to its end and expects an exit code.
pub(crate) fn expect(code: i32, command: &mut Command) -> Said {
    let said = said(command);
    assert_eq!(said.code, Some(code), "{command:?}: {said:#?}");
    said
}

impl Lab {
    pub(crate) fn new() -> Self {
        run();
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A merge of the run by a cluster into an output of this lab.
    pub(crate) fn merge(&self, at: &str, output: &str, more: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(run().0.path()).args(["merge", "--shards", "run", "--output"]);
        command.arg(self.path(output)).args(["--engine", "ballista", "--cluster", at]).args(more);
        if !more.contains(&"--parts") {
            command.args(["--parts", PARTS]);
        }
        command
    }

    /// A query of a run or an output of this lab, by a cluster if one is named; as CSV.
    pub(crate) fn sql(&self, at: Option<&str>, dir: &Path, more: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.dir.path()).args(["sql", "--format", "csv", "--run"]).arg(dir).args(more);
        if let Some(at) = at {
            command.args(["--cluster", at]);
        }
        command
    }

    /// A run of this lab, of so many users of those that all tests have.
    pub(crate) fn own_run(&self, more: &[&str]) -> Command {
        let mut command = program();
        let data = run().0.path().join("data");
        std::fs::write(self.path("own.yaml"), CONFIG).unwrap();
        command.current_dir(self.dir.path()).args(["run", "--config", "own.yaml", "--data"]).arg(data);
        command.args(["--out", "own"]).args(more);
        command
    }

    /// Expects of an output that it is what one process makes, in every byte.
    pub(crate) fn is_whole(&self, output_: &str) {
        let (own, one) = (output(&self.path(output_)), &run().1);
        assert_eq!(own.keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>());
        for (name, text) in own {
            assert_eq!(text, one[&name], "{name}");
        }
    }

    /// A scheduler of this lab.
    pub(crate) fn scheduler(&self) -> Program {
        self.start(program().args(["scheduler", "--json"]).env("RESULTS_LOG", "info"))
    }

    /// What scheduler and executors have said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// An executor of one core, with variables of its environment.
    pub(crate) fn executor(&self, at: &str, env: &[(&str, &str)]) -> Program {
        let args = ["executor", "--json", "--cores", "1", "--scheduler", at];
        self.start(program().args(args).envs(env.iter().copied()))
    }

    /// A scheduler and two executors.
    pub(crate) fn cluster(&self, env: &[(&str, &str)]) -> (Program, Program, Program) {
        let scheduler = self.scheduler();
        let at = scheduler.at();
        let (one, other) = (self.executor(&at, env), self.executor(&at, env));
        (scheduler, one, other)
    }

    fn start(&self, command: &mut Command) -> Program {
        let log = File::options().create(true).append(true).open(self.path("log")).unwrap();
        // Scratch folders go with the lab, whatever becomes of the program.
        let command = command.env("TMPDIR", self.dir.path()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let first =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}\n{}", self.log()));
        Program { child, first, _out: out }
    }
}

/// A program that ends with the test.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    first: Value,
    _out: BufReader<ChildStdout>,
}

impl Program {
    /// Where a scheduler says it is.
    pub(crate) fn at(&self) -> String {
        self.first["scheduler"].as_str().unwrap().to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end; gives the exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for what comes in a while.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(5);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// `n` rows a minute apart in which activity drives sitting one step later.
fn rows(seed: u64, n: usize) -> String {
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
