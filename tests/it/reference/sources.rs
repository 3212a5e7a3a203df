//! Enums of the sources: their variants with what is said of each, and what functions give for them.

/// The variants of an enum, each with the comment above it.
pub(super) fn variants(source: &str, name: &str) -> Vec<(String, String)> {
    let body = source.split_once(&format!("enum {name} {{\n")).unwrap_or_else(|| panic!("no enum {name}")).1;
    let mut found = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in body.lines().take_while(|line| *line != "}") {
        // What belongs to a variant is indented further.
        let Some(line) = line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '#', ')', '}']))
        else {
            continue;
        };
        if let Some(words) = line.strip_prefix("///") {
            comment.push(words.trim());
            continue;
        }
        let variant: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
        assert!(!variant.is_empty() && !comment.is_empty(), "{name}: {line}");
        found.push((variant, comment.join(" ")));
        comment.clear();
    }
    found
}

/// What a function of an enum gives for each variant, by its one `match`.
pub(super) fn values(source: &str, function: &str) -> Vec<(String, String)> {
    let body = source.split_once(&format!("fn {function}(")).unwrap_or_else(|| panic!("no fn {function}")).1;
    let body = body.split_once("match self {").unwrap().1.split_once("\n    }\n").unwrap().0;
    let mut found = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for part in body.split("Self::").skip(1) {
        before.push(part.chars().take_while(|c| c.is_alphanumeric()).collect());
        if let Some((_, value)) = part.split_once("=>") {
            let value = value.trim().trim_end_matches(['}', '\n', ' ']).trim_end_matches(',').to_owned();
            found.extend(before.drain(..).map(|variant| (variant, value.clone())));
        }
    }
    found
}

/// The value of a variant, without quotes.
pub(super) fn of<'a>(values: &'a [(String, String)], variant: &str) -> &'a str {
    let found = values.iter().find(|(other, _)| other == variant);
    found.unwrap_or_else(|| panic!("nothing for {variant}")).1.trim_matches('"')
}

#[test]
fn variants_and_values_are_found() {
    let source = "pub enum Kind {\n    /// One\n    /// line.\n    #[error(\n        \"x\"\n    )]\n    One(u8),\n    /// Two.\n    Two {\n        /// No variant.\n        a: u8,\n    },\n}\n\nimpl Kind {\n    fn code(self) -> u8 {\n        match self {\n            Self::One(_) | Self::Two { .. } => 3,\n            Self::Three => \"x\",\n        }\n    }\n}\n";
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(variants(source, "Kind"), [pair("One", "One line."), pair("Two", "Two.")]);
    let values = values(source, "code");
    assert_eq!(values, [pair("One", "3"), pair("Two", "3"), pair("Three", "\"x\"")]);
    assert_eq!(of(&values, "Three"), "x");
}
