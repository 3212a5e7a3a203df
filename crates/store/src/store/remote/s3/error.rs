//! What goes wrong with an object store, in words.

use std::io;

use object_store::Error;

use super::answer::Answer;
use super::facts::{Asked, Facts, Known, cause, seconds, text_of};
use super::settings::Who;
use super::silence::unanswered;

/// That an object has another content than it was to have.
pub(super) fn taken() -> io::Error {
    cause(
        io::ErrorKind::AlreadyExists,
        "another worker has written other bytes under this name",
        "two workers were given one name: see that no copy of this machine or of its processes runs, then continue with `results run --resume`",
    )
}

/// That an object is not what it was when it was opened.
pub(super) fn changed() -> io::Error {
    cause(
        io::ErrorKind::InvalidData,
        "it was replaced while it was read",
        "try again; a run's files are not to be changed by other programs",
    )
}

/// That an object was removed while it was read.
pub(super) fn gone() -> io::Error {
    cause(
        io::ErrorKind::NotFound,
        "it was removed while it was read",
        "try again: a compaction replaces files by others",
    )
}

/// That an answer had fewer bytes than it was to have.
pub(super) fn cut(got: u64, asked: u64) -> io::Error {
    cause(
        io::ErrorKind::UnexpectedEof,
        format!("the store sent {got} of {asked} bytes"),
        "try again; if it stays so, a proxy between here and the store cuts what it sends",
    )
}

/// That the store keeps no locks.
pub(super) fn no_locks() -> io::Error {
    cause(
        io::ErrorKind::Unsupported,
        "an object store keeps no locks",
        "this is a mistake of the program, which has to do without here",
    )
}

/// That a path cannot be the key of an object.
pub(super) fn no_key(error: &object_store::path::Error) -> io::Error {
    cause(
        io::ErrorKind::InvalidInput,
        format!("it cannot be the key of an object: {error}"),
        "take it out of the bucket if another program has put it there",
    )
}

/// Whether nothing is there, as far as an error tells: a bucket that is missing is something else.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. })
        && Answer::find(&text_of(error)).is_none_or(|answer| answer.code.as_deref() != Some("NoSuchBucket"))
}

/// Whether an error of the kind of a request without an answer's words would be told better by a listing.
pub(super) fn is_mute(error: &Error) -> bool {
    Answer::find(&text_of(error)).is_some_and(|answer| answer.status < 500 && answer.code.is_none())
}

/// Whether an object cannot be asked for a part, as one without bytes.
pub(super) fn is_without_parts(error: &Error) -> bool {
    let text = text_of(error);
    Answer::find(&text).is_some_and(|answer| answer.status == 416) || text.contains("non-partial response")
}

/// Whether the bucket is missing.
pub(super) fn is_without_bucket(error: &Error) -> bool {
    Answer::find(&text_of(error)).is_some_and(|answer| answer.code.as_deref() == Some("NoSuchBucket"))
}

/// The error in words.
pub(super) fn in_words(error: &Error, asked: Asked, facts: &Facts, known: &Known) -> io::Error {
    let text = text_of(error);
    if let Some(answer) = Answer::find(&text) {
        if text.contains("169.254.") || text.contains("Error retrieving") {
            return no_credentials(facts);
        }
        return answered(&answer, asked, facts, known);
    }
    if matches!(error, Error::Generic { .. }) && is_of_credentials(&text) {
        return no_credentials(facts);
    }
    unanswered(error, &text, facts, known)
}

fn is_of_credentials(text: &str) -> bool {
    ["169.254.", "latest/api/token", "latest/meta-data", "security-credentials", "//sts."]
        .iter()
        .any(|part| text.contains(part))
}

