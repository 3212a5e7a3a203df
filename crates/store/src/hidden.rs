//! Files that others leave in every folder: file managers, network file systems, editors, and programs that keep
//! folders equal.

use std::ffi::OsStr;

/// Whether a name, or a name on the way to it, is hidden: it begins with a dot. Nothing of ours does.
pub fn is_hidden(path: impl AsRef<OsStr>) -> bool {
    path.as_ref().as_encoded_bytes().split(|byte| *byte == b'/').any(|name| name.starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_dot_in_front_are_hidden() {
        for path in [".DS_Store", "te/.nfs0001", "te/.stfolder/a.parquet", "._te.yaml"] {
            assert!(is_hidden(path), "{path}");
        }
        for path in ["", "te/shard=0/user_id=.a/t.parquet", "a.b", "a./b"] {
            assert!(!is_hidden(path), "{path}");
        }
    }
}
