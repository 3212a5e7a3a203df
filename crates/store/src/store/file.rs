//! Rows as a Parquet file that explains itself.

use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::error::StoreError;
use crate::schema::is_name;

/// Under which the footer of a file says of which table its rows are.
pub const SCHEMA_SAID: &str = "results.schema";

/// Under which the footer of a file of the ledger says who made its name void.
pub(super) const VOID: &str = "results.void";

/// What the footer of every file of a run says, under keys that start with `results.`.
#[derive(Debug, Clone)]
pub struct Footer<'a> {
    /// The run.
    pub run_id: &'a str,
    /// Whose rows it has.
    pub rows_of: RowsOf<'a>,
    /// Name of the schema.
    pub schema: &'a str,
    /// Version of the schema.
    pub schema_version: u32,
    /// Fingerprint of the configuration.
    pub config_fingerprint: &'a str,
}

/// Whose rows a file has.
#[derive(Debug, Clone, Copy)]
pub enum RowsOf<'a> {
    /// One unit's; user and attempt are told by the file's path.
    Unit {
        /// The user.
        user_id: &'a str,
        /// The feature mode.
        feature_mode: &'a str,
        /// The attempt.
        attempt: &'a str,
    },
    /// Those of units that were committed together; user and attempt are columns.
    Group {
        /// Name of the group.
        group: &'a str,
        /// How many units.
        units: usize,
    },
    /// None: it is there so that nobody else makes it.
    Nobody {
        /// Who made it.
        void: &'a str,
    },
}

impl Footer<'_> {
    fn entries(&self) -> Vec<KeyValue> {
        let mut entries = vec![
            ("results.run_id", self.run_id.to_owned()),
            (SCHEMA_SAID, self.schema.to_owned()),
            ("results.schema_version", self.schema_version.to_string()),
            ("results.config_fingerprint", self.config_fingerprint.to_owned()),
        ];
        match self.rows_of {
            RowsOf::Unit { user_id, feature_mode, attempt } => entries.extend([
                ("results.user_id", user_id.to_owned()),
                ("results.feature_mode", feature_mode.to_owned()),
                ("results.attempt", attempt.to_owned()),
            ]),
            RowsOf::Group { group, units } => {
                entries.extend([("results.group", group.to_owned()), ("results.units", units.to_string())]);
            }
            RowsOf::Nobody { void } => entries.push((VOID, void.to_owned())),
        }
        entries.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
    }
}

/// Rows of a page: what a reader holds of each column of each file at once.
const PAGE_ROWS: usize = 4096;

/// Rows up to which a unit's file is made for being opened quickly, among thousands of its kind.
pub const SMALL: usize = 1024;

/// The batch as the bytes of a Parquet file. No rows still give a valid file with its schema.
pub fn parquet_bytes(batch: &RecordBatch, footer: Option<&Footer<'_>>) -> Result<Vec<u8>, StoreError> {
    let of_unit = footer.is_some_and(|footer| matches!(footer.rows_of, RowsOf::Unit { .. }));
    let properties = if of_unit && batch.num_rows() <= SMALL { small() } else { of_many(&batch.schema()) };
    let properties = properties
        .set_key_value_metadata(footer.map(Footer::entries))
        .set_created_by(format!("results version {}", env!("CARGO_PKG_VERSION")))
        .build();
    // The types of Parquet say enough; Arrow's own copy of them would be most of a small file.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(of_unit);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}

/// One page a column, as it is: of few rows, dictionaries, statistics and compression take more time than they save.
fn small() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
}

/// How rows of many users are written.
pub fn of_many(columns: &Schema) -> WriterPropertiesBuilder {
    // Values that hardly repeat: a dictionary of them is as long as the column, and a reader has to hold it.
    let is_own = |field: &Field| *field.data_type() == DataType::Float64 || is_name(field.name());
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_data_page_row_count_limit(PAGE_ROWS);
    columns.fields().iter().filter(|field| is_own(field)).fold(properties, |properties, field| {
        properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), false)
    })
}
