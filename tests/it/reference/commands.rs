//! Every command and argument, from what reads the command line.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Command, CommandFactory};
use results::cli::Cli;

use super::markdown::{code, table, words};

const HEAD: &str = "# Commands

The program by itself says the same: `results --help`, `results run --help`. Every command also has `--help`, and `--version`.

";

pub(super) fn page() -> String {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let everywhere: Vec<&Arg> = program.get_arguments().filter(|arg| arg.is_global_set()).collect();
    let mut page = format!("{HEAD}{}\n", sentence(program.get_about()));
    page.push_str(&format!("\nEvery command has\n\n{}", arguments(&everywhere)));
    page.push_str(&after(&program));
    for command in program.get_subcommands() {
        add(command, "results", 2, &mut page);
    }
    page
}

/// A command, and those below it.
fn add(command: &Command, above: &str, level: usize, page: &mut String) {
    if command.is_hide_set() {
        return;
    }
    let name = format!("{above} {}", command.get_name());
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    page.push_str(&format!(
        "\n{} {name}\n\n{}\n\n```text\n{usage}\n```\n",
        "#".repeat(level),
        about(command)
    ));
    let own: Vec<&Arg> =
        command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_global_set()).collect();
    let own: Vec<&Arg> =
        own.into_iter().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())).collect();
    if !own.is_empty() {
        page.push_str(&format!("\n{}", arguments(&own)));
    }
    page.push_str(&after(command));
    for below in command.get_subcommands() {
        add(below, &name, level + 1, page);
    }
}

fn about(command: &Command) -> String {
    let about = sentence(command.get_long_about().or_else(|| command.get_about()));
    assert!(!about.is_empty(), "{} has no description", command.get_name());
    about
}

/// A description as a sentence.
fn sentence(text: Option<&StyledStr>) -> String {
    let text = text.map(words_of).unwrap_or_default();
    if text.is_empty() || text.ends_with(['.', ':']) { text } else { format!("{text}.") }
}

fn words_of(text: &StyledStr) -> String {
    words(&text.to_string())
}

/// What stands below the arguments: examples.
fn after(command: &Command) -> String {
    let text = command.get_after_long_help().or_else(|| command.get_after_help());
    text.map_or(String::new(), |text| format!("\n```text\n{}\n```\n", text.to_string().trim()))
}

fn arguments(arguments: &[&Arg]) -> String {
    let rows: Vec<[String; 4]> = arguments.iter().map(|arg| argument(arg)).collect();
    table(["argument", "default", "environment", "meaning"], &rows)
}

fn argument(arg: &Arg) -> [String; 4] {
    let takes_value = arg.get_action().takes_values();
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let meaning = arg.get_long_help().or_else(|| arg.get_help()).map(words_of).unwrap_or_default();
    assert!(!meaning.is_empty(), "{} has no description", arg.get_id());
    let choices = arg.get_possible_values();
    let choices: Vec<String> =
        choices.iter().filter(|choice| !choice.is_hide_set()).map(|choice| code(choice.get_name())).collect();
    let choices = if takes_value && !choices.is_empty() {
        format!("; one of {}", choices.join(", "))
    } else {
        String::new()
    };
    let is_repeated = matches!(arg.get_action(), ArgAction::Append);
    let has_said_so = meaning.contains("several times");
    let more =
        if is_repeated && !arg.is_positional() && !has_said_so { "; may be given several times" } else { "" };
    [
        code(&called(arg)),
        if takes_value { code(&defaults.join(" ")) } else { String::new() },
        code(&arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()),
        format!("{meaning}{choices}{more}"),
    ]
}

/// How an argument is written.
fn called(arg: &Arg) -> String {
    let values: Vec<String> = if arg.get_action().takes_values() {
        let named = arg.get_value_names().unwrap_or_default();
        named.iter().map(ToString::to_string).collect()
    } else {
        Vec::new()
    };
    let values = values.join(" ");
    let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    let values = if many { format!("{values}…") } else { values };
    if arg.is_positional() {
        let name = if values.is_empty() { arg.get_id().as_str().to_uppercase() } else { values };
        return if arg.is_required_set() { name } else { format!("[{name}]") };
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    format!("{} {values}", names.join(", ")).trim_end().to_owned()
}
