//! What the documents tell people to type is known to the program, and does what it is there for.

mod shell;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use results::cli::Cli;

use crate::world::{World, said};
use shell::{Block, blocks, commands, words};

/// Pages whose blocks are run elsewhere, and where.
const ELSEWHERE: &[(&str, &str)] = &[
    ("docs/own-data.md", "tests/it/init.rs"),
    ("docs/r.md", "tests/r.sh"),
    ("docs/python.md", "crates/python/tests/test_docs.py"),
];

/// Commands that are read here and not run, by how they begin, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("results demo", "tests/it/demo.rs runs it"),
    ("results init DATA", "it asks; tests/it/init.rs answers"),
    ("results sql --run out/k6_full_20261123_143005 ", "a prompt; tests/it/sql_terminal.rs has one"),
    ("results serve", "it does not end; tests/it/serve runs it"),
    ("results submit", "needs a batch system; tests/services/slurm.sh has one"),
    ("results status /shared/k6", "a run that was submitted; tests/services/slurm.sh"),
    ("results cancel /shared/k6", "needs a batch system; tests/services/slurm.sh has one"),
    ("results run --config mine.yaml --data s3:", "needs a store; tests/services/s3_runs.sh has one"),
    ("results merge --shards run --output merged --parts 8 --engine", "crates/cluster/tests has a cluster"),
    ("results sql --run merged --cluster", "crates/cluster/tests has a cluster"),
    ("results merge --shards s3:", "needs a store; tests/services/s3_runs.sh has one"),
    ("results sql --run s3:", "needs a store; tests/services/s3_runs.sh has one"),
    ("results run --resume s3:", "needs a store; tests/services/s3_runs.sh has one"),
    ("results merge --shards old/", "directories of the older pipeline; tests/it/legacy.rs has some"),
    ("results run recommended --data big/data", "minutes; tests/it/nulls.rs draws the picture"),
    ("results plot docs/pictures/days_and_p.sql", "of that run; tests/it/nulls.rs draws it"),
];

/// Kinds of blocks that are neither commands nor SQL, and who reads them.
const OTHERS: &[(&str, &str)] = &[
    ("text", "shown, not typed; README.md by .ci/run"),
    ("ini", "a unit of systemd; docs/packaging/results.service is the same"),
    ("yaml", "configurations: below"),
    (
        "python",
        "docs/any-program.md, docs/sql.md: tests/it/any_program.rs and tests/read_with_other_tools.py have such code",
    ),
    ("python flight", "tests/flight_client.py"),
    ("python flight tls", "tests/flight_client.py"),
    ("python postgres", "tests/doors.py"),
    ("bash psql", "tests/pg_clients.py"),
    ("bash psql tls", "tests/pg_clients.py"),
    ("text psql", "tests/pg_clients.py"),
    ("r postgres", "tests/pg_clients.py"),
    ("text jdbc", "tests/pg_clients.py"),
];

