//! What a source file says, read without a compiler: its code, its tests, the paths it uses.

use std::collections::{BTreeMap, BTreeSet};

/// A word or a sign of a file, and its line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub text: String,
    pub line: usize,
}

/// One `use`, a leaf of its tree.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub path: Vec<String>,
    /// Name it has here; `*` for all names.
    pub name: String,
    /// It has `pub` in front of it.
    pub passed_on: bool,
    pub line: usize,
}

/// A source file as far as the house is concerned.
#[derive(Debug)]
pub(crate) struct File {
    pub path: String,
    /// Its module, `results::store::run`.
    pub module: String,
    /// Of tests only.
    pub test: bool,
    pub text: String,
    /// Tokens of the code without comments, literals and tests.
    pub code: Vec<Token>,
    /// Lines of the modules `#[cfg(test)] mod … { … }`.
    pub tests: Vec<(usize, usize)>,
    /// Module inside this file (of `use`s and paths), by first token.
    pub inside: Vec<(usize, usize, String)>,
    pub imports: BTreeMap<String, Vec<Import>>,
    /// Paths in the code, with the module they stand in.
    pub paths: Vec<(String, Vec<String>, usize)>,
    pub defines: BTreeSet<String>,
}

impl File {
    /// `path` is relative to the project: `src/store/run.rs`, `crates/store/src/lib.rs`.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let (tokens, tests, mut test) = without_tests(&tokens(&without_literals(text)));
        test |= path.split('/').any(|part| part == "tests" || part == "tests.rs");
        let mut file = Self {
            path: path.to_owned(),
            module: module(path),
            test,
            text: text.to_owned(),
            code: tokens,
            tests,
            inside: Vec::new(),
            imports: BTreeMap::new(),
            paths: Vec::new(),
            defines: BTreeSet::new(),
        };
        file.find_inside();
        file.find_paths();
        file
    }

    /// The modules written out in the file: `mod x { … }`.
    fn find_inside(&mut self) {
        for at in 0..self.code.len().saturating_sub(2) {
            if self.is(at, "mod") && self.is(at + 2, "{") {
                let name = format!("{}::{}", self.module_at(at), self.code[at + 1].text);
                self.inside.push((at + 2, closing(&self.code, at + 2), name));
            }
        }
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.code.get(at).is_some_and(|token| token.text == text)
    }

    pub(crate) fn module_at(&self, at: usize) -> String {
        let inner = self.inside.iter().rev().find(|(from, to, _)| (*from..*to).contains(&at));
        inner.map_or_else(|| self.module.clone(), |(_, _, name)| name.clone())
    }

    fn find_paths(&mut self) {
        let mut at = 0;
        while at < self.code.len() {
            let word = self.code[at].text.as_str();
            if word == "pub" && self.is(at + 1, "(") {
                let end = closing(&self.code, at + 1) + 1;
                at = if self.is(end, "use") { self.read_use(end, true) } else { end };
            } else if word == "use" {
                at = self.read_use(at, at > 0 && self.is(at - 1, "pub"));
            } else if is_name(word) {
                at = self.read_path(at);
            } else {
                at += 1;
            }
        }
    }

    fn read_path(&mut self, start: usize) -> usize {
        const DEFINING: [&str; 10] =
            ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union", "macro_rules"];
        let mut parts = vec![self.code[start].text.clone()];
        let mut at = start + 1;
        while self.is(at, "::") && self.code.get(at + 1).is_some_and(|token| is_name(&token.text)) {
            parts.push(self.code[at + 1].text.clone());
            at += 2;
        }
        let before = start.checked_sub(1).map(|before| self.code[before].text.as_str());
        if before.is_some_and(|word| DEFINING.contains(&word)) {
            self.defines.insert(parts[0].clone());
        } else if !matches!(before, Some("." | "::" | "'")) {
            self.paths.push((self.module_at(start), parts, self.code[start].line));
        }
        at
    }

    /// Reads a `use` that starts at a token; gives the token behind it.
    fn read_use(&mut self, start: usize, passed_on: bool) -> usize {
        let mut end = start;
        while end < self.code.len() && !self.is(end, ";") {
            end += 1;
        }
        let (module, mut leaves) = (self.module_at(start), Vec::new());
        branch(&self.code[start + 1..end], &[], &mut leaves);
        for (path, name, line) in leaves {
            let import = Import { path, name, passed_on, line };
            self.imports.entry(module.clone()).or_default().push(import);
        }
        end + 1
    }

    /// Whether a name appears in the code outside of `use`.
    pub(crate) fn uses_name(&self, name: &str) -> bool {
        self.paths.iter().any(|(_, path, _)| path[0] == name)
    }

    /// Lines that are no tests' and no more.
    pub(crate) fn length(&self) -> usize {
        self.text.lines().count() - self.tests.iter().map(|(from, to)| to + 1 - from).sum::<usize>()
    }

    /// Functions, their first line and their number of lines.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let mut found = Vec::new();
        // Of a type of functions, as of a field, no name stands there.
        let is_function = |&at: &usize| self.is(at, "fn") && !self.is(at + 1, "(");
        for at in (0..self.code.len()).filter(is_function) {
            let mut body = at;
            while body < self.code.len() && !matches!(self.code[body].text.as_str(), "{" | ";") {
                body = if self.is(body, "(") { closing(&self.code, body) + 1 } else { body + 1 };
            }
            if self.is(body, "{") {
                let (first, last) = (self.code[at].line, self.code[closing(&self.code, body)].line);
                found.push((self.code[at + 1].text.clone(), first, last + 1 - first));
            }
        }
        found
    }
}

