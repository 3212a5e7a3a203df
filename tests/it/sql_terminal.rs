//! `results sql` on a terminal, which `script` of util-linux pretends to be. Skipped where that is missing.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::world::World;

fn world() -> World {
    let world = World::new(3);
    assert_eq!(world.analyse("run", &[]).code, Some(0));
    world
}

/// What the editor of the prompt writes when it waits for input.
const WAITS: &str = "\u{1b}[?2004h";

/// What it writes when it has taken a line.
const TAKEN: &str = "\u{1b}[?2004l";

const CTRL_C: &str = "\u{3}";

const CANCELLED: &str = "error: the query was cancelled";

/// What the program shows while inputs are typed, each when the one before is answered; `None` without
/// `script`.
fn on_terminal(world: &World, args: &str, typed: &[&str], env: &[(&str, &str)]) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_results");
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{program} sql --run run {args}"), "/dev/null"]);
    script.current_dir(world.root()).env("TERM", "xterm").env("XDG_STATE_HOME", world.path("state"));
    script.env_remove("LESS").env("PAGER", "cat").envs(env.iter().copied());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = script.spawn().ok()?;
    let mut keys = child.stdin.take().unwrap();
    let mut shown = Shown { text: String::new(), more: listen(child.stdout.take().unwrap()) };
    let mut lines = 0;
    for input in typed {
        if *input == CTRL_C {
            cancel(&mut keys, &mut shown, lines);
        } else {
            shown.hear(|text| text.matches(WAITS).count() > lines);
            lines += 1;
            keys.write_all(input.as_bytes()).unwrap();
        }
    }
    shown.hear(|_| false);
    child.wait().unwrap();
    Some(shown.text.replace('\r', ""))
}

/// Presses Ctrl-C until it has cancelled the query that is the last of so many lines. To the prompt it is a byte, and a query
/// that does not listen yet does not hear it.
fn cancel(keys: &mut ChildStdin, shown: &mut Shown, lines: usize) {
    shown.hear(|text| text.matches(TAKEN).count() >= lines);
    // So that the first is the only one nearly always.
    std::thread::sleep(Duration::from_millis(500));
    for _ in 0..30 {
        keys.write_all(CTRL_C.as_bytes()).unwrap();
        if shown.within(Duration::from_secs(10), |text| text.contains(CANCELLED)) {
            return;
        }
    }
    panic!("it goes on: {}", shown.text);
}

/// What the program shows, as it comes.
struct Shown {
    text: String,
    more: Receiver<String>,
}

impl Shown {
    /// Waits for something, or for the program's end.
    fn hear(&mut self, done: impl Fn(&str) -> bool) {
        assert!(self.within(Duration::from_mins(5), done), "no answer: {}", self.text);
    }

    /// The same for so long; whether it came.
    fn within(&mut self, time: Duration, done: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + time;
        while !done(&self.text) {
            match self.more.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(more) => self.text.push_str(&more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
        true
    }
}

/// Reads in a thread of its own, so that waiting for it can end.
fn listen(mut shown: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(n @ 1..) = shown.read(&mut bytes) {
            let _ = sender.send(String::from_utf8_lossy(&bytes[..n]).into_owned());
        }
    });
    receiver
}

#[test]
fn a_table_is_as_wide_as_the_terminal() {
    let world = world();
    let env = [("COLUMNS", "60"), ("LINES", "50")];
    let Some(shown) = on_terminal(&world, "'select * from te'", &[], &env) else { return };
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    assert!(shown.contains("| … |"), "{shown}");
    assert!(shown.contains(" of 43 columns shown; --format csv has all\n"), "{shown}");
    let query = "select * from te order by user_id, tau";
    let csv = on_terminal(&world, &format!("--format csv '{query}'"), &[], &env).unwrap();
    assert_eq!(csv, world.expect(0, &["sql", "--run", "run", "--format", "csv", query]).out);
}

#[test]
fn what_is_longer_than_the_terminal_goes_through_the_pager() {
    let world = world();
    let query = "'select user_id from te order by user_id'";
    let pager = |lines| [("COLUMNS", "80"), ("LINES", lines), ("PAGER", "sed s/^/paged:/")];
    let Some(shown) = on_terminal(&world, query, &[], &pager("8")) else { return };
    assert_eq!(shown.matches("paged:").count(), 11, "{shown}");
    let short = on_terminal(&world, query, &[], &pager("20")).unwrap();
    assert!(short.contains("6 rows") && !short.contains("paged:"), "{short}");
    let without = on_terminal(&world, &format!("--no-pager {query}"), &[], &pager("8")).unwrap();
    assert_eq!(without, short);
    // Leaving the pager early is no error; a pager that is not there is one.
    let left = on_terminal(&world, query, &[], &[("LINES", "8"), ("PAGER", "true")]).unwrap();
    assert_eq!(left, "");
    let none = on_terminal(&world, query, &[], &[("LINES", "8"), ("PAGER", "no-such-pager")]).unwrap();
    assert!(none.contains("the pager `no-such-pager` cannot be run"), "{none}");
}

#[test]
fn the_prompt_answers_until_one_leaves() {
    let world = world();
    world.write("more.sql", "-- more;\n\\x\nselect $a + 1 as next");
    let typed = [
        "select count(*) as n\nfrom te;\n",
        "nonsense;\n",
        "copy te to 'x.csv';\n",
        "select $a;\n",
        "\\set a 41\n",
        "\\i more.sql\n",
        "\\d users\n",
        "\\nothing\n",
        "\\q\n",
    ];
    let Some(shown) = on_terminal(&world, "", &typed, &[]) else { return };
    for answer in [
        "| n |\n+---+\n| 6 |\n",
        "error: Expected: an SQL statement, found: nonsense",
        "error: COPY is not a query",
        "(hint: give one with \\set a VALUE)",
        "-- row 1 --\nnext  42\n1 row\n",
        "n_samples           int",
        "error: unknown command \\nothing",
    ] {
        assert!(shown.contains(answer), "{answer}\n{shown}");
    }
    assert!(!world.path("x.csv").exists());
    let history = std::fs::read_to_string(world.path("state/results/sql_history")).unwrap();
    assert!(history.contains("more.sql"), "{history}");
}

#[test]
fn ctrl_c_ends_the_query_and_not_the_prompt() {
    let world = world();
    let endless = "select count(*) from te a, te b, te c, te d, te e, te f, te g, te h, te i, te j, te k;\n";
    let typed = [endless, CTRL_C, "select 'still here' as x;\n", "\\q\n"];
    let Some(shown) = on_terminal(&world, "", &typed, &[]) else { return };
    assert!(shown.contains(CANCELLED), "{shown}");
    assert!(shown.contains("| still here |"), "{shown}");
}
