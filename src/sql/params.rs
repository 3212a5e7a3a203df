//! Parameters of queries: `$alpha` in the SQL, and its value beside it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, LogicalPlan};
use thiserror::Error;

use super::error::SessionError;
use crate::queries::ParamDefault;
use crate::trees::each_step;

/// Values of parameters that do not fit a query.
#[derive(Debug, Error)]
pub enum ParamError {
    /// Not `NAME=VALUE`.
    #[error(
        "`{0}` isn't a parameter\n(hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)"
    )]
    Form(String),
    /// One name, two values.
    #[error("the parameter {0} is given twice")]
    Twice(String),
    /// `?` or `:name`, which no value can be given to.
    #[error("a parameter is written ${name} here, and not {written}\n(hint: write ${name}{how})")]
    Sign {
        /// What stands in the query.
        written: String,
        /// What would be read.
        name: String,
        /// How to give it a value.
        how: String,
    },
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
    #[error("${name} must be a number, and `{value}` isn't one")]
    NoNumber {
        /// Name of the parameter.
        name: String,
        /// What was given.
        value: String,
    },
    /// A number, or something else, that it may not be.
    #[error("${name} is `{value}`, and must be a number from {least} to {most}")]
    OutOfRange {
        /// Name of the parameter.
        name: String,
        /// What was given.
        value: String,
        /// The smallest number.
        least: f64,
        /// The largest number.
        most: f64,
    },
    /// The engine refused.
    #[error(transparent)]
    Session(#[from] SessionError),
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_of_name)
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
    /// Bound by a program.
    Program,
}

/// Values of parameters, as they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params {
    given: BTreeMap<String, String>,
    defaults: BTreeMap<String, ParamDefault>,
    /// Values with their types, in order.
    typed: Vec<(String, ScalarValue)>,
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
    #[must_use]
    pub fn at_prompt(mut self) -> Self {
        self.place = Place::Prompt;
        self
    }

    /// The values of the one row of a batch, each called like its column: as a program binds them.
    ///
    /// # Errors
    /// A value cannot be read.
    pub fn bound(row: &RecordBatch) -> Result<Self, ParamError> {
        let mut typed = Vec::new();
        for (field, column) in row.schema().fields().iter().zip(row.columns()) {
            let value = ScalarValue::try_from_array(column, 0).map_err(SessionError::from)?;
            typed.push((field.name().trim_start_matches('$').to_owned(), value));
        }
        Ok(Self { typed, place: Place::Program, ..Self::default() })
    }

    /// Values for parameters that are not given; a query need not use them.
    #[must_use]
    pub fn with_defaults(mut self, defaults: impl IntoIterator<Item = impl Into<ParamDefault>>) -> Self {
        self.defaults =
            defaults.into_iter().map(Into::into).map(|own: ParamDefault| (own.name.clone(), own)).collect();
        self
    }

    /// Gives a parameter a value; `$` before its name may stand or not. The value before is given back.
    pub fn set(&mut self, name: &str, value: &str) -> Result<Option<String>, ParamError> {
        let plain = name.trim().trim_start_matches('$');
        if !is_name(plain) {
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

    /// All values as they were written, each once, for another process; those that a program has bound are none of these.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let defaults = self.defaults.iter().map(|(name, own)| (name, &own.value));
        let all: BTreeMap<&String, &String> = defaults.chain(&self.given).collect();
        all.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.defaults.contains_key(name)
    }

    /// Values with their types by the parameters of a query: where these are numbers by their place, whatever a program
    /// calls them, else by their name.
    fn typed(&self, used: &BTreeMap<String, Option<DataType>>) -> BTreeMap<String, ScalarValue> {
        let numbers: Option<Vec<usize>> = used.keys().map(|name| name.parse().ok()).collect();
        let last = numbers.and_then(|numbers| numbers.into_iter().max());
        let named = self.typed.iter().enumerate().map(|(place, (name, value))| {
            (last.map_or_else(|| name.clone(), |_| (place + 1).to_string()), value.clone())
        });
        let mut typed: BTreeMap<String, ScalarValue> = named.collect();
        // `$2` alone has a first one too, of which nothing is said.
        typed.retain(|name, _| {
            used.contains_key(name)
                || !name.parse().is_ok_and(|place: usize| last.is_some_and(|last| place < last))
        });
        typed
    }

    /// How to give a parameter a value.
    fn how(&self, name: &str) -> String {
        match self.place {
            Place::CommandLine => format!("--param {name}=VALUE"),
            Place::Prompt => format!("\\set {name} VALUE"),
            Place::Program => "a value for each, in order or by name".into(),
        }
    }

    /// The query with every parameter replaced by its value.
    pub fn bind(&self, frame: DataFrame) -> Result<DataFrame, ParamError> {
        let used = used(&frame)?;
        let typed = self.typed(&used);
        let has = |name: &String| typed.contains_key(name) || self.has(name);
        let missing: Vec<String> = used.keys().filter(|name| !has(name)).cloned().collect();
        if let Some(written) = missing.iter().find(|name| !is_name(name)) {
            let name = written.trim_start_matches(|c: char| !is_of_name(c));
            let name = if name.is_empty() { "name" } else { name };
            let how = match self.place {
                Place::Program => String::new(),
                _ => format!(" in its place, and give it a value with {}", self.how(name)),
            };
            return Err(ParamError::Sign { written: written.clone(), name: name.to_owned(), how });
        }
        if let Some(first) = missing.first() {
            let how = self.how(first);
            return Err(ParamError::Missing { names: missing, how });
        }
        let unknown: Vec<String> =
            self.given.keys().chain(typed.keys()).filter(|name| !used.contains_key(*name)).cloned().collect();
        if !unknown.is_empty() && self.place != Place::Prompt {
            return Err(ParamError::Unknown { unknown, known: used.into_keys().collect() });
        }
        if used.is_empty() {
            return Ok(frame);
        }
        let mut values = Vec::new();
        for (name, wanted) in used {
            if let Some(value) = typed.get(&name) {
                values.push((name, value.clone()));
                continue;
            }
            let default = self.defaults.get(&name);
            let given = self.given.get(&name);
            let text = given.or(default.map(|own| &own.value)).map_or("", String::as_str);
            let value = value(&name, text, wanted.as_ref())?;
            if let Some(own) = default.filter(|own| given.is_some_and(|given| *given != own.value)) {
                own.check(text, &value)?;
            }
            values.push((name, value));
        }
        Ok(frame.with_param_values(values).map_err(SessionError::from)?)
    }
}

