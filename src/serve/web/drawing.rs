//! Plots as requests ask for them.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::link;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Drawing, Form, Picture, Size};

/// Parameters of a plot's addresses.
pub(super) const PLOT: [&str; 3] = ["theme", "width", "p.NAME"];

/// Widths that a picture can have.
const WIDTHS: std::ops::RangeInclusive<u64> = 200..=4000;

/// What the name of a file says, and which kind of file it is.
const FORMS: [(&str, &str); 5] = [
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("csv", "text/csv; charset=utf-8"),
    ("json", "application/json"),
    ("sql", "application/sql; charset=utf-8"),
];

/// A plot as a file: `p_histogram.svg`.
#[derive(Debug)]
pub(super) struct File {
    pub(super) picture: Picture,
    /// What programs call the kind of file.
    pub(super) kind: &'static str,
    /// Whether it is shown, and not saved.
    pub(super) is_shown: bool,
}

/// The file of a name.
pub(super) fn file(name: &str, fields: &Fields) -> Result<File, Ended> {
    let known = FORMS.map(|(ending, _)| ending);
    let (plot, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let Some((ending, kind)) = FORMS.into_iter().find(|(own, _)| *own == ending) else {
        let mut ended = Ended::unknown(Ending::NotFound, "format", ending, &known);
        if ending.is_empty() {
            ended.detail = format!("the format of {name} is missing");
            ended.hint = Some(format!("a plot is {name}.{}", known.join(&format!(", {name}."))));
        }
        return Err(ended);
    };
    let form = match ending {
        "svg" => Form::Svg(size(fields)?),
        "png" => Form::Png(size(fields)?),
        "csv" => Form::Csv,
        "json" => Form::Json,
        _ => Form::Sql,
    };
    let picture = Picture { of: Drawing::Named(plot.to_owned()), params: params(fields), form };
    Ok(File { picture, kind, is_shown: matches!(ending, "svg" | "png" | "json") })
}

/// The picture of a query that says how it is drawn, if its format is one of a picture.
pub(super) fn of_query(fields: &Fields) -> Result<Option<File>, Ended> {
    let Some(ending @ ("svg" | "png")) = fields.text("format")? else { return Ok(None) };
    let mut file = file(&format!("query.{ending}"), fields)?;
    file.picture.of = Drawing::Text(fields.one("sql")?.unwrap_or_default().to_owned());
    Ok(Some(file))
}

/// Values of parameters; an empty one is none.
pub(super) fn params(fields: &Fields) -> BTreeMap<String, String> {
    fields.params().into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn size(fields: &Fields) -> Result<Size, Ended> {
    let dark = match fields.text("theme")? {
        None | Some("light") => false,
        Some("dark") => true,
        Some(other) => return Err(Ended::unknown(Ending::Invalid, "theme", other, &["light", "dark"])),
    };
    let width = fields.number("width", *WIDTHS.end())?.unwrap_or(720);
    if !WIDTHS.contains(&width) {
        let words = format!("width is {} at least, and not {width}", WIDTHS.start());
        return Err(Ended::new(Ending::Invalid, words));
    }
    Ok(Size { width: u32::try_from(width).unwrap_or(720), dark })
}

/// Parameters as an address has them.
pub(super) fn pairs(params: &BTreeMap<String, String>) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| (format!("p.{name}"), value.clone())).collect()
}

/// The address of a file of a plot.
pub(super) fn address(run: &str, plot: &str, ending: &str, params: &BTreeMap<String, String>) -> String {
    let path = format!("/api/v1/runs/{}/plots/{}.{ending}", link::part(run), link::part(plot));
    with(&path, params)
}

/// The address of the page of a plot.
pub(super) fn page(run: &str, plot: &str, params: &BTreeMap<String, String>) -> String {
    with(&format!("/run/{}/plot/{}", link::part(run), link::part(plot)), params)
}

fn with(path: &str, params: &BTreeMap<String, String>) -> String {
    let pairs = pairs(params);
    link::with(path, pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, pairs: &[(&str, &str)]) -> Result<File, Ended> {
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        file(name, &Fields::of(pairs, &PLOT)?)
    }

    #[test]
    fn a_file_is_a_plot_in_a_form() {
        let found = of("a.b.png", &[("width", "900"), ("theme", "dark"), ("p.x", "1"), ("p.y", "")]).unwrap();
        assert_eq!(found.picture.of, Drawing::Named("a.b".to_owned()));
        assert_eq!(found.picture.form, Form::Png(Size { width: 900, dark: true }));
        assert_eq!(found.picture.params, BTreeMap::from([("x".to_owned(), "1".to_owned())]));
        assert_eq!(page("a b", "p", &found.picture.params), "/run/a%20b/plot/p?p.x=1");
        for (name, pairs, said) in [
            ("p", &[][..], "a plot is p.svg, p.png, p.csv, p.json, p.sql"),
            ("p.svgg", &[], "is it svg?"),
            ("p.svg", &[("theme", "drak")], "is it dark?"),
            ("p.svg", &[("with", "900")], "is it width?"),
        ] {
            assert_eq!(of(name, pairs).unwrap_err().hint.as_deref(), Some(said), "{name}");
        }
        for width in ["100", "5000", "x"] {
            assert!(of("p.svg", &[("width", width)]).is_err(), "{width}");
        }
    }
}
