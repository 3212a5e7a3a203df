//! What is told in the place of paths: names are the only handle that a client has.

use std::cmp::Reverse;
use std::path::Path;

use crate::store::MergedRun;

/// Paths and what is told instead, the longest first.
#[derive(Debug, Clone)]
pub(super) struct Told(Vec<(String, String)>);

impl Told {
    /// Of a directory its name, of runs that were merged the last part of where they were.
    pub(super) fn of(dir: &Path, name: &str, merged: &[MergedRun]) -> Self {
        let runs = merged.iter().filter_map(|run| {
            let last = run.dir.trim_end_matches('/').rsplit_once('/')?.1;
            Some((run.dir.clone(), last.to_owned()))
        });
        Self::sorted(runs.chain([(dir.display().to_string(), name.to_owned())]).collect())
    }

    /// Those of another source too.
    pub(super) fn and(self, other: &Self) -> Self {
        Self::sorted(self.0.into_iter().chain(other.0.iter().cloned()).collect())
    }

    fn sorted(mut all: Vec<(String, String)>) -> Self {
        all.sort_by_key(|(path, _)| Reverse(path.len()));
        Self(all)
    }

    /// Words without the paths.
    pub(super) fn hide(&self, words: &str) -> String {
        self.0.iter().fold(words.to_owned(), |words, (path, name)| words.replace(path, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_told() {
        let run = |dir: &str| MergedRun { run_id: "1".into(), dir: dir.into(), input: None };
        let merged = [run("/srv/secret"), run("/srv/secret/run/"), run("beside"), run("/")];
        let told = Told::of(Path::new("/srv/out/mm"), "mm~2", &merged);
        let words = "merge --shards /srv/secret /srv/secret/run/ beside / --output /srv/out/mm";
        assert_eq!(told.hide(words), "merge --shards secret run beside / --output mm~2");
        let told = told.and(&Told::of(Path::new("/srv/out"), "out", &[]));
        assert_eq!(told.hide("/srv/out/mm and /srv/out/x"), "mm~2 and out/x");
    }
}
