//! An object is made unless one is there: the one place that knows what a store's answer to that means.
//!
//! A refused create is not yet a "no", and a missing answer not yet a failure: the client below makes a request again
//! whose first try may have been done, a store under contention may refuse two creates of which none was done (409), and
//! an answer can be lost on its way. So whoever has no clear answer looks what is there: its own bytes are its own object,
//! since no two makers of a name have equal ones; other bytes are another's; and where nothing is, it tries again.

use std::io;
use std::time::Instant;

use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{Error, ObjectStoreExt, PutMode};

use super::answer::Answer;
use super::bucket::Bucket;
use super::error::is_absent;
use super::facts::Asked;
use crate::store::storage::Created;

/// How often a create is made again where nothing is.
const AGAIN: u32 = 5;

/// What an error says of a create.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// It was refused as if something were there.
    Refused,
    /// It may have been done: no answer came.
    Unknown,
    /// It may have been done, and the server has been asked again and again below.
    Broken,
    /// It was not done, and will not be.
    Never,
}

impl Meaning {
    fn of(error: &Error) -> Self {
        match error {
            Error::AlreadyExists { .. } | Error::Precondition { .. } => Self::Refused,
            Error::Generic { source, .. } => match Answer::find(&source.to_string()) {
                Some(answer) if answer.status < 500 && answer.status != 408 && answer.status != 429 => {
                    Self::Never
                }
                Some(_) => Self::Broken,
                None => Self::Unknown,
            },
            _ => Self::Never,
        }
    }
}

/// Makes an object unless one with other bytes is there.
pub(super) async fn create(
    bucket: &Bucket,
    prefix: &str,
    key: &ObjectPath,
    bytes: &Bytes,
) -> io::Result<Created> {
    bucket.there(prefix).await?;
    let begun = Instant::now();
    let mut made = 0;
    loop {
        let put = bucket.store.put_opts(key, bytes.clone().into(), PutMode::Create.into()).await;
        let Err(error) = put else { return Ok(Created::Yes) };
        let meaning = Meaning::of(&error);
        if meaning == Meaning::Never {
            return Err(bucket.explain(error, Asked::Put, begun, prefix).await);
        }
        if let Some(there) = what_is_there(bucket, prefix, key).await? {
            return Ok(if there == *bytes { Created::Yes } else { Created::Existed });
        }
        let in_time = match meaning {
            Meaning::Refused => true,
            Meaning::Broken => begun.elapsed() < bucket.give_up / 4,
            _ => begun.elapsed() < bucket.give_up,
        };
        if made == AGAIN || !in_time {
            return Err(bucket.explain(error, Asked::Put, begun, prefix).await);
        }
        // 1, 2, 4, … of the first.
        tokio::time::sleep(bucket.pause * 2_u32.pow(made)).await;
        made += 1;
    }
}

async fn what_is_there(bucket: &Bucket, prefix: &str, key: &ObjectPath) -> io::Result<Option<Bytes>> {
    let begun = Instant::now();
    let got = async { bucket.store.get(key).await?.bytes().await };
    match got.await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(bucket.explain(error, Asked::Get, begun, prefix).await),
    }
}
