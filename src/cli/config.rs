//! `results config`

use std::path::PathBuf;

use super::definitions::Folder;
use super::families;
use super::outcome::Outcome;
use super::speak::{out, say_line};
use super::text::columns;
use crate::config::{ConfigError, ConfigSource, Overrides, fingerprint, load, presets, show};
use crate::engine::engine;
use crate::error::{Exit, Failure};
use crate::measures;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  results config show\n  results config show k6_full > mine.yaml\n  results config check mine.yaml"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print a preset or a file with every setting resolved; without either, list the presets
    #[command(
        after_help = "Examples:\n  results config show\n  results config show k6_full\n  results config show --config mine.yaml"
    )]
    Show {
        /// A preset
        preset: Option<String>,
        /// A configuration file
        #[arg(long, value_name = "FILE", conflicts_with = "preset")]
        config: Option<PathBuf>,
    },
    /// Check a configuration file, its SQL expressions included
    #[command(after_help = "Example:\n  results config check mine.yaml")]
    Check {
        /// The file
        file: PathBuf,
    },
}

pub(super) fn exec(args: &Args, definitions: &Folder) -> Outcome {
    let folder = definitions.sub("config");
    let source = match &args.command {
        Command::Show { preset: None, config: None } => {
            let rows: Vec<Vec<String>> =
                presets(folder.as_deref()).into_iter().map(|(name, what)| vec![name, what]).collect();
            out(&columns(&["preset", "what it does"], &rows))?;
            return Ok(Exit::Done);
        }
        Command::Show { preset: Some(name), .. } => ConfigSource::Preset(name.clone()),
        Command::Show { config: Some(file), .. } | Command::Check { file } => {
            ConfigSource::File(file.clone())
        }
    };
    let loaded = load(&source, &Overrides::default(), folder.as_deref(), &measures::settings())
        .map_err(config_failure)?;
    for notice in &loaded.notices {
        say_line(format_args!("note: {notice}"));
    }
    match &args.command {
        Command::Show { .. } => out(&show(&loaded.config))?,
        Command::Check { file } => {
            let schemas = definitions.load()?.schemas;
            families::check(&loaded.config, &schemas)?;
            engine(&loaded.config, &schemas, None).map_err(Failure::usage)?;
            out(&format!("{}: good (fingerprint {})\n", file.display(), &fingerprint(&loaded.config)[..16]))?;
        }
    }
    Ok(Exit::Done)
}

/// Every fault of a configuration is a usage error.
pub(super) fn config_failure(error: ConfigError) -> Failure {
    Failure::usage(error)
}