/// Module of a file: that of its folder for `mod.rs`, the crate's for `lib.rs`.
fn module(path: &str) -> String {
    let (package, inside) = match path.strip_prefix("crates/") {
        Some(rest) => {
            let (name, inside) = rest.split_once("/src/").unwrap_or((rest, ""));
            (format!("results_{name}"), inside)
        }
        None => ("results".to_owned(), path.trim_start_matches("src/")),
    };
    let mut parts = vec![package.as_str()];
    parts.extend(inside.trim_end_matches(".rs").split('/').filter(|part| !matches!(*part, "mod" | "lib")));
    parts.join("::")
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The leaves of a `use` tree.
fn branch(tokens: &[Token], stem: &[String], leaves: &mut Vec<(Vec<String>, String, usize)>) {
    let mut path = stem.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        match token.text.as_str() {
            "{" => {
                let end = closing(tokens, at).min(tokens.len() - 1);
                let (mut from, mut depth) = (at + 1, 0);
                for i in at + 1..=end {
                    match tokens[i].text.as_str() {
                        "{" => depth += 1,
                        "}" if i < end => depth -= 1,
                        "," if depth == 0 => {
                            branch(&tokens[from..i], &path, leaves);
                            from = i + 1;
                        }
                        _ => {}
                    }
                }
                branch(&tokens[from..end], &path, leaves);
                return;
            }
            "*" => return leaves.push((path, "*".into(), token.line)),
            "as" => {
                let name = tokens.get(at + 1).map_or("_", |t| &t.text).to_owned();
                return leaves.push((path, name, token.line));
            }
            "self" if !path.is_empty() => {}
            name if is_name(name) => path.push(name.to_owned()),
            _ => {}
        }
        at += 1;
    }
    if let (Some(first), Some(name)) = (tokens.first(), path.last().cloned()) {
        leaves.push((path, name, first.line));
    }
}

/// The token that closes what one opens.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().saturating_sub(1)
}

/// The text with comments and literals as blanks, lines kept.
pub(crate) fn without_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let end = match rest {
            ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => string(rest, 1),
            ['r', '"' | '#', ..] if !in_word => raw_string(rest),
            ['\'', '\\', ..] => 2 + rest.iter().skip(3).position(|&c| c == '\'').map_or(0, |n| n + 2),
            ['\'', _, '\'', ..] => 3,
            _ => 0,
        };
        if end == 0 {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..at + end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at += end;
        }
    }
    out
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[char], start: usize) -> usize {
    let mut at = start;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let end = (hashes + 2..rest.len())
        .find(|&at| rest[at] == '"' && rest[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes);
    end.map_or(rest.len(), |at| at + 1 + hashes)
}

pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push(Token { text: rest[..length].to_owned(), line: number + 1 });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Takes out what is compiled for tests only. Gives also the lines of test modules, and whether all of
/// the file is one.
fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<(usize, usize)>, bool) {
    let (mut kept, mut modules, mut at) = (Vec::new(), Vec::new(), 0);
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    while at < tokens.len() {
        let open = at + 1 + usize::from(text(at + 1) == "!");
        if text(at) != "#" || text(open) != "[" || text(open + 1) != "cfg" {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let close = closing(tokens, open);
        let said: Vec<&str> = tokens[open..close].iter().map(|token| token.text.as_str()).collect();
        if !said.contains(&"test") || said.contains(&"not") || said.contains(&"any") {
            kept.extend(tokens[at..=close].iter().cloned());
            at = close + 1;
            continue;
        }
        if open == at + 2 {
            return (Vec::new(), modules, true);
        }
        let (start, mut end) = (tokens[at].line, close + 1);
        while !matches!(text(end), ";" | "{" | "") {
            end = if matches!(text(end), "(" | "[") { closing(tokens, end) + 1 } else { end + 1 };
        }
        let is_module = (close..end).any(|i| text(i) == "mod");
        if text(end) == "{" {
            end = closing(tokens, end);
            if is_module {
                modules.push((start, tokens[end].line));
            }
        }
        at = end + 1;
    }
    (kept, modules, false)
}
