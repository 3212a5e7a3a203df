//! YAML as a tree that knows its lines.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use super::tag::{ReadAs, read_as};

/// Most nodes of a file, aliases counted each time: a bound for hostile input.
const MOST_NODES: usize = 100_000;

/// Deepest nesting.
const DEEPEST: usize = 64;

/// A node and the line it starts on.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, usize, Node)>),
}

/// Text that is no YAML: line and fault.
pub(super) type Fault = (usize, String);

impl Node {
    /// Parses a document; an empty one is an empty map.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut builder = Builder { parser: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
        match builder.document()? {
            Some(node) => Ok(node),
            None => Ok(Self { line: 1, kind: Kind::Map(Vec::new()) }),
        }
    }

    /// The node without lines.
    pub(super) fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(k, _, n)| (k.clone(), n.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// The value of a node that is one.
    pub(super) fn scalar(&self) -> Option<&Value> {
        if let Kind::Scalar(value) = &self.kind { Some(value) } else { None }
    }

    /// The node as it would be written in a message.
    pub(super) fn shown(&self) -> String {
        let text = self.value().to_string();
        if text.chars().count() <= 40 { text } else { text.chars().take(39).chain(['…']).collect() }
    }
}

struct Builder<'a> {
    parser: Parser<'a, serde_saphyr::granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, Fault> {
        loop {
            match self.parser.next() {
                None => return Ok(None),
                Some(Err(error)) => return Err((error.marker().line(), in_words(&error.info()))),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => return Ok(Some((event, span.start.line()))),
            }
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Fault> {
        let mut root = None;
        while let Some((event, line)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
                _ if root.is_some() => return Err((line, "a second document follows".into())),
                event => root = Some(self.node(event, line, 0)?),
            }
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, Fault> {
        self.nodes += 1;
        if self.nodes > MOST_NODES || depth > DEEPEST {
            return Err((line, "it is too large or too deeply nested".into()));
        }
        let at = |fault: String| (line, fault);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = match read_as(tag.as_deref()).map_err(at)? {
                    ReadAs::Written => style == ScalarStyle::Plain,
                    ReadAs::Text => false,
                    ReadAs::Plain => true,
                };
                let value = if is_plain { plain(&text) } else { Value::String(text.into_owned()) };
                (Node { line, kind: Kind::Scalar(value) }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                read_as(tag.as_deref()).map_err(at)?;
                (self.list(line, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                read_as(tag.as_deref()).map_err(at)?;
                (self.map(line, depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| (line, "an alias refers to itself".to_owned()))?;
                self.nodes += size(&node);
                (node, 0)
            }
            _ => return Err((line, "a value is missing".into())),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn child(&mut self, line: usize) -> Result<(Event<'a>, usize), Fault> {
        self.next()?.ok_or_else(|| (line, "the file ends in the middle".to_owned()))
    }

    fn list(&mut self, line: usize, depth: usize) -> Result<Node, Fault> {
        let mut items = Vec::new();
        loop {
            match self.child(line)? {
                (Event::SequenceEnd, _) => return Ok(Node { line, kind: Kind::List(items) }),
                (event, at) => items.push(self.node(event, at, depth + 1)?),
            }
        }
    }

    fn map(&mut self, line: usize, depth: usize) -> Result<Node, Fault> {
        let mut entries: Vec<(String, usize, Node)> = Vec::new();
        loop {
            let (key, at) = match self.child(line)? {
                (Event::MappingEnd, _) => return Ok(Node { line, kind: Kind::Map(entries) }),
                (Event::Scalar(text, ..), at) => (text.into_owned(), at),
                (_, at) => return Err((at, "a key must be a plain text".into())),
            };
            if entries.iter().any(|(k, ..)| *k == key) {
                return Err((at, format!("the key `{key}` is given twice")));
            }
            let (event, value_at) = self.child(at)?;
            let value = self.node(event, value_at, depth + 1)?;
            entries.push((key, at, value));
        }
    }
}

/// The parser's words, with what to do where people often stumble.
fn in_words(info: &str) -> String {
    let hint = if info.contains("unknown anchor") {
        "a value that begins with `*` needs quotes, as in files: \"*.csv\""
    } else if info.contains("tabs disallowed") {
        "indent with blanks"
    } else if info.contains("mapping values are not allowed") {
        "a value that holds `: ` needs quotes; the keys of a block stand below each other"
    } else if info.contains("did not find expected key") || info.contains("did not find expected ',' or '}'")
    {
        "the keys of a block stand below each other, indented with plain blanks; values with `: `, `,` or quotes in \
         them need quotes around them"
    } else {
        return info.to_owned();
    };
    format!("{info} (hint: {hint})")
}

fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 1,
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.iter().map(|(.., n)| size(n)).sum::<usize>(),
    }
}

/// A plain scalar by the core schema of YAML 1.2.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    // YAML 1.1 took such a number for octal, so that nobody can say which one is meant.
    let digits = text.trim_start_matches(['+', '-']);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Value::String(text.to_owned());
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    if let (true, Ok(n)) = (numeric, text.parse::<i64>()) {
        return Value::Number(n.into());
    }
    if let (true, Ok(n)) = (numeric, text.parse::<u64>()) {
        return Value::Number(n.into());
    }
    let float = numeric.then(|| text.parse::<f64>().ok()).flatten().filter(|f| f.is_finite());
    float.and_then(Number::from_f64).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_types_and_aliases() {
        let node = Node::parse("a: 1\nb: &x [1.5, \"2\", ~]\nc:\n  d: *x\n").unwrap();
        assert_eq!(node.value().to_string(), r#"{"a":1,"b":[1.5,"2",null],"c":{"d":[1.5,"2",null]}}"#);
        let Kind::Map(entries) = &node.kind else { panic!() };
        assert_eq!(entries.iter().map(|e| e.1).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(Node::parse("a: 1\na: 2\n").unwrap_err(), (2, "the key `a` is given twice".into()));
        assert!(Node::parse("a: 1\nb: [1\nc: 2\n").unwrap_err().0 >= 2);
        assert!(matches!(Node::parse("# nothing\n").unwrap().kind, Kind::Map(e) if e.is_empty()));
    }

    #[test]
    fn faults_that_are_often_made_have_a_hint() {
        for (text, hint) in [
            ("data: {files: *.csv}", "`*` needs quotes"),
            ("fdr:\n\talpha: 1\n", "indent with blanks"),
            ("fdr:\n alpha: 1\n  method: bh\n", "needs quotes"),
            ("data: {target: b: c}\n", "need quotes around them"),
        ] {
            let (_, fault) = Node::parse(text).unwrap_err();
            assert!(fault.contains(hint), "{text}: {fault}");
        }
    }

    #[test]
    fn tags_that_leave_a_value_as_it_is_are_read() {
        let text = "\
a: !!python/tuple [1, 2]
b: !!python/unicode 'x'
c: !!int \"6\"
d: !!str 6
e: !!python/long \"7\"
f: !!python/dict {k: !!python/none ''}
g: ! 8
";
        let read = Node::parse(text).unwrap().value().to_string();
        assert_eq!(read, r#"{"a":[1,2],"b":"x","c":6,"d":"6","e":7,"f":{"k":null},"g":"8"}"#);
    }

    #[test]
    fn tags_that_make_another_value_are_refused_with_their_line() {
        for (text, tag) in [
            (
                "a: 1\nb: !!python/object/apply:numpy.core.multiarray.scalar [x]\n",
                "!!python/object/apply:numpy",
            ),
            ("a: 1\nb: !!python/object:config.Config {k: 1}\n", "!!python/object:config.Config"),
            ("a: 1\nb: !!python/name:builtins.len ''\n", "!!python/name:builtins.len"),
            ("a: 1\nb: !!binary Zm9v\n", "!!binary"),
            ("a: 1\nb: !env DATA\n", "!env"),
        ] {
            let (line, fault) = Node::parse(text).unwrap_err();
            assert_eq!(line, 2, "{text}");
            assert!(
                fault.contains(&format!("the tag `{tag}")) && fault.contains("write the value itself"),
                "{fault}"
            );
        }
    }

    #[test]
    fn alias_bombs_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..9 {
            let inner = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{inner}]\n"));
        }
        assert!(Node::parse(&text).unwrap_err().1.contains("too large"));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[-a-c:#&*\\[\\]{}\"'|> \n,?!%@0-9.]{0,80}") {
            let _ = Node::parse(&text);
        }
    }
}
