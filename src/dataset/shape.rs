//! How a text is laid out: where its header stands and what separates its fields.
//!
//! Files of recorders and spreadsheets begin with lines about the device, or with `sep=;`. The header is the
//! line that holds the names of the needed columns; the separator is the one that makes it so. Nothing is
//! guessed from values.

use super::cell::{bare, shown, trimmed};
use super::error::DatasetError;
use super::fields::{SEPARATORS, split};
use super::hint::is_in_quotes;
use super::table::nearest;

/// Lines among which the header is looked for.
const MOST_LINES: usize = 200;

/// Layout of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// What separates fields.
    pub(super) separator: u8,
    /// Lines before the header.
    pub(super) skip: usize,
}

impl Shape {
    /// The layout of a text that begins with `sample`, in which columns of these names are needed.
    pub(super) fn find(sample: &[u8], names: &[&str], separator: Option<u8>, skip: Option<usize>) -> Self {
        let lines: Vec<&[u8]> = lines(sample).take(MOST_LINES).collect();
        let told = lines.first().and_then(|line| told_separator(line));
        let first = skip.unwrap_or(usize::from(told.is_some()));
        let known_ones = SEPARATORS.iter().map(|(byte, _)| *byte);
        // What `sep=` says is tried first, and need not be true.
        let candidates: Vec<u8> =
            separator.map_or_else(|| told.into_iter().chain(known_ones).collect(), |byte| vec![byte]);
        let usual = Self { separator: separator.or(told).unwrap_or(b','), skip: first };
        let Some(header) = lines.get(first) else { return usual };
        let of_header = known(header, usual.separator, names);
        if names.is_empty() || of_header == names.len() || (of_header > 0 && !is_comment(header)) {
            return usual;
        }
        let last = if skip.is_some() { first + 1 } else { lines.len() };
        let candidate_lines = || lines.iter().enumerate().take(last).skip(first);
        for (at, line) in candidate_lines() {
            let all = |separator: &&u8| known(line, **separator, names) == names.len();
            if let Some(&separator) = candidates.iter().find(all) {
                return Self { separator, skip: at };
            }
        }
        // Only where no line has the names as they are: a comment may name columns too.
        for (at, line) in candidate_lines().filter(|(_, line)| is_comment(line)) {
            let all = |separator: &&u8| known(uncommented(line), **separator, names) == names.len();
            if let Some(&separator) = candidates.iter().find(all) {
                return Self { separator, skip: at };
            }
        }
        // A header that lacks a column still says what separates its fields.
        let some = candidates.iter().find(|separator| known(header, **separator, names) > 0);
        some.map_or(usual, |&separator| Self { separator, skip: first })
    }
}

/// What programs of matrices write before the names of columns.
const COMMENTS: [u8; 2] = [b'#', b'%'];

fn is_comment(line: &[u8]) -> bool {
    trimmed(line).first().is_some_and(|byte| COMMENTS.contains(byte))
}

/// A line without the marks of a comment before it.
fn uncommented(line: &[u8]) -> &[u8] {
    let mut rest = trimmed(line);
    while let Some((_, behind)) = rest.split_first().filter(|(byte, _)| COMMENTS.contains(byte)) {
        rest = trimmed(behind);
    }
    rest
}

/// The names of a header whose first one stands behind the mark of a comment (`# time,steps`), if it is one of those that
/// are needed, and the file has none that is called so as it is.
pub(super) fn without_comment(mut header: Vec<String>, names: &[&str]) -> Vec<String> {
    let Some(first) = header.first().filter(|first| is_comment(first.as_bytes())) else { return header };
    let bare = String::from_utf8_lossy(uncommented(first.as_bytes())).into_owned();
    let is_name = |field: &String| names.contains(&field.as_str());
    if is_name(first) || header[1..].contains(&bare) {
        return header;
    }
    // Between blanks the mark is a field of its own.
    if bare.is_empty() && header[1..].iter().any(is_name) {
        header.remove(0);
    } else if is_name(&bare) {
        header[0] = bare;
    }
    header
}

/// How many of the names are fields of a line.
fn known(line: &[u8], separator: u8, names: &[&str]) -> usize {
    let fields = split(line, separator).unwrap_or_default();
    let is = |name: &&&str| fields.iter().any(|field| &*bare(field) == name.as_bytes());
    names.iter().filter(is).count()
}

/// The lines of a text, without their ends; of the sample's last one perhaps a part.
fn lines(sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut text = sample;
    while let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf") {
        text = rest;
    }
    text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The separator that a line `sep=;` names.
fn told_separator(line: &[u8]) -> Option<u8> {
    // `sep=` and a tab or blank must not lose it.
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [s, e, p, b'=', separator] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => {
            SEPARATORS.iter().any(|(known, _)| known == separator).then_some(*separator)
        }
        _ => None,
    }
}

