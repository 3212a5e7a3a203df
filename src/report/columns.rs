//! Arrow's rows as what plots draw and pages show.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::export::CsvWriter;
use crate::plot::{Rows, Values, moment, short};

/// Rows of a query.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Found {
    /// Of batches of a schema.
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The rows as they came.
    pub(crate) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// Whether each column is one of numbers.
    pub(crate) fn kinds(&self) -> Vec<bool> {
        self.schema.fields().iter().map(|field| field.data_type().is_numeric()).collect()
    }

    /// The first rows as texts; what has no value is empty.
    pub(crate) fn texts(&self, most: usize) -> Result<Vec<Vec<String>>, ArrowError> {
        let columns = self.columns()?;
        let all: Vec<Option<&Values>> = self.names().into_iter().map(|name| columns.column(name)).collect();
        let cell =
            |values: Option<&Values>, row: usize| values.map_or_else(String::new, |values| text(values, row));
        let row = |row: usize| all.iter().map(|values| cell(*values, row)).collect();
        Ok((0..columns.len().min(most)).map(row).collect())
    }

    /// The number of a column in the first row.
    pub(crate) fn first(&self, name: &str) -> Option<f64> {
        match self.columns().ok()?.column(name)? {
            Values::Numbers(values) => values.first().copied().flatten(),
            _ => None,
        }
    }

    /// As a plot takes them.
    pub(crate) fn columns(&self) -> Result<Rows, ArrowError> {
        let mut columns = Vec::new();
        for (at, name) in self.names().into_iter().enumerate() {
            let arrays: Vec<&ArrayRef> = self.batches.iter().map(|batch| batch.column(at)).collect();
            columns.push((name.to_owned(), values(self.schema.field(at).data_type(), &arrays)?));
        }
        Ok(Rows::new(columns))
    }

    /// As CSV, like `sql --format csv` writes it.
    pub(crate) fn csv(&self) -> Result<String, std::io::Error> {
        let mut out = Vec::new();
        let mut csv = CsvWriter::new(&mut out, &self.names())?;
        for batch in &self.batches {
            csv.write(batch)?;
        }
        String::from_utf8(out).map_err(std::io::Error::other)
    }

    /// The same rows with every text replaced by what `change` makes of its column's name and itself.
    pub(crate) fn with_texts(&self, change: impl Fn(&str, &str) -> String) -> Result<Self, ArrowError> {
        let is_text = |kind: &DataType| {
            matches!(
                kind,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..)
            )
        };
        let fields = self.schema.fields().iter().map(|field| {
            let field = field.as_ref().clone();
            if is_text(field.data_type()) { field.with_data_type(DataType::Utf8) } else { field }
        });
        let fields: Vec<_> = fields.collect();
        let schema = SchemaRef::new(arrow::datatypes::Schema::new(fields));
        let mut batches = Vec::new();
        for batch in &self.batches {
            let mut columns = Vec::new();
            for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
                columns.push(if is_text(column.data_type()) {
                    let texts = cast(column, &DataType::Utf8)?;
                    let changed = |text: Option<&str>| text.map(|text| change(field.name(), text));
                    let changed = texts.as_string::<i32>().iter().map(changed);
                    std::sync::Arc::new(changed.collect::<arrow::array::StringArray>()) as ArrayRef
                } else {
                    ArrayRef::clone(column)
                });
            }
            batches.push(RecordBatch::try_new(SchemaRef::clone(&schema), columns)?);
        }
        Ok(Self { schema, batches })
    }
}

fn values(kind: &DataType, arrays: &[&ArrayRef]) -> Result<Values, ArrowError> {
    match kind {
        DataType::Null => {
            let rows = arrays.iter().map(arrow::array::Array::len).sum();
            Ok(Values::Numbers(vec![None; rows]))
        }
        kind if kind.is_numeric() => {
            let mut all = Vec::new();
            for array in arrays {
                let numbers = cast(array, &DataType::Float64)?;
                all.extend(numbers.as_primitive::<Float64Type>().iter());
            }
            Ok(Values::Numbers(all))
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let mut all = Vec::new();
            for array in arrays {
                let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                all.extend(times.as_primitive::<TimestampMicrosecondType>().iter());
            }
            Ok(Values::Times(all))
        }
        _ => {
            let mut all = Vec::new();
            for array in arrays {
                let texts = cast(array, &DataType::Utf8)?;
                all.extend(texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
            }
            Ok(Values::Texts(all))
        }
    }
}

fn text(values: &Values, row: usize) -> String {
    match values {
        Values::Numbers(values) => values[row].map(short).unwrap_or_default(),
        Values::Texts(texts) => texts[row].clone().unwrap_or_default(),
        Values::Times(times) => times[row].map(moment).unwrap_or_default(),
    }
}
