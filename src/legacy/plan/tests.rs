//! Files that other programs have saved again.

use super::super::shard::{Files, read_files};
use super::super::tests::*;
use super::super::*;
use crate::schema::Cell;

const TE: &str = "per_user_te.csv";

/// The settings of the tests, of so many users.
fn settings(users: u32) -> Vec<u8> {
    format!(
        "config:\n  n_users: {users}\n  feature_modes: [composite]\n  taus: [1]\n  k_selection: {{strategy: fixed}}\n  \
         hour_bins: 6\n  surrogates: 100\n  analysis_modes: [global_te]\n"
    )
    .into_bytes()
}

const HEADER: &str =
    "user_id,feature_mode,k,l,tau,TE_A2S,TE_S2A,Delta_TE,p_A2S,p_S2A,n_samples,low_n,quality_passed";

fn row(user: &str) -> String {
    format!("{user},composite,3,3,1,0.25,0.5,-0.25,0.75,0.99,1230,False,True")
}

/// A directory with a file of transfer entropies.
fn with(te: impl Into<Vec<u8>>) -> LegacyShard {
    let files = [(TE, te.into()), (layout::RUN_INFO, settings(2))].into();
    read_files(Path::new("dir"), "dir_shard0of1", &files, schemas()).unwrap()
}

fn plain() -> String {
    format!("{HEADER}\n{}\n{}\n", row("u1"), row("u2"))
}

/// The directory holds what the plain one does, and says why it was read otherwise.
fn same_as_plain(shard: &LegacyShard, said: &str) {
    assert_eq!(shard.units, with(plain()).units, "{:?}", shard.findings);
    let told = shard.findings.iter().any(|f| f.what.contains(said));
    assert!(told || said.is_empty(), "{:?}", shard.findings);
    assert!(!shard.findings.iter().any(|f| f.kind.loses_rows()), "{:?}", shard.findings);
}

#[test]
fn separators_of_spreadsheets() {
    for (separator, name) in [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")] {
        same_as_plain(&with(plain().replace(',', separator)), name);
    }
    let german = plain().replace(',', ";").replace('.', ",");
    let shard = with(german);
    same_as_plain(&shard, "semicolons");
    same_as_plain(&shard, "decimal comma");
}

#[test]
fn decimal_commas_in_quotes() {
    let comma = plain()
        .replace(",-0.25,", ",\"-0,25\",")
        .replace(",0.25,", ",\"0,25\",")
        .replace(",0.5,", ",\"0,5\",");
    same_as_plain(&with(comma), "TE_A2S, TE_S2A, Delta_TE have a decimal comma");
    // Points between thousands: 1.000 rows are not one.
    let comma = |text: String| text.replace(',', ";").replace('.', ",");
    let grouped = comma(plain().replace("1230", "1000")).replace("1000", "1.000");
    let n = |shard: &LegacyShard| shard.units.iter().map(|unit| unit.n_samples).collect::<Vec<_>>();
    assert_eq!(n(&with(grouped)), [Some(1000), Some(1000)]);
    // Without quotes the comma makes two fields of a number.
    let ragged = with(plain().replace('.', ","));
    let told = ragged.findings.iter().filter(|f| f.what.contains("decimal commas without quotes"));
    assert_eq!((ragged.units.len(), told.count()), (0, 1), "{:?}", ragged.findings);
    // Thousands of rows, one line.
    let doubtful = with(plain().replace(",0.25,", ",\"1,234\",").replace(",0.5,", ",\"1,235\","));
    assert!(doubtful.units.is_empty());
    let lines: Vec<String> = doubtful.findings.iter().map(ToString::to_string).collect();
    assert_eq!(lines.iter().filter(|l| l.contains("number with a comma")).count(), 1, "{lines:#?}");
    assert!(lines.iter().any(|l| l.contains("cannot be told whether it is a decimal comma")), "{lines:#?}");
}

#[test]
fn encodings_and_compression() {
    let wide: Vec<u8> = plain().encode_utf16().flat_map(u16::to_le_bytes).collect();
    same_as_plain(&with([&[0xff, 0xfe][..], &wide].concat()), "UTF-16");
    same_as_plain(&with(wide), "UTF-16");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, plain().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    same_as_plain(&with(packed.clone()), "");
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("dir_shard0of1");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("per_user_te.csv.gz"), &packed).unwrap();
    std::fs::write(dir.join("run_info.yaml"), settings(2)).unwrap();
    same_as_plain(&read(&dir, schemas()).unwrap(), "");
    let cut = with(&packed[..packed.len() / 2]);
    assert!(has(&cut, TE, Kind::Torn), "{:?}", cut.findings);
    same_as_plain(&with(zstd::encode_all(plain().as_bytes(), 1).unwrap()), "");
}

