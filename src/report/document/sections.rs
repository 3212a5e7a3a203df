//! The sections of a report, but for what was found.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ReportError;
use super::about::About;
use super::context::{Context, Finding, Item};
use super::model::{Part, Section, Table};
use super::pictures::{of_person, pictures};
use crate::config::{Analysis, Config, ConfigSource, Overrides, load, show};
use crate::measures;
use crate::schema::LEDGER;
use crate::yaml::from_yaml;

impl Context<'_> {
    pub(super) fn section(&self, id: &str, title: &str, parts: Vec<Part>) -> Section {
        Section { id: format!("{}{id}", self.prefix), title: title.to_owned(), level: self.level, parts }
    }
}

/// What this is.
pub(super) async fn overview(context: &Context<'_>) -> Result<Section, ReportError> {
    let about = context.about();
    let state = if about.is_complete { "complete".to_owned() } else { "not complete".to_owned() };
    let units =
        about.units_ok.map_or_else(|| about.units.to_string(), |ok| format!("{ok} of {} ok", about.units));
    let mut facts = vec![
        ("What".to_owned(), format!("{}, {state}", about.kind())),
        ("Directory".to_owned(), context.said(&about.name)),
        ("Units (a person in a feature mode)".to_owned(), units),
    ];
    facts.extend(about.times.iter().map(|(what, at)| (capital(what), at.clone())));
    let mut parts = vec![Part::Facts(facts)];
    if context.has(LEDGER)? {
        parts.extend(context.table("states", "Units by state", &[]).await?);
    }
    let runs: Vec<String> = about.runs.iter().map(|(id, _)| named(context, id)).collect();
    parts.push(Part::Text(format!(
        "To cite it: results {}, seed {}, settings {}, {} {}.",
        about.tool_version,
        about.seed,
        about.fingerprint,
        if runs.len() == 1 { "run" } else { "runs" },
        runs.join(", ")
    )));
    Ok(context.section("what", "What this is", parts))
}

/// The id of a run. Only the name of its configuration is a person's choice: behind it stand a time and a hash.
fn named(context: &Context<'_>, run: &str) -> String {
    let at = run.rmatch_indices('-').nth(1).map_or(run.len(), |(at, _)| at);
    format!("{}{}", context.said(&run[..at]), &run[at..])
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// What was run.
pub(super) async fn settings(context: &Context<'_>) -> Result<Section, ReportError> {
    let about = context.about();
    let mut parts = Vec::new();
    match told(context) {
        Some(config) => {
            let changed = changed(&config);
            if changed.is_empty() {
                parts.push(Part::Text("Every setting has its default.".to_owned()));
            } else {
                let rows = changed.into_iter().map(|(key, own, usual)| vec![key, own, usual]);
                let caption = "Settings that differ from the defaults";
                parts.push(Part::Table(Table::plain(caption, &["setting", "value", "default"], rows.collect())));
            }
            let all = Part::Verbatim(show(&config));
            parts.push(Part::Folded { summary: "All settings".to_owned(), parts: vec![all] });
        }
        None => parts.push(Part::Text(
            "The settings are not known: this was merged by an older version, or from the older pipeline's results."
                .to_owned(),
        )),
    }
    if context.has(LEDGER)? {
        parts.extend(context.table("engines", "What made the rows", &[]).await?);
    }
    parts.push(Part::Facts(origin(context, about)));
    if context.has(LEDGER)?
        && let Some(inputs) = context.table("inputs", "Input of each unit, the first 200", &[]).await?
    {
        parts.push(Part::Folded { summary: "Input of each unit".to_owned(), parts: vec![inputs] });
    }
    Ok(context.section("run", "What was run", parts))
}

fn origin(context: &Context<'_>, about: &About) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Version".to_owned(), about.tool_version.clone()),
        ("Seed".to_owned(), about.seed.to_string()),
        ("Fingerprint of the settings".to_owned(), about.fingerprint.clone()),
    ];
    for (id, dir) in &about.runs {
        let place = if dir.is_empty() { String::new() } else { format!(" ({})", context.said(dir)) };
        facts.push(("Run".to_owned(), format!("{}{place}", named(context, id))));
    }
    for input in &about.inputs {
        facts.push((
            "Input".to_owned(),
            format!("{}: {} persons, {} units", context.said(&input.folder), input.users, input.units),
        ));
        facts.push(("Digest of the plan (BLAKE3)".to_owned(), input.plan_fingerprint.clone()));
    }
    if !about.schema_versions.is_empty() {
        let versions = about.schema_versions.iter().map(|(table, version)| format!("{table} {version}"));
        facts.push(("Versions of the tables".to_owned(), versions.collect::<Vec<_>>().join(", ")));
    }
    facts
}

