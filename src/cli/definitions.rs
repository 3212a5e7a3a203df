//! `--definitions`: schemas, queries and configurations of the user's own.

pub(super) use crate::sources::{Folder, Loaded};
