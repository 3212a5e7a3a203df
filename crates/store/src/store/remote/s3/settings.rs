//! How an object store is reached: from the environment, in the words of other programs for S3, and below it from a
//! configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;

use crate::config::StoreConfig;

/// What the environment says of object stores.
#[derive(Default, Clone)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// That of this process.
    pub(super) fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::of(std::env::vars_os().filter_map(text))
    }

    pub(super) fn of(all: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |name: &str| name.starts_with("AWS_") || name.starts_with("RESULTS_STORE_");
        Self(all.into_iter().filter(|(name, value)| ours(name) && !value.trim().is_empty()).collect())
    }

    /// The same with something set otherwise; an empty value is none.
    #[cfg(test)]
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let set = (name.to_owned(), value.to_owned());
        let others = self.0.clone().into_iter().filter(|(other, _)| other != name);
        Self::of(others.chain([set]))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| ["1", "true", "yes", "on"].contains(&&*value.to_ascii_lowercase()))
    }

    /// A client of a bucket with all that is set for it.
    pub(super) fn builder(&self, bucket: &str) -> AmazonS3Builder {
        let known = self.0.iter().filter(|(name, _)| name.starts_with("AWS_"));
        let set = known.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)));
        set.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value.trim()))
            .with_bucket_name(bucket)
    }
}

/// Names, but no values: some are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Who asks, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody with a key, of whose name only the ends are told.
    Key(String),
    /// Somebody whose key is given by a service.
    Service(&'static str),
    /// Nobody: requests are not signed.
    Nobody,
}

impl Who {
    fn of(env: &Environment) -> Self {
        if env.is_true("AWS_SKIP_SIGNATURE") {
            Self::Nobody
        } else if let Some(id) = env.get("AWS_ACCESS_KEY_ID") {
            Self::Key(shortened(id))
        } else if env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
            Self::Service("the web identity")
        } else if env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
            || env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some()
        {
            Self::Service("the role of this container")
        } else {
            Self::Service("the role of this machine")
        }
    }
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => write!(f, "the key {id}"),
            Self::Service(who) => f.write_str(who),
            Self::Nobody => f.write_str("somebody without a key"),
        }
    }
}

/// The ends of a key's name.
fn shortened(id: &str) -> String {
    let all: Vec<char> = id.chars().collect();
    let (first, last) = if all.len() < 10 { (1, 1) } else { (4, 2) };
    let start: String = all.iter().take(first).collect();
    let end: String = all.iter().skip(all.len().saturating_sub(last)).collect();
    format!("{start}…{end}")
}

/// How a store is reached, and with how much patience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreSettings {
    /// The server, if it isn't Amazon's.
    pub(super) endpoint: Option<String>,
    /// The region that requests are signed for.
    pub(super) region: String,
    /// Whether the bucket is a part of the host's name.
    pub(super) virtual_hosted: bool,
    /// Requests in flight.
    pub(super) concurrency: usize,
    /// Until when an answer has to begin, for a request without much to send.
    pub(super) timeout: Duration,
    /// How often a request is made again.
    pub(super) retries: usize,
    /// Who asks.
    pub(super) who: Who,
}

/// What is wrong, and what can be done.
pub(super) type Fault = (String, String);

