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
            sources.insert(mode.clone(), compiler.compile(&format!("data.sources.{mode}"), sql)?);
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
                read_table(path, &[], Some(column), &self.rules)?;
                return Err(DatasetError::Recovered { file: super::open::shown(path) });
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
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray,
    };
    use parquet::arrow::ArrowWriter;

    use super::super::testing::small;
    use super::{Config, DatasetError, Recipe, UserFrame};
    use crate::dataset::inputs;

    /// Reads all users of a folder.
    fn read(folder: &Path, config: &mut Config) -> Vec<Result<UserFrame, DatasetError>> {
        config.data_root = folder.to_str().unwrap().to_owned();
        config.data.files = "*".to_owned();
        let recipe = Recipe::new(config).unwrap();
        inputs(config).unwrap().iter().map(|input| recipe.read(input)).collect()
    }

    #[test]
    fn shared_files_give_each_user_their_rows() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.csv"), "who,time,x,y\na,0,1,0\nb,0,oops,0\na,60,0,1\n").unwrap();
        std::fs::write(folder.path().join("2.csv"), "y,x,time,who\n1,2,120,a\n").unwrap();
        let mut config = small();
        config.data.user = Some("who".to_owned());
        let users = read(folder.path(), &mut config);
        let a = users[0].as_ref().unwrap();
        assert_eq!(a.sources["m"], Ok(vec![1.0, 0.0, 2.0]));
        assert_eq!((a.lines.as_slice(), a.rows()), (&[2, 4, 2][..], 3));
        let b = users[1].as_ref().unwrap();
        assert_eq!(b.sources["m"].as_ref().unwrap_err().code(), "not_a_number");
        assert_eq!(inputs(&config).unwrap()[0].fingerprint().unwrap(), a.fingerprint);
    }

    #[test]
    fn a_column_of_one_mode_fails_only_that_mode() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("u.csv"), "time,x,y\n0,1,0\n60,0,1\n").unwrap();
        let mut config = small();
        config.data.sources.insert("n".to_owned(), "x + xx".to_owned());
        config.feature_modes.push("n".to_owned());
        let users = read(folder.path(), &mut config);
        let recipe = Recipe::new(&config).unwrap();
        let user = users[0].as_ref().unwrap();
        assert_eq!(recipe.series(user, "m").unwrap().source, [1, 0]);
        assert_eq!(recipe.series(user, "n").unwrap_err().code(), "missing_column");
        assert_eq!(recipe.series(user, "nn").unwrap_err().code(), "unknown_mode");
        assert_eq!(recipe.columns().collect::<Vec<_>>(), ["time", "x", "xx", "y"]);
    }

    #[test]
    fn text_and_truth_in_expressions() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("u.csv"), "time,x,y\n0,1,sit\n60,,walk\n120,3,\n").unwrap();
        let mut config = small();
        config.data.text_columns = vec!["y".to_owned()];
        config.data.target = "y = 'sit'".to_owned();
        config.data.sources = [("m".to_owned(), "coalesce(x, 9)".to_owned())].into();
        let users = read(folder.path(), &mut config);
        let user = users[0].as_ref().unwrap();
        assert_eq!(user.sources["m"], Ok(vec![1.0, 9.0, 3.0]));
        assert_eq!(&user.target[..2], [1.0, 0.0]);
        assert!(user.target[2].is_nan());
    }

    /// Writes a Parquet file of three rows.
    fn parquet_file(path: &Path) {
        let columns: [(&str, ArrayRef); 4] = [
            ("time", Arc::new(TimestampMillisecondArray::from(vec![0, 1500, 3000]))),
            ("x", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
            ("unneeded", Arc::new(StringArray::from(vec!["p", "q", "r"]))),
            ("y", Arc::new(BooleanArray::from(vec![true, false, true]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    #[test]
    fn parquet_columns_become_numbers() {
        let folder = tempfile::tempdir().unwrap();
        parquet_file(&folder.path().join("u.parquet"));
        let users = read(folder.path(), &mut small());
        let user = users[0].as_ref().unwrap();
        assert_eq!(user.timestamp.as_deref(), Some(&[0.0, 1.5, 3.0][..]));
        assert_eq!((user.target.as_slice(), user.lines.as_slice()), (&[1.0, 0.0, 1.0][..], &[1, 2, 3][..]));
        let source = user.sources["m"].as_ref().unwrap();
        assert!(source[1].is_nan() && source[2] > 2.0);
    }

    #[test]
    fn damaged_parquet_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.parquet");
        parquet_file(&path);
        let whole = std::fs::read(&path).unwrap();
        for cut in [4, 10, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert_eq!(read(folder.path(), &mut small())[0].as_ref().unwrap_err().code(), "corrupt");
        }
        // A changed byte may or may not matter; it must not panic.
        let recipe = Recipe::new(&small()).unwrap();
        let input = crate::dataset::UserInput {
            id: "u".to_owned(),
            files: vec![path.clone()],
            bytes: 0,
            unread: false,
        };
        for at in 4..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x55;
            std::fs::write(&path, &changed).unwrap();
            let _ = recipe.read(&input);
        }
    }

    #[test]
    fn a_configuration_is_refused_before_any_user_is_read() {
        let mut config = small();
        config.data.target = "y +".to_owned();
        assert!(Recipe::new(&config).unwrap_err().is_config());
        let mut config = small();
        config.feature_modes = vec!["mm".to_owned()];
        let error = Recipe::new(&config).unwrap_err();
        assert!(error.is_config() && error.to_string().starts_with("unknown feature mode `mm`"));
    }
}
