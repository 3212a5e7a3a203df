//! Answers that the engine alone gets wrong, and what is refused in their place. Expected rows follow from the
//! standard, or were computed with another engine.

mod hinted;
mod mended;
mod refused;

use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::sql::{Session, SessionError};

/// Rows as text: columns apart by commas, rows by `|`, or the error.
async fn answer(sql: &str) -> Result<String, String> {
    let session = Session::empty().unwrap();
    let said = |error: SessionError| error.to_string();
    let frame = session.query(sql).await.map_err(said)?;
    let batches = frame.collect().await.map_err(|error| said(error.into()))?;
    let options = FormatOptions::new().with_null("null");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<ArrayFormatter> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            rows.push(cells.join(","));
        }
    }
    Ok(rows.join("|"))
}

async fn all_answer(expected: &[(&str, &str)]) {
    for (sql, rows) in expected {
        assert_eq!(answer(sql).await.as_deref(), Ok(*rows), "{sql}");
    }
}

/// Each is refused in words that hold the given ones, with a hint and without words of the engine.
async fn all_refused(expected: &[(&str, &str)]) {
    for (sql, words) in expected {
        let said = answer(sql).await.expect_err(sql);
        assert!(said.contains(words) && said.contains("(hint:"), "{sql}: {said}");
        for inside in [
            "Arrow error",
            "Physical plan",
            "not implemented",
            "Internal",
            "datafusion",
            "InSubquery(",
            "Int64",
            "Utf8",
            "Float64",
        ] {
            assert!(!said.contains(inside), "{sql}: {said}");
        }
    }
}

/// Each is refused with a hint that holds the given words.
async fn all_hinted(expected: &[(&str, &str)]) {
    for (sql, words) in expected {
        let said = answer(sql).await.expect_err(sql);
        let hint = said.split_once("\n(hint: ").unwrap_or_else(|| panic!("{sql}: {said}")).1;
        assert!(hint.contains(words), "{sql}: {said}");
    }
    all_refused(&expected.iter().map(|(sql, _)| (*sql, "")).collect::<Vec<_>>()).await;
}
