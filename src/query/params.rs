//! Parameters of queries: `$alpha` in the SQL, and its value beside it.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use thiserror::Error;

use super::session::SessionError;

/// Values of parameters that do not fit a query.
#[derive(Debug, Error)]
pub enum ParamError {
    /// Not `NAME=VALUE`.
    #[error(
        "`{0}` is no parameter\n(hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)"
    )]
    Form(String),
    /// One name, two values.
    #[error("the parameter {0} is given twice")]
    Twice(String),
    /// The query uses parameters that have no value.
    #[error("the query uses {}, which {} no value\n(hint: give one with {how})", listed(names), if names.len() == 1 { "has" } else { "have" })]
    Missing {
        /// Their names.
        names: Vec<String>,
        /// How to give the first one a value.
        how: String,
    },
    /// Values for parameters that the query does not use.
    #[error("the query has no parameter {}\n(hint: {})", listed(unknown), if known.is_empty() { "it uses none".to_owned() } else { format!("it uses {}", listed(known)) })]
    Unknown {
        /// Their names.
        unknown: Vec<String>,
        /// What the query uses.
        known: Vec<String>,
    },
    /// A text where a number belongs.
    #[error("${name} stands where a number belongs, and `{value}` is none")]
    NoNumber {
        /// Name of the parameter.
        name: String,
        /// What was given.
        value: String,
    },
    /// The engine refused.
    #[error(transparent)]
    Session(#[from] SessionError),
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|n| format!("${n}")).collect();
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Where the values come from, which decides how to ask for more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// `--param`: a value that the query does not use is a mistake.
    #[default]
    CommandLine,
    /// `\set`: values stay for the queries to come.
    Prompt,
}

/// Values of parameters, as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    given: BTreeMap<String, String>,
    defaults: BTreeMap<String, String>,
    place: Place,
}

impl Params {
    /// From `NAME=VALUE` of the command line.
    pub fn parse(pairs: &[String]) -> Result<Self, ParamError> {
        let mut params = Self::default();
        for pair in pairs {
            let (name, value) = pair.split_once('=').ok_or_else(|| ParamError::Form(pair.clone()))?;
            if params.set(name, value)?.is_some() {
                return Err(ParamError::Twice(name.to_owned()));
            }
        }
        Ok(params)
    }

    /// The same values for any number of queries, which need not use them all.
    pub fn at_prompt(mut self) -> Self {
        self.place = Place::Prompt;
        self
    }

    /// Values for parameters that are not given; a query need not use them.
    pub fn with_defaults(
        mut self,
        defaults: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.defaults = defaults.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self
    }

    /// Gives a parameter a value; `$` before its name may stand or not. The value before is given back.
    pub fn set(&mut self, name: &str, value: &str) -> Result<Option<String>, ParamError> {
        let plain = name.trim().trim_start_matches('$');
        if plain.is_empty() || !plain.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(ParamError::Form(format!("{name}={value}")));
        }
        Ok(self.given.insert(plain.to_owned(), value.trim().to_owned()))
    }

    /// Takes the value of a parameter away; whether it had one.
    pub fn unset(&mut self, name: &str) -> bool {
        self.given.remove(name.trim().trim_start_matches('$')).is_some()
    }

    /// The given values in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The query with every parameter replaced by its value.
    pub fn bind(&self, frame: DataFrame) -> Result<DataFrame, ParamError> {
        let used = used(&frame)?;
        let missing: Vec<String> = used
            .keys()
            .filter(|name| !self.given.contains_key(*name) && !self.defaults.contains_key(*name))
            .cloned()
            .collect();
        if let Some(first) = missing.first() {
            let how = match self.place {
                Place::CommandLine => format!("--param {first}=VALUE"),
                Place::Prompt => format!("\\set {first} VALUE"),
            };
            return Err(ParamError::Missing { names: missing, how });
        }
        let unknown: Vec<String> =
            self.given.keys().filter(|name| !used.contains_key(*name)).cloned().collect();
        if !unknown.is_empty() && self.place == Place::CommandLine {
            return Err(ParamError::Unknown { unknown, known: used.into_keys().collect() });
        }
        if used.is_empty() {
            return Ok(frame);
        }
        let mut values = Vec::new();
        for (name, wanted) in used {
            let text = self.given.get(&name).or_else(|| self.defaults.get(&name)).map_or("", String::as_str);
            values.push((name.clone(), value(&name, text, wanted.as_ref())?));
        }
        Ok(frame.with_param_values(values).map_err(SessionError::from)?)
    }
}

