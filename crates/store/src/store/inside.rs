//! Where nobody but the program puts files: in a run, and in an output of a merge.

use std::path::{Component, Path, PathBuf};

use super::manifest::MANIFEST;
use super::output::MERGE_MANIFEST;

/// Most links that are followed one after another, as the system has it.
const LINKS: usize = 40;

/// The run or the output in which a path lies, or that it is; the path need not be there.
pub fn holder_of(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    [without_parents(&absolute), absolute]
        .into_iter()
        .find_map(|path| resolved(path)?.ancestors().find(|folder| is_holder(folder)).map(Path::to_owned))
}

/// As it will be once folders are made that are not there yet: `new/../run` is `run`.
fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

/// The folder nearest to a path that there is. Links are followed, those to nothing too, for what is written through
/// one is made where it leads to.
fn resolved(mut path: PathBuf) -> Option<PathBuf> {
    for _ in 0..LINKS {
        let there = path.ancestors().find(|folder| folder.symlink_metadata().is_ok())?;
        if let Ok(whole) = there.canonicalize() {
            return Some(whole);
        }
        let target = there.read_link().ok()?;
        let place = there.parent()?.join(target).join(path.strip_prefix(there).ok()?);
        // Without a slash at its end, behind which a link is followed.
        path = place.components().collect();
    }
    None
}

/// Other programs may have a `run.yaml` too; only ours have the fingerprint.
fn is_holder(folder: &Path) -> bool {
    [MANIFEST, MERGE_MANIFEST].iter().any(|name| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        text.lines().any(|line| line.starts_with("config_fingerprint:"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_in_a_run_however_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let run = root.join("a/run");
        std::fs::create_dir_all(run.join("te/shard=0")).unwrap();
        assert_eq!(holder_of(&run.join("te/new")), None);
        // One of another program.
        std::fs::write(root.join("run.yaml"), "steps: []\n").unwrap();
        assert_eq!(holder_of(&run), None);
        for name in [MANIFEST, MERGE_MANIFEST] {
            std::fs::write(run.join(name), "format: 1\nconfig_fingerprint: abc\n").unwrap();
            for inside in ["", "new", "te", "te/new/deep", "te/shard=0/../x", "te/../../run/x"] {
                assert_eq!(holder_of(&run.join(inside)), Some(run.clone()), "{inside}");
            }
            std::fs::remove_file(run.join(name)).unwrap();
        }
        std::fs::write(run.join(MANIFEST), "config_fingerprint: abc\n").unwrap();
        std::os::unix::fs::symlink(run.join("te"), root.join("link")).unwrap();
        assert_eq!(holder_of(&root.join("link/x")), Some(run.clone()));
        std::os::unix::fs::symlink("a/run/te/none", root.join("dangling")).unwrap();
        std::os::unix::fs::symlink("dangling", root.join("twice")).unwrap();
        std::os::unix::fs::symlink("circle", root.join("circle")).unwrap();
        for inside in ["dangling", "dangling/x", "twice", "new/../a/run/te/x", "a/new/more/../../run/te"] {
            assert_eq!(holder_of(&root.join(inside)), Some(run.clone()), "{inside}");
        }
        assert_eq!(holder_of(&root.join("circle/x")), None);
        for outside in [root.join("a"), root.join("a/runs"), run.join("../x"), root] {
            assert_eq!(holder_of(&outside), None, "{outside:?}");
        }
    }
}
