//! The files of `queries/`: embedded in the binary, or taken from a folder.
//!
//! A query is a file of SQL. Names in braces, like `{table}`, are filled in from the schemas when the
//! query is about any table; the comment lines at its top say what it is for.

use std::collections::BTreeMap;
use std::path::Path;

use crate::hidden::is_hidden;
use crate::text_file;
use include_dir::{Dir, include_dir};
use thiserror::Error;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/queries");

/// What the names of plots begin with.
pub(crate) const PLOTS: &str = "plots/";

/// A query that cannot be used.
#[derive(Debug, Error)]
pub enum QueryError {
    /// A folder could not be read.
    #[error("cannot read the queries in {path}")]
    Read {
        /// The folder.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A file could not be read when its query was loaded.
    #[error("cannot read the query {file}: {why}")]
    Unread {
        /// The file.
        file: String,
        /// The cause.
        why: String,
    },
    /// No such query.
    #[error("unknown query `{name}`\n(hint: `results sql --list` shows them: {known})")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The queries there are.
        known: String,
    },
    /// A name in braces has no value.
    #[error("the query `{query}` uses {{{name}}}, which has no value")]
    Placeholder {
        /// The query.
        query: String,
        /// The name.
        name: String,
    },
}

/// A file of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Path below `queries/` without the ending, e.g. `reports/k_histogram`.
    pub name: String,
    /// The text.
    pub sql: String,
    /// Whether it is the tool's own, not one of a folder.
    pub embedded: bool,
    /// Why its file could not be read, if it could not: whoever uses it is told, and nobody else.
    pub unread: Option<String>,
}

impl Query {
    /// A text of somebody's own.
    pub fn of(name: impl Into<String>, sql: impl Into<String>) -> Self {
        Self { name: name.into(), sql: sql.into(), embedded: false, unread: None }
    }

    /// Refuses one whose file could not be read.
    pub fn readable(&self) -> Result<&Self, QueryError> {
        match &self.unread {
            None => Ok(self),
            Some(why) => Err(QueryError::Unread { file: format!("{}.sql", self.name), why: why.clone() }),
        }
    }

    /// The value of a line `-- key: value` at the top.
    pub fn header(&self, key: &str) -> Option<&str> {
        self.comments().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim))
    }

    /// The first comment line: what the query is for.
    pub fn description(&self) -> &str {
        self.comments().next().unwrap_or_default()
    }

    /// The parameters it declares, in lines like `-- param alpha=0.05: largest q` at the top.
    pub fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.comments().filter_map(|line| Parameter::of(line.strip_prefix("param ")?))
    }

    /// The values of the parameters that have one of their own.
    pub fn defaults(&self) -> impl Iterator<Item = ParamDefault> {
        self.parameters().filter_map(|own| {
            let (name, value) = (own.name.to_owned(), own.default?.to_owned());
            Some(ParamDefault { name, value, range: own.range })
        })
    }

    fn comments(&self) -> impl Iterator<Item = &str> {
        self.sql.lines().map_while(|line| line.strip_prefix("--")).map(str::trim)
    }

    /// The SQL with every `{name}` replaced.
    pub fn fill(&self, values: &[(&str, &str)]) -> Result<String, QueryError> {
        self.readable()?.filled(self.body(), values)
    }

    /// The value of a line `-- key: value` at the top with every `{name}` replaced.
    pub fn fill_header(&self, key: &str, values: &[(&str, &str)]) -> Result<Option<String>, QueryError> {
        self.readable()?.header(key).map(|text| self.filled(text, values)).transpose()
    }

    fn filled(&self, text: &str, values: &[(&str, &str)]) -> Result<String, QueryError> {
        let mut out = String::with_capacity(text.len() * 2);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            out.push_str(before);
            let value = values.iter().find(|(key, _)| *key == name);
            let (_, value) = value
                .ok_or_else(|| QueryError::Placeholder { query: self.name.clone(), name: name.to_owned() })?;
            out.push_str(value);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The SQL with empty lines in place of the comments at its top, so that a line of it is that of the file.
    pub fn in_place(&self) -> String {
        let body = self.body();
        let above = self.sql[..self.sql.len() - body.len()].lines().count();
        "\n".repeat(above) + body
    }

    /// The text after the comments at its top, which may speak of placeholders themselves.
    fn body(&self) -> &str {
        let mut rest = self.sql.as_str();
        while rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, tail)| tail);
        }
        rest
    }
}

