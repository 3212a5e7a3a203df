//! The commands of the prompt that start with a backslash.

/// A command and what to say about it.
#[derive(Debug)]
pub(super) struct About {
    /// Its name, after the backslash.
    pub(super) name: &'static str,
    /// What may follow.
    takes: &'static str,
    what: &'static str,
}

const fn about(name: &'static str, takes: &'static str, what: &'static str) -> About {
    About { name, takes, what }
}

/// All commands.
pub(super) const COMMANDS: &[About] = &[
    about("d", "", "tables"),
    about("d", "TABLE", "columns of a table"),
    about("set", "", "parameters and their values"),
    about("set", "NAME VALUE", "give $NAME in queries a value"),
    about("unset", "NAME", "take it away"),
    about("i", "FILE", "do what is in a file"),
    about("x", "", "each row as lines, or as a table again"),
    about("timing", "", "say how long queries take, or no longer"),
    about("?", "", "this help"),
    about("q", "", "leave"),
];

/// The help.
pub(super) fn help() -> String {
    let mut text = String::from(
        "End a query with ; — it may have several lines. Tab completes tables, columns, functions and words of SQL.\n",
    );
    for command in COMMANDS {
        let usage = format!("\\{} {}", command.name, command.takes);
        text.push_str(&format!("  {usage:<18}{}\n", command.what));
    }
    text
}

/// A command as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Tables,
    Columns(&'a str),
    Params,
    Set(&'a str, &'a str),
    Unset(&'a str),
    File(&'a str),
    Lines,
    Timing,
    Help,
    Leave,
}

impl<'a> Command<'a> {
    /// Understands what follows the backslash; else says why not.
    pub(super) fn parse(line: &'a str) -> Result<Self, String> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match (name, rest) {
            ("d", "") => Ok(Self::Tables),
            ("d", table) => Ok(Self::Columns(table)),
            ("set", "") => Ok(Self::Params),
            ("set", both) => match both.split_once(|c: char| c.is_whitespace() || c == '=') {
                Some((name, value)) => Ok(Self::Set(name, value.trim())),
                None => {
                    Err(format!("\\set {both} has no value\n(hint: \\set {both} VALUE, or \\unset {both})"))
                }
            },
            ("unset" | "i", "") => Err(format!("\\{name} of what?\n(hint: \\? shows the commands)")),
            ("unset", name) => Ok(Self::Unset(name)),
            ("i", file) => Ok(Self::File(unquoted(file))),
            ("x", "") => Ok(Self::Lines),
            ("timing", "") => Ok(Self::Timing),
            ("?" | "h" | "help", _) => Ok(Self::Help),
            ("q" | "quit", "") => Ok(Self::Leave),
            _ if COMMANDS.iter().any(|c| c.name == name) => {
                Err(format!("\\{name} takes nothing\n(hint: \\? shows the commands)"))
            }
            _ => Err(format!("unknown command \\{name}\n(hint: \\? shows the commands)")),
        }
    }
}

fn unquoted(file: &str) -> &str {
    let inner = |quote: char| file.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood() {
        assert_eq!(Command::parse("d"), Ok(Command::Tables));
        assert_eq!(Command::parse("d raw.te"), Ok(Command::Columns("raw.te")));
        assert_eq!(Command::parse("set alpha 0.05"), Ok(Command::Set("alpha", "0.05")));
        assert_eq!(Command::parse("set name='a b'"), Ok(Command::Set("name", "'a b'")));
        assert_eq!(Command::parse("i 'my file.sql'"), Ok(Command::File("my file.sql")));
        assert_eq!(Command::parse("q"), Ok(Command::Leave));
        insta::assert_snapshot!(Command::parse("set alpha").unwrap_err(), @r"
        \set alpha has no value
        (hint: \set alpha VALUE, or \unset alpha)
        ");
        insta::assert_snapshot!(Command::parse("x on").unwrap_err(), @r"
        \x takes nothing
        (hint: \? shows the commands)
        ");
        insta::assert_snapshot!(Command::parse("copy").unwrap_err(), @r"
        unknown command \copy
        (hint: \? shows the commands)
        ");
        insta::assert_snapshot!(help(), @r"
        End a query with ; — it may have several lines. Tab completes tables, columns, functions and words of SQL.
          \d                tables
          \d TABLE          columns of a table
          \set              parameters and their values
          \set NAME VALUE   give $NAME in queries a value
          \unset NAME       take it away
          \i FILE           do what is in a file
          \x                each row as lines, or as a table again
          \timing           say how long queries take, or no longer
          \?                this help
          \q                leave
        ");
    }
}
