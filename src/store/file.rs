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
    /// The user.
    pub user_id: &'a str,
    /// The feature mode.
    pub feature_mode: &'a str,
    /// The attempt.
    pub attempt: &'a str,
    /// Name of the schema.
    pub schema: &'a str,
    /// Version of the schema.
    pub schema_version: u32,
    /// Fingerprint of the configuration.
    pub config_fingerprint: &'a str,
}

impl Footer<'_> {
    fn entries(&self) -> Vec<KeyValue> {
        [
            ("results.run_id", self.run_id.to_owned()),
            ("results.user_id", self.user_id.to_owned()),
            ("results.feature_mode", self.feature_mode.to_owned()),
            ("results.attempt", self.attempt.to_owned()),
            ("results.schema", self.schema.to_owned()),
            ("results.schema_version", self.schema_version.to_string()),
            ("results.config_fingerprint", self.config_fingerprint.to_owned()),
        ]
        .into_iter()
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
        .collect()
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
