//! The storage over a store in memory, right and wrong.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::bucket::Bucket;
use super::facts::Facts;
use super::faulty::{Fault, Faulty};
use super::runtime;
use super::settings::Who;
use super::storage::RemoteStorage;
use crate::store::conformance;
use crate::store::location::Location;
use crate::store::{
    Created, Made, Object, ParquetParts, Storage, StorageError, StoreError, data_file, parquet_bytes,
    publish_by_names,
};

fn over(store: &Arc<Faulty>, prefix: &str) -> Arc<RemoteStorage> {
    let Location::Url(url) = format!("s3://bucket/{prefix}").parse().unwrap() else { panic!("{prefix}") };
    let facts = Facts {
        bucket: "bucket".into(),
        server: "https://s3.example".into(),
        region: "us-east-1".into(),
        who: Who::Key("AKIA…7Q".into()),
    };
    let (client, on) =
        (|| Arc::clone(store) as Arc<dyn object_store::ObjectStore>, runtime::handle().unwrap());
    let bucket = Bucket::on(client(), client(), facts, on, Duration::from_millis(1));
    Arc::new(RemoteStorage::new(Arc::new(bucket), url))
}

fn object(path: &str, bytes: &[u8]) -> Object {
    Object { path: path.into(), bytes: bytes.into() }
}

#[test]
fn storage_contract_wherever_it_begins() {
    for prefix in ["", "run", "a b/50%/ä😀/x=y/a%2Fb", ".hidden/_run"] {
        conformance::all(&|_| over(&Arc::default(), prefix));
    }
}

#[test]
fn storage_contract_while_creates_go_wrong() {
    for seed in 0..20 {
        conformance::all(&|_| over(&Faulty::at_random(seed, 3), "run"));
    }
}

#[test]
fn runs_of_one_bucket_do_not_see_each_other() {
    let store = Arc::default();
    let (one, other, all) = (over(&store, "a"), over(&store, "a2"), over(&store, ""));
    let _ = one.create(&object("te/x", b"1")).unwrap();
    assert!(other.list("").unwrap().is_empty());
    assert_eq!(one.list("").unwrap()[0].path, "te/x");
    assert_eq!(all.list("").unwrap()[0].path, "a/te/x");
}

#[test]
fn a_create_is_answered_whatever_becomes_of_it() {
    for fault in Fault::MENDED {
        let store = Faulty::with(&[fault]);
        let storage = over(&store, "run");
        assert_eq!(storage.create(&object("a", b"ours")).unwrap(), Created::Yes, "{fault:?}");
        assert_eq!(storage.read("a").unwrap().unwrap(), b"ours", "{fault:?}");
        // Another's is refused, whatever its own create meets.
        store.next.lock().unwrap().push_back(Some(fault));
        assert_eq!(storage.create(&object("a", b"other")).unwrap(), Created::Existed, "{fault:?}");
        // So is an object as long; and whoever comes again with the same bytes has made it.
        assert_eq!(storage.create(&object("a", b"sruo")).unwrap(), Created::Existed);
        assert_eq!(storage.create(&object("a", b"ours")).unwrap(), Created::Yes);
        assert_eq!(storage.read("a").unwrap().unwrap(), b"ours");
    }
}

#[test]
fn a_create_that_never_succeeds_ends() {
    let store = Faulty::with(&[Fault::Conflict; 20]);
    let error = over(&store, "run").create(&object("a", b"1")).unwrap_err();
    assert_eq!(store.puts.load(Ordering::SeqCst), 6);
    assert!(error.to_string().starts_with("cannot write s3://bucket/run/a\n(hint: "), "{error}");
    // What is not allowed is asked once.
    let store = Faulty::with(&[Fault::Denied; 20]);
    let error = over(&store, "run").create(&object("a", b"1")).unwrap_err();
    assert_eq!((store.puts.load(Ordering::SeqCst), error.source.kind()), (1, ErrorKind::PermissionDenied));
    assert_eq!(
        crate::error::chain(&error),
        "cannot write s3://bucket/run/a: the store says AccessDenied (403) for PUT, and could list\n\
         (hint: the key AKIA…7Q may read but not write; it needs s3:PutObject on bucket/run/*)"
    );
    // A server that stays broken is given up by the clock, not only by the count.
    let store = Faulty::with(&[Fault::Broken; 20]);
    let begun = Instant::now();
    assert!(over(&store, "run").create(&object("a", b"1")).is_err());
    assert!(begun.elapsed() < Duration::from_secs(5) && store.puts.load(Ordering::SeqCst) <= 6);
}

