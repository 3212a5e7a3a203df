//! Every setting, from the reference configuration and from what reads it.

use results::config::parse;
use results::measures;

use super::file;
use super::markdown::{code, table, words};

const HEAD: &str = "# Settings

Every key of a configuration: the defaults and meanings of [`config/reference.yaml`](../../config/reference.yaml), and what the program
takes. How files are written and what data may look like is in [configuration](../configuration.md).

";

/// A key of the reference.
struct Setting {
    /// Its dotted name.
    name: String,
    /// Its default; nothing for a block.
    default: String,
    /// What is said of it.
    meaning: String,
    /// Its default with `compat: predecessor`, if it is another one.
    older: String,
}

pub(super) fn page() -> String {
    let source = file("config/reference.yaml");
    let (intro, rest) = source.split_once("\n\n").unwrap();
    let (settings, end) = settings(rest);
    let (old, order) = intro.split_once('\n').unwrap();
    assert!(old.contains("compat: predecessor") && order.starts_with("# Order:"), "{intro}");
    let mut page = format!(
        "{HEAD}{}\n\nA default in the column *older* holds with `compat: predecessor`.\n",
        words(order.trim_start_matches("# "))
    );
    let is_of_root = |setting: &&Setting| !setting.name.contains('.') && !setting.default.is_empty();
    page.push_str(&format!("\n## At the top\n\n{}", rows(settings.iter().filter(is_of_root))));
    for block in settings.iter().filter(|setting| setting.default.is_empty() && !setting.name.contains('.')) {
        page.push_str(&format!("\n## {}\n\n", block.name));
        if !block.meaning.is_empty() {
            page.push_str(&format!("{}\n\n", words(&block.meaning)));
        }
        let below = format!("{}.", block.name);
        let below = settings.iter().filter(|setting| setting.name.starts_with(&below));
        page.push_str(&rows(below));
    }
    page.push_str(&format!("\n## The expressions of `extrasensory`\n\n{}", of_the_end(&end)));
    page
}

fn rows<'a>(settings: impl Iterator<Item = &'a Setting>) -> String {
    let rows: Vec<[String; 5]> = settings
        .filter(|setting| !setting.default.is_empty() || !setting.meaning.is_empty())
        .map(|setting| {
            let kind = if setting.default.is_empty() { String::new() } else { kind(&setting.name) };
            [
                code(&setting.name),
                code(&setting.default),
                words(&setting.older),
                words(&kind),
                words(&setting.meaning),
            ]
        })
        .collect();
    table(["key", "default", "older", "must be", "meaning"], &rows)
}

/// The keys of the reference, and the comment behind the last of them.
fn settings(source: &str) -> (Vec<Setting>, Vec<String>) {
    let mut found: Vec<Setting> = Vec::new();
    let (mut path, mut comment): (Vec<(usize, String)>, Vec<String>) = (Vec::new(), Vec::new());
    for line in source.lines() {
        let text = line.trim_start();
        if text.is_empty() {
            assert!(comment.is_empty(), "a comment that belongs to no key: {comment:?}");
            continue;
        }
        if let Some(words) = text.strip_prefix('#') {
            comment.push(words.strip_prefix(' ').unwrap_or(words).to_owned());
            continue;
        }
        let indent = line.len() - text.len();
        path.retain(|(other, _)| *other < indent);
        let (key, value) = text.split_once(':').unwrap();
        let (value, said) = value.split_once("# ").unwrap_or((value, ""));
        path.push((indent, key.trim_matches('"').to_owned()));
        let name: Vec<&str> = path.iter().map(|(_, key)| key.as_str()).collect();
        let above = std::mem::take(&mut comment).join(" ");
        let (said, older) = said.split_once("[old: ").unwrap_or((said, ""));
        let said = [said.trim(), &above].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        found.push(Setting {
            name: name.join("."),
            default: value.trim().to_owned(),
            meaning: said.join(". "),
            older: older.trim_end_matches(']').to_owned(),
        });
    }
    (found, comment)
}

/// What a value must be, by what is said where it is something else.
fn kind(name: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    for value in ["{no: such}", "[[]]", "-1", "0", "1e300", "4000000000", "900719925474099"] {
        let mut text = String::new();
        for (depth, key) in name.split('.').enumerate() {
            text.push_str(&format!("{}\"{key}\":\n", " ".repeat(depth)));
        }
        let text = format!("{} {value}\n", text.trim_end());
        let Err(error) = parse("f.yaml", &text, None, &measures::settings()) else { continue };
        let message = format!("`{name}` must be ");
        for must in error.to_string().lines().filter_map(|line| Some(line.split_once(&message)?.1)) {
            let must = must.split(", not ").next().unwrap().split(" (hint").next().unwrap();
            told.push(must.to_owned());
        }
    }
    let says_more = |other: &String, must: &String| other.len() > must.len() && other.contains(must.as_str());
    let mut kinds: Vec<&str> = Vec::new();
    for must in &told {
        if !kinds.contains(&must.as_str()) && !told.iter().any(|other| says_more(other, must)) {
            kinds.push(must);
        }
    }
    kinds.join("; ")
}

/// The comment at the end: sentences, and the expressions, which are indented.
fn of_the_end(lines: &[String]) -> String {
    let (code, said): (Vec<&String>, Vec<&String>) = lines.iter().partition(|line| line.starts_with("  "));
    let said: Vec<&str> = said.into_iter().map(String::as_str).collect();
    let code: Vec<&str> = code.into_iter().map(|line| line.trim()).collect();
    format!("{}\n\n```yaml\n{}\n```\n", said.join("\n"), code.join("\n"))
}
