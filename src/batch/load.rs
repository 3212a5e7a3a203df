//! Engine files are found, read and checked.

use std::io::ErrorKind;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::engine::Engine;
use super::error::BatchError;
use super::template::places;
use crate::config::nearest;
use crate::text_file;
use crate::yaml::from_yaml;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/config/engines");

/// Places of `submit` and its options.
const OF_SUBMIT: &[&str] =
    &["name", "partition", "account", "after", "log", "first", "last", "script", "options"];

/// Places of the script. None of them is a text that people choose: those are arguments of commands.
const OF_SCRIPT: &[&str] = &[
    "first",
    "last",
    "cores",
    "memory_mb",
    "memory_mb_a_core",
    "minutes",
    "hours",
    "minutes_of_hour",
    "seconds",
    "warning",
    "commands",
];

/// Where engine files of the user's own lie, and the built-in ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Engines<'a>(pub Option<&'a Path>);

impl Engines<'_> {
    /// As [`engine`].
    pub(crate) fn get(self, name: &str) -> Result<Engine, BatchError> {
        engine(name, self.0)
    }
}

/// An engine by its name: `engines/NAME.yaml` of a folder, or a built-in one.
///
/// # Errors
/// There is none of that name, or its file has a fault.
pub(crate) fn engine(name: &str, folder: Option<&Path>) -> Result<Engine, BatchError> {
    let (file, text) = find(name, folder)?;
    let fault = |what: String| BatchError::Engine { file: file.clone(), what };
    let mut engine: Engine = from_yaml(&text).map_err(|error| fault(error.to_string()))?;
    name.clone_into(&mut engine.name);
    match fault_of(&engine) {
        Some(what) => Err(fault(what)),
        None => Ok(engine),
    }
}

/// The names of all engines.
pub(crate) fn engine_names(folder: Option<&Path>) -> Vec<String> {
    let stem = |path: &Path| {
        let is_yaml = path.extension().is_some_and(|e| e == "yaml");
        is_yaml.then(|| Some(path.file_stem()?.to_str()?.to_owned())).flatten()
    };
    let mut names: Vec<String> = EMBEDDED.files().filter_map(|file| stem(file.path())).collect();
    if let Some(listing) = folder.and_then(|folder| folder.join("engines").read_dir().ok()) {
        names.extend(listing.filter_map(|entry| stem(&entry.ok()?.path())));
    }
    names.sort();
    names.dedup();
    names
}

fn find(name: &str, folder: Option<&Path>) -> Result<(String, String), BatchError> {
    // A name is no path: `../x` names nothing.
    let is_name = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    if let Some(folder) = folder.filter(|_| is_name) {
        let path = folder.join("engines").join(format!("{name}.yaml"));
        match text_file::read(&path) {
            Ok(text) => return Ok((path.display().to_string(), text)),
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => {
                return Err(BatchError::Engine { file: path.display().to_string(), what: e.to_string() });
            }
        }
    }
    let inner = format!("{name}.yaml");
    let text = EMBEDDED.get_file(&inner).filter(|_| is_name).and_then(|file| file.contents_utf8());
    let known = engine_names(folder);
    text.map(|text| (format!("config/engines/{inner}"), text.to_owned())).ok_or_else(|| {
        BatchError::NoEngine {
            name: name.to_owned(),
            near: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            known: known.join(", "),
        }
    })
}

/// What is wrong with an engine, if anything is.
fn fault_of(engine: &Engine) -> Option<String> {
    empty(engine).or_else(|| groups(engine)).or_else(|| script(engine)).or_else(|| words(engine))
}

fn empty(engine: &Engine) -> Option<String> {
    let mut commands =
        vec![("submit", &engine.submit), ("cancel", &engine.cancel), ("state", &engine.state.command)];
    commands.extend(engine.ended.iter().map(|ended| ("ended", &ended.command)));
    commands.extend(engine.limits.iter().map(|limit| ("limits", &limit.command)));
    let without = commands.iter().find(|(_, words)| words.is_empty());
    without.map(|(field, _)| format!("field `{field}` has no command"))
}

fn groups(engine: &Engine) -> Option<String> {
    let mut asked = vec![
        ("id", &engine.id, "id"),
        ("state", &engine.state.row, "job"),
        ("state", &engine.state.row, "state"),
    ];
    asked.extend(engine.ended.iter().flat_map(|q| [("ended", &q.row, "job"), ("ended", &q.row, "state")]));
    asked.extend(engine.limits.iter().map(|limit| ("limits", &limit.says, "most")));
    let without = asked.iter().find(|(_, pattern, group)| !pattern.has(group));
    without.map(|(field, pattern, group)| {
        format!("field `{field}`: the pattern `{}` has no group `(?<{group}>…)`", pattern.0)
    })
}

