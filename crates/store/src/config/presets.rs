//! Presets and quality profiles: embedded in the binary, or taken from a folder.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::error::ConfigError;
use super::read::nearest;
use crate::hidden::is_hidden;
use crate::text_file;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../config");

/// Name, file and text of a preset.
pub(super) fn preset(name: &str, folder: Option<&Path>) -> Result<(String, String, String), ConfigError> {
    if let Some((file, text)) = find("presets", name, folder)? {
        Ok((name.to_owned(), file, text))
    } else {
        let known = names("presets", folder);
        Err(ConfigError::NoPreset {
            name: name.to_owned(),
            near: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            known: known.join(", "),
        })
    }
}

/// File and text of a quality profile.
pub(super) fn quality(name: &str, folder: Option<&Path>) -> Result<Option<(String, String)>, ConfigError> {
    find("quality", name, folder)
}

/// Names of the quality profiles.
pub(super) fn quality_names(folder: Option<&Path>) -> Vec<String> {
    names("quality", folder)
}

/// All presets, with the first comment line of each.
pub fn presets(folder: Option<&Path>) -> Vec<(String, String)> {
    names("presets", folder)
        .into_iter()
        .map(|name| {
            let text = find("presets", &name, folder).ok().flatten().map_or(String::new(), |(_, text)| text);
            let first = text.lines().next().unwrap_or_default();
            (name, first.trim_start_matches('#').trim().to_owned())
        })
        .collect()
}

fn find(kind: &str, name: &str, folder: Option<&Path>) -> Result<Option<(String, String)>, ConfigError> {
    // A name is no path: `../x` names nothing.
    if name.contains(['/', '\\']) {
        return Ok(None);
    }
    if let Some(folder) = folder {
        let path = folder.join(kind).join(format!("{name}.yaml"));
        match text_file::read(&path) {
            Ok(text) => return Ok(Some((path.display().to_string(), text))),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(ConfigError::Read { path, source }),
        }
    }
    let inner = format!("{kind}/{name}.yaml");
    let text = EMBEDDED.get_file(&inner).and_then(|f| f.contents_utf8());
    Ok(text.map(|text| (format!("config/{inner}"), text.to_owned())))
}

fn names(kind: &str, folder: Option<&Path>) -> Vec<String> {
    let stem = |path: &Path| {
        let is_yaml = path.extension().is_some_and(|e| e == "yaml") && !is_hidden(path.file_name()?);
        is_yaml.then(|| Some(path.file_stem()?.to_str()?.to_owned())).flatten()
    };
    let mut names: Vec<String> = EMBEDDED
        .get_dir(kind)
        .map(|d| d.files().filter_map(|f| stem(f.path())).collect())
        .unwrap_or_default();
    if let Some(listing) = folder.and_then(|f| std::fs::read_dir(f.join(kind)).ok()) {
        names.extend(listing.filter_map(|e| stem(&e.ok()?.path())));
    }
    names.sort();
    names.dedup();
    names
}
