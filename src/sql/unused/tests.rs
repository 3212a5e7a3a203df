use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::context::{SessionConfig, SessionContext};

use super::*;

/// Rows of which some are alike, and some lack values.
fn table() -> MemTable {
    let absent = |n: i64, each: i64| n % each == 0;
    let a = (0..90).map(|n| (!absent(n, 7)).then_some(n % 4));
    let p = (0..90).map(|n| (!absent(n, 11)).then_some((n * n % 13) as f64 / 13.0));
    let columns = [
        ("id", Arc::new((0..90).collect::<Int64Array>()) as _),
        ("a", Arc::new(a.collect::<Int64Array>()) as _),
        ("p", Arc::new(p.collect::<Float64Array>()) as _),
    ];
    let rows =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).unwrap();
    MemTable::try_new(rows.schema(), vec![vec![rows.slice(0, 40)], vec![rows.slice(40, 50)]]).unwrap()
}

fn session(table: Arc<MemTable>) -> SessionContext {
    let ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    ctx.register_table("t", table).unwrap();
    // The engine's own rule does some of it.
    assert!(ctx.remove_optimizer_rule("eliminate_join"));
    ctx
}

/// The joins of a query's plan, and its rows as text.
async fn asked(ctx: &SessionContext, sql: &str) -> (usize, String) {
    let plan = ctx.sql(sql).await.unwrap().into_optimized_plan().unwrap();
    let joins = plan.display_indent().to_string().matches("Join").count();
    let rows = ctx.sql(sql).await.unwrap().collect().await.unwrap();
    let text = pretty_format_batches(&rows).unwrap().to_string();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    (joins, lines.join("\n"))
}

/// Joins that stay, and the same rows as without the rule.
async fn joins(sql: &str) -> usize {
    let table = Arc::new(table());
    let (plain, with) = (session(Arc::clone(&table)), session(table));
    with.add_optimizer_rule(Arc::new(UnusedJoins { runs: None }));
    let (all, rows) = asked(&plain, sql).await;
    let (left, same) = asked(&with, sql).await;
    assert_eq!(rows, same, "{sql}");
    assert!(left <= all, "{sql}");
    left
}

const OF_P: &str = "(select p, count(*) as n from t group by p)";
const OF_BOTH: &str = "(select a, p, max(id) as m from t group by a, p)";

#[tokio::test]
async fn a_join_that_adds_nothing_is_left_out() {
    for sql in [
        format!("select t.id from t left join {OF_P} f on f.p = t.p"),
        format!("select count(*) from {OF_P} f right join t on f.p = t.p"),
        format!(
            "select sum(id) from (select t.id, t.a, f.n from {OF_P} f right join t on f.p is not distinct from t.p) where a > 1"
        ),
        format!(
            "select a, count(*) from (select t.*, f.m from {OF_BOTH} f right join t on (f.a is not distinct from t.a) and f.p = t.p) group by a"
        ),
        format!(
            "select id from (select t.*, f.m, g.n from t left join {OF_BOTH} f on f.a = t.a and f.p = t.p left join {OF_P} g on g.p = t.p) order by p, id limit 9"
        ),
        format!(
            "select u.id from (select t.id, f.n from t left join {OF_P} f on f.p = t.p) u union all select id from t"
        ),
        "select t.id from t left join (select distinct a from t) f on f.a = t.a".to_owned(),
        format!("select t.id from t left join {OF_P} f on f.p = t.p and f.n > t.a"),
        format!(
            "select t.id from t left join (select p as x, n, sum(n) over (order by p) as s from {OF_P}) f on f.x = t.p"
        ),
        "select t.id from t left join (select max(a) as a from t) f on f.a > t.a".to_owned(),
    ] {
        assert_eq!(joins(&sql).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn a_join_that_adds_something_stays() {
    for sql in [
        format!("select t.id, f.n from t left join {OF_P} f on f.p = t.p"),
        format!("select t.id from t left join {OF_P} f on f.p = t.p where coalesce(f.n, 0) < 7"),
        format!("select t.id from t left join {OF_P} f on f.p = t.p order by f.n, t.id limit 5"),
        // A row may have several partners.
        format!("select t.id from t left join {OF_BOTH} f on f.p = t.p"),
        "select t.id from t left join t as f on f.a = t.a".to_owned(),
        format!("select t.id from t left join {OF_P} f on f.p < t.p"),
        "select t.id from t left join (select a, p from t group by rollup (a, p)) f on f.a = t.a and f.p = t.p".to_owned(),
        "select t.id from t left join (select a, unnest([1, 2]) from (select a from t group by a)) f on f.a = t.a".to_owned(),
        // Rows without a partner go, or come.
        format!("select t.id from t join {OF_P} f on f.p = t.p"),
        format!("select t.id from t full join {OF_P} f on f.p = t.p"),
        format!("select f.n from t left join {OF_P} f on f.p = t.p"),
        format!("select u.id from (select t.id, f.n from t left join {OF_P} f on f.p = t.p) u where exists (select 1 from t where t.id = u.n)"),
    ] {
        assert!(joins(&sql).await > 0, "{sql}");
    }
}
