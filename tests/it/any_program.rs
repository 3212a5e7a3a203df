//! Programs in other languages as the analysis, through the whole program: run, resume, merge, SQL.

use std::path::Path;
use std::process::Command;

use crate::world::{Said, World};

/// A table of one's own.
const SCHEMA: &str = "table: lines
version: 1
description: Lines of a file.
csv: per_user_lines.csv
key: [feature_mode]
columns:
  - {name: feature_mode, type: text, nullable: false}
  - {name: n, type: int, nullable: false, min: 1}
";

/// A folder with users `a` to `e`, a schema, and a program.
fn world(script: &str, more: &str) -> World {
    let world = World::new(0);
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    world.write("own/schemas/lines.yaml", SCHEMA);
    for (place, user) in ["a", "b", "c", "d", "e"].iter().enumerate() {
        world.write(&format!("data/{user}.csv"), "x\n".repeat(place + 1));
    }
    world.write("count.sh", script);
    let command = "[sh, count.sh, \"{user_id}\", \"{input}\"]";
    let config = format!("analysis:\n  engine: command\n  command: {command}\n{more}");
    world.write("lines.yaml", config);
    world
}

const COUNT: &str = r#"echo "{\"table\": \"lines\", \"n\": $(wc -l < "$2")}""#;

fn run(world: &World, code: i32, more: &[&str]) -> Said {
    let args = ["run", "--config", "lines.yaml", "--data", "data", "--out", "run", "--definitions", "own"];
    world.expect(code, &[&args, more].concat())
}

