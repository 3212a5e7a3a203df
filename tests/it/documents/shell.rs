//! Commands as people paste them into a shell.

/// A fenced block of a page.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// Line of its first line in the page, from 1.
    pub line: usize,
    /// What stands behind the fence.
    pub info: &'a str,
    /// The lines in it.
    pub lines: Vec<&'a str>,
}

/// The blocks of a page.
pub(super) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (at, line) in page.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.as_mut()) {
            (Some(info), None) => open = Some(Block { line: at + 2, info, lines: Vec::new() }),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(block)) => block.lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    found
}

/// The commands of a block with the line of each; what goes on behind a backslash is one.
pub(super) fn commands(block: &Block<'_>) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in block.lines.iter().enumerate() {
        let text = line.trim_end_matches('\\');
        match found.last_mut().filter(|_| goes_on) {
            Some((_, before)) => before.push_str(text),
            None => found.push((block.line + at, text.to_owned())),
        }
        goes_on = text.len() < line.len();
    }
    found.retain(|(_, command)| !command.trim().is_empty());
    found
}

/// The words of a command, up to a comment, a redirection or the next command.
pub(super) fn words(command: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut word, mut quote): (Option<String>, Option<char>) = (None, None);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => found.extend(word.take()),
            (None, '#') if word.is_none() => return found,
            (None, '>' | '|' | ';' | '&') => {
                found.extend(word);
                return found;
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "a quote is not closed: {command}");
    found.extend(word);
    found
}

#[test]
fn words_are_those_of_a_shell() {
    let of = |line: &str| words(line).join("|");
    assert_eq!(of("results sql \"a 'b'\" 'c # d' e#f   # words > x"), "results|sql|a 'b'|c # d|e#f");
    assert_eq!(of("results man > x"), "results|man");
    assert_eq!(of("results man x; results run"), "results|man|x");
    let page = "x\n```bash\na \\\n  b\n\nc\n```\ny\n```text\n```\n";
    let found = blocks(page);
    assert_eq!((found.len(), found[0].line, found[1].info), (2, 3, "text"));
    assert_eq!(commands(&found[0]), [(3, "a   b".to_owned()), (6, "c".to_owned())]);
}
