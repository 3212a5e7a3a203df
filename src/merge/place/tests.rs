use super::*;
use crate::store::MemoryStorage;

fn put(staged: Staged, output: &Location) -> Result<(), MergeError> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(staged.put(output, false))
}

#[test]
fn an_output_is_whole_or_absent() {
    let dir = tempfile::tempdir().unwrap();
    let output = Location::from(dir.path().join("out"));
    let given_up = Staged::of(&output).unwrap();
    given_up.file("a", |_| Ok(())).unwrap();
    drop(given_up);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let staged = Staged::of(&output).unwrap();
    staged.file("a", |file| std::io::Write::write_all(file, b"1")).unwrap();
    put(staged, &output).unwrap();
    assert_eq!(fs::read(dir.path().join("out/a")).unwrap(), b"1");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_place_that_was_taken_meanwhile_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out");
    let output = Location::from(path.clone());
    let staged = Staged::of(&output).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("theirs"), "").unwrap();
    let error = put(staged, &output).unwrap_err();
    assert!(matches!(error, MergeError::OutputExists(_)), "{error}");
    assert!(path.join("theirs").exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_comes_late_of_parts_makes_room_for_the_output() {
    let dir = tempfile::tempdir().unwrap();
    let output = Location::from(dir.path().join("out"));
    let staged = Staged::of(&output).unwrap();
    staged.file("a", |_| Ok(())).unwrap();
    let late = dir.path().join("out/_parts/4-write");
    fs::create_dir_all(&late).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let _ = fs::create_dir_all(&late);
                std::thread::sleep(std::time::Duration::from_micros(100));
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let placed = runtime.block_on(staged.put(&output, true));
        is_over.store(true, Ordering::Relaxed);
        placed.unwrap();
    });
    remove_parts(&dir.path().join("out")).unwrap();
    let names: Vec<_> =
        fs::read_dir(dir.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["a"]);
}

fn away(storage: &MemoryStorage) -> Location {
    Location::from(Arc::new(storage.clone()) as Arc<dyn Storage>)
}

fn staged(output: &Location) -> Staged {
    let staged = Staged::of(output).unwrap();
    for name in ["te.csv", MERGE_MANIFEST, "users.csv"] {
        staged.file(name, |file| std::io::Write::write_all(file, name.as_bytes())).unwrap();
    }
    staged
}

#[test]
fn the_files_of_an_object_store_are_put_there_and_the_manifest_last() {
    let storage = MemoryStorage::new();
    let output = away(&storage);
    check(&output).unwrap();
    let whole = staged(&output);
    assert_eq!(in_order(whole.dir()).unwrap(), ["te.csv", "users.csv", MERGE_MANIFEST]);
    put(whole, &output).unwrap();
    let there: Vec<String> = storage.list("").unwrap().into_iter().map(|entry| entry.path).collect();
    assert_eq!(there, [MERGE_MANIFEST, "te.csv", "users.csv"]);
    assert!(matches!(check(&output), Err(MergeError::OutputExists(_))));
    let error = put(staged(&output), &output).unwrap_err();
    assert!(matches!(error, MergeError::OutputExists(_)), "{error}");
    assert_eq!(storage.list("").unwrap().len(), 3, "the claim is gone");
}

#[test]
fn what_did_not_end_is_told_with_who_began_it() {
    let storage = MemoryStorage::new();
    let output = away(&storage);
    let bytes = b"process 7 on far\ntoken\n".to_vec();
    assert_eq!(storage.create(&Object { path: CLAIM.into(), bytes }).unwrap(), Created::Yes);
    let te = Object { path: "te.csv".into(), bytes: b"te.csv".to_vec() };
    assert_eq!(storage.create(&te).unwrap(), Created::Yes);
    for error in [check(&output).unwrap_err(), put(staged(&output), &output).unwrap_err()] {
        let told = error.to_string();
        assert!(told.contains("one file of a merge that did not end, and no merge.yaml"), "{told}");
        assert!(told.contains("it was begun by process 7 on far") && told.contains("aws s3 rm"), "{told}");
    }
}
