//! What is below a prefix. Pages of a store come one after the other, so a large table is listed from several places at
//! once.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectMeta, ObjectStore, Result};

/// Objects of a page: more of them begin to be worth a second request.
const PAGE: usize = 1000;

/// Places that are listed from at once.
const AT_ONCE: usize = 16;

/// The objects below a folder, in no order. That of a table has a folder for each shard.
pub(super) async fn below(store: &Arc<dyn ObjectStore>, folder: &ObjectPath) -> Result<Vec<ObjectMeta>> {
    let mut pages = store.list(Some(folder));
    let mut found = Vec::new();
    while let Some(object) = pages.try_next().await? {
        found.push(object);
        if found.len() == PAGE && is_of_shards(folder, &found) {
            drop(pages);
            return in_parts(store, folder).await;
        }
    }
    Ok(found)
}

/// Whether the folder has one for each shard, by the last object that was found.
fn is_of_shards(folder: &ObjectPath, found: &[ObjectMeta]) -> bool {
    let first = |object: &ObjectMeta| {
        object.location.prefix_match(folder)?.next().map(|part| part.as_ref().to_owned())
    };
    found.last().and_then(first).is_some_and(|part| part.starts_with("shard="))
}

/// What lies in a folder, and each folder in it by itself.
async fn in_parts(store: &Arc<dyn ObjectStore>, folder: &ObjectPath) -> Result<Vec<ObjectMeta>> {
    let listed = store.list_with_delimiter(Some(folder)).await?;
    let mut parts = Vec::with_capacity(listed.common_prefixes.len());
    for part in &listed.common_prefixes {
        parts.push(store.list(Some(part)).try_collect::<Vec<_>>());
    }
    let parts: Vec<Vec<ObjectMeta>> =
        futures::stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(parts.into_iter().flatten().chain(listed.objects).collect())
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn all_is_found_once_however_it_is_listed() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut all =
            vec!["r/te/README".to_owned(), "r/te/a/x".into(), "r/te/shard=1.x".into(), "r/te/zz".into()];
        for shard in 0..40 {
            // One shard alone has more than a page.
            let files = if shard == 7 { 1500 } else { 30 };
            all.extend((0..files).map(|n| format!("r/te/shard={shard}/user_id=u%2F{n}/a.parquet")));
        }
        for key in all.iter().chain(&["r/te2/shard=0/a".to_owned(), "r/users/a".into()]) {
            store.put(&ObjectPath::parse(key).unwrap(), "1".into()).await.unwrap();
        }
        let mut found: Vec<String> = below(&store, &ObjectPath::parse("r/te").unwrap())
            .await
            .unwrap()
            .into_iter()
            .map(|object| object.location.into())
            .collect();
        found.sort();
        all.sort();
        assert_eq!(found, all);
        let few = below(&store, &ObjectPath::parse("r/te/shard=3").unwrap()).await.unwrap();
        assert_eq!(few.len(), 30);
        assert_eq!(below(&store, &ObjectPath::ROOT).await.unwrap().len(), all.len() + 2);
        assert!(below(&store, &ObjectPath::parse("none").unwrap()).await.unwrap().is_empty());
    }
}
