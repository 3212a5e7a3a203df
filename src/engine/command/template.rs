//! Arguments with placeholders.

use super::error::CommandError;

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder {
    UserId,
    Input,
    FeatureMode,
    Seed,
}

impl Placeholder {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "user_id" => Self::UserId,
            "input" => Self::Input,
            "feature_mode" => Self::FeatureMode,
            "seed" => Self::Seed,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

impl Template {
    /// Reads `text-{placeholder}`; `{{` and `}}` are braces.
    pub(super) fn parse(argument: &str) -> Result<Self, CommandError> {
        let brace = || CommandError::Brace { argument: argument.to_owned() };
        let (mut parts, mut text, mut rest) = (Vec::new(), String::new(), argument);
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let (here, after) = (&rest[at..=at], &rest[at + 1..]);
            if let Some(after) = after.strip_prefix(here) {
                text.push_str(here);
                rest = after;
                continue;
            }
            let (name, after) = after.split_once('}').filter(|_| here == "{").ok_or_else(brace)?;
            let value = Placeholder::parse(name).ok_or_else(|| CommandError::Placeholder {
                argument: argument.to_owned(),
                name: name.to_owned(),
            })?;
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Value(value));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self(parts))
    }

    /// Whether it holds a placeholder that only a unit can fill in.
    pub(super) fn needs_unit(&self) -> bool {
        self.placeholders().any(|p| p != Placeholder::Seed)
    }

    /// The placeholders.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Value(value) => Some(*value),
            Part::Text(_) => None,
        })
    }

    /// The argument with its placeholders filled in.
    pub(super) fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Value(placeholder) => value(*placeholder),
        };
        self.0.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(argument: &str) -> String {
        let value = |placeholder| format!("<{placeholder:?}>");
        Template::parse(argument).unwrap().fill(value)
    }

    #[test]
    fn placeholders_stand_anywhere() {
        assert_eq!(filled("{user_id}"), "<UserId>");
        assert_eq!(filled("--in={input}:{seed}{feature_mode}."), "--in=<Input>:<Seed><FeatureMode>.");
        assert_eq!(filled("{{user_id}} {{{seed}}}"), "{user_id} {<Seed>}");
        assert_eq!(filled(""), "");
        assert_eq!(filled("ü{seed}ü"), "ü<Seed>ü");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |argument| Template::parse(argument).unwrap_err().to_string();
        let told = error("--u={user}");
        assert!(told.contains("`--u={user}`") && told.contains("`{user}`"), "{told}");
        assert!(told.contains("{user_id}, {input}, {feature_mode} and {seed}"), "{told}");
        assert!(error("{print $1}").contains("{{ and }}"));
        assert!(error("a{b").contains("single brace"));
        assert!(error("a}b").contains("single brace"));
        assert!(error("{}").contains("unknown placeholder `{}`"));
    }
}