/// Characters that end lines for some programs: vertical tab, form feed, record separator, those of Unicode.
const LINE_ENDS: [char; 6] = ['\u{b}', '\u{c}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// What to say of a header that lacks needed columns; an error if the text is no table at all.
pub(super) fn remark(
    file: &str,
    sample: &[u8],
    header: &[String],
    names: &[&str],
    shape: Shape,
) -> Result<String, DatasetError> {
    if names.iter().all(|name| header.iter().any(|field| field == name)) {
        return Ok(String::new());
    }
    let none = !names.iter().any(|name| header.iter().any(|field| field == name));
    if let (true, Some((what, remedy))) = (none, markup(sample)) {
        let reason = format!("it looks like {what} (hint: {remedy})");
        return Err(DatasetError::NotCsv { file: file.to_owned(), reason });
    }
    if none && header.iter().any(|field| field.contains('\0')) {
        let reason = "the header holds NUL bytes (hint: it isn't text, or a crash of the machine left it so; copy the \
                      file again, or leave it out with `data.files`)"
            .to_owned();
        return Err(DatasetError::NotCsv { file: file.to_owned(), reason });
    }
    let hint = if header.iter().any(|field| field.contains('\u{fffd}')) {
        "the header holds bytes that are not UTF-8; name its encoding, as in `data.encoding: windows-1252`"
            .to_owned()
    } else if let Some(end) = header.iter().find_map(|field| field.chars().find(|c| LINE_ENDS.contains(c))) {
        format!(
            "lines seem to end in `{}`, which is not read: write the file with line feeds",
            shown(end.to_string().as_bytes())
        )
    } else if !none {
        return Ok(String::new());
    } else if let Some((line, name)) = further_down(sample, names, shape) {
        format!(
            "line {} was taken for the header, and line {line} holds `{name}`: set `data.skip_lines: {}`",
            shape.skip + 1,
            line - 1
        )
    } else if header.len() == 1 && lines(sample).nth(shape.skip).is_some_and(is_in_quotes) {
        "the whole line stands in quotes, and is one name; write the lines without the quotes around them"
            .to_owned()
    } else if let Some(hint) = other_separator(header, names) {
        hint
    } else if header.iter().all(|field| field.parse::<f64>().is_ok()) {
        format!(
            "line {} was taken for the header and holds numbers; write a line with the names of the columns above it",
            shape.skip + 1
        )
    } else if names.iter().any(|name| nearest(name, header.iter().map(String::as_str)).is_some()) {
        return Ok(String::new());
    } else {
        let shown: String = header.join(", ");
        format!(
            "line {} was taken for the header: `{}`; lines before it can be passed over with `data.skip_lines`, \
             and a file that is no recording left out with `data.files`",
            shape.skip + 1,
            shown_header(&shown)
        )
    };
    Ok(format!(" (hint: {hint})"))
}

fn shown_header(header: &str) -> String {
    shown(header.as_bytes())
}

/// What a text is that is no table, and what to do.
pub(super) fn markup(sample: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = lines(sample).map(trimmed).find(|line| !line.is_empty())?;
    let lower = text.to_ascii_lowercase();
    if lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html") {
        return Some(("a web page (HTML)", "a page to log in? download the file again"));
    }
    if lower.starts_with(b"<") {
        return Some(("XML", "write the table as CSV or Parquet"));
    }
    if lower.starts_with(b"{\\rtf") {
        return Some(("a text document (RTF)", "save the table as CSV"));
    }
    let json = text.starts_with(b"{") || text.starts_with(b"[{") || text.starts_with(b"[[") || text == b"[";
    json.then_some(("JSON", "write the table as CSV or Parquet, for example with pandas"))
}

/// The first line below the header that holds needed names, and one of them.
fn further_down<'a>(sample: &[u8], names: &[&'a str], shape: Shape) -> Option<(usize, &'a str)> {
    let candidates = SEPARATORS.map(|(separator, _)| separator);
    for (at, line) in lines(sample).take(MOST_LINES).enumerate().skip(shape.skip + 1) {
        for name in names {
            if candidates.iter().any(|&separator| known(line, separator, &[name]) > 0) {
                return Some((at + 1, name));
            }
        }
    }
    None
}

/// What to do about a header that is one field and seems to be several.
fn other_separator(header: &[String], names: &[&str]) -> Option<String> {
    let [only] = header else { return None };
    if let Some((_, name)) = SEPARATORS[..4].iter().find(|(byte, _)| only.contains(char::from(*byte))) {
        let set = name.trim_end_matches('s');
        return Some(format!("the header seems separated by {name}: set `data.separator: {set}`"));
    }
    let parts = |c: char| only.split(c).map(str::trim).collect::<Vec<_>>();
    let apart = |c: &char| !c.is_alphanumeric() && names.iter().all(|name| parts(*c).contains(name));
    let separator = only.chars().find(apart)?;
    let known = SEPARATORS.map(|(_, name)| name).join(", ");
    Some(format!(
        "the header seems separated by `{}`, which is not read: write the file with one of {known}",
        shown(separator.to_string().as_bytes())
    ))
}

