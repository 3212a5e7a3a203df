//! Plots: those that there are, and one of them as it is wanted.

use std::collections::BTreeMap;

use super::super::drawn::{Drawing, Drawn, Form, ParamOf, Picture, PlotOf, Size};
use super::super::frame::Done;
use super::answering::Answering;
use super::objects::objects;
use super::out::{Out, column};
use super::query::{notes, params, planned};
use super::told::{of_params, of_plot, of_session};
use crate::plot::{Look, Theme};
use crate::queries::Query;
use crate::report::{self, Found, PlotFile};
use crate::serve::access::{Ended, Ending};
use crate::sources::Loaded;
use crate::sql::{Answer, Session};

/// What a query with a header is called in messages.
const TEXT: &str = "query";

/// Lists all plots, with what keeps one from being drawn.
pub(super) fn plots(answering: Answering<'_>, loaded: &Loaded, out: &mut Out) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let mut all = Vec::new();
    for (name, plot) in report::plots(&loaded.queries) {
        all.push(match plot {
            Ok(plot) => about(&plot, plot.lacks(&session).map_err(|error| of_session(&error))?),
            Err(error) => PlotOf {
                name,
                title: String::new(),
                caption: String::new(),
                params: Vec::new(),
                problem: Some(error.to_string()),
            },
        });
    }
    out.document(&all)
}

/// One plot, as it is wanted.
pub(super) async fn plot(
    answering: Answering<'_>,
    loaded: &Loaded,
    picture: &Picture,
    out: &mut Out,
) -> Result<Done, Ended> {
    let file = match &picture.of {
        Drawing::Named(name) => report::plot(&loaded.queries, name).map_err(of_plot)?,
        Drawing::Text(sql) => {
            let query = Query::of(TEXT, sql);
            PlotFile::of(&query).map_err(of_plot)?
        }
    };
    if matches!(picture.form, Form::Png(_)) && !report::DRAWS_PNG {
        return Err(of_plot(report::PlotError::NoPng));
    }
    let session = answering.session(loaded)?;
    if let Some(lacks) = file.lacks(&session).map_err(|error| of_session(&error))? {
        let words = format!("{lacks}\n(hint: the page of the source lists its tables)");
        return Err(Ended::new(Ending::Failed, words));
    }
    drop(session);
    let given = params(&picture.params)?.with_defaults(file.defaults());
    let planned = planned(answering, loaded, &file.sql()).await.map_err(|ended| in_file(&file, ended))?;
    let answer = planned.rows(&given).await.map_err(of_params).map_err(|e| in_file(&file, e))?;
    let Answer { rows, session: _session, damaged } = answer;
    let notes = notes(&damaged);
    let found = file.take(rows).await.map_err(of_plot)?;
    let svg = |size: Size| file.svg(&found, &look(size)).map_err(of_plot);
    let count = found.len() as u64;
    let done = match picture.form {
        Form::Svg(size) => out.bytes(svg(size)?.into_bytes()),
        Form::Png(size) => out.bytes(report::png(&svg(size)?).map_err(of_plot)?),
        Form::Csv => {
            let csv = found.csv().map_err(|e| Ended::new(Ending::Failed, e.to_string()))?;
            out.bytes(csv.into_bytes())
        }
        Form::Json => out.document(&rows_of(&found)?),
        Form::Sql => out.bytes(file.filled(&pairs(&picture.params)).into_bytes()),
        Form::Page => out.document(&drawn(&file, &found, (&picture.params, "plot"), notes.clone())?),
    }?;
    Ok(Done { rows: count, notes, ..done })
}

/// What can be drawn of a user, without its rows: plots that have a parameter for one; and those that cannot, with why.
pub(super) async fn of_user(
    session: &Session,
    loaded: &Loaded,
    user: &str,
) -> Result<(Vec<Drawn>, Vec<PlotOf>), Ended> {
    let files = report::plots(&loaded.queries).into_iter().filter_map(|(_, plot)| plot.ok());
    let mut files: Vec<PlotFile> = files.filter(PlotFile::is_of_user).collect();
    files.sort_by_key(|file| file.plot.order);
    let (mut all, mut not) = (Vec::new(), Vec::new());
    for (place, file) in files.into_iter().enumerate() {
        if let Some(lacks) = file.lacks(session).map_err(|error| of_session(&error))? {
            not.push(about(&file, Some(lacks)));
            continue;
        }
        let given = BTreeMap::from([(report::USER.to_owned(), format!("'{user}'"))]);
        let made = async {
            let found = file.ask(session, params(&given)?).await.map_err(of_plot)?;
            drawn(&file, &found, (&given, &format!("plot-{place}")), Vec::new())
        };
        match made.await {
            Ok(drawn) => all.push(Drawn { columns: Vec::new(), rows: Vec::new(), ..drawn }),
            Err(ended) => not.push(about(&file, Some(ended.detail))),
        }
    }
    Ok((all, not))
}

/// A plot for a page.
fn drawn(
    file: &PlotFile,
    found: &Found,
    (params, id): (&BTreeMap<String, String>, &str),
    notes: Vec<String>,
) -> Result<Drawn, Ended> {
    let look = Look { theme: Theme::Page, id: id.to_owned(), ..Look::default() };
    let fields = found.schema().fields().iter();
    Ok(Drawn {
        about: about(file, None),
        svg: file.svg(found, &look).map_err(of_plot)?,
        sql: file.filled(&pairs(params)),
        text: file.query.sql.clone(),
        columns: fields.map(|f| column(f.name(), f.data_type(), f.is_nullable(), None)).collect(),
        rows: rows_of(found)?,
        notes,
    })
}

fn about(file: &PlotFile, problem: Option<String>) -> PlotOf {
    let params = file.query.parameters().map(|own| ParamOf {
        name: own.name.to_owned(),
        default: own.default.map(str::to_owned),
        what: own.what.to_owned(),
    });
    PlotOf {
        name: file.name.clone(),
        title: file.plot.title.clone(),
        caption: file.plot.caption.clone(),
        params: params.collect(),
        problem,
    }
}

fn rows_of(found: &Found) -> Result<Vec<serde_json::Value>, Ended> {
    let mut rows = Vec::new();
    for batch in found.batches() {
        rows.extend(objects(batch.clone())?);
    }
    Ok(rows)
}

fn look(size: Size) -> Look {
    let theme = if size.dark { Theme::Dark } else { Theme::Light };
    Look { width: size.width, theme, ..Look::default() }
}

fn pairs(params: &BTreeMap<String, String>) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An error of a query that stands in a file.
fn in_file(file: &PlotFile, ended: Ended) -> Ended {
    if file.query.name == TEXT {
        return ended;
    }
    let line = ended.place.map_or_else(String::new, |(line, _)| format!(":{line}"));
    Ended { detail: format!("{}{line}: {}", file.plot.file, ended.detail), ..ended }
}
