use super::{RecordError, Records};

/// All records of a text, read in pieces of `step` bytes, with their lines.
fn all(text: &[u8], step: usize) -> Result<Vec<(u64, Vec<String>)>, RecordError> {
    struct Drip<'a>(&'a [u8], usize);
    impl std::io::Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    let mut records = Records::new(Drip(text, step), b',', 0);
    let mut found = Vec::new();
    while records.advance()? {
        let fields: Vec<String> =
            records.all_fields().iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        let indices: Vec<usize> = (0..fields.len()).collect();
        let mut again = Vec::new();
        let count = records.fields(&indices, |_, field| {
            again.push(String::from_utf8_lossy(field).into_owned());
        });
        assert_eq!((count, &again), (fields.len(), &fields));
        found.push((records.line(), fields));
    }
    Ok(found)
}

fn check(text: &str, expected: &[(u64, &[&str])]) {
    for step in [1, 2, 3, 7, 4096] {
        let found = all(text.as_bytes(), step).unwrap();
        let found: Vec<(u64, Vec<&str>)> =
            found.iter().map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect())).collect();
        let expected: Vec<(u64, Vec<&str>)> =
            expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
        assert_eq!(found, expected, "{text:?} by {step}");
    }
}

#[test]
fn plain_text() {
    check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
    check("a,b\r\n1,\r\n,2", &[(1, &["a", "b"]), (2, &["1", ""]), (3, &["", "2"])]);
    check("\u{feff}a\n\n\r\n1\n", &[(1, &["a"]), (4, &["1"])]);
    check("", &[]);
    check("\u{feff}", &[]);
}

#[test]
fn quotes() {
    check("\"a,b\",c\n", &[(1, &["a,b", "c"])]);
    check("\"a\"\"b\"\n", &[(1, &["a\"b"])]);
    check("\"\",\"\"\"\"\n", &[(1, &["", "\""])]);
    check("x\"y,\"z\"w\n", &[(1, &["x\"y", "zw"])]);
    check("\"a\nb\",1\n2,3\n", &[(1, &["a\nb", "1"]), (3, &["2", "3"])]);
    check("\"a\r\n\",1\r\n2,3", &[(1, &["a\r\n", "1"]), (3, &["2", "3"])]);
    check("\u{feff}\"a\"\n", &[(1, &["a"])]);
}

#[test]
fn a_quote_left_open_is_an_error_at_its_record() {
    let mut records = Records::new(&b"a,b\n1,\"2\n3,4\n"[..], b',', 0);
    assert!(records.advance().unwrap());
    assert!(matches!(records.advance(), Err(RecordError::OpenQuote)));
    assert_eq!(records.line(), 2);
}

/// All fields of all records of a text whose first line is passed over.
fn behind_a_line(text: &[u8], separator: u8) -> Vec<Vec<String>> {
    let mut records = Records::new(text, separator, 1);
    records.blanks_are_nothing = true;
    let mut found = Vec::new();
    while records.advance().unwrap() {
        let fields = records.all_fields();
        let wanted: Vec<usize> = (0..fields.len()).collect();
        assert_eq!(records.fields(&wanted, |at, field| assert_eq!(field, fields[at])), fields.len());
        found.push(fields.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect());
    }
    found
}

#[test]
fn other_separators_lines_before_the_table_and_ends_of_files() {
    assert_eq!(behind_a_line(b"x\na;b,c\n\"1;\";\n \n\x1a", b';'), [["a", "b,c"], ["1;", ""]]);
    assert_eq!(behind_a_line(b"x\na\tb\n\t\n1\t 2\n", b'\t'), [["a", "b"], ["", ""], ["1", " 2"]]);
    let blanks = behind_a_line(b"x\n  a   b\n\"1 2\" \"\"\n3 \t4 \n", b' ');
    assert_eq!(blanks, [["a", "b"], ["1 2", ""], ["3", "4"]]);
    assert_eq!(behind_a_line(b"x\na,b\n\x1a\n1,2\n", b',').len(), 3, "a control character within is a row");
    assert!(behind_a_line(b"x", b',').is_empty());
}
