//! What is to be analysed, as it was asked for.

use std::path::{Path, PathBuf};

use crate::cli::config::config_failure;
use crate::cli::definitions::Folder;
use crate::cli::speak::say_line;
use crate::config::{Config, ConfigSource, Overrides, load};
use crate::error::Failure;
use crate::measures;
use crate::store::{Assignment, heed};

/// Arguments that decide what is analysed.
#[derive(Debug)]
pub(in crate::cli) struct Asked<'a> {
    pub(in crate::cli) preset: Option<&'a str>,
    pub(in crate::cli) config: Option<&'a Path>,
    pub(in crate::cli) data: Option<&'a Path>,
    pub(in crate::cli) users: Option<u32>,
    pub(in crate::cli) seed: Option<u64>,
}

/// The configuration that was asked for; what is odd about it is told.
pub(in crate::cli) fn configuration(asked: &Asked<'_>, definitions: &Folder) -> Result<Config, Failure> {
    let source = match (asked.preset, asked.config) {
        (Some(preset), _) => ConfigSource::Preset(preset.to_owned()),
        (None, Some(file)) => ConfigSource::File(file.to_owned()),
        (None, None) => ConfigSource::Defaults,
    };
    let overrides =
        Overrides { data: asked.data.map(|d| d.display().to_string()), users: asked.users, seed: asked.seed };
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
