use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;

use super::super::testing::small;
use super::{Config, DatasetError, Recipe, UserFrame};
use crate::dataset::inputs;

/// Reads all users of a folder.
fn read(folder: &Path, config: &mut Config) -> Vec<Result<UserFrame, DatasetError>> {
    config.data_root = folder.to_str().unwrap().to_owned();
    config.data.files = "*".to_owned();
    let recipe = Recipe::new(config).unwrap();
    inputs(config).unwrap().iter().map(|input| recipe.read(input)).collect()
}

#[test]
fn shared_files_give_each_user_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.csv"), "who,time,x,y\na,0,1,0\nb,0,oops,0\na,60,0,1\n").unwrap();
    std::fs::write(folder.path().join("2.csv"), "y,x,time,who\n1,2,120,a\n").unwrap();
    let mut config = small();
    config.data.user = Some("who".to_owned());
    let users = read(folder.path(), &mut config);
    let a = users[0].as_ref().unwrap();
    assert_eq!(a.sources["m"], Ok(vec![1.0, 0.0, 2.0]));
    assert_eq!((a.lines.as_slice(), a.rows()), (&[2, 4, 2][..], 3));
    let b = users[1].as_ref().unwrap();
    assert_eq!(b.sources["m"].as_ref().unwrap_err().code(), "not_a_number");
    assert_eq!(inputs(&config).unwrap()[0].fingerprint().unwrap(), a.fingerprint);
}

#[test]
fn a_column_of_one_mode_fails_only_that_mode() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("u.csv"), "time,x,y\n0,1,0\n60,0,1\n").unwrap();
    let mut config = small();
    config.data.sources.insert("n".to_owned(), "x + xx".to_owned());
    config.feature_modes.push("n".to_owned());
    let users = read(folder.path(), &mut config);
    let recipe = Recipe::new(&config).unwrap();
    let user = users[0].as_ref().unwrap();
    assert_eq!(recipe.series(user, "m").unwrap().source, [1, 0]);
    assert_eq!(recipe.series(user, "n").unwrap_err().code(), "missing_column");
    assert_eq!(recipe.series(user, "nn").unwrap_err().code(), "unknown_mode");
    assert_eq!(recipe.columns().collect::<Vec<_>>(), ["time", "x", "xx", "y"]);
}

#[test]
fn text_and_truth_in_expressions() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("u.csv"), "time,x,y\n0,1,sit\n60,,walk\n120,3,\n").unwrap();
    let mut config = small();
    config.data.text_columns = vec!["y".to_owned()];
    config.data.target = "y = 'sit'".to_owned();
    config.data.sources = [("m".to_owned(), "coalesce(x, 9)".to_owned())].into();
    let users = read(folder.path(), &mut config);
    let user = users[0].as_ref().unwrap();
    assert_eq!(user.sources["m"], Ok(vec![1.0, 9.0, 3.0]));
    assert_eq!(&user.target[..2], [1.0, 0.0]);
    assert!(user.target[2].is_nan());
}

/// Writes a Parquet file of three rows.
fn parquet_file(path: &Path) {
    let columns: [(&str, ArrayRef); 4] = [
        ("time", Arc::new(TimestampMillisecondArray::from(vec![0, 1500, 3000]))),
        ("x", Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))),
        ("unneeded", Arc::new(StringArray::from(vec!["p", "q", "r"]))),
        ("y", Arc::new(BooleanArray::from(vec![true, false, true]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_columns_become_numbers() {
    let folder = tempfile::tempdir().unwrap();
    parquet_file(&folder.path().join("u.parquet"));
    let users = read(folder.path(), &mut small());
    let user = users[0].as_ref().unwrap();
    assert_eq!(user.timestamp.as_deref(), Some(&[0.0, 1.5, 3.0][..]));
    assert_eq!((user.target.as_slice(), user.lines.as_slice()), (&[1.0, 0.0, 1.0][..], &[1, 2, 3][..]));
    let source = user.sources["m"].as_ref().unwrap();
    assert!(source[1].is_nan() && source[2] > 2.0);
}

#[test]
fn damaged_parquet_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("u.parquet");
    parquet_file(&path);
    let whole = std::fs::read(&path).unwrap();
    for cut in [4, 10, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(read(folder.path(), &mut small())[0].as_ref().unwrap_err().code(), "corrupt");
    }
    // A changed byte may or may not matter; it must not panic.
    let recipe = Recipe::new(&small()).unwrap();
    let input =
        crate::dataset::UserInput { id: "u".to_owned(), files: vec![path.clone()], bytes: 0, unread: false };
    for at in 4..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        std::fs::write(&path, &changed).unwrap();
        let _ = recipe.read(&input);
    }
}

#[test]
fn a_configuration_is_refused_before_any_user_is_read() {
    let mut config = small();
    config.data.target = "y +".to_owned();
    assert!(Recipe::new(&config).unwrap_err().is_config());
    let mut config = small();
    config.feature_modes = vec!["mm".to_owned()];
    let error = Recipe::new(&config).unwrap_err();
    assert!(error.is_config() && error.to_string().starts_with("unknown feature mode `mm`"));
}
