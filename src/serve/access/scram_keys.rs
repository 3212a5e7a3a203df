//! What `tokens.yaml` keeps of a token for SCRAM. Builds without that protocol pass it on as it is.

use serde::{Deserialize, Serialize};

/// Salt and keys, in letters of base64: with them a login can be checked, and not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScramKeys {
    /// The salt.
    pub salt: String,
    /// How often the token is hashed.
    pub iterations: u32,
    /// By which a proof of the client is checked.
    pub stored: String,
    /// By which the server proves that it has the keys.
    pub server: String,
}