fn script(engine: &Engine) -> Option<String> {
    if !engine.script.starts_with("#!") {
        return Some("field `script` does not begin with `#!` and a shell".into());
    }
    if !engine.script.lines().any(|line| line.trim() == "{commands}") {
        return Some("field `script` has no line `{commands}`, where the work stands".into());
    }
    let given = engine.submit.iter().chain(&engine.input).any(|word| places(word).contains(&"script"));
    (!given).then(|| "neither `submit` nor `input` has `{script}`, so nothing would be submitted".into())
}

fn words(engine: &Engine) -> Option<String> {
    let unknown = |field: &str, texts: &mut dyn Iterator<Item = &String>, known: &[&str]| {
        let place = texts.flat_map(|text| places(text)).find(|place| !known.contains(place))?;
        Some(format!("field `{field}`: unknown place `{{{place}}}` (known: {})", known.join(", ")))
    };
    let o = &engine.options;
    let options = [&o.name, &o.name_of_array, &o.partition, &o.account, &o.after, &o.log];
    let asked = |question: &super::engine::Question, field| {
        unknown(field, &mut question.command.iter(), &["ids", "each"])
    };
    unknown("script", &mut [&engine.script].into_iter(), OF_SCRIPT)
        .or_else(|| unknown("submit", &mut engine.submit.iter(), OF_SUBMIT))
        .or_else(|| unknown("options", &mut options.into_iter().flatten(), OF_SUBMIT))
        .or_else(|| unknown("input", &mut engine.input.iter(), &["script"]))
        .or_else(|| unknown("after", &mut [&engine.after.each].into_iter(), &["id"]))
        .or_else(|| unknown("log", &mut [&engine.log.array, &engine.log.alone].into_iter(), &["log"]))
        .or_else(|| unknown("cancel", &mut engine.cancel.iter(), &["ids", "each"]))
        .or_else(|| unknown("container", &mut engine.container.iter(), &["bind", "image"]))
        .or_else(|| asked(&engine.state, "state"))
        .or_else(|| engine.ended.as_ref().and_then(|ended| asked(ended, "ended")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Engine, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("engines")).unwrap();
        std::fs::write(dir.path().join("engines/mine.yaml"), text).unwrap();
        let folder = format!("{}/", dir.path().display());
        engine("mine", Some(dir.path())).map_err(|error| error.to_string().replace(&folder, ""))
    }

    #[test]
    fn every_built_in_engine_is_whole() {
        for name in engine_names(None) {
            let engine = engine(&name, None).unwrap();
            assert!(
                !engine.title.is_empty() && !engine.needs.is_empty() && !engine.container.is_empty(),
                "{name}"
            );
        }
        assert_eq!(engine_names(None), ["local", "lsf", "pbs", "sge", "slurm"]);
    }

    #[test]
    fn faults_of_a_file_are_named() {
        let whole = EMBEDDED.get_file("slurm.yaml").unwrap().contents_utf8().unwrap();
        assert_eq!(with(whole).unwrap().name, "mine");
        let without = |field: &str| {
            let at = whole.find(&format!("\n{field}:")).unwrap() + 1;
            let end = whole[at..].find('\n').unwrap() + at;
            format!("{}{}", &whole[..at], &whole[end + 1..])
        };
        for field in ["title", "cancel", "id", "after", "array", "log", "needs"] {
            let said = with(&without(field)).unwrap_err();
            assert!(said.contains(&format!("missing field `{field}`")), "{field}: {said}");
            assert!(said.starts_with("engines/mine.yaml:") && said.contains("(hint: "), "{said}");
        }
        let changed = |from: &str, to: &str| {
            assert!(whole.contains(from), "{from}");
            with(&whole.replacen(from, to, 1)).unwrap_err()
        };
        assert!(changed("?<id>", "?<number>").contains("field `id`: the pattern"));
        assert!(changed("'(?m)^(?<id>", "'(?m)^((?<id>").contains("isn't a regular expression"));
        assert!(changed("PENDING: queued", "PENDING: waiting").contains("waiting"));
        assert!(changed("  {commands}", "  true").contains("no line `{commands}`"));
        assert!(changed("{cores}", "{name}").contains("unknown place `{name}`"));
        assert!(changed("title:", "headline: x\ntitle:").contains("headline"));
        assert!(changed("\"{script}\"]", "x]").contains("nothing would be submitted"));
    }

    #[test]
    fn names_that_nobody_has_are_told_with_the_nearest() {
        let said = engine("slrum", None).unwrap_err().to_string();
        assert!(said.contains("unknown engine `slrum`; did you mean `slurm`?"), "{said}");
        assert!(said.contains("local, lsf, pbs, sge, slurm"), "{said}");
        assert!(engine("../presets/smoke", None).is_err());
    }
}
