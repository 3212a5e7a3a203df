//! Users, and one of them.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use serde_json::Value;

use super::super::app::{App, Who};
use super::super::bare::Bare;
use super::super::fields::Fields;
use super::super::link;
use super::super::path::Path;
use super::super::problem::Problem;
use super::cells::{Cell, Head, cells, heads};
use super::frame::{Frame, shown};
use super::plots::{Shown, of_drawn, read};
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Ask, ColumnOf, DAMAGED, Drawn, PlotOf};

/// Users of a page, as the query has it.
const PAGE: usize = 200;

#[derive(Template)]
#[template(path = "web/users.html")]
struct Users {
    frame: Frame,
    run: String,
    run_link: String,
    prefix: String,
    ids: Vec<(String, String)>,
    next: Option<String>,
    is_first: bool,
}

/// Ids, a page of them.
pub(super) async fn users(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path(run): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let fields = Fields::of(pairs, &["prefix", "after"])?;
    let what = "ids of users";
    let source = app.desk.whole(&who, &run, what)?;
    let prefix = fields.one("prefix")?.unwrap_or_default().to_owned();
    let after = fields.one("after")?.unwrap_or_default().to_owned();
    let is_first = after.is_empty();
    let ask = Ask::Users { prefix: prefix.clone(), after };
    let found = app.desk.document(&who, &source, ask, what).await?;
    let run_link = format!("/run/{}", link::part(&run));
    let names = found.as_array().into_iter().flatten().filter_map(Value::as_str);
    let ids: Vec<(String, String)> =
        names.map(|id| (id.to_owned(), format!("{run_link}/user/{}", link::part(id)))).collect();
    let last = ids.last().filter(|_| ids.len() == PAGE);
    let next = last.map(|(id, _)| {
        link::with(&format!("{run_link}/users"), [("prefix", prefix.as_str()), ("after", id.as_str())])
    });
    Ok(shown(&Users { frame: Frame::of(&app, Some(&who)), run, run_link, prefix, ids, next, is_first })?)
}

#[derive(Template)]
#[template(path = "web/user.html")]
struct User {
    frame: Frame,
    run: String,
    run_link: String,
    id: String,
    previous: Option<String>,
    next: Option<String>,
    /// Tests in words: what was found, and where it lies in its null.
    sentences: Vec<String>,
    pictures: Vec<Shown>,
    /// Plots that cannot be drawn, and why.
    not_drawn: Vec<PlotOf>,
    parts: Vec<Part>,
}

struct Part {
    title: String,
    /// What its table is called.
    words: String,
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    note: Option<String>,
    /// Whether it tells of files that could not be read.
    is_damage: bool,
}

