//! Which statement it is. What a session does by itself is told apart here by its first words; everything else is a question
//! for a child, which refuses what would write.

use super::copy::CopyOut;
use super::fault::Fault;
use super::scan::{Piece, Token, tokens};
use super::set_config::SetConfig;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// A question, for a child.
    Query,
    /// A transaction begins.
    Begin,
    /// It ends.
    Commit,
    /// It ends, or an error in it is over.
    Rollback,
    /// A place in it to go back to.
    Savepoint(String),
    /// The same given up.
    Release(String),
    /// Back to it.
    RollbackTo(String),
    /// A setting: its name, and its value unless that is the usual one.
    Set(String, Option<String>),
    /// The same as a query, whose one value is that of the setting.
    SetConfig(SetConfig),
    /// What a transaction is to be like, which it is anyway.
    SetTransaction,
    /// The value of a setting, or of all.
    Show(Option<String>),
    /// Settings as they were; all if none is named.
    Reset(Option<String>),
    /// Nothing is left of the session.
    Discard(String),
    /// A prepared statement given up; all if none is named.
    Deallocate(Option<String>),
    /// A cursor.
    Declare(Declare),
    /// Rows of it, or none but further on.
    Fetch(Fetch),
    /// A cursor given up; all if none is named.
    Close(Option<String>),
    /// Rows as a stream.
    Copy(CopyOut),
    /// Nothing is listened to.
    Unlisten,
}

/// A cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declare {
    pub(super) name: String,
    /// Whether it outlives its transaction.
    pub(super) hold: bool,
    /// Whether rows come in binary.
    pub(super) binary: bool,
    /// Where the query begins.
    pub(super) query: usize,
}

/// Rows of a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetch {
    pub(super) name: String,
    /// How many; all if it is not said.
    pub(super) count: Option<u64>,
    /// Whether they are only passed over.
    pub(super) moves: bool,
}

impl Statement {
    /// Of a text that says something.
    pub(super) fn of(sql: &str) -> Result<Self, Fault> {
        let all = tokens(sql);
        let Some((first, rest)) = all.split_first() else { return Ok(Self::Query) };
        if first.piece != Piece::Word {
            return Ok(Self::Query);
        }
        let second = rest.first();
        let is = |word: &str| second.is_some_and(|token| token.is(word));
        Ok(match first.text.to_ascii_lowercase().as_str() {
            "begin" => Self::Begin,
            "start" if is("transaction") => Self::Begin,
            "commit" | "end" if !is("prepared") => Self::Commit,
            "abort" => Self::Rollback,
            "rollback" if is("prepared") => return Err(two_phases()),
            "rollback" => match after(rest, "to") {
                Some(rest) => Self::RollbackTo(savepoint(rest)?),
                None => Self::Rollback,
            },
            "commit" | "end" => return Err(two_phases()),
            "savepoint" => Self::Savepoint(savepoint(rest)?),
            "release" => Self::Release(savepoint(rest)?),
            "set" => set(rest, sql)?,
            "select" => SetConfig::of(rest).map_or(Ok(Self::Query), configured)?,
            "show" if is("tables") || is("functions") || is("columns") || is("create") => Self::Query,
            "show" => show(rest)?,
            "reset" => Self::Reset(setting(rest)?.filter(|name| name != "all")),
            "discard" => Self::Discard(name_of(rest, "what is discarded")?.to_uppercase()),
            "deallocate" => {
                let rest = after(rest, "prepare").unwrap_or(rest);
                Self::Deallocate(unless_all(rest, "a prepared statement")?)
            }
            "close" => Self::Close(unless_all(rest, "a cursor")?),
            "declare" => Self::Declare(declare(rest)?),
            "fetch" | "move" => Self::Fetch(fetch(rest, first.is("move"))?),
            "copy" => Self::Copy(CopyOut::of(rest, sql)?),
            "unlisten" => Self::Unlisten,
            "listen" | "notify" => {
                return Err(Fault::new("0A000", "nothing is told here that was not asked"));
            }
            "prepare" if is("transaction") => return Err(two_phases()),
            "prepare" | "execute" => {
                return Err(Fault::with_hint(
                    "0A000",
                    format!("{} is not a query", first.text.to_uppercase()),
                    "clients prepare statements by the protocol: give values beside the query",
                ));
            }
            _ => Self::Query,
        })
    }

