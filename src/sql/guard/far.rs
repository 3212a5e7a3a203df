//! What a store says while a query reads from it.

use std::error::Error;

use datafusion::error::DataFusionError;

use crate::error::chain;
use crate::store::StorageError;

/// What a store says that a file is read from, which is in words already.
pub(super) fn of_a_store(error: &DataFusionError) -> Option<String> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(told) = error.downcast_ref::<StorageError>() {
            return Some(chain(told));
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_below_whatever_the_engine_puts_around_it() {
        let source = std::io::Error::other("the store says no");
        let said = StorageError { action: "read", path: "s3://bucket/run/te/a".into(), source };
        let told = object_store::Error::Generic { store: "S3", source: Box::new(said) };
        let error = DataFusionError::from(parquet::errors::ParquetError::External(Box::new(told)));
        let error = error.context("while it scans").context("and again");
        let words = "cannot read s3://bucket/run/te/a: the store says no";
        assert_eq!(of_a_store(&error).as_deref(), Some(words));
        assert_eq!(super::super::words::plain(&error), words);
        assert_eq!(of_a_store(&DataFusionError::Plan("a".into())), None);
    }
}
