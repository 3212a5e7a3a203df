//! What a client accepts (`Accept`), with how much it likes each.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use super::send::kind_of;
use crate::serve::answer::Format;

/// The format that a client likes best; of equals the usual one, then the one that it names first.
pub(super) fn accepted(heads: &HeaderMap, usual: Format) -> Format {
    let sent = heads.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = sent.flat_map(|value| value.split(',')).map(range).collect();
    let all = std::iter::once(usual).chain(Format::ALL.iter().map(|(_, format)| *format));
    let mut best = (usual, (0.0, 0, 0));
    for format in all {
        let kind = kind_of(format).0.split(';').next().unwrap_or_default();
        let Some((specific, place, likes)) = ranges
            .iter()
            .enumerate()
            .filter_map(|(place, (range, likes))| Some((fits(range, kind)?, place, *likes)))
            .max_by_key(|(specific, place, _)| (*specific, std::cmp::Reverse(*place)))
        else {
            continue;
        };
        // Who names a kind means it more than who takes any.
        let liked = (likes, specific, usize::MAX - place);
        if likes > 0.0 && liked > best.1 {
            best = (format, liked);
        }
    }
    best.0
}

/// `text/csv;q=0.5`.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_lowercase();
    let likes = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (kind, likes.map_or(1.0, |likes| likes.trim().parse().unwrap_or(0.0)))
}

/// How closely a range fits a kind, if it does.
fn fits(range: &str, kind: &str) -> Option<u8> {
    match range.strip_suffix("/*") {
        _ if range == kind => Some(2),
        Some("*") => Some(0),
        Some(family) => kind.split_once('/').is_some_and(|(own, _)| own == family).then_some(1),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_format_is_the_one_that_is_liked_best() {
        for (sent, wanted) in [
            ("", Format::Json),
            ("*/*", Format::Json),
            ("text/csv", Format::Csv),
            ("text/csv;q=0, */*", Format::Json),
            ("text/csv, */*", Format::Csv),
            ("text/csv;q=0.5, application/json", Format::Json),
            ("application/json;q=0.5, text/csv", Format::Csv),
            ("text/*, application/json;q=0.1", Format::Csv),
            ("application/vnd.apache.parquet, text/csv", Format::Parquet),
            ("text/html, image/*;q=0.8", Format::Json),
            ("application/json;q=0, text/csv;q=0.1", Format::Csv),
        ] {
            let mut heads = HeaderMap::new();
            heads.insert(ACCEPT, HeaderValue::from_str(sent).unwrap());
            assert_eq!(accepted(&heads, Format::Json), wanted, "{sent}");
        }
    }
}