#[test]
fn files_of_other_kinds_are_named() {
    let utf32: Vec<u8> = plain().chars().flat_map(|c| (c as u32).to_le_bytes()).collect();
    for (bytes, what, remedy) in [
        (&b"PK\x03\x04....[Content_Types].xml"[..], "a spreadsheet or office document (xlsx, ods)", "as CSV"),
        (b"\xfd7zXZ\0\0", "compressed by xz", "`xz -dc per_user_te.csv | gzip"),
        (b"<html>\n<body>log in</body>\n", "a web page (HTML)", "download the file again"),
        (&utf32, "UTF-32 text", "iconv -f UTF-32"),
        (b"PAR1", "Parquet", "write the table as CSV"),
    ] {
        let shard = with(bytes);
        let found: Vec<&Finding> = shard.findings.iter().filter(|f| f.file.ends_with(TE)).collect();
        let [found] = found[..] else { panic!("{what}: {:?}", shard.findings) };
        assert_eq!(found.what, format!("is {what}, which is not read"));
        assert!(found.kind.loses_rows() && found.remedy.contains(remedy), "{found:?}");
    }
    let status = "{\"pipeline\": {\"total_users\": 2}}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let of_status = |status: Vec<u8>| {
        let files =
            [(TE, plain().into_bytes()), (layout::RUN_INFO, settings(2)), (layout::STATUS, status)].into();
        read_files(Path::new("dir"), "dir_shard0of1", &files, schemas()).unwrap()
    };
    assert_eq!(of_status(status).users, Some(2));
    let odd = of_status(b"\xfd7zXZ\0\0".to_vec());
    assert_eq!((odd.users, &odd.units), (None, &with(plain()).units));
    assert!(odd.findings.iter().any(|f| f.file.ends_with("status.json") && f.what.contains("by xz")));
}

#[test]
fn flags_of_databases_and_values_that_overflowed() {
    same_as_plain(&with(plain().replace("False,True", "0,1")), "");
    same_as_plain(&with(plain().replace("False,True", "0.0,1.0")), "");
    let odd = with(plain().replace("False,True", "maybe,True"));
    let flag = cell(&rows(unit(&odd, "u1"), "te")[0], "low_n").clone();
    assert_eq!((odd.units.len(), flag), (2, Cell::Null));
    assert!(has(&odd, TE, Kind::Doubtful), "{:?}", odd.findings);
    // One line, whatever the sign.
    let infinite = with(plain().replace(",0.5,", ",inf,").replacen(",inf,", ",-inf,", 1));
    let lost: Vec<&Finding> = infinite.findings.iter().filter(|f| f.kind.loses_rows()).collect();
    assert!(lost.len() == 1 && lost[0].lines == [2, 3], "{lost:?}");
}

/// What merging a directory would be missing: the users of its plan without a unit.
fn missing(shard: &LegacyShard) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let imported = import(std::slice::from_ref(shard), folder.path(), None, schemas()).unwrap();
    let run = crate::store::Run::open(&imported.runs[0]).unwrap();
    let named = |user: &String| !shard.units.iter().any(|unit| unit.user_id == *user);
    let users = run.expected().unwrap().iter().map(|unit| unit.user_id.clone());
    users.filter(named).collect()
}

#[test]
fn users_that_are_counted_and_named_nowhere_are_missing() {
    let counted = |users, status: Option<u32>| {
        let mut files: Files = [(TE, plain().into_bytes()), (layout::RUN_INFO, settings(users))].into();
        if let Some(total) = status {
            files.insert(
                layout::STATUS,
                format!("{{\"pipeline\": {{\"total_users\": {total}}}}}").into_bytes(),
            );
        }
        missing(&read_files(Path::new("dir"), "dir_shard0of1", &files, schemas()).unwrap())
    };
    assert!(counted(2, None).is_empty() && counted(0, None).is_empty() && counted(1, None).is_empty());
    assert_eq!(counted(4, None).len(), 2);
    assert_eq!(counted(3, Some(3)), ["(unknown user 1 of 1 in shard 0)"]);
    assert!(counted(100, Some(2)).is_empty(), "there were not as many as asked for");
}

