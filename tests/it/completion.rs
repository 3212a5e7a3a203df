//! What Tab gives: shells are really asked.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::world::{Said, World, said};

/// Three users, a run of them that is merged, a damaged one beside it, and a program that is on the path.
fn world() -> World {
    let world = World::new(3);
    assert_eq!(world.analyse("out/first", &[]).code, Some(0));
    world.expect(0, &["merge", "--shards", "out/first", "--output", "merged"]);
    std::fs::create_dir_all(world.path("out/torn")).unwrap();
    world.write("out/torn/run.yaml", "format: [");
    std::fs::create_dir(world.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_results"), world.path("bin/results")).unwrap();
    world
}

/// Runs a shell with the program on its path.
fn shell(world: &World, shell: &str, options: &[&str], script: &str) -> Said {
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new(shell);
    command.args(options).arg("-c").arg(script).current_dir(world.root()).stdin(Stdio::null());
    command.env("PATH", format!("{}:{path}", world.path("bin").display())).env_remove("RESULTS_DEFINITIONS");
    said(&command.output().unwrap())
}

/// What bash has to offer at the end of a line, whose words are parted by `|`.
fn offered(world: &World, line: &str) -> Vec<String> {
    let words: Vec<String> = line.split('|').map(|word| format!("'{word}'")).collect();
    let (last, at) = (words.last().unwrap(), words.len() - 1);
    let script = format!(
        "source <(results completions bash); COMP_WORDS=({}); COMP_CWORD={at}; COMP_TYPE=9\n\
         _clap_complete_results results {last} x; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" ")
    );
    let said = shell(world, "bash", &["--norc", "--noprofile"], &script);
    assert_eq!(said.err, "", "{line}");
    // Options may stand nearly everywhere.
    said.out.lines().map(str::to_owned).filter(|line| !line.is_empty() && !line.starts_with("--")).collect()
}

#[test]
fn bash_offers_what_is_there() {
    let world = world();
    assert_eq!(offered(&world, "results|comp"), ["compact", "completions"]);
    // Both of a run and of what was merged; runs alone where only those fit.
    assert_eq!(offered(&world, "results|sql|--run|"), ["merged", "out/first", "out/torn"]);
    assert_eq!(offered(&world, "results|status|"), ["out/first", "out/torn"]);
    assert_eq!(offered(&world, "results|status|out/f"), ["out/first"]);
    assert_eq!(offered(&world, "results|merge|--shards|out/first|out/t"), ["out/torn"]);
    assert_eq!(offered(&world, "results|export|merged|--table|k_"), ["k_selection"]);
    assert_eq!(offered(&world, "results|report|merged|--user|"), ["u00", "u01", "u02"]);
    assert_eq!(offered(&world, "results|report|out/first|--user|u02"), ["u02"]);
    assert_eq!(offered(&world, "results|plot|p_h"), ["p_histogram"]);
    assert_eq!(offered(&world, "results|plot|p_histogram|--run|merged|--param|"), ["bins="]);
    assert_eq!(offered(&world, "results|sql|--query|significant_"), ["significant_users"]);
    assert_eq!(offered(&world, "results|run|k6"), ["k6_full"]);
    assert_eq!(offered(&world, "results|submit|--engine|sl"), ["slurm"]);
    let sql = |text: &str| offered(&world, &format!("results|sql|--run|merged|{text}"));
    assert_eq!(sql("select user_id, te_a"), ["select user_id, TE_A2S"]);
    assert_eq!(sql("select * from k"), ["select * from k_selection"]);
}

#[test]
fn tables_of_a_program_of_ones_own_are_offered_too() {
    let world = World::new(1);
    std::fs::create_dir_all(world.path("own/schemas")).unwrap();
    std::fs::create_dir_all(world.path("own/queries/reports")).unwrap();
    std::fs::create_dir(world.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_results"), world.path("bin/results")).unwrap();
    world.write(
        "own/schemas/steps.yaml",
        "table: steps\nversion: 1\ndescription: x\ncolumns: [{name: stride, type: float, description: x}]\n",
    );
    world.write("own/queries/reports/strides.sql", "-- x\n-- param least=1: at least\nselect 1\n");
    let with = |line: &str| offered(&world, &format!("results|--definitions|own|{line}"));
    assert_eq!(with("schema|show|step"), ["steps"]);
    assert_eq!(with("sql|--query|stri"), ["strides"]);
    assert_eq!(with("sql|--query|strides|--param|"), ["least="]);
    assert_eq!(with("sql|select strid"), ["select stride"]);
}

#[test]
fn nothing_is_said_where_there_is_nothing_to_offer() {
    let world = world();
    for line in [
        "results|sql|--run|nowhere/",
        "results|report|out/torn|--user|",
        "results|export|out/torn|--table|nothing",
        "results|--definitions|nowhere|plot|",
        "results|sql|--run|merged|select \u{1b}[2J",
        "results|no-such-command|nothing",
    ] {
        assert_eq!(offered(&world, line), [""; 0], "{line}");
    }
    // A shell that nobody knows, and a line that is none.
    for (shell, words) in [("tcsh", &["--", "results", ""][..]), ("bash", &["--"])] {
        let said = said(&world.command(words).env("RESULTS_COMPLETE", shell).output().unwrap());
        assert!(said.err.is_empty(), "{said:?}");
    }
    // The script is there, and the program is not.
    let gone = "source <(results completions bash); rm bin/results; PATH=/usr/bin:/bin; COMP_WORDS=(results ''); COMP_CWORD=1\n\
                _clap_complete_results results '' results; echo \"${#COMPREPLY[@]}\"";
    let said = shell(&world, "bash", &["--norc", "--noprofile"], gone);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("0\n", ""));
}

fn is_there(shell: &str) -> bool {
    let found =
        std::env::split_paths(&std::env::var("PATH").unwrap()).any(|dir: PathBuf| dir.join(shell).exists());
    if !found {
        eprintln!("passed over: {shell} not found");
    }
    found
}

#[test]
fn fish_offers_the_same() {
    if !is_there("fish") {
        return;
    }
    let world = world();
    let script =
        "results completions fish | source; complete -C 'results sql --run '; complete -C 'results plot p_h'";
    let said = shell(&world, "fish", &["--no-config"], script);
    assert_eq!(said.err, "");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[..3], ["merged", "out/first", "out/torn"], "{said:?}");
    assert!(lines[3].starts_with("p_histogram\tAre the p-values"), "{said:?}");
}