#[test]
fn of_several_makers_one_is_told_that_it_was() {
    for seed in 0..150 {
        let store = Faulty::at_random(seed, 2);
        let storage = over(&store, "run");
        let make = |n: usize| (n, storage.create(&object("a", format!("maker {n}").as_bytes())));
        let told: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4).map(|n| scope.spawn(move || make(n))).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        std::thread::sleep(Duration::from_millis(4));
        let there = storage.read("a").unwrap();
        for (n, told) in &told {
            let is_ours = there.as_deref() == Some(format!("maker {n}").as_bytes());
            match told {
                Ok(Created::Yes) => assert!(is_ours, "{seed}: {n} was told that it is there"),
                Ok(Created::Existed) => {
                    assert!(!is_ours && there.is_some(), "{seed}: {n} was refused for itself");
                }
                Err(_) => {}
            }
        }
        assert!(told.iter().filter(|(_, told)| matches!(told, Ok(Created::Yes))).count() <= 1);
    }
}

#[test]
fn the_last_object_is_made_when_all_others_are_there() {
    let store: Arc<Faulty> = Arc::default();
    let storage = over(&store, "run");
    let many: Vec<Object> = (0..60).map(|n| object(&format!("te/{n}"), b"1")).collect();
    let all = |last: &[u8]| [many.clone(), vec![object("users/x", last)]].concat();
    assert_eq!(storage.publish(&all(b"ours")).unwrap(), Created::Yes);
    assert_eq!(storage.list("").unwrap().len(), 61);
    let most = store.most_flying.load(Ordering::SeqCst);
    assert!((4..=16).contains(&most), "{most} in flight");
    // The same again is the same; with a last one that another has made, nothing counts.
    assert_eq!(storage.publish(&all(b"ours")).unwrap(), Created::Yes);
    assert_eq!(storage.publish(&all(b"void")).unwrap(), Created::Existed);
    assert_eq!(storage.read("users/x").unwrap().unwrap(), b"ours");
}

#[test]
fn two_makers_of_one_name_are_told() {
    let storage = over(&Arc::default(), "run");
    let _ = storage.create(&object("te/7", b"other")).unwrap();
    let all: Vec<Object> = (0..30).map(|n| object(&format!("te/{n}"), b"1")).collect();
    let error = storage.publish(&[all, vec![object("users/x", b"1")]].concat()).unwrap_err();
    assert_eq!(
        (error.path.as_str(), error.source.kind()),
        ("s3://bucket/run/te/7", ErrorKind::AlreadyExists)
    );
    assert!(crate::error::chain(&error).contains("another worker has written other bytes"), "{error}");
    assert_eq!(storage.read("users/x").unwrap(), None);
}

#[test]
fn an_object_that_cannot_be_made_keeps_the_last_one_away() {
    let store = Faulty::with(&[Fault::Denied]);
    let storage = over(&store, "run");
    let error =
        storage.publish(&[object("te/a", b"1"), object("te/b", b"1"), object("users/x", b"1")]).unwrap_err();
    assert!(crate::error::chain(&error).contains("AccessDenied (403) for PUT"), "{error}");
    assert_eq!(storage.read("users/x").unwrap(), None);
}

#[test]
fn a_store_is_probed_before_it_is_trusted() {
    let store: Arc<Faulty> = Arc::default();
    over(&store, "run").probe().unwrap();
    assert!(over(&store, "").list("").unwrap().is_empty());
    for seed in 0..10 {
        over(&Faulty::at_random(seed, 4), "run").probe().unwrap();
    }
    let wrong: [fn(&Faulty); 2] = [
        |store| store.overwrites.store(true, Ordering::Relaxed),
        |store| store.overwrites_at_once.store(true, Ordering::Relaxed),
    ];
    for wrong in wrong {
        let store = Faulty::default();
        wrong(&store);
        let error = over(&Arc::new(store), "run").probe().unwrap_err();
        assert!(matches!(&error, StoreError::NoConditions { store } if store == "s3://bucket"), "{error}");
        assert_eq!(
            error.to_string(),
            "s3://bucket does not keep \"create if absent\": a second create of one name was accepted\n\
             (hint: two workers could overwrite each other here; use a store with conditional writes, or a folder)"
        );
    }
    let store = Faulty::default();
    store.lists_nothing.store(true, Ordering::Relaxed);
    assert!(matches!(over(&Arc::new(store), "run").probe(), Err(StoreError::LateListing { .. })));
}