impl StoreSettings {
    /// What the environment says, and, where it says nothing, a configuration.
    pub(super) fn read(env: &Environment, config: &StoreConfig) -> Result<Self, Fault> {
        let endpoint = env.get("AWS_ENDPOINT_URL_S3").or_else(|| env.get("AWS_ENDPOINT_URL"));
        let endpoint = endpoint.or_else(|| env.get("AWS_ENDPOINT"));
        let named = endpoint.map(|endpoint| ("AWS_ENDPOINT_URL", endpoint));
        let named = named.or_else(|| config.endpoint.as_deref().map(|endpoint| ("store.endpoint", endpoint)));
        if let Some(named) = named {
            endpoint_can_be(named, env.is_true("AWS_ALLOW_HTTP"))?;
        }
        let endpoint = named.map(|(_, endpoint)| endpoint);
        keys_can_be(env)?;
        let region = env.get("AWS_REGION").or_else(|| env.get("AWS_DEFAULT_REGION"));
        let region = region.or(config.region.as_deref());
        let hosted = "AWS_VIRTUAL_HOSTED_STYLE_REQUEST";
        let virtual_hosted =
            if env.get(hosted).is_some() { env.is_true(hosted) } else { config.virtual_hosted };
        Ok(Self {
            endpoint: endpoint.map(str::to_owned),
            region: region.unwrap_or("us-east-1").to_owned(),
            virtual_hosted,
            concurrency: number(env, "RESULTS_STORE_CONCURRENCY", 1..=1024, config.concurrency)?,
            timeout: Duration::from_secs(
                number(env, "RESULTS_STORE_TIMEOUT", 1..=3600, config.timeout)? as u64
            ),
            retries: number(env, "RESULTS_STORE_RETRIES", 0..=100, config.retries)?,
            who: Who::of(env),
        })
    }

    /// What the server is called.
    pub(super) fn server(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", self.region))
    }

    /// When no request is made again any more.
    pub(super) fn give_up(&self) -> Duration {
        self.timeout * 4 / 3
    }
}

fn endpoint_can_be((name, endpoint): (&str, &str), allow_http: bool) -> Result<(), Fault> {
    // A name and password in it would be told with every message.
    let shown = endpoint.rsplit_once('@').map_or(endpoint, |(_, host)| host);
    let scheme = endpoint.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        _ if endpoint.contains('@') => Err((
            format!("{name} has a name or a password before `{shown}`"),
            "take them out; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have the key".into(),
        )),
        Some("https") => Ok(()),
        Some("http") if allow_http => Ok(()),
        Some("http") => Err((
            format!("{name} is {shown}, which sends everything unencrypted"),
            "set AWS_ALLOW_HTTP=true if it is meant so, or write https://".into(),
        )),
        _ => Err((
            format!("{name} is {shown}, which is not a URL of a server"),
            "write it as https://HOST:PORT".into(),
        )),
    }
}

fn keys_can_be(env: &Environment) -> Result<(), Fault> {
    let fault = |fault: &str, hint: &str| Err((fault.to_owned(), hint.to_owned()));
    let is_set = |name: &str| env.get(name).is_some();
    match (is_set("AWS_ACCESS_KEY_ID"), is_set("AWS_SECRET_ACCESS_KEY")) {
        (true, false) => {
            return fault("AWS_ACCESS_KEY_ID is set without a secret", "set AWS_SECRET_ACCESS_KEY too");
        }
        (false, true) => {
            return fault("AWS_SECRET_ACCESS_KEY is set without a key", "set AWS_ACCESS_KEY_ID too");
        }
        (true, true) => return Ok(()),
        (false, false) => {}
    }
    let by_service = [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    if is_set("AWS_PROFILE") && !env.is_true("AWS_SKIP_SIGNATURE") && !by_service.into_iter().any(is_set) {
        return fault(
            "AWS_PROFILE is set, and this program does not read the files of profiles",
            "put the profile's key into the environment: eval \"$(aws configure export-credentials --format env)\"",
        );
    }
    Ok(())
}

fn number(
    env: &Environment,
    name: &str,
    can_be: std::ops::RangeInclusive<usize>,
    default: u32,
) -> Result<usize, Fault> {
    let Some(text) = env.get(name) else { return Ok(default as usize) };
    let number = text.parse().ok().filter(|number| can_be.contains(number));
    number.ok_or_else(|| {
        (
            format!("{name} is `{text}`"),
            format!("write a whole number from {} to {}", can_be.start(), can_be.end()),
        )
    })
}

#[cfg(test)]
mod tests;
