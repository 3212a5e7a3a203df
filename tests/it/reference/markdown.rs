//! Tables and code of a page.

/// A table. A column that is empty in every row is left out.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let filled: Vec<usize> = (0..N).filter(|at| rows.iter().any(|row| !row[*at].is_empty())).collect();
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(filled.iter().map(|at| head[*at]).collect());
    text.push_str(&format!("|{}\n", "---|".repeat(filled.len())));
    for row in rows {
        text.push_str(&line(filled.iter().map(|at| row[*at].as_str()).collect()));
    }
    text
}

/// Words in a cell of a table: on one line, and nothing of them but code is markup.
pub(super) fn words(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let part = |(at, part): (usize, &str)| if at % 2 == 1 { code(part) } else { plain(part) };
    text.split('`').enumerate().map(part).collect()
}

/// Words as HTML has them, without what would be markup.
fn plain(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '|' => shown.push_str("&#124;"),
            '*' | '_' | '[' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

/// Code in a cell of a table; nothing if there is none. A bar would end the cell, and is read in many ways.
pub(super) fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text if text.contains('|') => {
            let masked = text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "&#124;");
            format!("<code>{}</code>", masked.replace('_', "&#95;").replace('*', "&#42;"))
        }
        text => format!("`{text}`"),
    }
}

#[test]
fn words_of_a_cell_are_no_markup() {
    assert_eq!(
        words("a|b `c|d_e` `*e*`\n  f *g* <h>"),
        "a&#124;b <code>c&#124;d&#95;e</code> `*e*` f \\*g\\* &lt;h>"
    );
    assert_eq!(
        table(["a", "b", "c"], &[["1".into(), String::new(), "2".into()]]),
        "| a | c |\n|---|---|\n| 1 | 2 |\n"
    );
}
