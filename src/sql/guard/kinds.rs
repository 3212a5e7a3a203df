//! Which statements are done: those that read. A kind that nobody has thought of is refused until somebody has.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as Kind};

use super::refusal::Refusal;

/// Refuses what is not a query.
pub(super) fn reads(statement: &Statement) -> Result<(), Refusal> {
    match statement {
        Statement::Statement(kind) => match kind.as_ref() {
            Kind::Query(query) => match written(query) {
                Some(word) => Err(Refusal::of_write(word)),
                None => Ok(()),
            },
            Kind::ExplainTable { .. }
            | Kind::ShowColumns { .. }
            | Kind::ShowFunctions { .. }
            | Kind::ShowTables { .. }
            | Kind::ShowVariable { .. } => Ok(()),
            Kind::Explain { statement, .. } => reads(&Statement::Statement(statement.clone())),
            other => Err(Refusal::of_write(&first_word(&other.to_string()))),
        },
        Statement::Explain(explain) => reads(&explain.statement),
        other => Err(Refusal::of_write(&first_word(&other.to_string()))),
    }
}

/// What stands in the place of the rows of a query: `WITH … INSERT` is one to the parser.
fn written(query: &Query) -> Option<&'static str> {
    match query.body.as_ref() {
        SetExpr::Insert(_) => Some("INSERT"),
        SetExpr::Update(_) => Some("UPDATE"),
        SetExpr::Delete(_) => Some("DELETE"),
        SetExpr::Merge(_) => Some("MERGE"),
        SetExpr::Query(inner) => written(inner),
        SetExpr::Select(_) | SetExpr::SetOperation { .. } | SetExpr::Values(_) | SetExpr::Table(_) => None,
    }
}

fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_uppercase()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParser;

    use super::*;

    fn said(sql: &str) -> Option<String> {
        let statement = DFParser::parse_sql(sql).unwrap().pop_front().unwrap();
        reads(&statement).err().map(|refusal| refusal.to_string())
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
            let said = reads(&parsed.pop_front().unwrap()).unwrap_err();
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
}