/// The parameters of a query, with their type where the query tells it.
fn used(frame: &DataFrame) -> Result<BTreeMap<String, Option<DataType>>, ParamError> {
    let plan = frame.logical_plan();
    let name = |id: &str| id.trim_start_matches('$').to_owned();
    // One parameter beside columns of two types is an error here, and none that matters.
    if let Ok(types) = plan.get_parameter_types() {
        return Ok(types.into_iter().map(|(id, kind)| (name(&id), kind)).collect());
    }
    let names = plan.get_parameter_names().map_err(SessionError::from)?;
    Ok(names.iter().map(|id| (name(id), None)).collect())
}

/// What a text means: null, true, false, a number, else itself. Quotes make anything a text, and so does
/// a column of text it is compared with, for a user may be called 17.
fn value(name: &str, text: &str, wanted: Option<&DataType>) -> Result<ScalarValue, ParamError> {
    if let Some(quoted) = unquoted(text) {
        return Ok(ScalarValue::from(quoted));
    }
    if text.eq_ignore_ascii_case("null") {
        return Ok(ScalarValue::Null);
    }
    if wanted.is_some_and(is_text) {
        return Ok(ScalarValue::from(text));
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Ok(ScalarValue::from(text.eq_ignore_ascii_case("true")));
    }
    if let Some(number) = number(text) {
        return Ok(number);
    }
    if wanted.is_some_and(DataType::is_numeric) {
        return Err(ParamError::NoNumber { name: name.to_owned(), value: text.to_owned() });
    }
    Ok(ScalarValue::from(text))
}

