//! Why a partition is not computed.

use datafusion::error::DataFusionError;
use serde::{Deserialize, Serialize};

use crate::sql::error::SessionError;
use crate::sql::params::ParamError;
use crate::tables::ChangedFile;

/// Why a partition is not computed, as one process tells another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unshared {
    /// A data file holds something else than was written.
    Changed(ChangedFile),
    /// Anything else, for people.
    Because(String),
}

impl From<String> for Unshared {
    fn from(why: String) -> Self {
        Self::Because(why)
    }
}

impl From<SessionError> for Unshared {
    fn from(error: SessionError) -> Self {
        match error.changed_file() {
            Some(changed) => Self::Changed(changed.clone()),
            None => Self::Because(error.to_string()),
        }
    }
}

impl From<DataFusionError> for Unshared {
    fn from(error: DataFusionError) -> Self {
        SessionError::from(error).into()
    }
}

impl From<ParamError> for Unshared {
    fn from(error: ParamError) -> Self {
        match error {
            ParamError::Session(error) => error.into(),
            error => Self::Because(error.to_string()),
        }
    }
}

impl From<Unshared> for SessionError {
    fn from(unshared: Unshared) -> Self {
        Self::Engine(match unshared {
            Unshared::Changed(file) => DataFusionError::External(Box::new(file)),
            Unshared::Because(why) => DataFusionError::External(why.into()),
        })
    }
}