#[test]
fn rows_of_a_script_are_sharded_merged_and_queried() {
    let world = world(COUNT, "");
    run(&world, 0, &["--shards", "2"]);
    // The run keeps its tables: nothing below needs the folder.
    world.expect(0, &["validate", "run"]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    let csv = std::fs::read_to_string(world.path("merged/per_user_lines.csv")).unwrap();
    assert_eq!(
        csv,
        "user_id,feature_mode,n\na,default,1\nb,default,2\nc,default,3\nd,default,4\ne,default,5\n"
    );
    world.expect(0, &["validate", "merged"]);
    for dir in ["run", "merged"] {
        let said =
            world.expect(0, &["sql", "--run", dir, "--format", "csv", "select sum(n) as n from lines"]);
        assert_eq!(said.out, "n\n15\n", "{dir}");
    }
    assert!(world.expect(0, &["config", "show", "--config", "lines.yaml"]).out.contains("engine: command"));
}

#[test]
fn a_failing_script_is_named_and_its_units_done_again_once_it_is_mended() {
    let broken = format!("if [ $1 = c ]; then echo 'no c here' >&2; exit 4; fi\n{COUNT}");
    let world = world(&broken, "");
    let said = run(&world, 3, &["--shards", "2"]);
    assert!(said.err.contains("exit code 4; its last words: no c here"), "{}", said.err);
    assert!(said.err.contains("4 of 5 units done"), "{}", said.err);
    assert!(world.expect(3, &["merge", "--shards", "run", "--output", "m"]).err.contains("no c here"));
    // From elsewhere, and nothing but the unit that failed.
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    let again = |explain: &str, code: i32| {
        let mut command = world.command(&["run", "--resume", "../run", explain]);
        let output = command.current_dir(world.path("elsewhere")).output().unwrap();
        let said = crate::world::said(&output);
        assert_eq!(said.code, Some(code), "{said:#?}");
        said
    };
    assert!(again("--dry-run", 0).out.contains("1 unit to do, 4 kept"));
    // A script that changed is another estimator.
    world.write("count.sh", COUNT);
    let said = again("--explain", 0);
    assert!(said.out.contains("5 units to do, 0 kept"), "{}", said.out);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
}

#[test]
fn a_script_that_takes_too_long_or_dies_costs_its_unit_only() {
    let script = format!("[ $1 = b ] && sleep 60\n[ $1 = d ] && kill -9 $$\n{COUNT}");
    let world = world(&script, "");
    let said = run(&world, 3, &["--shards", "2", "--timeout", "5s"]);
    assert!(said.err.contains("3 of 5 units done"), "{}", said.err);
    assert!(said.err.contains("ran longer than 5 s"), "{}", said.err);
    assert!(said.err.contains("SIGKILL"), "{}", said.err);
    assert!(!said.err.contains("restart"), "{}", said.err);
}

#[test]
fn mistakes_are_told_before_any_work() {
    let world = world(COUNT, "  timeout: 0\n  mod: worker\ndata: {user: id, target: x}\n");
    let args = ["run", "--config", "lines.yaml", "--data", "data", "--out", "run"];
    let said = world.expect(2, &args);
    for part in ["`analysis.timeout` must be above 0", "did you mean `analysis.mode`", "`data.user` cannot"] {
        assert!(said.err.contains(part), "{part}: {}", said.err);
    }
    world.write("lines.yaml", "analysis: {engine: command, command: [no-such-program, \"{user}\"]}\n");
    assert!(world.expect(2, &args).err.contains("unknown placeholder `{user}`"));
    world.write("lines.yaml", "analysis: {engine: command, command: [no-such-program]}\n");
    assert!(world.expect(2, &args).err.contains("program `no-such-program` not found in PATH"));
    world.write("lines.yaml", "analysis: {engine: builtin, command: [x]}\n");
    assert!(world.expect(2, &args).err.contains("`analysis.command` goes with `engine: command` only"));
    assert!(!world.path("run").exists());
}

/// Where the program is gone, in whatever way, nothing is marked: neither as failed nor as done by another program.
#[test]
fn a_program_that_is_gone_is_one_error() {
    let state = |world: &World| {
        let sql = "select user_id, attempt, state from users order by user_id";
        world.expect(0, &["sql", "--run", "run", "--format", "csv", sql]).out
    };
    let resume = |world: &World, told: &str| {
        let before = state(world);
        for more in [&[][..], &["--shards", "2"]] {
            let said = world.expect(2, &[&["run", "--resume", "run"], more].concat());
            assert!(said.err.contains(told), "{told}: {}", said.err);
            assert_eq!(said.err.matches("error:").count(), 1, "{}", said.err);
        }
        assert_eq!(state(world), before);
    };
    let broken = format!("[ $1 = c ] && exit 4\n{COUNT}");
    let world = world(&broken, "  folder: programs\n");
    std::fs::create_dir(world.path("programs")).unwrap();
    std::fs::rename(world.path("count.sh"), world.path("programs/count.sh")).unwrap();
    run(&world, 3, &[]);
    std::fs::rename(world.path("programs/count.sh"), world.path("count.sh")).unwrap();
    resume(&world, "script `count.sh` not found");
    std::fs::remove_dir(world.path("programs")).unwrap();
    resume(&world, "programs isn't a folder");
    std::fs::create_dir(world.path("programs")).unwrap();
    std::fs::rename(world.path("count.sh"), world.path("programs/count.sh")).unwrap();
    let said = world.expect(3, &["run", "--resume", "run"]);
    assert!(said.err.contains("4 of 5 units done"), "{}", said.err);
}

/// The commands of `docs/any-program.md`.
#[test]
fn the_documented_script_works() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 not found");
        return;
    }
    let world = World::new(0);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example");
    std::fs::create_dir(world.path("schemas")).unwrap();
    for file in ["mean_step.py", "mean_step.config.yaml", "schemas/mean_step.yaml"] {
        std::fs::copy(example.join(file), world.path(file)).unwrap();
    }
    for user in 1..=4 {
        world.write(&format!("data/u{user}.csv"), format!("sleeping,steps\n0,{user}0\n0,\n1,{user}\n"));
    }
    let args = "run --config mean_step.config.yaml --definitions . --data data --shards 4 --out mean_step";
    world.expect(0, &args.split(' ').collect::<Vec<_>>());
    world.expect(0, &["merge", "--shards", "mean_step", "--output", "merged"]);
    let sql =
        "select state, count(*) as users, avg(mean) as mean from mean_step group by state order by state";
    let said = world.expect(0, &["sql", "--run", "merged", "--format", "csv", sql]);
    assert_eq!(said.out, "state,users,mean\nasleep,4,2.5\nawake,4,25.0\n");
}

#[test]
fn what_a_program_says_reaches_no_terminal_as_it_is() {
    // A user called so, and a reason with an escape sequence that clears the screen.
    let script = r#"printf '{"unit": {"state": "skipped", "reason": "too \\u001b[2Jshort\\u0007"}}\n'"#;
    let world = world(script, "");
    world.write("data/\u{1b}[31mf.csv", "x\n");
    let mut said = run(&world, 3, &[]);
    for args in [
        &["status", "run"][..],
        &["run", "--resume", "run", "--explain", "--dry-run"],
        &["merge", "--shards", "run", "--output", "merged"],
        &["validate", "run"],
        &["sql", "--run", "run", "select user_id, reason from users"],
    ] {
        let more = world.run(args);
        assert!((more.out.clone() + &more.err).contains("too"), "{args:?}: {more:?}");
        said.out.push_str(&more.out);
        said.err.push_str(&more.err);
    }
    let hidden = |c: char| c.is_control() && c != '\n';
    assert!(said.err.contains("too  [2Jshort") || said.err.contains("too [2Jshort"), "{said:?}");
    assert!(!said.err.contains(hidden) && !said.out.contains(hidden), "{said:?}");
}