#[test]
fn numbers_of_users_that_contradict_each_other_are_named() {
    let dir = |name: &str, asked: u32, counted: u32| {
        let status = format!("{{\"pipeline\": {{\"total_users\": {counted}}}}}").into_bytes();
        let files: Files =
            [(TE, plain().into_bytes()), (layout::RUN_INFO, settings(asked)), (layout::STATUS, status)]
                .into();
        read_files(Path::new("dir"), name, &files, schemas()).unwrap()
    };
    let told = |dirs: &[LegacyShard]| {
        let folder = tempfile::tempdir().unwrap();
        let found = import(dirs, folder.path(), None, schemas()).unwrap().findings;
        let differs = |finding: &Finding| finding.what.contains("differs");
        found.into_iter().filter(differs).map(|finding| finding.what).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&[dir("a_shard0of2", 4, 2), dir("b_shard1of2", 6, 2), dir("c_shard1of2", 4, 3)]),
        [
            "run_info.yaml differs in n_users: 4 in a_shard0of2 and 1 more, 6 in b_shard1of2; the largest is taken",
            "status.json differs in the users of shard 1: 2 in b_shard1of2, 3 in c_shard1of2; the largest is taken",
        ]
    );
    assert!(told(&[dir("a_shard0of2", 4, 2), dir("b_shard1of2", 4, 3)]).is_empty());
    // Whichever comes first, the larger number counts.
    let of_settings = |asked: [u32; 2]| {
        let dirs = asked.map(|asked| {
            let files = [(TE, plain().into_bytes()), (layout::RUN_INFO, settings(asked))].into();
            read_files(Path::new("dir"), &format!("run{asked}"), &files, schemas()).unwrap()
        });
        let folder = tempfile::tempdir().unwrap();
        let runs = import(&dirs, folder.path(), None, schemas()).unwrap().runs;
        let run = crate::store::Run::open(&runs[0]).unwrap();
        run.expected().unwrap().iter().filter(|unit| unit.user_id.contains("unknown")).count()
    };
    assert_eq!((of_settings([2, 5]), of_settings([5, 2])), (3, 3));
}

#[test]
fn directories_without_a_result_are_an_error() {
    for (te, cause) in [
        (format!("{HEADER}\n"), ""),
        (String::new(), "holds no line"),
        ("\n\n".to_owned(), "holds no line"),
        ("a;b\n1;2\n".to_owned(), "header"),
    ] {
        let files = [(TE, te.into_bytes())].into();
        let shard = read_files(Path::new("dir"), "dir_shard0of1", &files, schemas()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let error = import(&[shard], folder.path(), None, schemas()).unwrap_err().to_string();
        assert!(error.contains("no user and no result") && error.contains(cause), "{error}");
    }
}

#[test]
fn ids_that_became_numbers_meet_their_rows() {
    let te = plain().replace("u1", "007").replace("u2", "012");
    let k = "user_id,k_selected,k_original,capped,ais_values,criterion\n7,3,3,False,,max_ais\n12.0,3,3,False,,max_ais\n";
    let files =
        [(TE, te.into_bytes()), (layout::K_SELECTED.file, k.into()), (layout::RUN_INFO, settings(2))].into();
    let shard = read_files(Path::new("dir"), "dir_shard0of1", &files, schemas()).unwrap();
    let ids: Vec<&str> = shard.units.iter().map(|unit| unit.user_id.as_str()).collect();
    assert_eq!(ids, ["007", "012"]);
    assert!(
        shard.units.iter().all(|unit| rows(unit, "k_selection").len() == 1 && rows(unit, "te").len() == 1)
    );
    let told = shard.findings.iter().filter(|f| f.kind == Kind::Form && f.what.contains("same person"));
    assert_eq!(told.count(), 1);
}

#[test]
fn ids_that_became_something_else_are_named_together() {
    let k = |one: &str| {
        format!(
            "user_id,k_selected,k_original,capped,ais_values,criterion\n{one},3,3,False,,max_ais\nu2,3,3,False,,max_ais\n"
        )
    };
    let shard = |te: String, k: String| {
        let files =
            [(TE, te.into_bytes()), (layout::K_SELECTED.file, k.into()), (layout::RUN_INFO, settings(2))];
        read_files(Path::new("dir"), "dir_shard0of1", &files.into(), schemas()).unwrap()
    };
    // Led back: an apostrophe, capitals, a zero at the end.
    for (kept, changed) in [("007", "'007"), ("U1", "u1"), ("1.10", "1.1")] {
        let te = plain().replace("u1", kept) + &row(kept).replace(",1,0.25", ",2,0.25") + "\n";
        let shard = shard(te, k(changed));
        assert_eq!(shard.units.len(), 2, "{kept}: {:?}", shard.findings);
        assert!(shard.findings.iter().any(|f| f.what.contains("same person")), "{:?}", shard.findings);
    }
    // Not led back, and named.
    let shard = shard(plain().replace("u1", "MAR1"), k("1-Mar"));
    let both = |f: &&Finding| f.what.contains("MAR1") && f.what.contains("1-Mar");
    assert_eq!(shard.findings.iter().filter(both).count(), 2, "{:?}", shard.findings);
}

#[test]
fn spellings_of_other_directories_and_of_lists_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = |ids: [&str; 2], expected: Option<&[String]>| {
        let dirs = ids.map(|id| with(plain().replace("u1", id)));
        let imported = import(&dirs, &folder.path().join(ids.concat()), expected, schemas()).unwrap();
        imported
            .findings
            .into_iter()
            .filter(|f| f.what.contains("look alike"))
            .map(|f| f.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(told(["007", "7"], None), ["the ids 007, 7 look alike; they were taken for different people"]);
    assert!(told(["007", "008"], None).is_empty());
    let list = ["7".to_owned(), "u2".to_owned()];
    assert_eq!(told(["007", "8"], Some(&list)).len(), 1);
}
