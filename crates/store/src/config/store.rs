//! How object stores are reached. Changes no number; what the environment says holds above it.

use serde::{Deserialize, Serialize};

use super::read::Section;

/// How object stores are reached, as far as a configuration says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreConfig {
    /// URL of the server; `None` for Amazon's.
    pub endpoint: Option<String>,
    /// The region that requests are signed for; `None` for `us-east-1`.
    pub region: Option<String>,
    /// Whether the bucket is a part of the host's name.
    pub virtual_hosted: bool,
    /// Requests in flight, of a process.
    pub concurrency: u32,
    /// Seconds until an answer has to begin.
    pub timeout: u32,
    /// How often a request is made again.
    pub retries: u32,
    /// Seconds that files stay after a compaction has replaced them, in a run without locks.
    pub grace: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            virtual_hosted: false,
            concurrency: 64,
            timeout: 15,
            retries: 8,
            grace: 24 * 60 * 60,
        }
    }
}

impl StoreConfig {
    /// Whether nobody said anything.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What other processes are told of where the store is, as variables of the environment with their other names.
    pub fn environment(&self) -> Vec<(&'static [&'static str], String)> {
        const ENDPOINT: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"];
        const REGION: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        const HOSTED: [&str; 1] = ["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"];
        let mut all: Vec<(&'static [&'static str], String)> = Vec::new();
        all.extend(self.endpoint.iter().map(|endpoint| (&ENDPOINT[..], endpoint.clone())));
        all.extend(self.region.iter().map(|region| (&REGION[..], region.clone())));
        all.extend(self.virtual_hosted.then(|| (&HOSTED[..], "true".to_owned())));
        all
    }

    /// Reads the block `store`.
    pub(super) fn read(&mut self, root: &mut Section<'_>) {
        let Some(mut s) = root.section("store") else { return };
        s.set("endpoint", "the URL of a server or null", &mut self.endpoint);
        s.require(
            "endpoint",
            self.endpoint.as_deref().is_none_or(is_server),
            "must be https://HOST:PORT and no more",
        );
        s.set("region", "a name or null", &mut self.region);
        let is_name = self.region.as_deref().is_none_or(|name| !name.trim().is_empty());
        s.require("region", is_name, "must not be empty");
        s.set("virtual_hosted", "true or false", &mut self.virtual_hosted);
        s.set("concurrency", "a whole number", &mut self.concurrency);
        s.require("concurrency", (1..=1024).contains(&self.concurrency), "must be from 1 to 1024");
        s.set("timeout", "a whole number of seconds", &mut self.timeout);
        s.require("timeout", (1..=3600).contains(&self.timeout), "must be from 1 to 3600");
        s.set("retries", "a whole number", &mut self.retries);
        s.require("retries", self.retries <= 100, "must be from 0 to 100");
        s.set("grace", "a whole number of seconds", &mut self.grace);
        s.finish();
    }
}

/// Whether it is a server and no more: what else a URL may have can be a secret, and a run keeps its configuration.
fn is_server(endpoint: &str) -> bool {
    let Some((scheme, host)) = endpoint.split_once("://") else { return false };
    let is_http = ["http", "https"].contains(&&*scheme.to_ascii_lowercase());
    is_http && !host.is_empty() && !host.contains(['@', '?', '#']) && !host.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_no_secret() {
        for good in ["https://host:9000", "http://127.0.0.1:20333", "https://host/path"] {
            assert!(is_server(good), "{good}");
        }
        for bad in [
            "host:9000",
            "https://me:key@host",
            "https://host?token=1",
            "s3://bucket",
            "https://",
            "https://a b",
        ] {
            assert!(!is_server(bad), "{bad}");
        }
    }

    #[test]
    fn processes_are_told_what_is_set() {
        assert!(StoreConfig::default().environment().is_empty());
        let set = StoreConfig {
            endpoint: Some("https://x".into()),
            virtual_hosted: true,
            ..StoreConfig::default()
        };
        let told = set.environment();
        assert_eq!(told.len(), 2);
        assert_eq!((told[0].0[0], told[0].1.as_str()), ("AWS_ENDPOINT_URL", "https://x"));
    }
}