/// One of them.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    Path((run, id)): Path<(String, String)>,
    _: Bare,
) -> Result<Response, Problem> {
    let what = format!("user {id}");
    let source = app.desk.whole(&who, &run, &what)?;
    let ask = Ask::User { id: id.clone(), pictures: true };
    let mut about = app.desk.document(&who, &source, ask, &what).await?;
    let run_link = format!("/run/{}", link::part(&run));
    let plots: Option<Vec<Drawn>> = read(about["plots"].take())?;
    let not_drawn: Option<Vec<PlotOf>> = read(about["not_drawn"].take())?;
    let to = |name: &str| about[name].as_str().map(|id| format!("{run_link}/user/{}", link::part(id)));
    // A text, whatever the id looks like.
    let of_user = [("user".to_owned(), format!("'{id}'"))].into();
    let parts = about["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let tests = parts
        .iter()
        .find(|part| part["title"] == "Tests")
        .and_then(|part| part["rows"].as_array())
        .map(Vec::as_slice)
        .unwrap_or_default();
    let page = User {
        frame: Frame::of(&app, Some(&who)),
        previous: to("previous"),
        next: to("next"),
        sentences: tests.iter().filter_map(sentence).collect(),
        pictures: plots.into_iter().flatten().map(|plot| of_drawn(plot, &run, &of_user)).collect(),
        not_drawn: not_drawn.unwrap_or_default(),
        parts: parts.iter().map(|part| of_part(part, &run)).collect::<Result<_, _>>()?,
        run,
        run_link,
        id,
    };
    Ok(shown(&page)?)
}

fn of_part(part: &Value, run: &str) -> Result<Part, Ended> {
    let torn = |e: serde_json::Error| Ended::new(Ending::Died, e.to_string());
    let mut columns: Vec<ColumnOf> = serde_json::from_value(part["columns"].clone()).map_err(torn)?;
    // The whole page is of one.
    columns.retain(|column| column.name != crate::schema::USER);
    let rows = part["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let title = part["title"].as_str().unwrap_or_default();
    Ok(Part {
        title: title.to_owned(),
        words: format!("Table of {}", title.to_lowercase()),
        heads: heads(&columns),
        rows: rows.iter().map(|row| cells(row, &columns, run)).collect(),
        note: part["note"].as_str().map(str::to_owned),
        is_damage: title == DAMAGED,
    })
}

/// `te A2S, lag 1: 0.0211 against a null of 0.0054 ± 0.0012; p = (3 + 1) / (199 + 1) = 0.02, q = 0.04.`
fn sentence(test: &Value) -> Option<String> {
    let number = |name: &str| test[name].as_f64();
    let short = |value: f64| match value.abs() {
        size if size > 0.0 && size < 0.0001 => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    };
    let mut words = test["measure"].as_str()?.to_owned();
    if let Some(direction) = test["direction"].as_str() {
        words.push_str(&format!(" {direction}"));
    }
    if let Some(mode) = test["feature_mode"].as_str() {
        words.push_str(&format!(", {mode}"));
    }
    if let Some(tau) = test["tau"].as_i64() {
        words.push_str(&format!(", lag {tau}"));
    }
    let Some(p) = number("p") else { return Some(format!("{words}: no p was computed.")) };
    words.push_str(&number("value").map_or_else(String::new, |value| format!(": {}", short(value))));
    if let (Some(mean), Some(sd)) = (number("null_mean"), number("null_std")) {
        words.push_str(&format!(" against a null of {} ± {}", short(mean), short(sd)));
    }
    words.push_str("; p = ");
    if let (Some(above), Some(of)) = (test["exceedances"].as_i64(), test["surrogates"].as_i64()) {
        // Where all arrangements were gone through, nothing is added.
        let counted = |more: i64| (above + more) as f64 / (of + more) as f64;
        if (counted(1) - p).abs() < 1e-9 {
            words.push_str(&format!("({above} + 1) / ({of} + 1) = "));
        } else if (counted(0) - p).abs() < 1e-9 {
            words.push_str(&format!("{above} / {of} = "));
        }
    }
    words.push_str(&short(p));
    if let Some(q) = number("q") {
        words.push_str(&format!(", q = {}", short(q)));
    }
    Some(words + ".")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_p_is_spelled_out_in_its_integers() {
        let test = json!({
            "measure": "te", "direction": "A2S", "feature_mode": "composite", "tau": 1, "value": 0.02114,
            "null_mean": 0.0054, "null_std": 0.0012, "exceedances": 3, "surrogates": 199, "p": 0.02, "q": 0.04,
        });
        assert_eq!(
            sentence(&test).unwrap(),
            "te A2S, composite, lag 1: 0.0211 against a null of 0.0054 ± 0.0012; p = (3 + 1) / (199 + 1) = 0.0200, \
             q = 0.0400."
        );
        assert_eq!(sentence(&json!({"measure": "gc", "p": null})).unwrap(), "gc: no p was computed.");
        assert_eq!(sentence(&json!({"measure": "mine", "p": 0.5})).unwrap(), "mine; p = 0.5000.");
        let all = json!({"measure": "te", "exceedances": 3, "surrogates": 24, "p": 0.125, "q": 1e-7});
        assert_eq!(sentence(&all).unwrap(), "te; p = 3 / 24 = 0.1250, q = 1.0e-7.");
    }
}
