//! The page of all sections.

use std::collections::BTreeMap;

use askama::Template;

use super::ReportError;
use super::context::{Context, Subject, Wanted};
use super::findings::findings;
use super::hide::Hide;
use super::model::{Part, Section, Table};
use super::places::Places;
use super::sections::{
    columns, completeness, data, flat, is_known, overview, person, settings, the_run, told,
};
use crate::plot::{Values, allowed_html, page_style};
use crate::schema::LEDGER;

const STYLE: &str = include_str!("../../../templates/report/style.css");

/// A report.
#[derive(Debug)]
pub(crate) struct Document {
    /// The file.
    pub html: String,
    /// Plots that could not be drawn, and why.
    pub failed: Vec<String>,
    /// People whom no directory knows.
    pub unknown: Vec<String>,
}

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'a> {
    title: &'a str,
    warning: &'a str,
    style: String,
    shared: Vec<Part>,
    subjects: Vec<Shown>,
    footer: String,
}

/// The sections of a directory.
struct Shown {
    id: String,
    name: String,
    sections: Vec<Section>,
}

/// Writes a report of directories.
///
/// # Errors
/// A table cannot be read. A plot that cannot be drawn is no error: its place says it.
pub(crate) async fn document(subjects: &[Subject<'_>], wanted: &Wanted) -> Result<Document, ReportError> {
    let (mut shown, mut failed) = (Vec::new(), Vec::new());
    let mut unknown = wanted.users.clone();
    let several = subjects.len() > 1;
    let (mut names, mut all_settings) = (Vec::new(), Vec::new());
    for (at, subject) in subjects.iter().enumerate() {
        let prefix = if several { format!("d{}-", at + 1) } else { String::new() };
        let hide = if wanted.hide_users { hidden(subject).await? } else { Hide::default() };
        let places =
            if wanted.hide_places { Places::of(&subject.place, &subject.about) } else { Places::default() };
        let context = Context { subject, wanted, hide, places, prefix, level: if several { 3 } else { 2 } };
        let mut known = Vec::new();
        for user in &unknown {
            if is_known(&context, user).await? {
                known.push(user.clone());
            }
        }
        unknown.retain(|user| !known.contains(user));
        let name = context.said(&subject.about.name);
        names.push(name.clone());
        all_settings.push(told(&context).as_ref().map(flat).unwrap_or_default());
        shown.push(Shown {
            id: format!("d{}", at + 1),
            name,
            sections: sections(&context, &mut failed).await?,
        });
    }
    let title = wanted.title.clone().unwrap_or_else(|| names.join(", "));
    let warnings = subjects.iter().map(|subject| subject.about.warning()).zip(&names);
    let warnings = warnings.filter(|(warning, _)| !warning.is_empty());
    let warnings: Vec<String> = warnings
        .map(|(warning, name)| if several { format!("{name}: {warning}") } else { warning })
        .collect();
    let mut versions: Vec<&str> =
        subjects.iter().map(|subject| subject.about.tool_version.as_str()).collect();
    versions.dedup();
    let page = Page {
        title: &title,
        warning: &warnings.join(" "),
        style: format!("{}{STYLE}{}", page_style(), on_every_page(&warnings.join(" "))),
        shared: if several { side_by_side(&all_settings, &names, wanted) } else { Vec::new() },
        subjects: shown,
        footer: made_by(&versions),
    };
    Ok(Document { html: allowed_html(page.render()?), failed, unknown })
}

/// The rule by which a text stands in the margin of each printed page.
fn on_every_page(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    // Whatever is no letter of a name is written by its number, so that no text ends the string or the style.
    let plain = |c: char| c.is_ascii_alphanumeric() || " .,:-".contains(c);
    let escaped: String = text
        .chars()
        .map(|c| if plain(c) { c.to_string() } else { format!("\\{:x} ", u32::from(c)) })
        .collect();
    format!("@page{{@top-right{{content:\"{escaped}\";font:8pt sans-serif}}}}\n")
}

/// What made the report, and the results if that was another version.
fn made_by(versions: &[&str]) -> String {
    let own = env!("CARGO_PKG_VERSION");
    if versions.iter().all(|version| *version == own) {
        return format!("Made by results {own}.");
    }
    format!("Made by results {own}, of what results {} computed.", versions.join(", "))
}

async fn sections(context: &Context<'_>, failed: &mut Vec<String>) -> Result<Vec<Section>, ReportError> {
    let mut sections = vec![
        overview(context).await?,
        settings(context).await?,
        completeness(context).await?,
        findings(context, failed).await?,
    ];
    for (at, id) in context.wanted.users.iter().enumerate() {
        sections.push(person(context, (at + 1, id), failed).await?);
    }
    sections.push(data(context, failed).await?);
    sections.push(the_run(context, failed).await?);
    sections.push(columns(context)?);
    Ok(sections)
}

/// Ids by their numbers in the plan; those of whom only the results know stand behind.
async fn hidden(subject: &Subject<'_>) -> Result<Hide, ReportError> {
    let context = Context {
        subject,
        wanted: &Wanted::default(),
        hide: Hide::default(),
        places: Places::default(),
        prefix: String::new(),
        level: 2,
    };
    let mut ids: Vec<String> = Vec::new();
    for (table, query) in [("expected", "report/ids_planned"), (LEDGER, "report/ids_done")] {
        if context.has(table)? {
            let query = subject.definitions.queries.get(query)?;
            let rows = context.rows(query, &[]).await?.columns()?;
            if let Some(Values::Texts(own)) = rows.column("user_id") {
                ids.extend(own.iter().flatten().cloned());
            }
        }
    }
    // Those that are missing, or that it is complete without, may have no row.
    let about = &subject.about;
    ids.extend(about.accepted.iter().map(|unit| unit.user_id.clone()));
    let found = subject.findings.iter().flatten().flat_map(|finding| &finding.items);
    ids.extend(found.map(|item| item.user.clone()));
    let endings = about.config.as_ref().map(|config| config.data.id_suffixes.as_slice()).unwrap_or_default();
    let hide = Hide::of(&ids).with_endings(endings);
    Ok(if about.is_control { hide.with_people_of(&ids) } else { hide })
}

/// Settings in which directories differ.
fn side_by_side(all: &[BTreeMap<String, String>], names: &[String], wanted: &Wanted) -> Vec<Part> {
    let mut keys: Vec<&String> = all.iter().flat_map(|settings| settings.keys()).collect();
    keys.sort();
    keys.dedup();
    let value = |settings: &BTreeMap<String, String>, key: &String| settings.get(key).cloned();
    let rows = keys.into_iter().filter_map(|key| {
        let values: Vec<Option<String>> = all.iter().map(|settings| value(settings, key)).collect();
        let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
        differ.then(|| {
            let said = values.into_iter().map(|value| value.unwrap_or_else(|| "(not known)".to_owned()));
            std::iter::once(key.clone()).chain(said).collect::<Vec<String>>()
        })
    });
    // Where data lie may tell whose they are.
    let rows: Vec<Vec<String>> =
        rows.filter(|row| !(wanted.hide_users && row[0].contains("data_root"))).collect();
    if rows.is_empty() {
        return vec![Part::Text("All directories have the same settings.".to_owned())];
    }
    let header: Vec<&str> = std::iter::once("setting").chain(names.iter().map(String::as_str)).collect();
    vec![Part::Table(Table::plain("Settings that differ", &header, rows))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_every_page_ends_no_style() {
        assert_eq!(on_every_page(""), "");
        assert_eq!(
            on_every_page("a\"</style>: Partial"),
            "@page{@top-right{content:\"a\\22 \\3c \\2f style\\3e : Partial\";font:8pt sans-serif}}\n"
        );
    }

    #[test]
    fn another_version_is_named() {
        let own = env!("CARGO_PKG_VERSION");
        assert_eq!(made_by(&[own]), format!("Made by results {own}."));
        assert_eq!(
            made_by(&["0.0.9", own]),
            format!("Made by results {own}, of what results 0.0.9, {own} computed.")
        );
    }
}
