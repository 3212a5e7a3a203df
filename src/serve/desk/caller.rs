//! Whoever asks.

use std::net::IpAddr;

use crate::serve::access::Login;

/// Somebody who may ask, and by what.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// By which token.
    pub login: Login,
    /// From where.
    pub address: IpAddr,
    /// `http`, `flight` or `postgres`, as the audit log and the metrics have it.
    pub protocol: &'static str,
}
