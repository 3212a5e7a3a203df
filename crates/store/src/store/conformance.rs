//! What every [`Storage`] keeps, as functions that a test calls with its own.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use object_store::ObjectStoreExt;

use super::storage::{Created, Entry, Hold, Object, Storage};

/// Makes an empty storage; the name is another one every time.
type Make<'a> = &'a dyn Fn(&str) -> Arc<dyn Storage>;

/// Everything.
pub(super) fn all(make: Make<'_>) {
    published_files_are_read_back(&*make("published"));
    a_publication_replaces_nothing_but_its_own_files(&*make("others"));
    only_one_creator_wins(&*make("created"));
    what_is_replaced_is_whole(&*make("replaced"));
    listings_are_sorted_and_of_one_folder(&*make("listed"));
    hidden_files_are_not_listed(&*make("hidden"));
    what_is_not_there_is_nothing(&*make("nothing"));
    removed_files_are_gone(&*make("removed"));
    times_go_on(&*make("times"));
    names_of_any_user_are_kept(&*make("names"));
    let locks = make("locks");
    if locks.keeps_locks() {
        locks_exclude(&*locks);
        locks_are_waited_for(&*make("waited"));
    }
    objects_are_its_files(&*make("objects"));
}

fn object(path: &str, bytes: &[u8]) -> Object {
    Object { path: path.into(), bytes: bytes.into() }
}

fn publish(store: &dyn Storage, objects: &[Object]) {
    assert_eq!(store.publish(objects).unwrap(), Created::Yes);
}

fn published_files_are_read_back(store: &dyn Storage) {
    assert_eq!(store.publish(&[]).unwrap(), Created::Yes);
    publish(store, &[object("te/a.parquet", b"1"), object("users/a.parquet", b"22")]);
    assert_eq!(store.list("users").unwrap(), [Entry { path: "users/a.parquet".into(), bytes: 2 }]);
    assert_eq!(store.read("te/a.parquet").unwrap().unwrap(), b"1");
    let file = store.open("users/a.parquet").unwrap().unwrap();
    assert_eq!((file.length(), file.read_at(1, 1).unwrap()), (2, "2".into()));
    assert!(file.read_at(1, 2).is_err());
    assert!(file.read_at(9, 1).is_err());
    assert!(store.list("_staging").unwrap().is_empty());
    assert!(store.has_any("te").unwrap() && store.has_any("").unwrap());
    assert_eq!(store.folders("").unwrap(), ["te", "users"]);
    assert!(store.folders("te").unwrap().is_empty() && store.folders("t").unwrap().is_empty());
    assert!(!store.has_any("t").unwrap() && !store.has_any("te/a").unwrap());
}

fn a_publication_replaces_nothing_but_its_own_files(store: &dyn Storage) {
    publish(store, &[object("te/a", b"1"), object("users/a", b"1")]);
    publish(store, &[object("te/b", b"2"), object("users/b", b"2")]);
    assert_eq!(store.read("te/a").unwrap().unwrap(), b"1");
    assert_eq!(store.list("").unwrap().len(), 4);
}

fn only_one_creator_wins(store: &dyn Storage) {
    let created = |i: u8| store.create(&object("run.yaml", &[i])).unwrap() == Created::Yes;
    let wins: Vec<bool> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8).map(|i| scope.spawn(move || created(i))).collect();
        tries.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(wins.iter().filter(|won| **won).count(), 1);
    let winner = wins.iter().position(|won| *won).unwrap();
    assert_eq!(store.read("run.yaml").unwrap().unwrap(), [winner as u8]);
}

fn what_is_replaced_is_whole(store: &dyn Storage) {
    let texts = [vec![b'a'; 100_000], vec![b'b'; 50_000]];
    store.replace(&object("f", &texts[0])).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..40 {
                let (path, bytes) = ("f".to_owned(), texts[n % 2].clone());
                let object = Object { path, bytes };
                if n % 3 == 0 { store.note(&object).unwrap() } else { store.replace(&object).unwrap() }
            }
        });
        while !writer.is_finished() {
            assert!(texts.contains(&store.read("f").unwrap().unwrap()));
        }
        writer.join().unwrap();
    });
}

fn listings_are_sorted_and_of_one_folder(store: &dyn Storage) {
    for path in ["te/shard=1/b", "te/shard=0/c", "te/shard=0/a", "te2/shard=0/a"] {
        store.replace(&object(path, path.as_bytes())).unwrap();
    }
    let listed = |folder: &str| store.list(folder).unwrap().into_iter().map(|e| e.path).collect::<Vec<_>>();
    assert_eq!(listed("te"), ["te/shard=0/a", "te/shard=0/c", "te/shard=1/b"]);
    assert_eq!(listed("te/shard=0"), ["te/shard=0/a", "te/shard=0/c"]);
    assert_eq!(listed("").len(), 4);
}

