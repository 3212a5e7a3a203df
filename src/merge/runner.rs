//! Who has parts of a merge done, where the process that merges does not do them.

use std::fmt::Debug;

use super::stage::Stage;

/// Has the parts of a stage done by other processes.
pub trait PartRunner: Debug + Sync {
    /// Comes back when all of these parts are done, or one cannot be.
    ///
    /// # Errors
    /// What keeps a part from being done, for people.
    fn run(&self, stage: Stage, parts: &[u32]) -> Result<(), String>;
}