#[test]
fn locks_are_refused() {
    let storage = over(&Arc::default(), "run");
    assert!(!storage.keeps_locks());
    let error = storage.lock("l", crate::store::Hold::Exclusive, Duration::ZERO).unwrap_err();
    assert_eq!(error.source.kind(), ErrorKind::Unsupported);
}

/// A Parquet file of some columns and rows, in row groups of some rows.
fn parquet(rows: usize, columns: usize, group: usize) -> Vec<u8> {
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;
    let number = |n: usize| (n as f64 * 0.618_033_988_749).fract();
    let column = |c: usize| {
        let values: Float64Array =
            (0..rows).map(|row| number(row * (c + 1) + c)).collect::<Vec<f64>>().into();
        (format!("x{c}"), Arc::new(values) as arrow::array::ArrayRef)
    };
    let users: StringArray = (0..rows).map(|row| Some(format!("user {:07}", row / 8))).collect();
    let constant = Int64Array::from(vec![1; rows]);
    let columns = (0..columns).map(column).chain([
        ("user_id".to_owned(), Arc::new(users) as arrow::array::ArrayRef),
        ("one".to_owned(), Arc::new(constant) as arrow::array::ArrayRef),
    ]);
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_data_page_row_count_limit(4096)
        .set_dictionary_enabled(false)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Reads a file through `open` as the readers of tables do; rows, and bytes and requests of it.
fn read_through(store: &Faulty, storage: &dyn Storage, path: &str) -> (usize, usize, usize) {
    let before = (store.got.load(Ordering::Relaxed), store.gets.load(Ordering::Relaxed));
    let parts = ParquetParts(storage.open(path).unwrap().unwrap());
    let metadata = ArrowReaderMetadata::load(&parts, ArrowReaderOptions::new()).unwrap();
    parts.expect(metadata.metadata(), &parquet::arrow::ProjectionMask::all(), None);
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(parts, metadata)
        .with_batch_size(4096)
        .build()
        .unwrap();
    let rows = reader.map(|batch| batch.unwrap().num_rows()).sum();
    let (got, gets) =
        (store.got.load(Ordering::Relaxed) - before.0, store.gets.load(Ordering::Relaxed) - before.1);
    (rows, got, gets)
}

#[test]
fn parquet_files_are_read_with_few_requests_and_no_byte_twice() {
    let store: Arc<Faulty> = Arc::default();
    let storage = over(&store, "run");
    // Rows, columns, rows of a group, most requests: small, of small groups, of one group that is held in parts.
    for (rows, columns, group, most) in
        [(1000, 2, 1000, 1), (300_000, 6, 20_000, 5), (300_000, 6, 100_000, 5), (300_000, 12, 300_000, 140)]
    {
        let bytes = parquet(rows, columns, group);
        let path = format!("te/{rows}-{columns}-{group}.parquet");
        let _ = storage.create(&Object { path: path.clone(), bytes: bytes.clone() }).unwrap();
        let (read, got, gets) = read_through(&store, &*storage, &path);
        assert_eq!(read, rows);
        assert!(got as f64 <= 1.05 * bytes.len() as f64, "{path}: {got} of {} bytes", bytes.len());
        assert!(gets <= most, "{path}: {gets} requests for {} bytes", bytes.len());
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    let storage = over(&Arc::default(), "run");
    let long = |byte: u8| Object { path: "f".into(), bytes: vec![byte; 300_000] };
    storage.replace(&long(1)).unwrap();
    let open = storage.open("f").unwrap().unwrap();
    storage.replace(&long(2)).unwrap();
    assert_eq!(open.read_at(0, 10).unwrap_err().to_string(), "it was replaced while it was read");
    let open = storage.open("f").unwrap().unwrap();
    storage.remove("f").unwrap();
    assert_eq!(open.read_at(0, 10).unwrap_err().to_string(), "it was removed while it was read");
    // What was brought is there.
    assert_eq!(open.read_at(299_990, 10).unwrap(), vec![2; 10]);
}

#[test]
fn objects_without_bytes_are_files() {
    let storage = over(&Arc::default(), "run");
    let _ = storage.create(&object("empty", b"")).unwrap();
    let open = storage.open("empty").unwrap().unwrap();
    assert_eq!((open.length(), open.read_at(0, 0).unwrap().len()), (0, 0));
    assert!(open.read_at(0, 1).is_err());
    assert_eq!(storage.size("empty").unwrap(), Some(0));
    assert_eq!(storage.read("empty").unwrap().unwrap(), b"");
}

#[test]
fn keys_of_any_user_are_found_by_a_query_engine() {
    for prefix in ["", "a b/50%"] {
        let storage = over(&Arc::default(), prefix);
        for id in ["a b", "a/b", "50%", "ä😀", "x=y", "..", "a%2Fb", "", "#?&+"] {
            let path = data_file("te", 0, id, "1");
            let _ = storage.create(&object(&path, id.as_bytes())).unwrap();
            let objects = storage.object_store().unwrap();
            assert_eq!(objects.url, "s3://bucket/");
            let key = object_store::path::Path::parse(format!("{}/{path}", objects.prefix)).unwrap();
            let read =
                async { object_store::ObjectStoreExt::get(&*objects.store, &key).await?.bytes().await };
            let read = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read);
            assert_eq!(read.unwrap(), id.as_bytes(), "{key}");
        }
        assert_eq!(storage.list("te/shard=0").unwrap().len(), 9);
    }
}

#[test]
fn rows_are_the_same_as_in_memory() {
    let batch = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1, 2])) as _)]).unwrap();
    let bytes = parquet_bytes(&batch, None).unwrap();
    let storage = over(&Arc::default(), "run");
    let _ = storage.create(&Object { path: "a.parquet".into(), bytes }).unwrap();
    let parts = ParquetParts(storage.open("a.parquet").unwrap().unwrap());
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(parts).unwrap().build().unwrap();
    assert_eq!(reader.next().unwrap().unwrap(), batch);
}

