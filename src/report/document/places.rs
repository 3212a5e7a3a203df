//! Folders of the machine, of which strangers are told the last part only.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::about::About;
use crate::config::{Analysis, Config};

/// What is said in place of which path.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The longest first.
    said: Vec<(String, String)>,
}

impl Places {
    /// Those that a report names: where its source lies, what that was made of, and what it was made by.
    pub(super) fn of(place: &str, about: &About) -> Self {
        let runs = about.runs.iter().map(|(_, dir)| dir.as_str());
        let inputs = about.inputs.iter().map(|input| input.folder.as_str());
        let settings = about.config.iter().flat_map(folders);
        let mut said: Vec<(String, String)> =
            [place].into_iter().chain(runs).chain(inputs).chain(settings).filter_map(shortened).collect();
        // A source may be called otherwise than its folder.
        said.push((place.to_owned(), about.name.clone()));
        said.sort_by_key(|(path, _)| Reverse(path.len()));
        Self { said }
    }

    /// Whether nothing is replaced.
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_empty()
    }

    /// A text without where things lie.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for (path, last) in &self.said {
            if text.contains(path) {
                text = Cow::Owned(replaced(&text, path, last));
            }
        }
        text
    }
}

/// Folders and files in the settings.
fn folders(config: &Config) -> Vec<&str> {
    let mut all = vec![config.data_root.as_str(), &config.out_dir, &config.quality_profile];
    if let Analysis::Command(program) = &config.analysis {
        all.push(&program.folder);
        all.extend(program.command.iter().filter(|argument| argument.starts_with('/')).map(String::as_str));
    }
    all
}

/// A path and what is left of it: of what lies in the root all but the `/`, of any other what stands above its last part.
fn shortened(path: &str) -> Option<(String, String)> {
    let path = path.trim_end_matches('/');
    let (above, last) = path.rsplit_once('/')?;
    Some(match above {
        "" => (path.to_owned(), last.to_owned()),
        above => (format!("{above}/"), String::new()),
    })
}

/// A text with a path replaced where it is not the end or the beginning of another one.
fn replaced(text: &str, path: &str, last: &str) -> String {
    let is_before = |c: char| c.is_alphanumeric() || "/_-.".contains(c);
    let is_behind = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let (mut out, mut done) = (String::new(), 0);
    for (at, _) in text.match_indices(path) {
        let (before, behind) = (&text[..at], &text[at + path.len()..]);
        let begins = !before.ends_with(is_before) || before.ends_with("://");
        if begins && (path.ends_with('/') || !behind.starts_with(is_behind)) {
            out.push_str(&text[done..at]);
            out.push_str(last);
            done = at + path.len();
        }
    }
    out + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_the_last_part_is_left() {
        let said = |paths: &[&str]| paths.iter().filter_map(|path| shortened(path)).collect();
        let mut places = Places { said: said(&["/srv/home of/anna/data", "/d", "data", "s3://lab/x/run"]) };
        places.said.push(("/srv/out/run".to_owned(), "run~2".to_owned()));
        for (from, to) in [
            ("/srv/home of/anna/data", "data"),
            (
                "cannot read /srv/home of/anna/data/u1.csv: file:///srv/out/run",
                "cannot read data/u1.csv: file://run~2",
            ),
            ("/d (/d/x) `/d`", "d (d/x) `d`"),
            ("and/d /data x/srv/out/run /srv/out/run2", "and/d /data x/srv/out/run /srv/out/run2"),
            ("s3://lab/x/run/te, data", "run/te, data"),
        ] {
            assert_eq!(places.text(from), to);
        }
        assert_eq!(Places::default().text("/d"), "/d");
    }
}
