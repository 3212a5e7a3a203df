//! What to do about refusals of the engine that say little by themselves.

use crate::error::Failure;
use crate::sql::SessionError;

/// The error with a hint, if there is one.
pub(in crate::cli) fn told(error: SessionError) -> Failure {
    let said = error.to_string();
    match better(&said) {
        Some(text) => Failure::error(text),
        None => Failure::error(error),
    }
}

fn better(said: &str) -> Option<String> {
    if ["DDL not supported", "DML not supported", "Statement not supported"]
        .iter()
        .any(|s| said.starts_with(s))
    {
        return Some(format!(
            "{said}\n(hint: queries only read here; `results sql --output FILE` writes the rows of one to a file)"
        ));
    }
    if ["Object Store error", "Parquet error", "ParquetError"].iter().any(|word| said.contains(word)) {
        let cause = said.replace("Object Store error: ", "").replace("Parquet error: ", "");
        return Some(format!(
            "a data file cannot be read: {cause}\n(hint: `results validate DIR` names each that is damaged, and \
             `results run --resume RUN_DIR` makes those of a run again, `results merge` those of an output)"
        ));
    }
    None
}