/// The settings as they may be told: names, files and folders of them without what must not be, and all else as it is.
pub(super) fn told(context: &Context<'_>) -> Option<Config> {
    let mut config = context.about().config.clone()?;
    let said = |text: &mut String| *text = context.said(text);
    let Config { name, data_root, out_dir, quality_profile, data, analysis, .. } = &mut config;
    [name, data_root, out_dir, quality_profile, &mut data.files].into_iter().for_each(said);
    data.reading.not_missing.iter_mut().for_each(said);
    if let Analysis::Command(program) = analysis {
        // A number among the arguments is a setting.
        let words = program.command.iter_mut().filter(|argument| argument.parse::<f64>().is_err());
        words.chain([&mut program.folder]).for_each(said);
    }
    Some(config)
}

/// Settings that are not the default: key, value, default.
fn changed(config: &Config) -> Vec<(String, String, String)> {
    let Ok(usual) = load(&ConfigSource::Defaults, &Overrides::default(), None, &measures::settings()) else {
        return Vec::new();
    };
    let (own, usual) = (flat(config), flat(&usual.config));
    // What every run decides for itself is no change of a person's, and where a store is is nothing of a result.
    let is_decided =
        |key: &str| ["runtime.day_hours", "runtime.locks"].contains(&key) || key.starts_with("store.");
    let differs = own.into_iter().filter(|(key, value)| usual.get(key) != Some(value) && !is_decided(key));
    let absent = || "(absent)".to_owned();
    differs
        .map(|(key, value)| (key.clone(), value, usual.get(&key).cloned().unwrap_or_else(absent)))
        .collect()
}

/// Settings as a person writes them, by their names with dots.
pub(super) fn flat(config: &Config) -> BTreeMap<String, String> {
    let value: Value = from_yaml(&show(config)).unwrap_or_default();
    let mut all = BTreeMap::new();
    flatten("", &value, &mut all);
    all
}

fn flatten(name: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, all);
            }
        }
        Value::String(text) => {
            all.insert(name.to_owned(), text.clone());
        }
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            all.insert(
                name.to_owned(),
                format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
            );
        }
        value => {
            all.insert(name.to_owned(), value.to_string());
        }
    }
}

/// What is missing, and what was checked.
pub(super) async fn completeness(context: &Context<'_>) -> Result<Section, ReportError> {
    let about = context.about();
    let mut parts = Vec::new();
    let warning = about.warning();
    if !warning.is_empty() {
        parts.push(Part::Warning(warning));
    }
    if !about.is_merged && context.has(LEDGER)? {
        let missing = context.ask("missing", &[]).await?.first("missing").unwrap_or_default();
        parts.push(Part::Text(format!(
            "{} units are planned; {missing} of them have no result yet.",
            about.units
        )));
    }
    // Only a look tells that nothing is missing.
    match context.subject.findings.as_deref() {
        None => {}
        Some([]) => {
            parts.push(Part::Text("Nothing is missing, and nothing was found that must not be.".to_owned()));
        }
        Some(findings) => parts.extend(found(context, findings)),
    }
    if !about.accepted.is_empty() {
        let named = |unit: &crate::store::AcceptedUnit| {
            let (user, mode) = (unit.user_id.clone(), unit.feature_mode.clone());
            context.unit(&Item { user, mode, reason: unit.reason.clone() })
        };
        parts.push(Part::Text(
            "Skipped units that it is complete without, as whoever merged decided:".to_owned(),
        ));
        parts.push(Part::List(about.accepted.iter().take(200).map(named).collect()));
    }
    parts.push(Part::Text(context.subject.checked.clone()));
    Ok(context.section("completeness", "Completeness", parts))
}