fn hidden_files_are_not_listed(store: &dyn Storage) {
    for path in [".DS_Store", "te/.nfs01", "te/.stfolder/a", "te/shard=0/user_id=.a/b"] {
        store.replace(&object(path, path.as_bytes())).unwrap();
    }
    let listed: Vec<String> = store.list("").unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(listed, ["te/shard=0/user_id=.a/b"]);
}

fn what_is_not_there_is_nothing(store: &dyn Storage) {
    assert_eq!(store.read("te/a").unwrap(), None);
    assert!(store.open("te/a").unwrap().is_none());
    assert_eq!(store.size("te/a").unwrap(), None);
    assert!(store.list("te").unwrap().is_empty());
    assert!(store.list("").unwrap().is_empty());
    store.remove("te/a").unwrap();
}

fn removed_files_are_gone(store: &dyn Storage) {
    let path = "te/shard=0/user_id=a/1.parquet";
    store.replace(&object(path, b"12")).unwrap();
    let open = store.open(path).unwrap().unwrap();
    assert_eq!(store.size(path).unwrap(), Some(2));
    store.remove(path).unwrap();
    assert_eq!(store.size(path).unwrap(), None);
    assert!(store.list("te").unwrap().is_empty());
    // Who had it open reads on.
    assert_eq!(open.read_at(0, 2).unwrap(), "12");
    store.replace(&object(path, b"3")).unwrap();
    assert_eq!(store.read(path).unwrap().unwrap(), b"3");
}

fn times_go_on(store: &dyn Storage) {
    let written = |path: &str| {
        store.replace(&object(path, b"1")).unwrap();
        store.modified(path).unwrap()
    };
    let (first, then) = (written("a"), written("b"));
    assert!(first <= then && first.is_none_or(|at| at > 0), "{first:?} {then:?}");
    assert_eq!(store.modified("c").unwrap(), None);
}

fn names_of_any_user_are_kept(store: &dyn Storage) {
    let names = ["a b", "..", "", "a/b", "50%", "ä\u{1F600}", "x=y"];
    let mut paths: Vec<String> =
        names.iter().map(|name| super::path::data_file("te", 0, name, "1")).collect();
    for path in &paths {
        publish(store, &[object(path, path.as_bytes())]);
        assert_eq!(store.read(path).unwrap().unwrap(), path.as_bytes());
    }
    paths.sort();
    let listed: Vec<String> = store.list("te").unwrap().into_iter().map(|e| e.path).collect();
    assert_eq!(listed, paths);
}

fn locks_exclude(store: &dyn Storage) {
    let lock = |hold| store.lock("_status/a.lock", hold, Duration::ZERO).unwrap();
    let (first, second) = (lock(Hold::Shared).unwrap(), lock(Hold::Shared).unwrap());
    assert!(lock(Hold::Exclusive).is_none());
    drop(first);
    assert!(lock(Hold::Exclusive).is_none());
    drop(second);
    let alone = lock(Hold::Exclusive).unwrap();
    assert!(lock(Hold::Shared).is_none() && lock(Hold::Exclusive).is_none());
    let told = String::from_utf8(store.read("_status/a.lock").unwrap().unwrap()).unwrap();
    assert_eq!(super::Holder::parse(&told), Some(super::Holder::this_process()));
    assert!(store.lock("_status/b.lock", Hold::Exclusive, Duration::ZERO).unwrap().is_some());
    drop(alone);
    assert!(lock(Hold::Shared).is_some());
    // Its name stays.
    assert!(store.list("_status").unwrap().iter().any(|e| e.path == "_status/a.lock"));
}

fn locks_are_waited_for(store: &dyn Storage) {
    let lock = |wait| store.lock("l", Hold::Exclusive, Duration::from_millis(wait)).unwrap();
    let held = lock(0).unwrap();
    let ready = Barrier::new(2);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            ready.wait();
            lock(60_000).is_some()
        });
        ready.wait();
        assert!(lock(30).is_none());
        drop(held);
        assert!(waiting.join().unwrap());
    });
}

fn objects_are_its_files(store: &dyn Storage) {
    let path = super::path::data_file("te", 0, "a b%", "1");
    publish(store, &[object(&path, b"123")]);
    let objects = store.object_store().unwrap();
    let there = format!("{}/{path}", objects.prefix);
    let there = object_store::path::Path::parse(there.trim_start_matches('/')).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = runtime.block_on(async { objects.store.get(&there).await.unwrap().bytes().await.unwrap() });
    assert_eq!(read, "123");
    assert!(objects.url.contains("://"), "{}", objects.url);
}