/// A parameter of a query, `$name` in its SQL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value if none is given; without one, a value must be given.
    pub default: Option<&'a str>,
    /// The smallest and the largest number that it may be, if it is one.
    pub range: Option<(f64, f64)>,
    /// What it is.
    pub what: &'a str,
}

/// What a parameter is where nothing is given, and what may be given.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamDefault {
    /// Name of the parameter.
    pub name: String,
    /// As it would be written.
    pub value: String,
    /// The smallest and the largest number that it may be, if it is one.
    pub range: Option<(f64, f64)>,
}

impl<'a> Parameter<'a> {
    /// From `name=default: what it is`, `name=default (least to most): what it is` or `name: what it is`.
    fn of(line: &'a str) -> Option<Self> {
        let (head, what) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
        let (name, default) = head.split_once('=').map_or((head, None), |(n, d)| (n, Some(d.trim())));
        let range = default.and_then(range_of);
        let default = default.map(|text| range.map_or(text, |(text, _)| text));
        Some(Self { name: name.trim(), default, range: range.map(|(_, range)| range), what: what.trim() })
    }
}

impl From<(&str, &str)> for ParamDefault {
    /// What may be anything.
    fn from((name, value): (&str, &str)) -> Self {
        Self { name: name.to_owned(), value: value.to_owned(), range: None }
    }
}

/// A default, and the range behind it.
fn range_of(text: &str) -> Option<(&str, (f64, f64))> {
    let (default, range) = text.strip_suffix(')')?.rsplit_once(" (")?;
    let (least, most) = range.split_once(" to ")?;
    Some((default.trim(), (least.parse().ok()?, most.parse().ok()?)))
}

/// All queries by name.
#[derive(Debug, Clone)]
pub struct Queries(BTreeMap<String, Query>);

impl Queries {
    /// The embedded queries, with those of `folder` on top.
    pub fn load(folder: Option<&Path>) -> Result<Self, QueryError> {
        let mut all = BTreeMap::new();
        let mut open = vec![&EMBEDDED];
        while let Some(dir) = open.pop() {
            open.extend(dir.dirs());
            for file in dir.files().filter(|f| f.path().extension().is_some_and(|e| e == "sql")) {
                let name = query_name(file.path());
                let sql = file.contents_utf8().unwrap_or_default().to_owned();
                all.insert(name.clone(), Query { name, sql, embedded: true, unread: None });
            }
        }
        if let Some(folder) = folder {
            add_folder(folder, folder, &mut all)?;
        }
        Ok(Self(all))
    }

    /// Takes the files of a folder as further checks.
    pub fn add_checks(&mut self, folder: &Path) -> Result<(), QueryError> {
        let mut found = BTreeMap::new();
        add_folder(folder, folder, &mut found)?;
        for (name, query) in found {
            // Whoever names checks has all of them made.
            if let Some(why) = &query.unread {
                let file = folder.join(format!("{name}.sql")).display().to_string();
                return Err(QueryError::Unread { file, why: why.clone() });
            }
            let name = format!("checks/{name}");
            self.0.insert(name.clone(), Query { name, ..query });
        }
        Ok(())
    }