/// What stands in blocks of `docs/connect.md` without being a recipe that can be run here, by how it begins, and why.
const NOT_RECIPES: &[(&str, &str)] = &[
    ("results serve", "every script that runs a recipe starts it"),
    ("pip install", ".ci/run does"),
    ("jdbc:arrow-flight-sql:", "the driver is not in Debian; nobody has tried it, as the page says"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages that people read, by their path, with their text.
fn pages() -> Vec<(String, String)> {
    let mut paths = vec![PathBuf::from("README.md"), PathBuf::from("CONTRIBUTING.md")];
    for folder in ["docs", "docs/reference"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "md") {
                paths.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    paths.sort();
    let text = |path: &PathBuf| std::fs::read_to_string(root().join(path)).unwrap();
    paths.iter().map(|path| (path.to_string_lossy().into_owned(), text(path))).collect()
}

/// The arguments of `results` in a line, also where another program starts it.
fn of_results(line: &str) -> Option<Vec<String>> {
    let words = words(line);
    let knows = |name: &String| name.starts_with('-') || Cli::command().find_subcommand(name).is_some();
    let starts = |at: &usize| words[*at] == "results" && (*at == 0 || words.get(at + 1).is_some_and(knows));
    let at = (0..words.len()).find(starts)?;
    // What a reader has to fill in.
    Some(words[at..].iter().filter(|word| *word != "…").cloned().collect())
}

/// What is wrong with the arguments of a command; nothing if the program takes them.
fn fault(args: &[String], kinds: Option<&[ErrorKind]>) -> Option<String> {
    let error = Cli::try_parse_from(args).err()?;
    let shown = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
    let matters = kinds.map_or(!shown.contains(&error.kind()), |kinds| kinds.contains(&error.kind()));
    matters.then(|| error.to_string().lines().next().unwrap_or_default().to_owned())
}

fn is_shell(block: &Block<'_>) -> bool {
    ["bash", "sh"].contains(&block.info)
}

#[test]
fn every_command_of_a_block_is_one_of_the_program() {
    let (mut faults, mut read) = (Vec::new(), 0);
    for (page, text) in pages() {
        for block in blocks(&text).iter().filter(|block| is_shell(block)) {
            for (line, command) in commands(block) {
                let Some(args) = of_results(&command) else { continue };
                read += 1;
                faults.extend(fault(&args, None).map(|fault| format!("{page}:{line}: {command}\n  {fault}")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(read > 60, "{read} commands in all pages");
}

/// In a sentence a command may lack what it needs, but what it has must be there.
const UNKNOWN: &[ErrorKind] = &[ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];

/// A page whose blocks are empty lines.
fn outside_of_blocks(page: &str) -> String {
    let mut inside = false;
    let mut text = String::new();
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        text.push_str(if inside || is_fence { "" } else { line });
        text.push('\n');
    }
    text
}

#[test]
fn every_command_of_a_sentence_has_known_arguments() {
    let mut faults = Vec::new();
    for (page, text) in pages() {
        let mut line = 1;
        for (at, part) in outside_of_blocks(&text).split('`').enumerate() {
            if at % 2 == 1 && part.starts_with("results ") {
                let fault = of_results(part).and_then(|args| fault(&args, Some(UNKNOWN)));
                faults.extend(fault.map(|fault| format!("{page}:{line}: {part}\n  {fault}")));
            }
            line += part.matches('\n').count();
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Adds what is wrong with the examples of a command and of those below it.
fn check_examples(command: &clap::Command, faults: &mut Vec<String>, read: &mut usize) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for line in help.lines().filter(|line| line.starts_with("  results ")) {
        // What it is for stands three blanks behind it.
        let example = line.trim_start().split("   ").next().unwrap();
        let fault = fault(&of_results(example).unwrap(), None);
        faults.extend(fault.map(|fault| format!("{}: {example}\n  {fault}", command.get_name())));
        *read += 1;
    }
    command.get_subcommands().for_each(|below| check_examples(below, faults, read));
}

#[test]
fn the_examples_of_the_help_are_read() {
    let (mut faults, mut read) = (Vec::new(), 0);
    check_examples(&Cli::command(), &mut faults, &mut read);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(read > 60, "{read} examples");
}

#[test]
fn every_block_is_of_a_kind_that_something_reads() {
    let mut seen = BTreeSet::new();
    for (page, text) in pages() {
        if ELSEWHERE.iter().any(|(other, _)| *other == page) {
            continue;
        }
        for block in blocks(&text).iter().filter(|block| !is_shell(block) && block.info != "sql") {
            let known =
                OTHERS.iter().find(|(info, _)| *info == block.info.split(" mean_step").next().unwrap());
            let (info, _) =
                known.unwrap_or_else(|| panic!("{page}:{}: who reads `{}`?", block.line, block.info));
            seen.insert(*info);
        }
    }
    let unused: Vec<_> = OTHERS.iter().filter(|(info, _)| !seen.contains(info)).collect();
    assert!(unused.is_empty(), "no page has a block of these any more: {unused:?}");
}

#[test]
fn marked_blocks_are_read_by_the_script_that_is_named() {
    let marked: Vec<_> = OTHERS.iter().filter(|(info, _)| info.contains(' ')).collect();
    for (info, script) in &marked {
        let text = std::fs::read_to_string(root().join(script)).unwrap();
        assert!(text.contains(&format!("\"{info}\"")), "{script} does not read `{info}`");
    }
    // A recipe of this page without a mark would be run by nobody.
    let page = std::fs::read_to_string(root().join("docs/connect.md")).unwrap();
    for block in blocks(&page) {
        let is_run = marked.iter().any(|(info, _)| *info == block.info);
        let begins = block.lines.first().copied().unwrap_or_default();
        let is_other = NOT_RECIPES.iter().any(|(words, _)| begins.starts_with(words));
        assert!(is_run != is_other, "docs/connect.md:{}: who runs `{begins}`?", block.line);
    }
}

/// Everything that the pages take for granted: data, runs, outputs, folders.
fn prepared() -> World {
    const MINE: &str =
        "analysis_modes: [global_te]\nk_selection: {k_grid: [1, 2]}\nsurrogates: 19\ndata: {min_rows: 100}\n";
    let world = World::new(8);
    std::fs::create_dir(world.path("DATA")).unwrap();
    for user in world.files("data").iter().take(2) {
        std::fs::copy(user, world.path("DATA").join(user.file_name().unwrap())).unwrap();
    }
    world.write("mine.yaml", MINE);
    world.write("results.yaml", format!("data_root: data\n{MINE}"));
    world.write("users.txt", "u00\n");
    for folder in
        [".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions", "docs/pictures"]
    {
        std::fs::create_dir_all(world.path(folder)).unwrap();
    }
    let run = |out: &str, more: &[&str]| {
        let args = ["run", "--config", "mine.yaml", "--data", "data", "--out", out];
        world.expect(0, &[&args, more].concat());
    };
    for out in ["out/k6_full_20261123_143005", "out/results_20261123_143005"] {
        run(out, &[]);
    }
    for shard in ["0", "1", "2", "3"] {
        let out = format!("out/k6_full_20261123_143010_shard{shard}of4");
        run(&out, &["--shard", &format!("{shard}/4")]);
    }
    run("other/run", &["--seed", "7"]);
    world.expect(0, &["merge", "--shards", "other/run", "--output", "other/merged"]);
    for output in ["merged", "demo/merged"] {
        world.expect(0, &["merge", "--shards", "out/k6_full_20261123_143005", "--output", output]);
    }
    world
}

/// Takes away what a command is about to write, so that an earlier one is not in its way.
fn make_room(world: &World, args: &[String]) {
    const NAMED: [&str; 5] = ["-o", "--output", "--out", "--report", "--paper"];
    let named = args.windows(2).filter(|pair| NAMED.contains(&pair[0].as_str())).map(|pair| pair[1].as_str());
    let usual = (args.get(1).is_some_and(|command| command == "report")).then_some("report.html");
    for name in named.chain(usual) {
        let path = world.path(name);
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
}

/// Runs a line of a page in a shell; what it said if it did not end well.
fn run(world: &World, line: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_BIN_EXE_results")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", line]).current_dir(world.root()).env("PATH", path).env("HOME", world.root());
    shell
        .env("CI", "true")
        .env_remove("RESULTS_DEFINITIONS")
        .env_remove("XDG_STATE_HOME")
        .stdin(Stdio::null());
    let said = said(&shell.output().unwrap());
    (said.code != Some(0)).then(|| format!("exit {:?}: {}", said.code, said.err))
}

#[test]
#[ignore = "long"]
fn the_commands_and_queries_of_the_pages_run() {
    let world = prepared();
    let (mut faults, mut left, mut ran) = (Vec::new(), BTreeSet::new(), 0);
    for (page, text) in pages() {
        if ELSEWHERE.iter().any(|(other, _)| *other == page) {
            continue;
        }
        for block in blocks(&text) {
            let lines = match block.info {
                "sql" => query(&world, &block).into_iter().collect(),
                _ if is_shell(&block) => commands(&block),
                _ => Vec::new(),
            };
            for (at, line) in lines.iter().filter(|(_, line)| line.trim_start().starts_with("results ")) {
                if let Some((begins, _)) = NOT_RUN.iter().find(|(begins, _)| line.starts_with(begins)) {
                    left.insert(*begins);
                    continue;
                }
                make_room(&world, &words(line));
                ran += 1;
                faults.extend(run(&world, line).map(|said| format!("{page}:{at}: {line}\n  {said}")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let unused: Vec<_> = NOT_RUN.iter().filter(|(begins, _)| !left.contains(begins)).collect();
    assert!(unused.is_empty(), "no page has these any more: {unused:?}");
    assert!(ran > 40, "{ran} commands were run, {} kinds were not", left.len());
}

/// A query of a page as a command; its file is there for the commands behind it. Those for `DuckDB` are run by
/// `tests/read_with_other_tools.py`.
fn query(world: &World, block: &Block<'_>) -> Option<(usize, String)> {
    let text = block.lines.join("\n");
    if text.starts_with("-- DuckDB") {
        return None;
    }
    world.write("rows.sql", &text);
    let declared = block.lines.iter().filter_map(|line| line.strip_prefix("-- param ")?.split_once(':'));
    let params: Vec<String> = declared.map(|(param, _)| format!(" --param {param}")).collect();
    let params = params.concat();
    Some((block.line, format!("results sql --run merged --file rows.sql{params}")))
}

#[test]
fn the_configurations_of_the_pages_have_known_keys() {
    let world = World::new(0);
    let (mut faults, mut read) = (Vec::new(), 0);
    for (page, text) in pages() {
        for block in blocks(&text).iter().filter(|block| block.info.starts_with("yaml")) {
            let text = block.lines.join("\n");
            if text.starts_with("table:") || page.starts_with("docs/reference/") {
                continue;
            }
            world.write("block.yaml", &text);
            read += 1;
            let said = world.run(&["config", "check", "block.yaml"]);
            // A part of one lacks what the rest of it says.
            let is_whole =
                ["unknown key", " must be ", "invalid YAML"].iter().all(|fault| !said.err.contains(fault));
            if !is_whole {
                faults.push(format!("{page}:{}: {}", block.line, said.err));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(read > 5, "{read} configurations");
}
