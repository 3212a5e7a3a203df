//! Files of this machine, put into a storage.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use object_store::path::Path as ObjectPath;
use object_store::{MultipartUpload, ObjectStoreExt};

use super::error::StorageError;
use super::storage::{Created, Object, Storage};

/// Files up to that many bytes are put in one piece.
const WHOLE: u64 = 64 << 20;

/// Bytes of a part of a larger one.
const PART: usize = 16 << 20;

/// Parts on their way at a time.
const AT_ONCE: usize = 4;

/// Puts a file of this machine into a storage under a name that nobody else gives meanwhile: in one piece, which is
/// refused if another content is there, or, if it is large, part by part, of which nothing is seen before the last.
///
/// # Errors
/// It cannot be read or written, or did not arrive whole.
pub async fn upload(storage: &dyn Storage, path: &str, from: &Path) -> Result<Created, StorageError> {
    upload_in_parts(storage, path, from, (WHOLE, PART)).await
}

async fn upload_in_parts(
    storage: &dyn Storage,
    path: &str,
    from: &Path,
    (whole, part): (u64, usize),
) -> Result<Created, StorageError> {
    let read = super::error::at("read", from);
    let opened = File::open(from).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = match opened {
        Ok(opened) => opened,
        Err(error) => return Err(read(error)),
    };
    let failed = |source: io::Error| {
        let path = format!("{}/{path}", storage.name());
        StorageError { action: "write", path, source }
    };
    if length <= whole {
        let mut bytes = Vec::with_capacity(length as usize);
        let taken = file.take(length + 1).read_to_end(&mut bytes).map_err(read)?;
        if taken as u64 != length {
            return Err(failed(io::Error::other(format!(
                "it has {length} bytes, of which {taken} could be read"
            ))));
        }
        let created = storage.create(&Object { path: path.to_owned(), bytes })?;
        return if created == Created::Existed {
            Ok(created)
        } else {
            arrived(storage, path, length, failed)
        };
    }
    if storage.size(path)?.is_some() {
        return Ok(Created::Existed);
    }
    let objects = storage.object_store()?;
    let target = ObjectPath::parse(format!("{}/{path}", objects.prefix));
    let target = target.map_err(|e| failed(io::Error::other(e)))?;
    let mut parts = objects.store.put_multipart(&target).await.map_err(|e| failed(e.into()))?;
    if let Err(error) = in_parts(&mut *parts, file, part).await {
        // What cannot be given up now is removed by the store's own rules.
        let _ = parts.abort().await;
        return Err(failed(error));
    }
    arrived(storage, path, length, failed)
}

/// Looks whether the storage has as many bytes as were sent.
fn arrived(
    storage: &dyn Storage,
    path: &str,
    length: u64,
    failed: impl Fn(io::Error) -> StorageError,
) -> Result<Created, StorageError> {
    match storage.size(path)? {
        Some(arrived) if arrived == length => Ok(Created::Yes),
        arrived => Err(failed(io::Error::other(format!(
            "it has {} bytes there and {length} here",
            arrived.unwrap_or_default()
        )))),
    }
}

async fn in_parts(parts: &mut dyn MultipartUpload, mut file: File, size: usize) -> io::Result<()> {
    let mut on_their_way = FuturesUnordered::new();
    loop {
        let mut bytes = Vec::with_capacity(size);
        file.by_ref().take(size as u64).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            break;
        }
        if on_their_way.len() == AT_ONCE {
            on_their_way.next().await.transpose()?;
        }
        on_their_way.push(parts.put_part(bytes.into()));
    }
    while let Some(arrived) = on_their_way.next().await {
        arrived?;
    }
    parts.complete().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStorage;

    #[tokio::test]
    async fn large_files_arrive_whole_in_parts() {
        let dir = tempfile::tempdir().unwrap();
        let (small, large) = (dir.path().join("small"), dir.path().join("large"));
        let bytes: Vec<u8> = (0..100_003u32).map(|n| (n % 251) as u8).collect();
        std::fs::write(&small, &bytes[..10]).unwrap();
        std::fs::write(&large, &bytes).unwrap();
        let storage = MemoryStorage::new();
        let put = async |path: &str, from: &Path| {
            upload_in_parts(&storage, path, from, (1000, 7000)).await.unwrap()
        };
        assert_eq!(put("a/small", &small).await, Created::Yes);
        assert_eq!(put("a/large", &large).await, Created::Yes);
        assert_eq!(storage.read("a/small").unwrap().as_deref(), Some(&bytes[..10]));
        assert_eq!(storage.read("a/large").unwrap(), Some(bytes));
        assert_eq!(put("a/large", &large).await, Created::Existed);
        std::fs::write(&small, b"other").unwrap();
        assert_eq!(put("a/small", &small).await, Created::Existed);
    }

    #[tokio::test]
    async fn a_file_that_changes_its_length_is_told() {
        // What the system makes as it is read says that it has no bytes.
        let error = upload(&MemoryStorage::new(), "a", Path::new("/proc/self/status")).await.unwrap_err();
        let told = crate::error::chain(&error);
        assert!(told.contains("/a: it has 0 bytes, of which 1 could be read"), "{told}");
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_told() {
        let error = upload(&MemoryStorage::new(), "a", Path::new("/nowhere/a")).await.unwrap_err();
        assert!(error.to_string().contains("/nowhere/a"), "{error}");
    }
}
