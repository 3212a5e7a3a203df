//! The client of a bucket for readers that have it to themselves, as a query engine: what goes wrong is told in the same words.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

use super::bucket::Bucket;
use super::error::is_absent;
use super::facts::Asked;
use crate::store::error::StorageError;

/// A client whose errors are in words. What is not there stays what it is: who asks decides about that.
#[derive(Debug)]
pub(super) struct InWords {
    bucket: Arc<Bucket>,
    prefix: Arc<str>,
}

impl InWords {
    /// That of a bucket, for what lies below a prefix.
    pub(super) fn new(bucket: &Arc<Bucket>, prefix: &str) -> Self {
        Self { bucket: Arc::clone(bucket), prefix: prefix.into() }
    }

    async fn told<T>(&self, asked: Asked, at: &Path, begun: Instant, answer: Result<T>) -> Result<T> {
        match answer {
            Err(error) => Err(explained(&self.bucket, &self.prefix, (asked, at, begun), error).await),
            good => good,
        }
    }

    fn told_each(
        &self,
        at: Option<&Path>,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (bucket, prefix) = (Arc::clone(&self.bucket), Arc::clone(&self.prefix));
        let (at, begun) = (at.cloned().unwrap_or_default(), Instant::now());
        let told = move |found: Result<ObjectMeta>| {
            let (bucket, prefix, at) = (Arc::clone(&bucket), Arc::clone(&prefix), at.clone());
            async move {
                match found {
                    Err(error) => Err(explained(&bucket, &prefix, (Asked::List, &at, begun), error).await),
                    good => good,
                }
            }
        };
        listed.then(told).boxed()
    }
}

async fn explained(
    bucket: &Bucket,
    prefix: &str,
    (asked, at, begun): (Asked, &Path, Instant),
    error: Error,
) -> Error {
    if is_absent(&error) {
        return error;
    }
    let path = format!("s3://{}/{at}", bucket.facts.bucket);
    let source = bucket.explain(error, asked, begun, prefix).await;
    Error::Generic { store: "S3", source: Box::new(StorageError { action: asked.verb(), path, source }) }
}

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bucket.store.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for InWords {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let begun = Instant::now();
        let answer = self.bucket.store.put_opts(at, payload, options).await;
        // Who asks for a name that is taken is told so.
        match answer {
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => answer,
            answer => self.told(Asked::Put, at, begun, answer).await,
        }
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let begun = Instant::now();
        let answer = self.bucket.store.put_multipart_opts(at, options).await;
        self.told(Asked::Put, at, begun, answer).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        let begun = Instant::now();
        let answer = self.bucket.store.get_opts(at, options).await;
        self.told(Asked::Get, at, begun, answer).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let begun = Instant::now();
        let answer = self.bucket.store.get_ranges(at, ranges).await;
        self.told(Asked::Get, at, begun, answer).await
    }

    fn delete_stream(&self, all: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.bucket.store.delete_stream(all)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.told_each(prefix, self.bucket.store.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.told_each(prefix, self.bucket.store.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let begun = Instant::now();
        let answer = self.bucket.store.list_with_delimiter(prefix).await;
        let at = prefix.cloned().unwrap_or_default();
        self.told(Asked::List, &at, begun, answer).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.bucket.store.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.bucket.store.rename_opts(from, to, options).await
    }
}
