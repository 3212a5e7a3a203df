//! Marks of answers (`ETag`): whoever has an answer to an address is told that it still holds.

use std::path::Path;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::app::App;
use crate::serve::catalog::{Snapshot, Source};

/// Folders below that of definitions that are looked through, at most.
const DEEPEST: usize = 8;

/// A mark: another one as soon as the answer could be another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(String);

impl Tag {
    /// Of what never changes while the program runs.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex()[..16].to_owned())
    }

    /// Of what is made of a state of a source and of definitions, and of what was asked.
    pub(super) fn of_source(app: &App, source: &Source, snapshot: &Snapshot, asked: &str) -> Self {
        let mut text =
            format!("{}\n{}\n{}\n{asked}\n", env!("CARGO_PKG_VERSION"), source.name, snapshot.id());
        if let Some(folder) = &app.desk.pool.limits().definitions {
            files(folder, 0, &mut text);
        }
        Self::of_bytes(text.as_bytes())
    }

    /// By which answers are kept.
    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// That the answer is as it was, if a client says that it has it.
    pub(super) fn known_to(&self, heads: &HeaderMap) -> Option<Response> {
        let all = heads.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = all.flat_map(|value| value.split(',')).map(str::trim);
        let is_own = |tag: &str| tag == "*" || tag.trim_start_matches("W/").trim_matches('"') == self.0;
        tags.any(is_own).then(|| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            self.on(response)
        })
    }

    /// An answer with the mark; it may be kept, and is asked for again each time.
    pub(super) fn on(&self, mut response: Response) -> Response {
        let heads = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.0)) {
            heads.insert(ETAG, tag);
        }
        heads.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }
}

/// Names, sizes and times of the files of a folder.
fn files(folder: &Path, depth: usize, text: &mut String) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() && depth < DEEPEST {
            files(&entry.path(), depth + 1, text);
        } else {
            text.push_str(&format!(
                "{} {} {:?}\n",
                entry.path().display(),
                about.len(),
                about.modified().ok()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_in_any_form() {
        let tag = Tag::of_bytes(b"what");
        for (sent, known) in [
            (format!("\"{}\"", tag.0), true),
            (format!("W/\"{}\"", tag.0), true),
            (format!("\"other\", \"{}\"", tag.0), true),
            ("*".to_owned(), true),
            ("\"other\"".to_owned(), false),
        ] {
            let mut heads = HeaderMap::new();
            heads.insert(IF_NONE_MATCH, HeaderValue::from_str(&sent).unwrap());
            assert_eq!(tag.known_to(&heads).is_some(), known, "{sent}");
        }
        assert!(tag.known_to(&HeaderMap::new()).is_none());
    }

    #[test]
    fn another_file_of_a_definition_is_another_mark() {
        let dir = tempfile::tempdir().unwrap();
        let mark = || {
            let mut text = String::new();
            files(dir.path(), 0, &mut text);
            text
        };
        let before = mark();
        std::fs::create_dir_all(dir.path().join("queries/plots")).unwrap();
        std::fs::write(dir.path().join("queries/plots/mine.sql"), "-- Mine").unwrap();
        assert_ne!(mark(), before);
    }
}
