//! What all requests share.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::kept::Kept;
use super::live::Live;
use crate::serve::desk::{Caller, Desk};
use crate::serve::settings::Settings;

/// By what requests come.
pub(super) const PROTOCOL: &str = "http";

/// Somebody who may ask, and from where.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) caller: Caller,
    /// Whether a page elsewhere made the browser ask.
    pub(super) from_elsewhere: bool,
}

impl Deref for Who {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    /// What is asked, of whom.
    pub desk: Arc<Desk>,
    pub(super) live: Live,
    pub(super) address: SocketAddr,
    pub(super) host_names: Vec<String>,
    pub(super) is_tls: bool,
    /// Whether others on the wire can read it.
    pub(super) is_open: bool,
    /// Reports that were made.
    pub(super) reports: Kept,
}

impl App {
    /// For those who ask.
    pub(crate) fn new(desk: &Arc<Desk>, address: SocketAddr, settings: &Settings) -> Self {
        Self {
            live: Live::new(Arc::clone(&desk.catalog), settings.watchers),
            desk: Arc::clone(desk),
            address,
            host_names: settings.host_names.iter().map(|name| name.to_lowercase()).collect(),
            is_tls: settings.tls.is_some(),
            is_open: settings.tls.is_none() && !address.ip().is_loopback(),
            reports: Kept::default(),
        }
    }

    /// The address of its pages.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        match self.host_names.first() {
            Some(name) => format!("{scheme}://{name}:{}", self.address.port()),
            None => format!("{scheme}://{}", self.address),
        }
    }
}
