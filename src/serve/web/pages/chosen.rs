//! What somebody chooses to be drawn of an answer: it becomes the header of the query, which the address holds.

use super::super::fields::Fields;
use super::cells::Head;
use crate::plot::Plot;
use crate::serve::access::Ended;

/// What the form sends.
pub(super) const CHOSEN: [&str; 9] = ["mark", "x", "y", "low", "high", "color", "size", "label", "facet"];

/// The form.
#[derive(Debug)]
pub(super) struct Chooser {
    /// Marks, and whether each is the one that is drawn.
    pub(super) marks: Vec<(&'static str, bool)>,
    /// Keys of a header, each with the columns that there are, and whether each is the one.
    pub(super) keys: Vec<(&'static str, Vec<(String, bool)>)>,
}

impl Chooser {
    /// Of the columns of an answer; what the query says already is chosen.
    pub(super) fn of(heads: &[Head], sql: &str) -> Self {
        let plot = Plot::parse("query", sql).ok();
        let is_own = |key: &str, column: &str| {
            plot.as_ref().is_some_and(|plot| {
                plot.field(key).is_some_and(|field| field.column == column)
                    || (key == "facet" && plot.facets.first().is_some_and(|own| own == column))
            })
        };
        // A header has no place for others.
        let fits = |name: &&str| {
            !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || "\",".contains(c))
        };
        let columns = |key: &'static str| {
            let names = heads.iter().map(|head| head.name.as_str()).filter(fits);
            (key, names.map(|name| (name.to_owned(), is_own(key, name))).collect())
        };
        let mark = plot.as_ref().map(|plot| plot.mark.name());
        Self {
            marks: Plot::marks().map(|name| (name, Some(name) == mark)).collect(),
            keys: CHOSEN[1..].iter().map(|key| columns(key)).collect(),
        }
    }
}

/// The query with what was chosen as its header, if the form was sent.
pub(super) fn chosen(fields: &Fields, sql: &str) -> Result<Option<String>, Ended> {
    if fields.text("mark")?.is_none() {
        return Ok(None);
    }
    let mut keys = Vec::new();
    for key in CHOSEN {
        keys.push((key, fields.text(key)?.unwrap_or_default()));
    }
    Ok(Some(Plot::with_header(sql, &keys)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_becomes_the_header() {
        let pairs = [("mark", "bar"), ("x", "n"), ("y", "user"), ("color", "")];
        let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let sql = chosen(&Fields::of(pairs, &CHOSEN).unwrap(), "select 1 as n").unwrap().unwrap();
        assert!(sql.ends_with("-- mark: bar\n-- x: n\n-- y: user\nselect 1 as n"), "{sql}");
        let head = |name: &str| Head {
            name: name.to_owned(),
            unit: None,
            description: None,
            is_number: false,
            sorts: None,
            sorted: "none",
        };
        let chooser = Chooser::of(&["n", "user", "no column", "a,b"].map(head), &sql);
        assert!(chooser.marks.contains(&("bar", true)) && chooser.marks.contains(&("tile", false)));
        let (key, columns) = &chooser.keys[0];
        assert_eq!(
            (*key, columns.as_slice()),
            ("x", &[("n".to_owned(), true), ("user".to_owned(), false)][..])
        );
    }
}