#[test]
fn others_who_have_the_client_are_told_in_the_same_words() {
    use object_store::{ObjectStore, ObjectStoreExt, PutMode};
    let storage = over(&Faulty::with(&[Fault::Denied]), "run");
    let objects = storage.object_store().unwrap();
    let at = object_store::path::Path::from("run/te");
    let put =
        runtime::handle().unwrap().block_on(objects.store.put_opts(&at, "1".into(), PutMode::Create.into()));
    let error = put.unwrap_err();
    let told = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<StorageError>());
    assert_eq!(
        crate::error::chain(told.unwrap()),
        "cannot write s3://bucket/run/te: the store says AccessDenied (403) for PUT\n\
         (hint: the key AKIA…7Q may not write; it needs s3:PutObject on bucket/run/*)"
    );
    let nothing = runtime::handle().unwrap().block_on(objects.store.get(&at)).unwrap_err();
    assert!(matches!(nothing, object_store::Error::NotFound { .. }), "{nothing}");
}

#[test]
fn who_has_lost_a_name_sends_nothing_twice() {
    let store = Arc::default();
    let storage = over(&store, "run");
    let _ = storage.create(&object("users/a", b"theirs")).unwrap();
    let before = store.puts.load(Ordering::SeqCst);
    let published = publish_by_names(&*storage, &[object("te/a", b"1"), object("users/a", b"ours")]);
    assert_eq!(published.unwrap(), Made::Theirs(b"theirs".into()));
    assert_eq!(store.puts.load(Ordering::SeqCst) - before, 2);
}

#[test]
fn who_has_read_from_a_bucket_need_not_ask_whether_it_is_there() {
    let store: Arc<Faulty> = Arc::default();
    let lists = || store.lists.load(Ordering::Relaxed);
    let first = over(&store, "run");
    for path in ["a", "b"] {
        assert_eq!(first.create(&object(path, b"1")).unwrap(), Created::Yes);
        assert_eq!(lists(), 1, "asked once, by who has read nothing");
    }
    let second = over(&store, "run");
    assert_eq!(second.read("none").unwrap(), None);
    assert_eq!(second.read("a").unwrap().unwrap(), b"1");
    assert_eq!((second.create(&object("c", b"1")).unwrap(), lists()), (Created::Yes, 1));
    // That there is nothing of a name may mean that there is no bucket.
    let third = over(&store, "run");
    assert_eq!(third.read("none").unwrap(), None);
    assert_eq!((third.create(&object("d", b"1")).unwrap(), lists()), (Created::Yes, 2));
}
