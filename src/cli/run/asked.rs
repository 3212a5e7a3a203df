//! What is to be analysed, as it was asked for.

use std::path::{Path, PathBuf};

use super::limits;
use crate::cli::config::config_failure;
use crate::cli::definitions::Folder;
use crate::cli::place::place;
use crate::cli::speak::say_line;
use crate::config::{Config, ConfigSource, Overrides, load};
use crate::error::Failure;
use crate::measures;
use crate::store::{Assignment, Location, heed};

/// Arguments that decide what is analysed, and where its results go.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Asked {
    /// A preset, as listed by `results config show`
    pub(in crate::cli) preset: Option<String>,
    /// A configuration file
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub(in crate::cli) config: Option<PathBuf>,
    /// Folder with the users' files (instead of the configuration's `data_root`)
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: Option<PathBuf>,
    /// Run directory, or `s3://BUCKET/PREFIX`: a new one, or a run of the same configuration to work on
    #[arg(long, value_name = "DIR", conflicts_with = "resume", value_parser = place())]
    pub(in crate::cli) out: Option<Location>,
    /// Only the first N users of the sorted list; 0 for all
    #[arg(long, value_name = "N", value_parser = limits::number)]
    pub(in crate::cli) users: Option<u32>,
    /// Seed of every random stream
    #[arg(long, value_name = "S", value_parser = limits::large_number)]
    pub(in crate::cli) seed: Option<u64>,
}

impl Asked {
    /// Refuses a number of users beside a run that is gone on with.
    pub(in crate::cli) fn without_users(&self) -> Result<(), Failure> {
        match self.users {
            Some(_) => Err(Failure::usage("--resume takes the users from the run; leave --users away")),
            None => Ok(()),
        }
    }
}

/// The configuration that was asked for; what is odd about it is told.
pub(in crate::cli) fn configuration(asked: &Asked, definitions: &Folder) -> Result<Config, Failure> {
    let source = match (&asked.preset, &asked.config) {
        (Some(preset), _) => ConfigSource::Preset(preset.clone()),
        (None, Some(file)) => ConfigSource::File(file.clone()),
        (None, None) => ConfigSource::Defaults,
    };
    let data = asked.data.as_ref().map(|folder| folder.display().to_string());
    let overrides = Overrides { data, users: asked.users, seed: asked.seed };
    let loaded = load(&source, &overrides, definitions.sub("config").as_deref(), &measures::settings())
        .map_err(config_failure)?;
    for notice in &loaded.notices {
        say_line(format_args!("note: {notice}"));
    }
    let mut config = loaded.config;
    if asked.users == Some(0) {
        config.n_users = None;
    }
    // Before anything is asked of a store.
    heed(&config.store);
    Ok(config)
}

/// A directory that is not there yet: name, time, and the shards if it holds only some.
pub(in crate::cli) fn new_dir(config: &Config, only: &[Assignment]) -> PathBuf {
    let stamp = chrono::Local::now().format("%Y%m%d_%H%M%S");
    let shards: Vec<String> = only.iter().map(|share| share.index.to_string()).collect();
    let shard = only.first().map_or(String::new(), |s| format!("_shard{}of{}", shards.join("-"), s.of));
    let name = format!("{}_{stamp}{shard}", config.name);
    let folder = Path::new(&config.out_dir);
    let mut dir = folder.join(&name);
    let mut n = 2;
    while dir.exists() {
        dir = folder.join(format!("{name}_{n}"));
        n += 1;
    }
    dir
}