fn unquoted(text: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// A number; `007` and `inf` are none.
fn number(text: &str) -> Option<ScalarValue> {
    let digits = text.trim_start_matches(['-', '+']);
    let id = digits.len() > 1 && digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    if id || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let whole = text.parse::<i64>().ok().map(ScalarValue::from);
    whole.or_else(|| text.parse::<f64>().ok().filter(|v| v.is_finite()).map(ScalarValue::from))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::query::Session;

    async fn ask(sql: &str, params: &Params) -> Result<String, ParamError> {
        let session = Session::empty()?;
        let batch = RecordBatch::try_from_iter([
            ("user_id", Arc::new(StringArray::from(vec!["a", "17", "1e5"])) as ArrayRef),
            ("q", Arc::new(Float64Array::from(vec![Some(0.5), Some(0.01), None]))),
        ])
        .unwrap();
        session.batch("te", batch)?;
        let rows = params.bind(session.query(sql).await?)?.collect().await.map_err(SessionError::from)?;
        let cells = rows.iter().flat_map(|b| {
            (0..b.num_rows()).map(|i| arrow::util::display::array_value_to_string(b.column(0), i).unwrap())
        });
        Ok(cells.collect::<Vec<_>>().join(" "))
    }

    fn given(pairs: &[&str]) -> Params {
        Params::parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[tokio::test]
    async fn values_are_what_they_look_like() {
        for (written, kind, shown) in [
            ("1", "Int64", "1"),
            ("-0.5", "Float64", "-0.5"),
            ("5e-2", "Float64", "0.05"),
            ("true", "Boolean", "true"),
            ("FALSE", "Boolean", "false"),
            ("null", "Null", ""),
            ("a b", "Utf8", "a b"),
            ("'1'", "Utf8", "1"),
            ("\"null\"", "Utf8", "null"),
            ("007", "Utf8", "007"),
            ("inf", "Utf8", "inf"),
            ("", "Utf8", ""),
            ("a=b", "Utf8", "a=b"),
            ("'; drop table te", "Utf8", "'; drop table te"),
        ] {
            let params = given(&[&format!("x={written}")]);
            assert_eq!(ask("SELECT $x FROM te LIMIT 1", &params).await.unwrap(), shown, "{written}");
            assert_eq!(ask("SELECT arrow_typeof($x)", &params).await.unwrap(), kind, "{written}");
        }
    }

    #[tokio::test]
    async fn beside_a_column_of_text_a_number_is_a_text() {
        for user in ["17", "1e5", "'17'", "\"1e5\""] {
            let params = given(&[&format!("user={user}")]);
            let found = ask("SELECT user_id FROM te WHERE user_id = $user", &params).await;
            assert_eq!(found.unwrap(), user.trim_matches(['\'', '"']));
        }
        let found = ask("SELECT user_id FROM te WHERE q < $alpha", &given(&["$alpha=1"])).await;
        assert_eq!(found.unwrap(), "a 17");
        let params = given(&["a=0.5", "b=7", "n=1"]);
        let found = ask("SELECT user_id FROM te WHERE q IN ($a, $b) LIMIT $n", &params).await;
        assert_eq!(found.unwrap(), "a");
        let found = ask("SELECT round(q, $digits) FROM te WHERE user_id = 'a'", &given(&["digits=1"])).await;
        assert_eq!(found.unwrap(), "0.5");
        let found = ask("SELECT count(*) FROM (SELECT $1 AS x) WHERE x = $1", &given(&["1=5"])).await;
        assert_eq!(found.unwrap(), "1");
    }

    #[tokio::test]
    async fn missing_and_unknown_ones_are_named() {
        let error = async |sql, pairs: &[&str]| ask(sql, &given(pairs)).await.unwrap_err().to_string();
        insta::assert_snapshot!(error("SELECT 1 FROM te WHERE q < $alpha", &[]).await, @r"
        the query uses $alpha, which has no value
        (hint: give one with --param alpha=VALUE)
        ");
        insta::assert_snapshot!(error("SELECT $a, $b, $c", &["b=1"]).await, @r"
        the query uses $a and $c, which have no value
        (hint: give one with --param a=VALUE)
        ");
        insta::assert_snapshot!(error("SELECT $a, $b", &["a=1", "b=1", "c=1"]).await, @r"
        the query has no parameter $c
        (hint: it uses $a and $b)
        ");
        insta::assert_snapshot!(error("SELECT 1", &["alpha=1"]).await, @r"
        the query has no parameter $alpha
        (hint: it uses none)
        ");
        insta::assert_snapshot!(error("SELECT 1 FROM te WHERE q < $alpha", &["alpha=small"]).await, @"$alpha stands where a number belongs, and `small` is none");
        let prompt = ask("SELECT $a", &given(&["b=1"]).at_prompt()).await.unwrap_err().to_string();
        insta::assert_snapshot!(prompt, @r"
        the query uses $a, which has no value
        (hint: give one with \set a VALUE)
        ");
        let defaults = given(&[]).with_defaults([("alpha", "0.05"), ("other", "1")]);
        assert_eq!(ask("SELECT user_id FROM te WHERE q < $alpha", &defaults).await.unwrap(), "17");
    }

    #[test]
    fn pairs_have_a_name_and_a_value() {
        let parse = |pairs: &[&str]| {
            Params::parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).unwrap_err().to_string()
        };
        insta::assert_snapshot!(parse(&["alpha"]), @r"
        `alpha` is no parameter
        (hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)
        ");
        insta::assert_snapshot!(parse(&["a-b=1"]), @r"
        `a-b=1` is no parameter
        (hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)
        ");
        insta::assert_snapshot!(parse(&["a=1", "a=2"]), @"the parameter a is given twice");
    }
}
