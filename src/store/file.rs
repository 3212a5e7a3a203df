//! Rows as a Parquet file that explains itself.

use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::StoreError;

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
}

impl Footer<'_> {
    fn entries(&self) -> Vec<KeyValue> {
        let mut entries = vec![
            ("results.run_id", self.run_id.to_owned()),
            ("results.schema", self.schema.to_owned()),
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
        }
        entries.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
    }
}

/// The batch as the bytes of a Parquet file. No rows still give a valid file with its schema.
pub fn parquet_bytes(batch: &RecordBatch, footer: Option<&Footer<'_>>) -> Result<Vec<u8>, StoreError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(footer.map(Footer::entries))
        .set_created_by(format!("results version {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}
