//! Tables of text for people.

/// Rows in columns: the first and the last to the left, others to the right if they hold numbers, two
/// spaces between.
pub(super) fn columns(header: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| cell.replace(char::is_control, " ")).collect()).collect();
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let numeric: Vec<bool> = (0..header.len())
        .map(|i| {
            rows.iter().all(|r| r.get(i).is_none_or(|c| is_number(c)))
                && i > 0
                && (i + 1 < header.len() || header.len() == 2)
        })
        .collect();
    let mut out = String::new();
    let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&header).chain(&rows) {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[i].saturating_sub(cell.chars().count()));
            let (before, after) = if numeric[i] { (pad, String::new()) } else { (String::new(), pad) };
            line.push_str(&format!("{before}{cell}{after}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn is_number(cell: &str) -> bool {
    cell.is_empty() || cell == "-" || cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '<')
}

/// A path as a shell takes it.
pub(super) fn shell(path: &std::path::Path) -> String {
    shell_word(&path.display().to_string())
}

/// A word as a shell takes it.
pub(super) fn shell_word(word: &str) -> String {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+:".contains(c));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// A plural: `1 user`, `2 users`.
pub(super) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A large number, its digits in groups: `4,000,000`.
pub(super) fn grouped_digits(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let rows =
            vec![vec!["te".into(), "24".into(), "a".into()], vec!["hours".into(), "2".into(), "bb".into()]];
        assert_eq!(
            columns(&["table", "rows", "x"], &rows),
            "table  rows  x\nte       24  a\nhours     2  bb\n"
        );
        assert_eq!(columns(&["user"], &[vec!["a\n\u{1b}b".into()]]), "user\na  b\n");
    }
}