/// What was found: how many of each code, and the first of them.
fn found(context: &Context<'_>, findings: &[Finding]) -> Vec<Part> {
    let row = |finding: &Finding| {
        vec![finding.code.clone(), finding.name.clone(), finding.count.to_string(), finding.remedy.clone()]
    };
    let rows = findings.iter().map(row).collect();
    let header = ["code", "what", "how many", "what to do"];
    let mut parts = vec![Part::Table(Table::plain("What is missing or must not be", &header, rows))];
    for finding in findings {
        let items: Vec<String> = finding.items.iter().map(|item| context.unit(item)).collect();
        if items.is_empty() {
            continue;
        }
        let first = if (items.len() as u64) < finding.count {
            format!(", the first {}", items.len())
        } else {
            String::new()
        };
        let summary = format!("{} {}: {}{first}", finding.code, finding.name, finding.count);
        parts.push(Part::Folded { summary, parts: vec![Part::List(items)] });
    }
    parts
}

/// Data and their quality.
pub(super) async fn data(context: &Context<'_>, failed: &mut Vec<String>) -> Result<Section, ReportError> {
    let mut parts = pictures(context, "data", failed).await?;
    parts.extend(pictures(context, "quality", failed).await?);
    if context.has("issues")? {
        let caption = "Why values are missing or doubtful, the 40 most frequent";
        match context.table("issues", caption, &[]).await? {
            Some(table) => parts.push(table),
            None => parts.push(Part::Text("No value is missing or doubtful.".to_owned())),
        }
    }
    Ok(context.section("data", "Data and quality", parts))
}

/// How the run went.
pub(super) async fn the_run(context: &Context<'_>, failed: &mut Vec<String>) -> Result<Section, ReportError> {
    let mut parts = pictures(context, "run", failed).await?;
    if context.has(LEDGER)? {
        parts.extend(context.table("shards", "Units and time of each shard", &[]).await?);
        parts.extend(context.table("slowest", "The units that took longest", &[]).await?);
    }
    Ok(context.section("course", "The run itself", parts))
}

/// Whether a person has a unit.
pub(super) async fn is_known(context: &Context<'_>, id: &str) -> Result<bool, ReportError> {
    let quoted = format!("'{id}'");
    Ok(!context.has(LEDGER)? || !context.ask("person_units", &[("user", quoted.as_str())]).await?.is_empty())
}

/// One person.
pub(super) async fn person(
    context: &Context<'_>,
    (at, id): (usize, &str),
    failed: &mut Vec<String>,
) -> Result<Section, ReportError> {
    let quoted = format!("'{id}'");
    let values = [("user", quoted.as_str())];
    let mut parts = Vec::new();
    if context.has(LEDGER)? {
        parts.extend(context.table("person_units", "Units", &values).await?);
    }
    if context.has("tests")? {
        parts.extend(context.table("person", "Tests", &values).await?);
    }
    if context.has("issues")? {
        parts.extend(context.table("person_issues", "What was noticed", &values).await?);
    }
    let name = context.hide.id(id);
    if parts.is_empty() {
        parts.push(Part::Warning(format!("There is nobody called {name}.")));
    } else {
        parts.extend(of_person(context, (at, id), failed).await?);
    }
    Ok(context.section(&format!("person-{at}"), &format!("Person {name}"), parts))
}

/// What the columns are.
pub(super) fn columns(context: &Context<'_>) -> Result<Section, ReportError> {
    let mut parts = Vec::new();
    for schema in context.subject.definitions.schemas.iter() {
        if !context.has(&schema.table)? {
            continue;
        }
        let rows = schema.columns.iter().map(|column| {
            vec![column.name.clone(), column.unit.clone().unwrap_or_default(), column.description.clone()]
        });
        let caption = format!("Columns of {}: {}", schema.table, schema.description);
        let table = Part::Table(Table::plain(&caption, &["column", "unit", "meaning"], rows.collect()));
        parts.push(Part::Folded {
            summary: format!("{}: {}", schema.table, schema.description),
            parts: vec![table],
        });
    }
    Ok(context.section("columns", "Appendix: tables and their columns", parts))
}
