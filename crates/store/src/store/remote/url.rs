//! `s3://bucket/prefix`.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Longest key of an object.
const KEY: usize = 1024;

/// What the longest path within a run may need of it: a table, a shard, a long id and the name of an attempt.
const OF_A_RUN: usize = 400;

/// A prefix of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RemoteUrl {
    bucket: String,
    /// Without a slash at its ends; may be empty.
    prefix: String,
}

impl RemoteUrl {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Where in it; empty for all of it.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The last part of its name.
    pub fn short_name(&self) -> &str {
        let last = self.prefix.rsplit('/').next().unwrap_or_default();
        if last.is_empty() { &self.bucket } else { last }
    }

    /// What lies beside it, with that behind its name; none of a whole bucket.
    pub(crate) fn beside(&self, end: &str) -> Option<Self> {
        let prefix = format!("{}{end}", self.prefix);
        (!self.prefix.is_empty()).then(|| Self { bucket: self.bucket.clone(), prefix })
    }

    /// What is below it under a relative path.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        let prefix = if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) };
        Self { bucket: self.bucket.clone(), prefix }
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

/// Text that looks like a URL and cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{text}: {fault}\n(hint: {hint})")]
pub struct UrlError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub fault: String,
    /// What can be done.
    pub hint: String,
}

/// What a URL names.
#[derive(Debug)]
pub(in crate::store) enum Place {
    /// A prefix of a bucket.
    Remote(RemoteUrl),
    /// A folder, by `file://`.
    Local(PathBuf),
}

/// What is wrong, and what can be done.
type Fault = (String, String);

/// Reads a URL; none if the text is no URL but a path.
///
/// # Errors
/// It is of a kind that cannot be used, or names nothing that can be in a bucket.
pub(in crate::store) fn parse(text: &str) -> Result<Option<Place>, UrlError> {
    let error = |(fault, hint)| UrlError { text: without_secrets(text), fault, hint };
    let Some((scheme, rest)) = text.split_once("://") else {
        return match one_slash(text) {
            Some(rest) => Err(error((
                "a URL has two slashes behind its scheme".into(),
                format!("write s3://{rest}, or ./{text} for a folder of that name"),
            ))),
            None => Ok(None),
        };
    };
    match scheme.to_ascii_lowercase().as_str() {
        "s3" => remote(rest).map(|url| Some(Place::Remote(url))),
        "file" => local(rest).map(|dir| Some(Place::Local(dir))),
        other => Err(unknown(other, rest)),
    }
    .map_err(error)
}

/// What follows `s3:` where slashes are missing.
fn one_slash(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("s3").then(|| rest.trim_start_matches('/'))
}

fn remote(rest: &str) -> Result<RemoteUrl, Fault> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    bucket_can_be(bucket)?;
    // Only what stands at the end means nothing; keys tell `a//b` from `a/b`.
    let prefix = prefix.trim_end_matches('/');
    prefix_can_be(prefix)?;
    Ok(RemoteUrl { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

fn bucket_can_be(bucket: &str) -> Result<(), Fault> {
    let fault = |fault: &str, hint: &str| Err((fault.to_owned(), hint.to_owned()));
    if bucket.is_empty() {
        return fault("it names no bucket", "write s3://BUCKET/PREFIX");
    }
    if bucket.contains('@') {
        return fault(
            "a URL has no place for keys",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and write s3://BUCKET/PREFIX",
        );
    }
    if bucket.contains(':') {
        return fault(
            "a bucket has no port",
            "set AWS_ENDPOINT_URL to the server, as in https://HOST:PORT, and write s3://BUCKET/PREFIX",
        );
    }
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let can_be = (3..=63).contains(&bucket.len())
        && bucket.chars().all(|c| is_plain(c) || c == '.' || c == '-')
        && bucket.starts_with(is_plain)
        && bucket.ends_with(is_plain)
        && !bucket.contains("..")
        && bucket.parse::<std::net::Ipv4Addr>().is_err();
    if can_be {
        return Ok(());
    }
    Err((
        format!("no bucket can be called `{bucket}`"),
        "a bucket has 3 to 63 lowercase letters, digits, dots and hyphens, and begins and ends with a letter or digit"
            .into(),
    ))
}

fn prefix_can_be(prefix: &str) -> Result<(), Fault> {
    let fault = |fault: &str, hint: &str| Err((fault.to_owned(), hint.to_owned()));
    for part in prefix.split('/').filter(|_| !prefix.is_empty()) {
        match part {
            "" => return fault("it has an empty part", "write one slash between two parts"),
            "." | ".." => {
                return fault(
                    "`.` and `..` mean nothing in a bucket",
                    "write the whole prefix, as in s3://BUCKET/PREFIX",
                );
            }
            _ => {}
        }
    }
    // It may be a signature, and what is a prefix is repeated in messages.
    if prefix.contains('?') {
        return fault(
            "what stands behind `?` cannot be part of a prefix",
            "leave it out; keys and tokens are set in the environment (docs/s3.md)",
        );
    }
    if prefix.contains(|c: char| c.is_control()) {
        return fault("it has a character that cannot be printed", "name another prefix");
    }
    if prefix.len() > KEY - OF_A_RUN {
        return Err((
            format!("its prefix has {} bytes", prefix.len()),
            format!(
                "keys have at most {KEY}, and files of a run need up to {OF_A_RUN} of them; name a shorter one"
            ),
        ));
    }
    Ok(())
}

/// A folder by its URL, in which what is no plain character may be written as `%20`.
fn local(rest: &str) -> Result<PathBuf, Fault> {
    let path = rest.strip_prefix("localhost").filter(|path| path.starts_with('/')).unwrap_or(rest);
    if !path.starts_with('/') {
        return Err((
            "a file URL has three slashes and a full path".into(),
            "write file:///full/path".into(),
        ));
    }
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    if bytes.contains(&0) {
        return Err(("no path has a zero byte".into(), "name another folder".into()));
    }
    Ok(OsString::from_vec(bytes).into())
}

fn unknown(scheme: &str, rest: &str) -> Fault {
    let hint = match scheme {
        "s3a" | "s3n" => format!("write s3://{}", rest.split('?').next().unwrap_or_default()),
        "http" | "https" => {
            "set AWS_ENDPOINT_URL to the server's URL, and write s3://BUCKET/PREFIX for what is in it".into()
        }
        "gs" | "gcs" | "az" | "azure" | "abfs" | "abfss" | "adl" | "wasb" | "wasbs" => {
            "this version speaks to stores as S3 does; name s3://BUCKET/PREFIX, or a folder and copy it there"
                .into()
        }
        _ => "name a folder, or s3://BUCKET/PREFIX".into(),
    };
    ("only s3:// and file:// are known".into(), hint)
}

/// The text without what may be a password: what stands before `@` in the host, and what follows a question mark.
fn without_secrets(text: &str) -> String {
    let text: String = text
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    let (scheme, rest) = text
        .split_once("://")
        .map_or(("", text.as_str()), |(_, rest)| text.split_at(text.len() - rest.len()));
    let (rest, asked) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host.to_owned(), |(_, host)| format!("…@{host}"));
    format!("{scheme}{host}{path}{asked}")
}

#[cfg(test)]
mod tests;
