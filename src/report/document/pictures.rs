//! Plots in a report: picture, rows and SQL.

use std::borrow::Cow;

use super::ReportError;
use super::context::{Context, MOST_ROWS};
use super::model::{Part, Picture, Table};
use crate::plot::{Look, Theme};
use crate::report::plots::{PlotError, PlotFile, USER, plots};
use crate::sql::Params;

/// Width of a picture.
const WIDTH: u32 = 720;

/// The plots of a section, in their order; what cannot be drawn is said in its place, and by name in `failed`.
pub(super) async fn pictures(
    context: &Context<'_>,
    section: &str,
    failed: &mut Vec<String>,
) -> Result<Vec<Part>, ReportError> {
    let (mut files, mut parts) = (Vec::new(), Vec::new());
    for (name, plot) in plots(context.subject.definitions.queries) {
        match plot {
            Ok(plot) if plot.plot.section.as_deref() == Some(section) => files.push(plot),
            // Which section it wants is not known; it is told where the findings are.
            Err(error) if section == "findings" => {
                parts.push(wrong(context, &context.said(&name), &error.to_string()));
                failed.push(error.to_string());
            }
            Ok(_) | Err(_) => {}
        }
    }
    files.sort_by(|a, b| (a.plot.order, &a.name).cmp(&(b.plot.order, &b.name)));
    for file in &files {
        parts.push(picture(context, file, failed).await?);
    }
    Ok(parts)
}

/// The plots of a person, who is the `at`-th with a section; those that lack a table are left out.
pub(super) async fn of_person(
    context: &Context<'_>,
    (at, id): (usize, &str),
    failed: &mut Vec<String>,
) -> Result<Vec<Part>, ReportError> {
    let mut files: Vec<PlotFile> =
        plots(context.subject.definitions.queries).into_iter().filter_map(|(_, plot)| plot.ok()).collect();
    files.retain(PlotFile::is_of_user);
    files.sort_by(|a, b| (a.plot.order, &a.name).cmp(&(b.plot.order, &b.name)));
    let mut parts = Vec::new();
    for file in &files {
        if file.lacks(context.subject.session)?.is_none() {
            let file = own_words(context, file);
            parts.push(drawn_or_not(context, &file, (Some(id), &format!("person-{at}-")), failed).await);
        }
    }
    Ok(parts)
}

/// A plot, or why there is none.
pub(super) async fn picture(
    context: &Context<'_>,
    file: &PlotFile,
    failed: &mut Vec<String>,
) -> Result<Part, ReportError> {
    let file = own_words(context, file);
    if let Some(lacks) = file.lacks(context.subject.session)? {
        return Ok(Part::Text(format!("{} {lacks}", file.plot.title)));
    }
    Ok(drawn_or_not(context, &file, (None, ""), failed).await)
}

async fn drawn_or_not(
    context: &Context<'_>,
    file: &PlotFile,
    of: (Option<&str>, &str),
    failed: &mut Vec<String>,
) -> Part {
    match drawn(context, file, of).await {
        Ok(picture) => Part::Picture(Box::new(picture)),
        Err(error) => {
            let said = crate::error::chain(&error);
            failed.push(said.clone());
            wrong(context, &file.name, &said)
        }
    }
}

fn wrong(context: &Context<'_>, name: &str, error: &str) -> Part {
    Part::Warning(format!("The plot `{name}` could not be drawn: {}", context.said(error)))
}

/// A plot whose words may be shown. Those of the program name nobody; whoever wrote another one may have named anybody.
fn own_words<'a>(context: &Context<'_>, file: &'a PlotFile) -> Cow<'a, PlotFile> {
    if file.query.embedded {
        return Cow::Borrowed(file);
    }
    let mut own = file.clone();
    let said = |text: &mut String| *text = context.said(text);
    [&mut own.name, &mut own.plot.title, &mut own.plot.caption, &mut own.plot.empty]
        .into_iter()
        .for_each(said);
    own.plot.fields.iter_mut().map(|(_, field)| &mut field.title).for_each(said);
    own.plot.layers.iter_mut().map(|layer| &mut layer.words).for_each(said);
    Cow::Owned(own)
}

/// The SQL of a plot with the values of its parameters in their places, the person by their number.
fn sql(context: &Context<'_>, file: &PlotFile, given: &[(String, String)], user: Option<&str>) -> String {
    if !file.query.embedded {
        return context.hide.sql(&file.filled(given));
    }
    let person = user.map(|id| format!("'{}'", context.hide.id(id)));
    let shown = given.iter().map(|(name, value)| match &person {
        Some(person) if name == USER => (name.clone(), person.clone()),
        _ => (name.clone(), value.clone()),
    });
    file.filled(&shown.collect::<Vec<_>>())
}

async fn drawn(
    context: &Context<'_>,
    file: &PlotFile,
    (user, place): (Option<&str>, &str),
) -> Result<Picture, PlotError> {
    let alpha = context.wanted.alpha.map(|alpha| ("alpha".to_owned(), alpha.to_string()));
    let declared = |name: &str| file.query.parameters().any(|own| own.name == name);
    let person = user.map(|id| (USER.to_owned(), format!("'{id}'")));
    let given = alpha.into_iter().chain(person).filter(|(name, _)| declared(name));
    let given: Vec<(String, String)> = given.collect();
    let query = |source| PlotError::Param { file: file.plot.file.clone(), source };
    let pairs: Vec<String> = given.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let params = Params::parse(&pairs).map_err(query)?;
    let found = file.ask(context.subject.session, params).await?;
    let arrow = |error: arrow::error::ArrowError| PlotError::Query {
        file: file.plot.file.clone(),
        source: error.into(),
    };
    let found = context.hidden(&file.query, found).map_err(arrow)?;
    let id = format!("{}{place}plot-{}", context.prefix, plain(&file.name));
    let look = Look { width: WIDTH, theme: Theme::Page, id: id.clone() };
    let title = &file.plot.title;
    let rows = found.len();
    let more = if rows > MOST_ROWS {
        format!("The first {MOST_ROWS} of {rows} rows; the link above saves all.")
    } else {
        String::new()
    };
    let csv = found.csv().map_err(|error| arrow(error.into()))?;
    Ok(Picture {
        level: context.level + 1,
        title: title.clone(),
        caption: file.plot.caption.clone(),
        svg: file.svg(&found, &look)?,
        sql: sql(context, file, &given, user),
        rows: Table::of(&format!("Rows of “{title}”"), &found, MOST_ROWS).map_err(arrow)?,
        more,
        file: format!("{}.csv", plain(&file.name)),
        data: format!("data:text/csv;charset=utf-8,{}", address(&csv)),
        id,
    })
}

/// A name as part of an id or a file's name.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

/// A text as a part of an address.
fn address(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'(),/:;=+@$?".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