    /// A query by its full name, or by its last part if only one query has it; plots go by their full names. One whose file
    /// could not be read is the error that says so.
    pub fn get(&self, name: &str) -> Result<&Query, QueryError> {
        if let Some(query) = self.0.get(name) {
            return query.readable();
        }
        let is_plot = |query: &&Query| query.name.starts_with(PLOTS);
        let all = self.0.values().filter(|query| !is_plot(query));
        let mut fitting = all.filter(|q| q.name.rsplit('/').next() == Some(name));
        match (fitting.next(), fitting.next()) {
            (Some(query), None) => query.readable(),
            _ => Err(QueryError::Unknown {
                name: name.to_owned(),
                known: self.below("reports/").map(|q| q.name.as_str()).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// Queries whose name starts with `prefix`, in the order of their names; those without a text too.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Query> {
        self.0.values().filter(move |q| q.name.starts_with(prefix))
    }
}

fn query_name(path: &Path) -> String {
    let parts: Vec<_> = path.with_extension("").iter().map(|p| p.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

fn add_folder(root: &Path, folder: &Path, all: &mut BTreeMap<String, Query>) -> Result<(), QueryError> {
    let read = |path: &Path| {
        let path = path.display().to_string();
        move |source| QueryError::Read { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(read(folder))? {
        let path = entry.map_err(read(folder))?.path();
        if is_hidden(path.file_name().unwrap_or_default()) {
            continue;
        }
        if path.is_dir() {
            add_folder(root, &path, all)?;
        } else if path.extension().is_some_and(|e| e == "sql") {
            let name = query_name(path.strip_prefix(root).unwrap_or(&path));
            // It keeps its name, so that it is not taken for the one that it replaces.
            let (sql, unread) = match text_file::read(&path) {
                Ok(sql) => (sql, None),
                Err(error) => (String::new(), Some(error.to_string())),
            };
            all.insert(name.clone(), Query { name, sql, embedded: false, unread });
        }
    }
    Ok(())
}

/// A name as an SQL identifier.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_or_named() {
        let sql = "-- what {x} is\n-- means: much\nSELECT {x}, {y}";
        let query = Query::of("q", sql);
        assert_eq!(query.fill(&[("x", "1"), ("y", "{x}")]).unwrap(), "SELECT 1, {x}");
        assert!(query.fill(&[("x", "1")]).unwrap_err().to_string().contains("{y}"));
        assert_eq!(query.description(), "what {x} is");
        assert_eq!(query.header("means"), Some("much"));
    }

    #[test]
    fn parameters_are_declared_at_the_top() {
        let sql = "-- what\n-- param alpha=0.05: largest q\n-- param user: an id\n-- param at=12:00: a time\nSELECT 1\n-- param no=1: more";
        let query = Query::of("q", sql);
        let found: Vec<_> = query.parameters().map(|p| (p.name, p.default, p.what)).collect();
        let of_bins = Query { sql: "-- param bins=20 (1 to 1e3): bars\n".into(), ..query.clone() };
        let (name, value) = ("bins".to_owned(), "20".to_owned());
        assert_eq!(
            of_bins.defaults().collect::<Vec<_>>(),
            [ParamDefault { name, value, range: Some((1.0, 1000.0)) }]
        );
        assert_eq!(
            found,
            [("alpha", Some("0.05"), "largest q"), ("user", None, "an id"), ("at", Some("12:00"), "a time")]
        );
        assert_eq!(query.fill(&[]).unwrap(), "SELECT 1\n-- param no=1: more");
        assert_eq!(query.in_place(), "\n\n\n\nSELECT 1\n-- param no=1: more");
    }

    #[test]
    fn queries_are_found_by_their_last_part() {
        let queries = Queries::load(None).unwrap();
        assert_eq!(queries.get("q_values").unwrap().name, "merge/q_values");
        assert_eq!(
            queries.get("k_histogram").unwrap().name,
            "reports/k_histogram",
            "a plot has that name too"
        );
        assert!(queries.get("nothing").unwrap_err().to_string().contains("nothing"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_to_whoever_uses_it() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["reports", "merge"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        std::fs::write(dir.path().join("reports/good.sql"), "-- Good\nSELECT 1").unwrap();
        std::fs::write(dir.path().join("reports/bad.sql"), b"-- Bad\n\xff").unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("merge/q_values.sql")).unwrap();
        let queries = Queries::load(Some(dir.path())).unwrap();
        assert_eq!(queries.get("good").unwrap().description(), "Good");
        for name in ["bad", "reports/bad"] {
            let said = queries.get(name).unwrap_err().to_string();
            assert!(said.starts_with("cannot read the query reports/bad.sql: line 2 is not UTF-8"), "{said}");
        }
        // The program's own does not take its place.
        let said = queries.get("merge/q_values").unwrap_err().to_string();
        assert!(said.starts_with("cannot read the query merge/q_values.sql: No such file"), "{said}");
        let bad = queries.below("reports/").find(|query| query.name == "reports/bad").unwrap();
        assert!(bad.fill(&[]).is_err() && bad.fill_header("where", &[]).is_err());
        let said = queries.clone().add_checks(dir.path()).unwrap_err().to_string();
        assert!(said.contains(&format!("{}/merge/q_values.sql: ", dir.path().display())), "{said}");
    }
}