    /// Whether it gives rows that are asked of a child.
    pub(super) fn asks(&self) -> bool {
        matches!(self, Self::Query)
    }

    /// What is said when it is done, if that is always the same.
    pub(super) fn tag(&self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Rollback | Self::RollbackTo(_) => "ROLLBACK",
            Self::Savepoint(_) => "SAVEPOINT",
            Self::Release(_) => "RELEASE",
            Self::Set(..) | Self::SetTransaction => "SET",
            Self::Show(_) => "SHOW",
            Self::Reset(_) => "RESET",
            Self::Discard(_) => "DISCARD ALL",
            Self::Deallocate(_) => "DEALLOCATE",
            Self::Declare(_) => "DECLARE CURSOR",
            Self::Close(_) => "CLOSE CURSOR",
            Self::Unlisten => "UNLISTEN",
            Self::Fetch(fetch) if fetch.moves => "MOVE",
            Self::Fetch(_) => "FETCH",
            Self::Query | Self::SetConfig(_) => "SELECT",
            Self::Copy(_) => "COPY",
        }
    }
}

fn two_phases() -> Fault {
    Fault::new("0A000", "transactions in two phases are not supported")
}

fn syntax(words: &str) -> Fault {
    Fault::new("42601", words)
}

/// What follows a word; words of noise before it are passed over.
fn after<'a, 'b>(rest: &'a [Token<'b>], word: &str) -> Option<&'a [Token<'b>]> {
    let noise = |token: &&Token<'_>| ["work", "transaction"].iter().any(|noise| token.is(noise));
    let rest = &rest[rest.iter().take_while(noise).count()..];
    let (first, rest) = rest.split_first()?;
    first.is(word).then_some(rest)
}