#[cfg(test)]
mod tests {
    use super::{Shape, remark, without_comment};

    const NAMES: [&str; 2] = ["time", "steps"];

    fn find(text: &str) -> (char, usize) {
        let shape = Shape::find(text.as_bytes(), &NAMES, None, None);
        (char::from(shape.separator), shape.skip)
    }

    #[test]
    fn the_header_is_where_the_names_are() {
        assert_eq!(find("time,steps\n1,2\n"), (',', 0));
        assert_eq!(find("\u{feff}\u{feff}x,\"time\", steps \n"), (',', 0));
        assert_eq!(find("time;steps\n1;2,5\n"), (';', 0));
        assert_eq!(find("time\tsteps\n"), ('\t', 0));
        assert_eq!(find("\"time\"|\"steps\"\n"), ('|', 0));
        assert_eq!(find("  time   steps\n"), (' ', 0));
        assert_eq!(find("sep=;\r\ntime;steps\r\n"), (';', 1));
        assert_eq!(find("\"sep=,\"\ntime,steps\n"), (',', 1));
        assert_eq!(find("Serial: 7\n\n# a; b\ntime;steps\n"), (';', 3));
        assert_eq!(find("sep=;\ntime,steps\n"), (',', 1), "what is told need not be true");
        assert_eq!(find("time, \"steps\"\n"), (',', 0));
        assert_eq!(find("# time,steps\n1,2\n"), (',', 0));
        assert_eq!(find("# made by x\n#time;steps\n1;2\n"), (';', 1));
        assert_eq!(find("% time steps\n1 2\n"), (' ', 0));
        assert_eq!(find("# time,steps\ntime;steps\n1;2\n"), (';', 1), "a comment that names columns");
        assert_eq!(find("\u{200b}time;\u{ad}steps\n"), (';', 0));
        // A header that lacks a column is one all the same.
        assert_eq!(find("time,other\ntime,steps\n"), (',', 0));
        assert_eq!(find("time;other\n"), (';', 0));
        assert_eq!(find("a,b\n1,2\n"), (',', 0));
        let told = Shape::find(b"x\ny\ntime;steps\n", &NAMES, Some(b';'), Some(2));
        assert_eq!((told.separator, told.skip), (b';', 2));
        let told = Shape::find(b"time,steps\nx\ntime,steps\n", &NAMES, None, Some(1));
        assert_eq!(told.skip, 1, "what is set is taken");
    }

    #[test]
    fn a_header_may_be_a_comment() {
        let of = |header: &[&str]| {
            without_comment(header.iter().map(|name| (*name).to_owned()).collect(), &NAMES).join("|")
        };
        assert_eq!(of(&["# time", "steps"]), "time|steps");
        assert_eq!(of(&["%%time", "x"]), "time|x");
        assert_eq!(of(&["#", "time", "steps"]), "time|steps");
        assert_eq!(of(&["#", "x"]), "#|x", "a column called so");
        assert_eq!(of(&["# x", "time", "steps"]), "# x|time|steps");
        assert_eq!(of(&["#time", "time"]), "#time|time");
    }

    #[test]
    fn what_is_said_of_a_header_that_lacks_columns() {
        let said = |text: &str| {
            let shape = Shape::find(text.as_bytes(), &NAMES, None, Some(0));
            let header: Vec<String> =
                text.lines().next().unwrap_or_default().split(',').map(str::to_owned).collect();
            match remark("u.csv", text.as_bytes(), &header, &NAMES, shape) {
                Ok(remark) => remark,
                Err(error) => error.to_string(),
            }
        };
        assert_eq!(said("time,steps"), "");
        assert_eq!(said("time,other"), "");
        assert!(said("Device 7\nx\ntime,steps\n").contains("`data.skip_lines: 2`"));
        assert!(said("a;b\n1;2\n").contains("semicolons: set `data.separator: semicolon`"));
        let header = ["time,steps".to_owned()];
        let shape = Shape::find(b"\"time,steps\"\n\"1,2\"\n", &NAMES, None, None);
        let quoted = remark("u.csv", b"\"time,steps\"\n", &header, &NAMES, shape).unwrap();
        assert!(quoted.contains("the whole line stands in quotes"), "{quoted}");
        assert!(said("time^steps\n").contains("separated by `^`, which is not read"));
        assert!(said("time\u{1f}steps\n").contains("`\\u{1f}`"));
        assert!(said("time,stp\u{2028}1,2\u{2028}").contains("lines seem to end in `\\u{2028}`"));
        assert!(said("{\\rtf1\\ansi").contains("RTF"));
        assert!(said("a\0b\n").contains("NUL bytes"));
        assert!(said("1,2\n3,4\n").contains("holds numbers"));
        assert!(said("a,b\n").contains("line 1 was taken for the header: `a, b`"));
        assert!(said("<!DOCTYPE html><html>").contains("HTML"));
        assert!(said("{\"time\": 1}").contains("JSON"));
        assert!(said("Temp \u{fffd},b\n").contains("data.encoding"));
    }
}
