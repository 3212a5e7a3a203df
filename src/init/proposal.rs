//! The text of a configuration, with the reason for every key.

use std::fmt::Write as _;

use super::error::InitError;
use super::found::{Candidate, Found};
use super::layout::Layout;
use crate::config::Config;
use crate::dataset::{Recipe, separators};

/// The analysis that is proposed: that of this preset.
const PRESET: &str = include_str!("../../config/presets/recommended.yaml");

/// What its keys mean.
const MEANINGS: [(&str, &str); 6] = [
    ("hour_bins", "equal parts of the day, within which measures are also compared"),
    ("taus", "lags in steps from one row to the next; a range is written 1..12"),
    ("k_selection", "how long the histories are: for each variable the one with the shortest code"),
    ("surrogates", "fewer are quicker, and make no p below 1/(surrogates + 1)"),
    ("statistical", "what values are compared with: other days, and the source moved within the past"),
    ("analysis_modes", "what is computed: docs/measures.md"),
];

/// What nobody but the user knows.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// The source.
    pub source: Candidate,
    /// The target.
    pub target: Candidate,
}

/// What has to be said of the layout of files, because a run would not find it by the names of columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    separator: Option<&'static str>,
    skip_lines: Option<usize>,
}

/// The text of a configuration; `choice` is none where the format says what source and target are. `told` is what
/// [`to_be_told`] finds out of a first text.
pub(crate) fn proposal(found: &Found, choice: Option<&Choice>, told: Told, command: &str) -> String {
    let mut text = format!(
        "# Written by `{}`.\n# Every key can be changed: `results config check FILE` says whether it still fits, \
         docs/configuration.md what it means.\n\n",
        remark(command)
    );
    let _ = writeln!(text, "data_root: {}           # from where `results` is started\n", yaml(&found.data));
    text.push_str("data:\n");
    match choice {
        None => text.push_str(
            "  format: extrasensory        # its columns are known: acceleration as source, label:SITTING as target\n",
        ),
        Some(choice) => columns(&mut text, found, choice, told),
    }
    text.push_str("\n# The analysis is that of the preset `recommended`.\n");
    for line in PRESET.lines().filter(|line| !line.starts_with('#')) {
        let key = line.split(':').next().unwrap_or_default();
        if key == "feature_modes" && choice.is_some() {
            continue;
        }
        if let Some((_, meaning)) = MEANINGS.iter().find(|(name, _)| *name == key) {
            let _ = writeln!(text, "# {meaning}");
        }
        if choice.is_some() && found.time.is_none() {
            // Whole days are known by times alone.
            text.push_str(&line.replace("days", "circular_shift"));
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// A text as YAML has it in double quotes.
fn yaml(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    json.chars().flat_map(escaped).collect()
}

/// A character as it may stand in double quotes of YAML, where JSON has it as it is.
fn escaped(c: char) -> Vec<char> {
    if is_printed(c) { vec![c] } else { format!("\\u{:04x}", u32::from(c)).chars().collect() }
}

/// Whether YAML takes a character as it is, and in a line.
fn is_printed(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// A name as it is, if YAML takes it so.
fn plain(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "/_".contains(c));
    if is_plain { name.to_owned() } else { yaml(name) }
}

/// A text of SQL, which is full of double quotes.
fn single(sql: &str) -> String {
    if sql.chars().all(is_printed) { format!("'{}'", sql.replace('\'', "''")) } else { yaml(sql) }
}

/// A text as a comment has it, in one line.
fn remark(text: &str) -> String {
    text.chars().map(|c| if is_printed(c) { c } else { ' ' }).collect()
}

/// The `data` section for columns that were found.
fn columns(text: &mut String, found: &Found, choice: &Choice, told: Told) {
    let mut line = |key: &str, why: &str| {
        let _ = writeln!(text, "  # {}\n  {key}", remark(why));
    };
    line("format: columns", "columns are named below, as SQL over the names in the files");
    let files = format!("files: {}", yaml(&found.pattern));
    match &found.user_column {
        Some(user) => {
            line(&files, "the files that are read");
            line(&format!("user: {}", yaml(user)), found.user_why.as_deref().unwrap_or_default());
        }
        None => line(&files, "one file a user; the id is the file's name without its extensions"),
    }
    layout(&mut line, found, told);
    let sqls =
        [Some(&choice.source.sql), Some(&choice.target.sql), found.time.as_ref().map(|time| &time.sql)];
    let is_named = |name: &str| sqls.iter().flatten().any(|sql| sql.contains(name));
    let texts: Vec<String> = found
        .columns
        .iter()
        .filter(|column| {
            !column.name.is_empty() && is_named(&column.name) && is_read_as_text(found, &column.name)
        })
        .map(|column| yaml(&column.name))
        .collect();
    if !texts.is_empty() {
        line(&format!("text_columns: [{}]", texts.join(", ")), "read as text; all others are numbers");
    }
    clock(&mut line, found);
    line(&format!("source: {}", single(&choice.source.sql)), &format!("what may act: {}", choice.source.why));
    line(
        &format!("target: {}", single(&choice.target.sql)),
        &format!("what is acted on: {}", choice.target.why),
    );
    let target = if choice.target.is_number { "{quantiles: 2}" } else { "none" };
    line(
        &format!("discretize: {{source: {{quantiles: 5}}, target: {target}}}"),
        if choice.target.is_number {
            "both are cut into parts of as many rows each"
        } else {
            "the source is cut into parts of as many rows each; the target is whole numbers from 0"
        },
    );
}

/// Keys that say how the text is written.
fn layout(line: &mut impl FnMut(&str, &str), found: &Found, told: Told) {
    if let Some(text) = &found.text {
        if text.name_encoding {
            let key = format!("encoding: {}", text.encoding);
            line(&key, "not UTF-8; if letters look wrong, name another one");
        }
        if text.decimal == ',' {
            line("decimal: \",\"", "numbers have a decimal comma");
        }
    }
    if let Some(separator) = told.separator {
        line(&format!("separator: {separator}"), "what stands between fields");
    }
    if let Some(lines) = told.skip_lines {
        line(&format!("skip_lines: {lines}"), "lines before the header, in every file");
    }
    let mut words: Vec<String> = found
        .missing
        .iter()
        .map(|(_, word)| if word.parse::<f64>().is_ok() { word.clone() } else { yaml(word) })
        .collect();
    words.sort();
    words.dedup();
    if !words.is_empty() {
        line(
            &format!("missing_values: [{}]", words.join(", ")),
            "stand for missing values, as empty cells do",
        );
    }
}

/// Keys that say what the time is.
fn clock(line: &mut impl FnMut(&str, &str), found: &Found) {
    let Some(time) = &found.time else {
        return line("timestamp: null", "no column of times: rows are steps of one length");
    };
    line(&format!("timestamp: {}", single(&time.sql)), &format!("seconds since 1970, of {}", time.unit));
    let zone = found.clock.as_ref().and_then(|clock| clock.zone.as_ref());
    match zone {
        Some(zone) => {
            line(&format!("time_zone: {}", plain(zone)), "hours of the day are those of this zone's clocks");
        }
        None if time.is_utc => line(
            "utc_offset_hours: 0",
            "hours of the day are those of UTC: set this, or in its place `time_zone: Europe/Berlin`, to the users' clock",
        ),
        None => {}
    }
    if found.clock.as_ref().is_some_and(|clock| clock.is_shifted) {
        line("plausibility: false", "all times are before 1970, as where dates are shifted for privacy");
    }
}

/// Whether a column is read as text.
fn is_read_as_text(found: &Found, name: &str) -> bool {
    let of_time = found
        .clock
        .as_ref()
        .is_some_and(|clock| clock.is_text && clock.columns.iter().any(|column| column == name));
    let kind = found.columns.iter().find(|column| column.name == name).map(|column| column.kind);
    let is_mended = found.mended.iter().any(|(mended, _)| mended == name);
    of_time || is_mended || kind == Some("text")
}

/// What has to be said of the layout, because a run of this configuration would find another one.
///
/// # Errors
/// An expression is not usable, or names a column that is not there.
pub(crate) fn to_be_told(found: &Found, config: &Config) -> Result<Told, InitError> {
    let recipe = Recipe::new(config)?;
    let unknown = recipe.columns().find(|name| !found.columns.iter().any(|column| column.name == *name));
    if let Some(name) = unknown {
        let sqls = [("target", Some(&config.data.target)), ("timestamp", config.data.timestamp.as_ref())];
        let option = sqls.iter().find(|(_, sql)| sql.is_some_and(|sql| sql.contains(name)));
        return Err(found.unknown(option.map_or("source", |(option, _)| option), name));
    }
    let names: Vec<&str> = match &found.user_column {
        Some(user) => vec![user],
        None => recipe.columns().collect(),
    };
    let mut told = Told::default();
    for (text, Layout { separator, skip, .. }) in &found.layouts {
        let (by_names, lines) = text.found_by_names(&names);
        if by_names != *separator {
            told.separator = separators()
                .iter()
                .find(|(byte, _)| byte == separator)
                .map(|(_, name)| name.trim_end_matches('s'));
        }
        if lines != *skip {
            told.skip_lines = Some(*skip);
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::{Choice, Told, proposal, to_be_told};
    use crate::config::{ConfigSource, Overrides, load, parse};
    use crate::init::look::{Wishes, look};
    use crate::init::trial::trial;
    use crate::measures;

    /// A folder with one file of a text.
    fn folder(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("u1.csv"), text).unwrap();
        folder
    }

    /// What is written for a text and how many rows are used with it.
    fn written(text: &str) -> (String, usize) {
        let folder = folder(text);
        let found = look(folder.path().to_str().unwrap(), &Wishes::default()).unwrap();
        let choice = Choice { source: found.sources[0].clone(), target: found.targets[0].clone() };
        let read = |text: &str| parse("c.yaml", text, None, &measures::settings()).unwrap().config;
        let first = read(&proposal(&found, Some(&choice), Told::default(), "results init data"));
        let told = to_be_told(&found, &first).unwrap();
        let text = proposal(&found, Some(&choice), told, "results init data");
        let tried = trial(&found, &read(&text)).unwrap();
        assert_eq!(tried.read[0].problem, None, "{text}");
        (text, tried.read[0].used)
    }

    fn rows(header: &str, row: impl Fn(i64) -> String) -> String {
        let rows: Vec<String> = (0..400).map(row).collect();
        format!("{header}\n{}\n", rows.join("\n"))
    }

    #[test]
    fn the_analysis_is_that_of_the_preset() {
        let text = rows("time,activity,sleep", |n| {
            format!("{},{},{}", 1_767_618_300 + 60 * n, n * 7 % 31, n / 9 % 2)
        });
        let text = written(&text).0;
        let own = parse("c.yaml", &text, None, &measures::settings()).unwrap().config;
        let preset = ConfigSource::Preset("recommended".to_owned());
        let mut preset = load(&preset, &Overrides::default(), None, &measures::settings()).unwrap().config;
        preset.data = own.data.clone();
        preset.data_root.clone_from(&own.data_root);
        preset.feature_modes.clone_from(&own.feature_modes);
        preset.name.clone_from(&own.name);
        assert_eq!(own, preset);
    }

    #[test]
    fn what_is_written_reads_all_rows() {
        let semicolons = rows("Zeit;Aktivität;Schlaf", |n| {
            format!("05.01.2026 {:02}:{:02}:00;{},5;{}", n / 60, n % 60, n * 7 % 31, n / 9 % 2)
        });
        let (text, used) = written(&semicolons);
        assert!(used == 400 && text.contains("decimal: \",\"") && text.contains("%d.%m.%Y"), "{text}");
        let lines = format!(
            "Serial: 7\n\n{}",
            rows("t\tcounts\tstate", |n| format!(
                "{}\t{}\t{}",
                1_767_618_300_000 + 60_000 * n,
                n * 7 % 31,
                ["up", "sleeping"][(n / 9 % 2) as usize]
            ))
        );
        let (text, used) = written(&lines);
        assert!(
            used == 400 && text.contains("/ 1000") && text.contains("text_columns: [\"state\"]"),
            "{text}"
        );
        assert!(!text.contains("skip_lines") && !text.contains("separator"), "found by names: {text}");
        let words = rows("time,counts,state", |n| {
            format!(
                "{},{},{}",
                1_767_618_300 + 60 * n,
                if n < 20 { "kZ".into() } else { (n * 7 % 31).to_string() },
                n / 9 % 2
            )
        });
        let (text, used) = written(&words);
        assert!(used == 380 && text.contains("missing_values: [\"kZ\"]"), "{text}");
        let plain = rows("x,y", |n| format!("{},{}", n * 7 % 31, n / 9 % 2));
        assert!(written(&plain).0.contains("timestamp: null"));
    }

    #[test]
    fn what_names_do_not_find_is_told() {
        // A note above the header names the columns, too.
        let text = format!(
            "time,counts,state\nsecond,number,label\n{}",
            rows("time,counts,state", |n| format!("{},{},{}", 1_767_618_300 + 60 * n, n * 7 % 31, n / 9 % 2))
        );
        let (text, used) = written(&text);
        assert!(used == 400 && text.contains("skip_lines: 2"), "{text}");
    }
}
