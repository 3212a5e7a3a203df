//! Plots of a source, and one of them with its rows and its SQL.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::drawing;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::cells::{Cell, Head, cells, heads, number};
use super::frame::{Frame, shown};
use super::table::curl;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, Drawing, Drawn, Form, ParamOf, Picture, PlotOf};

/// Rows that are shown; what is saved has all.
const ROWS: usize = 200;

#[derive(Template)]
#[template(path = "web/plots.html")]
struct Plots {
    frame: Frame,
    run: String,
    run_link: String,
    all: Vec<Listed>,
}

struct Listed {
    about: PlotOf,
    link: String,
    params: String,
}

/// All of them.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    _: Bare,
) -> Result<Response, Problem> {
    let source = app.desk.whole(&who, &run, "plots")?;
    let all: Vec<PlotOf> = read(app.desk.document(&who, &source, Ask::Plots, "plots").await?)?;
    let (there, lack): (Vec<_>, Vec<_>) = all.into_iter().partition(|plot| plot.problem.is_none());
    let listed = |about: PlotOf| Listed {
        link: drawing::page(&run, &about.name, &[].into()),
        params: about.params.iter().map(|own| own.name.as_str()).collect::<Vec<_>>().join(", "),
        about,
    };
    let all = there.into_iter().chain(lack).map(listed).collect();
    let run_link = format!("/run/{}", link::part(&run));
    Ok(shown(&Plots { frame: Frame::of(&app, Some(&who)), run, run_link, all })?)
}

#[derive(Template)]
#[template(path = "web/plot.html")]
struct Plot {
    frame: Frame,
    run: String,
    run_link: String,
    link: String,
    params: Vec<(ParamOf, String)>,
    picture: Shown,
    sql: String,
    as_curl: String,
}

/// A picture with what it is made of.
pub(super) struct Shown {
    pub(super) about: PlotOf,
    pub(super) svg: String,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is said of the number of rows.
    pub(super) count: String,
    pub(super) notes: Vec<String>,
    /// What saves it: words and address.
    pub(super) saves: Vec<(&'static str, String)>,
    /// Its page.
    pub(super) page: String,
    /// What opens its query in the editor.
    pub(super) editor: String,
}

/// One of them.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, name)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["p.NAME"])?;
    let params = drawing::params(&fields);
    let what = format!("plot {name}");
    let source = app.desk.whole(&who, &run, &what)?;
    let of = Drawing::Named(name.clone());
    let ask = Ask::Plot(Picture { of, params: params.clone(), form: Form::Page });
    let drawn: Drawn = read(app.desk.document(&who, &source, ask, &what).await?)?;
    let sql = drawn.sql.clone();
    let own = drawn.about.params.iter().cloned();
    let params_shown = own.map(|own| {
        let given = params.get(&own.name).cloned().unwrap_or_default();
        (own, given)
    });
    let page = Plot {
        frame: Frame::of(&app, Some(&who)),
        run_link: format!("/run/{}", link::part(&run)),
        link: drawing::page(&run, &name, &[].into()),
        params: params_shown.collect(),
        as_curl: curl(&app, &who, &drawing::address(&run, &name, "csv", &params)),
        picture: of_drawn(drawn, &run, &params),
        sql,
        run,
    };
    Ok(shown(&page)?)
}

/// A picture as pages show it.
pub(super) fn of_drawn(
    drawn: Drawn,
    run: &str,
    params: &std::collections::BTreeMap<String, String>,
) -> Shown {
    let Drawn { about, svg, text, columns, rows, notes, .. } = drawn;
    let forms = [("SVG", "svg"), ("PNG", "png"), ("rows as CSV", "csv"), ("rows as JSON", "json")];
    let forms = forms.into_iter().filter(|(_, ending)| *ending != "png" || cfg!(feature = "png"));
    let count = match rows.len() {
        1 => "One row.".to_owned(),
        all if all > ROWS => {
            format!("The first {ROWS} of {} rows; what is saved has all.", number(all as u64))
        }
        all => format!("{} rows.", number(all as u64)),
    };
    let pairs = drawing::pairs(params);
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Shown {
        saves: forms
            .map(|(words, ending)| (words, drawing::address(run, &about.name, ending, params)))
            .collect(),
        page: drawing::page(run, &about.name, params),
        editor: link::with("/sql", [("run", run), ("sql", text.as_str())].into_iter().chain(pairs)),
        heads: heads(&columns),
        rows: rows.iter().take(ROWS).map(|row| cells(row, &columns, run)).collect(),
        count,
        notes,
        svg,
        about,
    }
}

/// Something that a document holds.
pub(super) fn read<T: DeserializeOwned>(document: Value) -> Result<T, Ended> {
    serde_json::from_value(document).map_err(|e| Ended::new(Ending::Died, format!("the answer is torn: {e}")))
}