impl ParamDefault {
    /// Refuses what is not in its range, if it has one.
    fn check(&self, text: &str, value: &ScalarValue) -> Result<(), ParamError> {
        let Some((least, most)) = self.range else { return Ok(()) };
        let number = match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(Some(number))) if value.data_type().is_numeric() => number,
            _ => f64::NAN,
        };
        if (least..=most).contains(&number) {
            return Ok(());
        }
        Err(ParamError::OutOfRange { name: self.name.clone(), value: text.to_owned(), least, most })
    }
}

/// The parameters of a query in order, numbers before names, with their type where the query tells it.
///
/// # Errors
/// The engine refuses.
pub fn parameters(frame: &DataFrame) -> Result<Vec<(String, Option<DataType>)>, ParamError> {
    let mut all: Vec<_> = used(frame)?.into_iter().collect();
    all.sort_by_key(|(name, _)| (name.parse::<u64>().unwrap_or(u64::MAX), name.clone()));
    Ok(all)
}

/// The parameters of a query, with their type where the query tells it.
fn used(frame: &DataFrame) -> Result<BTreeMap<String, Option<DataType>>, ParamError> {
    let plan = frame.logical_plan();
    let name = |id: &str| id.trim_start_matches('$').to_owned();
    // One parameter beside columns of two types is an error here, and none that matters.
    if let Ok(types) = plan.get_parameter_types() {
        let mut types: BTreeMap<String, Option<DataType>> =
            types.into_iter().map(|(id, kind)| (name(&id), kind)).collect();
        for id in of_limits(plan)? {
            types.insert(name(&id), Some(DataType::Int64));
        }
        return Ok(types);
    }
    let names = plan.get_parameter_names().map_err(SessionError::from)?;
    Ok(names.iter().map(|id| (name(id), None)).collect())
}

/// Parameters that stand for a number of rows, of which the engine does not tell a type.
fn of_limits(plan: &LogicalPlan) -> Result<Vec<String>, SessionError> {
    let mut found = Vec::new();
    each_step(plan, &mut |node| {
        if let LogicalPlan::Limit(limit) = node {
            for rows in [&limit.skip, &limit.fetch].into_iter().flatten() {
                rows.apply(|part| {
                    if let Expr::Placeholder(parameter) = part {
                        found.push(parameter.id.clone());
                    }
                    Ok(TreeNodeRecursion::Continue)
                })?;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
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
        return Ok(if wanted.is_some_and(DataType::is_integer) { whole(number) } else { number });
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
    let whole = whole.or_else(|| text.parse::<u64>().ok().map(ScalarValue::from));
    whole.or_else(|| text.parse::<f64>().ok().filter(|v| v.is_finite()).map(ScalarValue::from))
}

/// `12.0` and `1.2e1` are whole numbers where one is wanted.
fn whole(number: ScalarValue) -> ScalarValue {
    match number {
        ScalarValue::Float64(Some(v)) if v.fract() == 0.0 && v.abs() <= EXACT => ScalarValue::from(v as i64),
        other => other,
    }
}

/// Largest whole number up to which a double holds each.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}
