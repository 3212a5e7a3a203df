//! What to do about refusals of the engine that say little by themselves.

use crate::error::Failure;
use crate::sql::SessionError;

/// The error with a hint, if there is one.
pub(super) fn told(error: SessionError) -> Failure {
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
    if let Some(name) = ["bh_qvalue", "by_qvalue"].iter().find(|n| said.contains(&format!("function '{n}'")))
    {
        return Some(format!(
            "{name} needs to know which tests belong together\n(hint: {name}(p) OVER (PARTITION BY tau), or OVER () for all rows)"
        ));
    }
    if said.contains("Physical plan does not support logical expression WindowFunction") {
        return Some(
            "a function with OVER cannot stand there\n(hint: QUALIFY in place of WHERE can have it)".into(),
        );
    }
    None
}
