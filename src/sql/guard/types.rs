//! Types, which the engine has names of its own for.

/// Names of types as SQL has them.
const TYPES: &[(&str, &str)] = &[
    ("Timestamp(", "TIMESTAMP"),
    ("Utf8View", "text"),
    ("LargeUtf8", "text"),
    ("Utf8", "text"),
    ("Int8", "TINYINT"),
    ("Int16", "SMALLINT"),
    ("Int32", "INT"),
    ("Int64", "BIGINT"),
    ("UInt64", "BIGINT UNSIGNED"),
    ("Float32", "REAL"),
    ("Float64", "DOUBLE"),
    ("Boolean", "BOOLEAN"),
    ("Date32", "DATE"),
    ("Decimal128", "DECIMAL"),
];

pub(super) fn type_in(text: &str) -> &str {
    TYPES.iter().find(|(engine, _)| text.contains(engine)).map_or("the type asked for", |(_, sql)| sql)
}

/// The text with types as SQL has them.
pub(super) fn in_sql(text: &str) -> String {
    let mut told = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let known = TYPES.iter().find(|(engine, _)| engine.trim_end_matches('(') == word);
        told += known.map_or(word, |(_, sql)| sql);
        told += &part[word.len()..];
    }
    told
}
