//! A configuration made ready to read users with.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use arrow::buffer::NullBuffer;

use super::clock;
use super::error::DatasetError;
use super::expression::{Compiler, Expression};
use super::frame::UserFrame;
use super::inputs::{UserInput, read_table};
use super::place::Lines;
use super::prepare;
use super::rules::Rules;
use super::series::Series;
use super::shared::SharedFiles;
use super::table::{Column, Needed, Values, nearest};
use crate::config::Config;

/// Compiled expressions and settings: reads users and makes their series.
///
/// Made once a process; shared by threads.
#[derive(Debug)]
pub struct Recipe {
    config: Config,
    /// All columns that some expression names, sorted.
    needed: Vec<Needed>,
    timestamp: Option<Expression>,
    target: Expression,
    condition: Option<Expression>,
    sources: BTreeMap<String, Expression>,
    shared: SharedFiles,
    rules: Rules,
}

/// The needed columns of one user.
struct UserColumns {
    lines: Lines,
    columns: Vec<Result<ArrayRef, DatasetError>>,
    fingerprint: String,
}

impl Recipe {
    /// Compiles the expressions of `config`; every error here is the configuration's.
    pub fn new(config: &Config) -> Result<Self, DatasetError> {
        let data = &config.data;
        let compiler = Compiler::new(&data.text_columns, clock::zone(data));
        let mut sources = BTreeMap::new();
        for mode in &config.feature_modes {
            let sql = data.sources.get(mode).ok_or_else(|| unknown_mode(mode, &data.sources))?;
            // One expression stands under the key itself.
            let setting = match data.sources.len() {
                1 => "data.source".to_owned(),
                _ => format!("data.source.{mode}"),
            };
            sources.insert(mode.clone(), compiler.compile(&setting, sql)?);
        }
        let optional = |setting: &str, sql: &Option<String>| {
            sql.as_ref().map(|sql| compiler.compile(setting, sql)).transpose()
        };
        let mut recipe = Self {
            needed: Vec::new(),
            timestamp: optional("data.timestamp", &data.timestamp)?,
            target: compiler.compile("data.target", &data.target)?,
            condition: optional("data.condition", &data.condition)?,
            sources,
            shared: SharedFiles::default(),
            rules: Rules::new(&data.reading),
            config: config.clone(),
        };
        let all = recipe.sources.values().chain(&recipe.timestamp).chain(&recipe.condition);
        recipe.needed =
            all.chain([&recipe.target]).flat_map(|expression| expression.columns().iter().cloned()).collect();
        recipe.needed.sort();
        recipe.needed.dedup();
        Ok(recipe)
    }

    /// Names of the input columns that are parsed, sorted.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.needed.iter().map(|column| column.name.as_str())
    }

    /// The clock on the users' wall.
    pub(super) fn wall_clock(&self) -> clock::WallClock {
        clock::WallClock::of(&self.config.data)
    }

    /// Reads a user's rows once for all feature modes.
    ///
    /// An error concerns all modes; what concerns one of them is in [`UserFrame::sources`].
    pub fn read(&self, input: &UserInput) -> Result<UserFrame, DatasetError> {
        let user = self.read_columns(input)?;
        let optional = |expression: &Option<Expression>| {
            expression.as_ref().map(|expression| self.evaluate(expression, &user)).transpose()
        };
        let timestamp = optional(&self.timestamp)?;
        let condition = optional(&self.condition)?;
        let target = self.evaluate(&self.target, &user)?;
        let sources = self
            .sources
            .iter()
            .map(|(mode, expression)| (mode.clone(), self.evaluate(expression, &user)))
            .collect();
        Ok(UserFrame {
            id: input.id.clone(),
            timestamp,
            target,
            condition,
            sources,
            fingerprint: user.fingerprint,
            lines: user.lines,
        })
    }

    /// The series of one feature mode.
    pub fn series(&self, frame: &UserFrame, mode: &str) -> Result<Series, DatasetError> {
        let source = match frame.sources.get(mode) {
            Some(Ok(source)) => source,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err(unknown_mode(mode, &self.config.data.sources)),
        };
        prepare::series(&self.config, frame, source)
    }

    /// Values of an expression for a user.
    fn evaluate(&self, expression: &Expression, user: &UserColumns) -> Result<Vec<f64>, DatasetError> {
        let column = |column: &Needed| match self.needed.binary_search(column) {
            Ok(index) => user.columns[index].clone(),
            // Every column of every expression is in `needed`.
            Err(_) => Ok(Arc::new(Float64Array::new_null(user.lines.len())) as ArrayRef),
        };
        let columns: Result<Vec<ArrayRef>, _> = expression.columns().iter().map(column).collect();
        expression.evaluate(&columns?, user.lines.len()).map_err(|failure| DatasetError::Evaluation {
            setting: expression.setting().to_owned(),
            sql: expression.sql(),
            place: user.lines.at(failure.row).to_string(),
            reason: failure.reason,
        })
    }

    /// The needed columns of a user.
    fn read_columns(&self, input: &UserInput) -> Result<UserColumns, DatasetError> {
        let table = match (&self.config.data.user, input.files.first()) {
            (Some(column), Some(path)) if input.unread => {
                let odd = read_table(path, &[], Some(column), &self.rules)?.odd;
                let recovered = || DatasetError::Recovered { file: super::open::shown(path) };
                return Err(odd.map_or_else(recovered, |(_, first)| first));
            }
            (Some(column), _) => self.shared.rows_of(input, &self.needed, column, &self.rules)?,
            (None, Some(path)) => read_table(path, &self.needed, None, &self.rules)?,
            (None, None) => {
                return Err(DatasetError::UserGone { id: input.id.clone() });
            }
        };
        let columns = table.columns.into_iter();
        Ok(UserColumns {
            lines: table.lines,
            columns: columns.map(|column| arrow_column(column?)).collect(),
            fingerprint: table.fingerprint,
        })
    }
}

/// A column for the expressions, or the first thing wrong in it.
fn arrow_column(column: Column) -> Result<ArrayRef, DatasetError> {
    if let Some(error) = column.bad.into_values().next() {
        return Err(error);
    }
    Ok(match column.values {
        Values::Numbers(numbers) => {
            // Null rather than NaN: SQL's `coalesce`, `IS NULL` and comparisons then do what they say.
            let present: NullBuffer = numbers.iter().map(|number| !number.is_nan()).collect();
            Arc::new(Float64Array::new(numbers.into(), Some(present)))
        }
        Values::Text(texts) => Arc::new(StringArray::from(texts)),
    })
}

/// The error for a feature mode that no expression belongs to.
fn unknown_mode(mode: &str, sources: &BTreeMap<String, String>) -> DatasetError {
    DatasetError::UnknownMode {
        mode: mode.to_owned(),
        known: sources.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        nearest: nearest(mode, sources.keys().map(String::as_str)),
    }
}

#[cfg(test)]
mod tests;
