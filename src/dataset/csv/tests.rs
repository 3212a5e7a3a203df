use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::super::open::Text;
use super::super::rules::Rules;
use super::super::table::{Needed, Table, Values};
use super::{DatasetError, read};

fn needed(names: &[&str]) -> Vec<Needed> {
    names.iter().map(|name| Needed { name: (*name).to_owned(), text: *name == "t" }).collect()
}

fn plain(bytes: &[u8]) -> Text<'_> {
    Text::new("u.csv", bytes, None).unwrap()
}

fn parse(bytes: &[u8], names: &[&str]) -> Result<Table, DatasetError> {
    read("u.csv", Text::new("u.csv", bytes, None)?, &needed(names), None, &Rules::default())
}

fn numbers(table: &Table, column: usize) -> Vec<f64> {
    match &table.columns[column].as_ref().unwrap().values {
        Values::Numbers(numbers) => numbers.clone(),
        Values::Text(_) => panic!("text"),
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Text as a frame of zstd, and what follows it.
fn zstd_and_of(text: &str, rest: &[u8]) -> Vec<u8> {
    [zstd::encode_all(text.as_bytes(), 1).unwrap(), rest.to_vec()].concat()
}

fn zstd_and(rest: &[u8]) -> Vec<u8> {
    zstd_and_of("a\n", rest)
}

/// Code of the error of the file, or else of the first column.
fn code(bytes: &[u8]) -> &'static str {
    let error = match parse(bytes, &["a"]) {
        Err(error) => error,
        Ok(table) => match table.columns.into_iter().next().unwrap() {
            Err(error) => error,
            Ok(column) => column.bad.into_values().next().unwrap(),
        },
    };
    assert!(error.is_failure());
    error.code()
}

#[test]
fn needed_columns_only() {
    let text = "\u{feff}x,a,\"t\",b\r\noops,1,\"p,q\",2\r\n\r\n,,\"\",nan\r\n?,3e1,r,-1";
    let table = parse(text.as_bytes(), &["b", "t", "a"]).unwrap();
    assert_eq!(table.lines.as_slice(), [2, 4, 5]);
    assert_eq!(numbers(&table, 2)[0].to_bits(), 1_f64.to_bits());
    assert!(numbers(&table, 0)[1].is_nan() && numbers(&table, 2)[1].is_nan());
    let Values::Text(texts) = &table.columns[1].as_ref().unwrap().values else { panic!() };
    assert_eq!(texts, &[Some("p,q".to_owned()), None, Some("r".to_owned())]);
}

#[test]
fn one_column_may_be_needed_twice() {
    let both = [Needed { name: "a".to_owned(), text: false }, Needed { name: "a".to_owned(), text: true }];
    let table = read("u.csv", plain(b"a\n7\n"), &both, None, &Rules::default()).unwrap();
    assert!(table.columns.iter().all(Result::is_ok));
}

#[test]
fn gzip_of_several_members_is_one_text() {
    let bytes = [gzip("a,b\n1,2\n3"), gzip(",4\n5,6\n")].concat();
    let table = parse(&bytes, &["a"]).unwrap();
    assert_eq!(numbers(&table, 0), [1.0, 3.0, 5.0]);
    assert_eq!(table.fingerprint, blake3::hash(&bytes).to_hex().to_string());
}

#[test]
fn each_bad_file_has_its_error() {
    for nothing in [&b"\n\n"[..], b"a,b\n", b"", b" \r\n", &gzip("")] {
        assert_eq!(parse(nothing, &["a"]).unwrap().lines.len(), 0, "too few rows, not a failure");
    }
    assert_eq!(code(b"b,c\n1,2\n"), "missing_column");
    assert_eq!(code(b"a,a\n1,2\n"), "duplicate_column");
    assert_eq!(code(b"a,b\n1,2\nx,2\n"), "not_a_number");
    assert_eq!(code(b"a,b\n1,2\n1\n"), "ragged_row");
    assert_eq!(code(b"a,b\n1,2\n1,2,3\n"), "ragged_row");
    assert_eq!(code(b"a,b\n1,\"2\n1,2\n"), "open_quote");
}

#[test]
fn what_is_not_csv() {
    assert_eq!(code(b"\x89PNG\r\n\x1a\n\0\0"), "not_csv");
    assert_eq!(code(b"\0\0\0\0"), "not_csv");
    assert_eq!(code(b"\"a,b\n1,2\n"), "not_csv");
    assert_eq!(code(b"\xff\xfe\0\0a\0\0\0"), "not_csv");
}

#[test]
fn encodings_and_compressions_are_seen_through() {
    let text = "time,Größe,a\r\n1,x,2.5\r\n2,y,3.5\r\n";
    let wide = |mark: &[u16]| -> Vec<u16> { mark.iter().copied().chain(text.encode_utf16()).collect() };
    let bytes = |units: Vec<u16>, of: fn(u16) -> [u8; 2]| units.into_iter().flat_map(of).collect::<Vec<u8>>();
    let latin = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    for (what, file) in [
        ("UTF-8 with two marks", [b"\xef\xbb\xbf\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16 little", bytes(wide(&[0xfeff]), u16::to_le_bytes)),
        ("UTF-16 big", bytes(wide(&[0xfeff]), u16::to_be_bytes)),
        ("UTF-16 with two marks", bytes(wide(&[0xfeff, 0xfeff]), u16::to_le_bytes)),
        (
            "UTF-16 without a mark",
            bytes("time,b,a\n1,x,2.5\n2,y,3.5\n".encode_utf16().collect(), u16::to_le_bytes),
        ),
        ("Latin-1 where nobody looks", latin(text)),
        ("carriage returns", text.replace("\r\n", "\r").into_bytes()),
        ("zstd", zstd::encode_all(text.as_bytes(), 1).unwrap()),
        ("gzip in gzip", {
            let mut outer = GzEncoder::new(Vec::new(), Compression::default());
            outer.write_all(&gzip(text)).unwrap();
            outer.finish().unwrap()
        }),
        ("zeros behind gzip", [gzip(text), vec![0; 600]].concat()),
        ("zeros behind zstd", zstd_and_of(text, &[0; 600])),
        (
            "two frames of zstd",
            zstd_and_of(&text[..20], &zstd::encode_all(&text.as_bytes()[20..], 1).unwrap()),
        ),
        ("NUL where nobody looks", text.replace("Größe", "a\0b").into_bytes()),
        ("a line of blanks first", format!("  \n{text}").into_bytes()),
        ("lines of blanks", text.replace("\r\n2", "\r\n\u{a0}\r\n\u{feff}\r\n\x0c\r\n2").into_bytes()),
        ("names behind marks and quotes", text.replace(",a\r", ",\u{200b} \"a\"\r").into_bytes()),
    ] {
        let table = parse(&file, &["a"]).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(numbers(&table, 0), [2.5, 3.5], "{what}");
        assert_eq!(table.fingerprint, blake3::hash(&file).to_hex().to_string(), "{what}");
    }
    let encoding = encoding_rs::Encoding::for_label(b"windows-1252");
    let file = latin("t,Größe\nSpaß,1\n");
    let columns = needed(&["t", "Größe"]);
    let text = Text::new("u.csv", &file[..], encoding).unwrap();
    let table = read("u.csv", text, &columns, None, &Rules::default()).unwrap();
    let Values::Text(texts) = &table.columns[0].as_ref().unwrap().values else { panic!() };
    assert_eq!(texts, &[Some("Spaß".to_owned())]);
    // Where somebody looks, an encoding is asked for.
    let table = parse(&latin("t,a\nSpaß,1\n"), &["t"]).unwrap();
    let message = table.columns[0].as_ref().unwrap().bad[&0].to_string();
    assert!(message.contains("line 2, column `t`") && message.contains("data.encoding"), "{message}");
    let table = parse(&latin("Größe,b\n1,2\n"), &["Größe"]).unwrap();
    assert!(table.columns[0].as_ref().unwrap_err().to_string().contains("data.encoding"));
    for (file, told) in [
        (&b"\xff\xfe\0\0t\0\0\0"[..], "UTF-32"),
        (b"t\0\0\0,\0\0\0a\0\0\0\n\0\0\0", "UTF-32"),
        (b"\0\0\0t\0\0\0,\0\0\0a\0\0\0\n", "UTF-32"),
        (&zstd_and(b"tail"), "behind the end"),
        (&gzip("PAR1PAR1"), "Parquet"),
        (&[gzip("a\n"), b"tail".to_vec()].concat(), "behind the end"),
        (b"{\"a2\": 1}\n", "JSON"),
        (b"<html><body>log in</body></html>", "HTML"),
    ] {
        let message = parse(file, &["t"]).err().map_or_else(String::new, |error| error.to_string());
        assert!(message.contains(told), "{told}: {message}");
    }
}

#[test]
fn a_header_behind_the_mark_of_a_comment() {
    for text in
        ["# b,a\n1,2\n3,4\n", "#b;a\n1;2\n3;4\n", "# made by x\n%b a\n1 2\n3 4\n", "# b\ta\n1\t2\n3\t4\n"]
    {
        let table = parse(text.as_bytes(), &["b", "a"]).unwrap();
        assert_eq!((numbers(&table, 0), numbers(&table, 1)), (vec![1.0, 3.0], vec![2.0, 4.0]), "{text}");
    }
    // The first name need not be one that is needed.
    assert_eq!(numbers(&parse(b"# b,a\n1,2\n", &["a"]).unwrap(), 0), [2.0]);
    let table = read("u.csv", plain(b"# u,a\np,1\n"), &needed(&["a"]), Some("u"), &Rules::default()).unwrap();
    assert_eq!(table.users, ["p"]);
    // A column may be called so.
    assert_eq!(numbers(&parse(b"#b,a\n1,2\n", &["#b"]).unwrap(), 0), [1.0]);
    assert_eq!(code(b"# b,c\n1,2\n"), "missing_column");
}

#[test]
fn line_feeds_within_quotes_of_a_file_with_carriage_returns() {
    let text = b"note,a\r\"one\ntwo\",1\rplain,2\r\"three\n\n\",3\r";
    assert_eq!(numbers(&parse(text, &["a"]).unwrap(), 0), [1.0, 2.0, 3.0]);
    let table = parse(b"t,a\r\"one\ntwo\",1\r", &["t"]).unwrap();
    let Values::Text(texts) = &table.columns[0].as_ref().unwrap().values else { panic!() };
    assert_eq!(texts, &[Some("one\ntwo".to_owned())]);
    // Ends of both kinds, and carriage returns within cells, are as they were.
    assert_eq!(numbers(&parse(b"t,a\r\n\"x\ry\",1\r\nz,2\r\n", &["a"]).unwrap(), 0), [1.0, 2.0]);
    assert_eq!(numbers(&parse(b"t,a\nx\ry,1\nz,2\n", &["a"]).unwrap(), 0), [1.0, 2.0]);
}

#[test]
fn cut_and_broken_gzip() {
    let text: String = std::iter::once("a,b\n".to_owned())
        .chain((0..5000).map(|i| format!("{},{}\n", i * 7919 % 5003, i)))
        .collect();
    let bytes = gzip(&text);
    match parse(&bytes[..bytes.len() / 2], &["a"]).unwrap_err() {
        DatasetError::Truncated { rows, .. } => assert!((1000..4000).contains(&rows), "{rows}"),
        other => panic!("{other}"),
    }
    assert_eq!(code(&bytes[..5]), "truncated");
    let mut broken = bytes.clone();
    broken[1000..1100].fill(0xff);
    assert!(["corrupt", "truncated"].contains(&code(&broken)), "{}", code(&broken));
    // What a flipped bit makes of the rows is no matter of CSV.
    let ragged = gzip(&text.replace("\n2,", "\n2,2,"));
    assert_eq!(code(&ragged), "ragged_row");
    for text in
        [text.replace("100\n", "1,00\n"), text.replacen("5\n", "\"5\n", 1), text.replacen("a,b", "c,b", 1)]
    {
        let mut flipped = gzip(&text);
        let checksum = flipped.len() - 6;
        flipped[checksum] ^= 1;
        assert_eq!(code(&flipped), "corrupt");
    }
    let last = bytes.len() - 6;
    broken.clone_from(&bytes);
    broken[last] ^= 1;
    assert_eq!(code(&broken), "corrupt", "checksum");
}

#[test]
fn messages_say_where_and_what_next() {
    let columns = parse(b"time,label:SITTING\n1,2\n", &["label:SITING"]).unwrap().columns;
    let message = columns[0].as_ref().unwrap_err().to_string();
    assert_eq!(message, "u.csv has no column `label:SITING` (did you mean `label:SITTING`?)");
    let columns = parse(b"a;b\n1;2\n", &["c"]).unwrap().columns;
    assert!(columns[0].as_ref().unwrap_err().to_string().contains("semicolons"));
    let table = parse(b"b,a\n\"x\n\",1\n2,1.5s\n", &["a"]).unwrap();
    let message = table.columns[0].as_ref().unwrap().bad[&0].to_string();
    assert!(message.starts_with("u.csv, line 4, column `a`: `1.5s` is not a number"), "{message}");
}

#[test]
fn a_bad_cell_fails_only_its_user() {
    let text = b"u,a\np,1\nq,x\np,2\n";
    let table = read("u.csv", plain(text), &needed(&["a"]), Some("u"), &Rules::default()).unwrap();
    assert_eq!((table.users, table.owners), (vec!["p".to_owned(), "q".to_owned()], vec![0, 1, 0]));
    assert_eq!(table.columns[0].as_ref().unwrap().bad.keys().copied().collect::<Vec<_>>(), [1]);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, &["a", "t"]);
        let mut behind_header = b"a,t,c\n".to_vec();
        behind_header.extend(&bytes);
        let _ = parse(&behind_header, &["a", "t"]);
        let mut as_gzip = gzip("a,t,c\n1,2,3\n");
        as_gzip.extend(&bytes);
        let _ = parse(&as_gzip, &["a", "t"]);
    }

    #[test]
    fn csv_like_text_never_panics_and_columns_stay_equally_long(text in "[ab1.,\"\r\n]{0,60}") {
        if let Ok(table) = parse(format!("a,t\n{text}").as_bytes(), &["a", "t"]) {
            for column in table.columns.into_iter().flatten() {
                let length = match column.values {
                    Values::Numbers(numbers) => numbers.len(),
                    Values::Text(texts) => texts.len(),
                };
                prop_assert_eq!(length, table.lines.len());
            }
        }
    }

    #[test]
    #[allow(clippy::format_collect, reason = "shorter, and only a test")]
    fn quoted_cells_come_back(cells in prop::collection::vec("a[a,\"\r\n é]{0,6}é", 1..20)) {
        let text: String = cells
            .iter()
            .map(|cell| format!("\"{}\",1\n", cell.replace('"', "\"\"")))
            .collect();
        let table = parse(format!("t,a\n{text}").as_bytes(), &["t"]).unwrap();
        let Values::Text(texts) = &table.columns[0].as_ref().unwrap().values else { panic!() };
        prop_assert_eq!(texts.iter().flatten().collect::<Vec<_>>(), cells.iter().collect::<Vec<_>>());
    }
}

#[test]
fn names_that_end_in_a_separator_name_nothing_more() {
    let table = parse(b"a,b,\n1,2,\n3,4\n\"5\",\"6\"\n", &["a", "b"]).unwrap();
    assert_eq!((numbers(&table, 0), numbers(&table, 1)), (vec![1.0, 3.0, 5.0], vec![2.0, 4.0, 6.0]));
    assert!(matches!(parse(b"a,b,\n1\n", &["a"]), Err(DatasetError::RaggedRow { .. })));
    assert!(matches!(parse(b"a,b\n1\n", &["a"]), Err(DatasetError::RaggedRow { .. })));
}