#[test]
fn scripts_are_those_of_each_shell() {
    let world = World::new(0);
    for (shell, part) in [
        ("bash", "-F _clap_complete_results results"),
        ("zsh", "#compdef results"),
        ("fish", "complete --keep-order --exclusive --command results"),
        ("elvish", "edit:completion:arg-completer"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = world.expect(0, &["completions", shell]).out;
        assert!(script.contains(part) && script.contains("RESULTS_COMPLETE"), "{script}");
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("2>/dev/null"), "{shell} says so where there is no program: {script}");
        }
    }
    if !is_there("zsh") {
        return;
    }
    let script = world.expect(0, &["completions", "zsh"]).out;
    world.write("_results", script);
    let read = Command::new("zsh").arg("-n").arg(world.path("_results")).output().unwrap();
    assert_eq!(said(&read).err, "");
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new(1);
    world.expect(0, &["man", "pages"]);
    let page = |name: &str| std::fs::read_to_string(world.path("pages").join(name)).unwrap();
    assert!(page("results.1").contains("results\\-run(1)"));
    let run = page("results-run.1");
    assert!(run.contains("\\-\\-shards") && run.contains("results run smoke \\-\\-data DATA"), "{run}");
    assert!(Path::new(&world.path("pages/results-config-check.1")).exists());
    // Those that people do not call have none.
    assert!(!world.path("pages/results-worker.1").exists());
    world.analyse("run", &[]);
    assert!(world.expect(2, &["man", "run/pages"]).err.contains("run/pages lies in "));
}