fn name_of(rest: &[Token<'_>], what: &str) -> Result<String, Fault> {
    match rest.first() {
        Some(token) if matches!(token.piece, Piece::Word | Piece::Name) => Ok(token.plain()),
        _ => Err(syntax(&format!("{what} is missing"))),
    }
}

fn unless_all(rest: &[Token<'_>], what: &str) -> Result<Option<String>, Fault> {
    match rest.first() {
        Some(token) if token.is("all") => Ok(None),
        _ => name_of(rest, what).map(Some),
    }
}

fn savepoint(rest: &[Token<'_>]) -> Result<String, Fault> {
    name_of(after(rest, "savepoint").unwrap_or(rest), "the name of a savepoint")
}

/// The name of a setting, in small letters; `a.b` is one.
fn setting(rest: &[Token<'_>]) -> Result<Option<String>, Fault> {
    if let Some(zone) = after_words(rest, &["time", "zone"]) {
        return if zone.is_empty() { Ok(Some("timezone".into())) } else { Ok(None) };
    }
    let mut name = name_of(rest, "the name of a setting")?;
    let mut more = &rest[1..];
    while let [dot, part, others @ ..] = more
        && dot.is_sign('.')
    {
        name = format!("{name}.{}", part.plain());
        more = others;
    }
    Ok(Some(name.to_lowercase()))
}

fn after_words<'a, 'b>(mut rest: &'a [Token<'b>], words: &[&str]) -> Option<&'a [Token<'b>]> {
    for word in words {
        let (first, more) = rest.split_first()?;
        if !first.is(word) {
            return None;
        }
        rest = more;
    }
    Some(rest)
}

fn show(rest: &[Token<'_>]) -> Result<Statement, Fault> {
    if after_words(rest, &["transaction", "isolation", "level"]).is_some() {
        return Ok(Statement::Show(Some("transaction_isolation".into())));
    }
    if after_words(rest, &["session", "authorization"]).is_some() {
        return Ok(Statement::Show(Some("session_authorization".into())));
    }
    Ok(Statement::Show(setting(rest)?.filter(|name| name != "all")))
}

fn set(rest: &[Token<'_>], sql: &str) -> Result<Statement, Fault> {
    if after_words(rest, &["session", "characteristics"]).is_some()
        || after_words(rest, &["transaction"]).is_some()
        || after_words(rest, &["constraints"]).is_some()
    {
        return Ok(Statement::SetTransaction);
    }
    if let Some(who) = after_words(rest, &["session", "authorization"]) {
        let is_own = who.first().is_some_and(|token| token.is("default"));
        return if is_own { Ok(Statement::SetTransaction) } else { Err(other_role()) };
    }
    let rest = match rest.first() {
        Some(token) if token.is("session") || token.is("local") => &rest[1..],
        _ => rest,
    };
    if let Some(role) = after_words(rest, &["role"]) {
        let role = if role.first().is_some_and(|t| t.is_sign('=') || t.is("to")) { &role[1..] } else { role };
        let is_own = role.first().is_some_and(|token| token.is("none") || token.is("default"));
        return if is_own { Ok(Statement::SetTransaction) } else { Err(other_role()) };
    }
    if let Some(value) = after_words(rest, &["names"]) {
        return Ok(Statement::Set("client_encoding".into(), value_of(value, sql)?));
    }
    if let Some(value) = after_words(rest, &["time", "zone"]) {
        let value = value_of(value, sql)?.filter(|value| !value.eq_ignore_ascii_case("local"));
        return Ok(Statement::Set("timezone".into(), value));
    }
    let Some(name) = setting(rest)? else { return Err(syntax("the name of a setting is missing")) };
    let parts = 1 + 2 * rest[1..].chunks(2).take_while(|part| part[0].is_sign('.')).count();
    match rest.get(parts..).and_then(<[_]>::split_first) {
        Some((to, value)) if to.is_sign('=') || to.is("to") => {
            Ok(Statement::Set(name, value_of(value, sql)?))
        }
        _ => Err(syntax("SET needs `NAME = VALUE`")),
    }
}

/// What `SET` refuses is refused as a query too.
fn configured(set: SetConfig) -> Result<Statement, Fault> {
    let is_own = !set.is_role() || ["none", "default"].contains(&set.value.to_lowercase().as_str());
    if is_own { Ok(Statement::SetConfig(set)) } else { Err(other_role()) }
}

fn other_role() -> Fault {
    Fault::with_hint(
        "42501",
        "nobody is somebody else here",
        "connect with another token: its name is the user",
    )
}

/// A value, or several with commas; `default` is none.
fn value_of(rest: &[Token<'_>], sql: &str) -> Result<Option<String>, Fault> {
    match rest {
        [] => Err(syntax("the value of the setting is missing")),
        [one] if one.is("default") => Ok(None),
        [one] => Ok(Some(one.plain())),
        [first, .., last] if rest.iter().any(|token| token.is_sign(',')) => {
            let parts = rest.iter().filter(|token| !token.is_sign(','));
            let _ = (first, last);
            Ok(Some(parts.map(Token::plain).collect::<Vec<_>>().join(", ")))
        }
        [first, .., last] => Ok(Some(sql[first.at..last.end()].to_owned())),
    }
}

fn declare(rest: &[Token<'_>]) -> Result<Declare, Fault> {
    let name = name_of(rest, "the name of a cursor")?;
    let (mut hold, mut binary) = (false, false);
    for (place, token) in rest.iter().enumerate().skip(1) {
        if token.is("for") {
            let query = rest.get(place + 1).ok_or_else(|| syntax("the query of the cursor is missing"))?;
            return Ok(Declare { name, hold, binary, query: query.at });
        }
        let before = &rest[place - 1];
        match () {
            () if token.is("binary") => binary = true,
            () if token.is("hold") => hold = before.is("with"),
            () if token.is("scroll") && !before.is("no") => {
                return Err(Fault::with_hint(
                    "0A000",
                    "cursors only go forward",
                    "leave SCROLL out, or fetch all rows and go back and forth in them",
                ));
            }
            () => {}
        }
    }
    Err(syntax("DECLARE needs `NAME CURSOR FOR QUERY`"))
}

fn fetch(rest: &[Token<'_>], moves: bool) -> Result<Fetch, Fault> {
    let mut rest = rest;
    let mut count = Some(1);
    while let Some((token, more)) = rest.split_first() {
        let is = |word: &str| token.is(word);
        let all = ["all", "forward", "next", "from", "in"];
        let follows = !more.is_empty();
        if follows && (is("all") || token.piece == Piece::Number) {
            count = match token.piece {
                Piece::Number => Some(token.text.parse().map_err(|_| syntax("that many rows are none"))?),
                _ => None,
            };
        } else if ["absolute", "relative", "prior", "backward", "first", "last"].iter().any(|word| is(word))
            && follows
            || token.is_sign('-')
        {
            return Err(Fault::with_hint(
                "55000",
                "cursors only go forward",
                "FETCH FORWARD takes the next rows",
            ));
        } else if !(follows && all.iter().any(|word| is(word))) {
            return Ok(Fetch { name: name_of(rest, "the name of a cursor")?, count, moves });
        }
        rest = more;
    }
    Err(syntax("the name of a cursor is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Statement {
        Statement::of(sql).unwrap()
    }

    fn code(sql: &str) -> &'static str {
        match Statement::of(sql) {
            Err(Fault::Said(words)) => words.code,
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn what_a_session_does_by_itself_is_told_by_its_first_words() {
        for (sql, is) in [
            ("BEGIN", Statement::Begin),
            ("start transaction isolation level repeatable read, read only", Statement::Begin),
            ("/* x */ Commit work", Statement::Commit),
            ("end", Statement::Commit),
            ("rollback", Statement::Rollback),
            ("ABORT", Statement::Rollback),
            ("savepoint \"a b\"", Statement::Savepoint("a b".into())),
            ("rollback work to savepoint x", Statement::RollbackTo("x".into())),
            ("release savepoint x", Statement::Release("x".into())),
            ("SET extra_float_digits = 3", Statement::Set("extra_float_digits".into(), Some("3".into()))),
            (
                "set session TimeZone to 'Europe/Berlin'",
                Statement::Set("timezone".into(), Some("Europe/Berlin".into())),
            ),
            ("set time zone 'UTC'", Statement::Set("timezone".into(), Some("UTC".into()))),
            ("set datestyle to iso, mdy", Statement::Set("datestyle".into(), Some("iso, mdy".into()))),
            ("set search_path = default", Statement::Set("search_path".into(), None)),
            ("set names 'utf8'", Statement::Set("client_encoding".into(), Some("utf8".into()))),
            ("set my.own = 'x'", Statement::Set("my.own".into(), Some("x".into()))),
            ("set session characteristics as transaction read only", Statement::SetTransaction),
            ("set role none", Statement::SetTransaction),
            ("show all", Statement::Show(None)),
            ("show TRANSACTION ISOLATION LEVEL", Statement::Show(Some("transaction_isolation".into()))),
            ("show time zone", Statement::Show(Some("timezone".into()))),
            ("show tables", Statement::Query),
            ("reset all", Statement::Reset(None)),
            ("discard all", Statement::Discard("ALL".into())),
            ("deallocate prepare \"_pg3_0\"", Statement::Deallocate(Some("_pg3_0".into()))),
            ("DEALLOCATE ALL", Statement::Deallocate(None)),
            ("close \"c\"", Statement::Close(Some("c".into()))),
            ("select 1", Statement::Query),
            ("(select 1)", Statement::Query),
            ("insert into te values (1)", Statement::Query),
            ("with a as (select 1) select * from a", Statement::Query),
        ] {
            assert_eq!(of(sql), is, "{sql}");
        }
        for (sql, is) in [
            ("set role anna", "42501"),
            ("set session authorization anna", "42501"),
            ("select set_config('role', 'anna', false)", "42501"),
            ("set x", "42601"),
            ("listen a", "0A000"),
            ("prepare transaction 'x'", "0A000"),
            ("commit prepared 'x'", "0A000"),
            ("fetch backward 2 from c", "55000"),
            ("fetch -1 from c", "55000"),
            ("declare c scroll cursor for select 1", "0A000"),
        ] {
            assert_eq!(code(sql), is, "{sql}");
        }
    }

    #[test]
    fn cursors_are_read() {
        let sql = "DECLARE \"my c\" NO SCROLL CURSOR WITH HOLD FOR select 'for' from te";
        let Statement::Declare(declare) = of(sql) else { panic!("none") };
        assert_eq!((declare.name.as_str(), declare.hold, declare.binary), ("my c", true, false));
        assert_eq!(&sql[declare.query..], "select 'for' from te");
        for (sql, count, moves) in [
            ("fetch c", Some(1), false),
            ("fetch next from c", Some(1), false),
            ("FETCH FORWARD 20 FROM c", Some(20), false),
            ("fetch 5 c", Some(5), false),
            ("fetch all in c", None, false),
            ("fetch forward all from c", None, false),
            ("move 3 from c", Some(3), true),
        ] {
            assert_eq!(of(sql), Statement::Fetch(Fetch { name: "c".into(), count, moves }), "{sql}");
        }
    }
}