fn no_credentials(facts: &Facts) -> io::Error {
    match facts.who {
        Who::Service(who) => cause(
            io::ErrorKind::PermissionDenied,
            format!("no key to ask {} with was found: {who} gives none", facts.server),
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        _ => cause(
            io::ErrorKind::PermissionDenied,
            "the key could not be renewed",
            "see that the service that gives it answers",
        ),
    }
}

/// The store has answered, and does not do it.
fn answered(answer: &Answer, asked: Asked, facts: &Facts, known: &Known) -> io::Error {
    use io::ErrorKind as K;
    let Facts { bucket, server, region, who } = facts;
    match answer.code.as_deref().unwrap_or_default() {
        "NoSuchBucket" => no_bucket(facts, known),
        "InvalidAccessKeyId" => cause(
            K::PermissionDenied,
            format!("{server} does not know {who}"),
            "check AWS_ACCESS_KEY_ID, and that AWS_ENDPOINT_URL is the server that the key is for",
        ),
        "SignatureDoesNotMatch" => cause(
            K::PermissionDenied,
            format!("{server} refuses the signature of {who}"),
            "AWS_SECRET_ACCESS_KEY is not the secret of that key",
        ),
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => cause(
            K::PermissionDenied,
            format!("the token of {who} has expired"),
            "get a new key with its token (AWS_SESSION_TOKEN), then continue with `results run --resume`; nothing finished is lost",
        ),
        "RequestTimeTooSkewed" => cause(
            K::PermissionDenied,
            format!(
                "the clock of this machine and that of {server} differ by more than 15 minutes (RequestTimeTooSkewed)"
            ),
            "set this machine's clock, as with `timedatectl set-ntp true`",
        ),
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "Forbidden" => {
            denied(answer, asked, facts, known)
        }
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IllegalLocationConstraintException" => match &answer.region {
            Some(other) if other != region => cause(
                K::InvalidInput,
                format!("the bucket `{bucket}` is in the region {other}, and {region} was asked"),
                format!("set AWS_REGION={other}"),
            ),
            _ => said(
                answer,
                asked,
                "set AWS_REGION to the region of the bucket, or AWS_ENDPOINT_URL to its server",
                known,
            ),
        },
        "NotImplemented" => {
            said(answer, asked, "the store cannot do what a run needs; use another one, or a folder", known)
        }
        "QuotaExceeded" | "XMinioStorageFull" | "InsufficientStorage" => cause(
            K::StorageFull,
            format!("the store is full ({})", answer.code.as_deref().unwrap_or_default()),
            "free some space, then continue with `results run --resume`; nothing finished is lost",
        ),
        "" if matches!(answer.status, 401 | 403) && (asked == Asked::Head || known.listed) => {
            denied(answer, asked, facts, known)
        }
        "" if answer.status < 500 && asked != Asked::Head => cause(
            K::InvalidData,
            format!("what answers at {server} is not an S3 server: it says {} to {asked}", answer.status),
            "check AWS_ENDPOINT_URL",
        ),
        _ => said(answer, asked, later(answer), known),
    }
}

fn later(answer: &Answer) -> &'static str {
    if answer.asks_for_less() {
        "start fewer workers, or wait; continue with `results run --resume`, nothing finished is lost"
    } else if answer.status >= 500 {
        "look at the server; continue with `results run --resume` when it is well, nothing finished is lost"
    } else {
        "look at the server's own log for the reason"
    }
}

/// What the store says, as it says it.
fn said(answer: &Answer, asked: Asked, hint: &str, known: &Known) -> io::Error {
    let code = answer
        .code
        .as_deref()
        .map_or_else(|| answer.status.to_string(), |code| format!("{code} ({})", answer.status));
    let message = answer
        .message
        .as_deref()
        .map_or_else(String::new, |text| format!(": {}", text.trim_end_matches('.')));
    let tried =
        if answer.status >= 500 { format!("; tried for {}", seconds(known.tried)) } else { String::new() };
    cause(io::ErrorKind::Other, format!("the store says {code} to {asked}{message}{tried}"), hint)
}

fn denied(answer: &Answer, asked: Asked, facts: &Facts, known: &Known) -> io::Error {
    let code = answer.code.as_deref().unwrap_or("Forbidden");
    let could = if known.listed && asked != Asked::List { ", and could list" } else { "" };
    let may = if known.listed && asked == Asked::Put {
        "may read but not write".to_owned()
    } else {
        format!("may not {}", asked.verb())
    };
    let all = if known.prefix.is_empty() { "*".to_owned() } else { format!("{}/*", known.prefix) };
    let on = if asked == Asked::List { facts.bucket.clone() } else { format!("{}/{all}", facts.bucket) };
    cause(
        io::ErrorKind::PermissionDenied,
        format!("the store says {code} ({}) for {asked}{could}", answer.status),
        format!("{} {may}; it needs {} on {on}", facts.who, asked.right()),
    )
}

fn no_bucket(facts: &Facts, known: &Known) -> io::Error {
    let hint = if known.buckets.is_empty() {
        "check the name, or make the bucket first".to_owned()
    } else {
        let shown: Vec<&str> = known.buckets.iter().map(String::as_str).take(10).collect();
        let more = if known.buckets.len() > shown.len() { ", …" } else { "" };
        format!("buckets there: {}{more}", shown.join(", "))
    };
    cause(
        io::ErrorKind::NotFound,
        format!("the bucket `{}` was not found at {}", facts.bucket, facts.server),
        hint,
    )
}

#[cfg(test)]
mod tests;
