//! Which statements are done: those that read. A kind that nobody has thought of is refused until somebody has.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, Select, SetExpr, Statement as Kind, VisitorMut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::refusal::Refusal;
use super::walk::{Found, walk};

/// Refuses what is not a query, whether it is the whole statement or a part of it.
pub(super) fn reads(statement: &mut Statement) -> Result<(), Refusal> {
    is_query(statement)?;
    walk(statement, &mut Within)
}

fn is_query(statement: &Statement) -> Result<(), Refusal> {
    match statement {
        Statement::Statement(kind) => match kind.as_ref() {
            Kind::Query(_)
            | Kind::ExplainTable { .. }
            | Kind::ShowColumns { .. }
            | Kind::ShowFunctions { .. }
            | Kind::ShowTables { .. }
            | Kind::ShowVariable { .. } => Ok(()),
            Kind::Explain { statement, .. } => is_query(&Statement::Statement(statement.clone())),
            other => Err(Refusal::of_write(&first_word(&other.to_string()))),
        },
        Statement::Explain(explain) => is_query(&explain.statement),
        other => Err(Refusal::of_write(&first_word(&other.to_string()))),
    }
}

/// Queries are written within queries, and so is what would write.
struct Within;

impl VisitorMut for Within {
    type Break = Box<Refusal>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Found {
        match written(&query.body) {
            Some(word) => ControlFlow::Break(Box::new(Refusal::of_write(word))),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Found {
        if select.into.is_none() {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(Box::new(Refusal::of_write("SELECT INTO")))
    }
}

/// What stands in the place of the rows of a query: `WITH … INSERT` is one to the parser.
fn written(body: &SetExpr) -> Option<&'static str> {
    match body {
        SetExpr::Insert(_) => Some("INSERT"),
        SetExpr::Update(_) => Some("UPDATE"),
        SetExpr::Delete(_) => Some("DELETE"),
        SetExpr::Merge(_) => Some("MERGE"),
        // What stands in parentheses on a side of `UNION` is a query again.
        SetExpr::Select(_)
        | SetExpr::Query(_)
        | SetExpr::SetOperation { .. }
        | SetExpr::Values(_)
        | SetExpr::Table(_) => None,
    }
}

/// Refuses what cannot be parsed and would write all the same: the engine's grammar has no `COPY … FROM`.
pub(super) fn unparsed(sql: &str) -> Option<Refusal> {
    let mut tokens = Vec::new();
    // Those before what cannot be read are enough.
    let _ = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location_into_buf(&mut tokens);
    let first =
        tokens.iter().map(|token| &token.token).find(|token| !matches!(token, Token::Whitespace(_)))?;
    matches!(first, Token::Word(word) if word.value.eq_ignore_ascii_case("copy"))
        .then(|| Refusal::of_write("COPY"))
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_uppercase()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParser;

    use super::*;

    fn said(sql: &str) -> Option<String> {
        let mut statement = DFParser::parse_sql(sql).unwrap().pop_front().unwrap();
        reads(&mut statement).err().map(|refusal| refusal.to_string())
    }

    #[test]
    fn what_reads_is_done_and_all_else_is_not() {
        for sql in [
            "select 1",
            "with a as (select 1) select * from a union all values (2)",
            "explain analyze select 1",
            "describe te",
            "show tables",
            "show columns from te",
            "show functions",
        ] {
            assert_eq!(said(sql), None, "{sql}");
        }
        for sql in [
            "insert into te values (1)",
            "with a as (select 1) insert into te select * from a",
            "explain insert into te values (1)",
            "update te set tau = 1",
            "delete from te",
            "merge into te using x on true when matched then delete",
            "truncate table te",
            "create table a as select 1",
            "create external table a stored as csv location 'x'",
            "copy te to 'x.csv'",
            "drop table te",
            "alter table te add column a int",
            "set x = 1",
            "reset x",
            "begin",
            "commit",
            "vacuum",
            "analyze te",
            "grant select on te to anna",
            "prepare a as select 1",
            "execute a",
            "deallocate a",
            "declare a cursor for select 1",
            "fetch 1 from a",
            "close a",
            "call f()",
            "use x",
            "kill 1",
            "lock table te",
            "attach 'x' as y",
            "install x",
            "load x",
            "pragma x",
            "cache table te",
            "comment on table te is 'x'",
            "show databases",
        ] {
            let Ok(mut parsed) = DFParser::parse_sql(sql) else { continue };
            let said = reads(&mut parsed.pop_front().unwrap()).unwrap_err();
            let word = said.to_string();
            assert!(
                said.is_write() && word.contains(" is not a query\n(hint: queries only read here"),
                "{sql}: {word}"
            );
        }
        assert!(
            said("with a as (select 1) insert into te select * from a").unwrap().starts_with("INSERT is not")
        );
    }

    #[test]
    fn what_would_write_is_found_within_queries() {
        for (sql, word) in [
            ("select * into x from te", "SELECT INTO"),
            ("select 1 as a into x union select 2", "SELECT INTO"),
            ("explain select * from (select 1 as a into x) y", "SELECT INTO"),
            ("with a as (insert into te values (1) returning *) select * from a", "INSERT"),
            ("select * from (insert into te values (1)) x", "INSERT"),
            ("select 1 union all (update te set tau = 1)", "UPDATE"),
            ("select * from te where tau in (delete from te)", "DELETE"),
        ] {
            let said = said(sql).unwrap_or_default();
            assert!(said.starts_with(&format!("{word} is not a query\n")), "{sql}: {said}");
        }
    }
}
