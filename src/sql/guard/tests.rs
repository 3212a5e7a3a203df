//! Answers that the engine alone gets wrong, and what is refused in their place. Expected rows follow from the
//! standard, or were computed with another engine.

use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::sql::{Session, SessionError};

/// Rows as text: columns apart by commas, rows by `|`, or the error.
async fn answer(sql: &str) -> Result<String, String> {
    let session = Session::empty().unwrap();
    let said = |error: SessionError| error.to_string();
    let frame = session.query(sql).await.map_err(said)?;
    let batches = frame.collect().await.map_err(|error| said(error.into()))?;
    let options = FormatOptions::new().with_null("null");
    let mut rows = Vec::new();
    for batch in &batches {
        let columns: Vec<ArrayFormatter> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            rows.push(cells.join(","));
        }
    }
    Ok(rows.join("|"))
}

async fn all_answer(expected: &[(&str, &str)]) {
    for (sql, rows) in expected {
        assert_eq!(answer(sql).await.as_deref(), Ok(*rows), "{sql}");
    }
}

/// Each is refused in words that hold the given ones, with a hint and without words of the engine.
async fn all_refused(expected: &[(&str, &str)]) {
    for (sql, words) in expected {
        let said = answer(sql).await.expect_err(sql);
        assert!(said.contains(words) && said.contains("(hint:"), "{sql}: {said}");
        for inside in
            ["Arrow error", "Physical plan", "not implemented", "Internal", "datafusion", "InSubquery("]
        {
            assert!(!said.contains(inside), "{sql}: {said}");
        }
    }
}

#[tokio::test]
async fn outer_joins_whose_key_would_be_that_of_one_side_are_refused() {
    let with = "with a as (select * from (values (1, 10), (2, 20)) v(k, x)), b as (select * from (values (2, 200), (4, 400)) v(k, y))";
    for kind in ["full", "full outer", "right", "right outer", "natural full", "natural right"] {
        let using = if kind.starts_with("natural") { "" } else { "using (k)" };
        for select in ["k, x, y", "*", "k, count(*)"] {
            let group =
                if select.contains("count") { "group by k having k > 0 order by k" } else { "where x > 0" };
            let sql = format!("{with} select {select} from a {kind} join b {using} {group}");
            all_refused(&[(&sql, "JOIN with")]).await;
        }
        let sql = format!("{with} select 1 from (a {kind} join b {using}) where exists (select 1)");
        all_refused(&[(&sql, "JOIN with")]).await;
    }
    all_answer(&[
        (&format!("{with} select k, x, y from a left join b using (k) order by k"), "1,10,null|2,20,200"),
        (&format!("{with} select k, x, y from a natural join b"), "2,20,200"),
        (
            &format!("{with} select coalesce(a.k, b.k) as k, count(*) from a full join b on a.k = b.k group by 1 order by 1"),
            "1,1|2,1|4,1",
        ),
    ])
    .await;
}

#[tokio::test]
async fn copies_are_counted_or_the_query_is_refused() {
    let v = "select x from (values (1), (1), (2), (3)) v(x)";
    all_refused(&[
        (&format!("{v} except all select 1"), "EXCEPT ALL"),
        (&format!("{v} intersect all select 1"), "INTERSECT ALL"),
        (&format!("select * from ({v} union all ({v} except all select 1)) t"), "EXCEPT ALL"),
        (&format!("{v} where x in ({v} intersect all select 1)"), "INTERSECT ALL"),
    ])
    .await;
    all_answer(&[
        (&format!("{v} union all select 1 order by 1"), "1|1|1|2|3"),
        (&format!("{v} except select 1 order by 1"), "2|3"),
        (&format!("{v} intersect select 1"), "1"),
    ])
    .await;
}

#[tokio::test]
async fn not_in_is_unknown_beside_nulls() {
    let with = "with a as (select * from (values (1, 1), (2, 2), (3, null), (null, 4)) v(id, x)), \
                b as (select * from (values (1, 1), (2, null)) v(id, k)), none as (select k from b where false)";
    let ids = |condition: &str| format!("{with} select id from a where {condition} order by id");
    all_answer(&[
        (&ids("3 not in (select k from b)"), ""),
        (&ids("not (3 in (select k from b))"), ""),
        (&ids("not not 3 not in (select k from b)"), ""),
        (&ids("x not in (select k from b)"), ""),
        (&ids("x not in (select k from b where k is not null)"), "2|null"),
        (&ids("x <> all (select k from b)"), ""),
        (&ids("x not in (select k from none)"), "1|2|3|null"),
        (&ids("null not in (select k from none)"), "1|2|3|null"),
        (&ids("x not in (select k from b where b.id = a.id)"), "3|null"),
        (&ids("x not in (select k from b where b.id < a.id)"), "1|2|null"),
        (&ids("x not in (select k from b) or id = 2"), "2"),
        (&ids("x not in (select k from b) and id = 2"), ""),
        (&ids("(x in (select k from b)) is null"), "2|3|null"),
        (&ids("case when x not in (select k from b) then false else true end"), "1|2|3|null"),
        (&ids("x in (select k from b)"), "1"),
    ])
    .await;
}

#[tokio::test]
async fn any_of_a_list_is_unknown_beside_nulls() {
    all_answer(&[
        ("select 3 = any([1, null]), 3 = any([3, null]), 3 = any([1, 2])", "null,true,false"),
        ("select 3 <> any([3, null]), 3 <> any([1, null]), 3 <> any([3])", "null,true,false"),
        ("select 3 > any([4, null]), 3 > any([1, null]), 3 <= any([1, 2])", "null,true,false"),
        ("select 3 = all([3, null]), 3 < all([1, null]), 3 <> all([1, null])", "null,false,null"),
        ("select i from (values (1), (2)) v(i) where not (i = any([1, null]))", ""),
        ("select i from (values (1), (2)) v(i) where i = some([1, null])", "1"),
    ])
    .await;
}

#[tokio::test]
async fn nan_is_the_largest_number_everywhere() {
    let v = "(values (1, 1, 'NaN'::double), (1, 2, 1.0), (2, 1, 1.0), (2, 2, 'NaN'::double), (3, 1, 5.0), (3, 2, -0.0/0.0)) v(g, i, x)";
    all_answer(&[
        (&format!("select g, max(x), min(x) from {v} group by g order by g"), "1,NaN,1.0|2,NaN,1.0|3,NaN,5.0"),
        (&format!("select max(x), min(x) from {v}"), "NaN,1.0"),
        (&format!("select max(x), min(x) from {v} where i = 9"), "null,null"),
        (
            &format!("select g, max(x) over (order by g, i rows between 1 preceding and current row) from {v} order by g, i"),
            "1,NaN|1,NaN|2,1.0|2,NaN|3,NaN|3,NaN",
        ),
        (
            &format!("select g, min(x) over (order by g, i rows between 1 preceding and current row) from {v} order by g, i"),
            "1,NaN|1,1.0|2,1.0|2,1.0|3,5.0|3,5.0",
        ),
        (&format!("select x from {v} order by x desc limit 4"), "NaN|NaN|NaN|5.0"),
        (&format!("select count(*) from {v} where x > 1e308"), "3"),
        (&format!("select count(distinct x) from {v}"), "3"),
        // That of the minus sign too.
        ("select count(*) from (values (-'nan'::double), (-(0.0/0))) v(x) where x > 5", "2"),
    ])
    .await;
}

#[tokio::test]
async fn whole_numbers_do_not_wrap() {
    let v = "(values (1, 9223372036854775807), (2, 1), (3, -5)) v(i, x)";
    all_refused(&[
        ("select 9223372036854775807 + 1", "too large"),
        (&format!("select x + 1 from {v}"), "too large"),
        (&format!("select -x - 9 from {v}"), "too large"),
        (&format!("select x * 2 from {v}"), "too large"),
        (&format!("select x - (-2) from {v} where i = 1"), "too large"),
        (&format!("select sum(x) from {v} where i < 3"), "too large"),
        (&format!("select i, sum(x) from {v}, (values (1), (1)) w(j) group by i"), "too large"),
        (&format!("select sum(x) over (order by i) from {v}"), "too large"),
        (&format!("select sum(x) over (order by i rows 1 preceding) from {v}"), "too large"),
        (&format!("select sum(x) over () from {v} where i < 3"), "too large"),
        ("select 1 << 63", "1 << 63 does not fit into a whole number of 64 bits"),
        ("select 1 << 64", "does not fit"),
        ("select 8 >> 64", "does not fit"),
        ("select 1 << -1", "does not fit"),
        (&format!("select x << i from {v}"), "9223372036854775807 << 1 does not fit"),
    ])
    .await;
    all_answer(&[
        // What fits in the end may be too large in between, in any order of rows.
        (&format!("select sum(x) from {v}"), "9223372036854775803"),
        (&format!("select sum(distinct x) from {v} where i > 1"), "-4"),
        (&format!("select sum(cast(x as decimal(38, 0))) from {v} where i < 3"), "9223372036854775808"),
        (&format!("select sum(x) over (order by i rows 1 preceding) from {v} where i > 1"), "1|-4"),
        ("select 6 + 7, 6 - 7, 6 * 7, 7 / 2, 7 % 2, -(7)", "13,-1,42,3,1,-7"),
        (
            "select 1 << 62, (-1) << 63, (-8) >> 1, 1 >> 63, null << 1",
            "4611686018427387904,-9223372036854775808,-4,0,null",
        ),
        (&format!("select i << 2, 1 << i, (-x) >> i from {v} where i > 1 order by i"), "8,4,-1|12,8,0"),
    ])
    .await;
}

#[tokio::test]
async fn what_has_left_a_frame_leaves_no_trace() {
    let v = "(values (1, 1e20), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0)) v(i, x)";
    let over = "over (order by i rows between 1 preceding and current row)";
    let last = |what: &str, from: &str| format!("select {what} from {from} order by i desc limit 1");
    all_answer(&[(&format!("select sum(x) {over} from {v} order by i"), "1e20|1e20|3.0|6.0|12.0")]).await;
    for worse in ["1e20", "'inf'::double", "'nan'::double", "1e308 * 10"] {
        let v = v.replace("1e20", worse);
        all_answer(&[
            (&last(&format!("sum(x) {over}"), &v), "12.0"),
            (&last(&format!("avg(x) {over}"), &v), "6.0"),
            (&last(&format!("var_samp(x) {over}"), &v), "8.0"),
            (&last(&format!("var_pop(x) {over}"), &v), "4.0"),
            (&last(&format!("stddev_pop(x) {over}"), &v), "2.0"),
            (&last(&format!("covar_pop(x, x) {over}"), &v), "4.0"),
            (&last(&format!("round(corr(x, i) {over}, 12)"), &v), "1.0"),
            (&last(&format!("regr_slope(x, i) {over}"), &v), "4.0"),
            (&last(&format!("regr_count(x, i) {over}"), &v), "2"),
            (&last(&format!("max(x) {over}"), &v), "8.0"),
            (&last(&format!("min(x) {over}"), &v), "4.0"),
        ])
        .await;
    }
    all_answer(&[
        (&last(&format!("hodges_lehmann(x) {over}"), v), "6.0"),
        (&last("sum(x) over (order by i rows between 2 following and 3 following)", v), "null"),
        (&format!("select count(*) from (select median(x) {over} as m from {v}) t where m = 6.0"), "1"),
    ])
    .await;
}

#[tokio::test]
async fn what_is_parsed_is_done_or_refused() {
    let v = "(values (1, 1), (1, 2), (2, 2)) v(a, b)";
    all_refused(&[
        (&format!("select 1 from {v} for update"), "FOR UPDATE"),
        ("select 1 from (select 1) t tablesample bernoulli (1)", "TABLESAMPLE"),
        (&format!("select corr(distinct a, b) from {v}"), "corr does not take DISTINCT"),
        (&format!("select covar_pop(distinct a, b) from {v}"), "DISTINCT"),
        (&format!("select regr_slope(distinct a, b) from {v}"), "DISTINCT"),
        (&format!("select bh_qvalue(distinct a) over () from {v}"), "DISTINCT"),
        (&format!("select sum(distinct a) over () from {v}"), "DISTINCT"),
        (&format!("select a from {v} fetch first 1 rows only"), "FETCH"),
        (&format!("select * from {v} pivot (max(b) for a in (1, 2))"), "PIVOT"),
        (&format!("select * ilike 'a%' from {v}"), "ILIKE"),
        (&format!("select * rename (a as c) from {v}"), "RENAME"),
        (&format!("from {v}"), "FROM without SELECT"),
        (&format!("select a from {v} limit 1 by b"), "LIMIT … BY"),
        (&format!("select a from {v} where a in unnest([1, 2])"), "IN UNNEST"),
        ("select 1_000", "1_000 isn't a number"),
    ])
    .await;
}

#[tokio::test]
async fn refusals_say_what_to_write_instead() {
    let with = "with te as (select 'u1' as user_id, 1 as tau, 0.5 as TE_A2S)";
    all_refused(&[
        (&format!("{with} select te_a2s from te"), "it is called TE_A2S"),
        (
            &format!("{with} select exists (select 1 from te where tau = 9) from te"),
            "cannot stand in the select list",
        ),
        (
            &format!("{with} select user_id in (select user_id from te) from te"),
            "cannot stand in the select list",
        ),
        (&format!("{with} select tau, cast(tau as varchar) from te"), "two columns"),
        (&format!("{with} select cast(user_id as int) from te"), "'u1' is not a value of INT"),
        (&format!("{with} select mode(tau) from te"), "count(*)"),
        (&format!("{with} select mod(tau, 2) from te"), "tau % 2"),
        (&format!("{with} select sign(tau) from te"), "signum"),
        (&format!("{with} select user_id, count(*) from te"), "GROUP BY user_id too"),
        (&format!("{with} select user_id, tau from te group by tau"), "GROUP BY user_id too"),
        (&format!("{with} select count(distinct user_id, tau) from te"), "SELECT DISTINCT a, b"),
        ("select factorial(21)", "too large for a whole number"),
        ("select lcm(9223372036854775807, 2)", "too large for a whole number"),
        ("select date '2026-01-01' + 9999999999", "INTERVAL '3 days'"),
        ("select interval '1 year' * 9999999999", "INTERVAL '3 days'"),
    ])
    .await;
    all_answer(&[
        ("select (select 1 where false)", "null"),
        (&format!("{with} select tau, count(*) from te group by all"), "1,1"),
        (&format!("{with} select signum(-2.5), 7 % 3"), "-1.0,1"),
    ])
    .await;
}

#[tokio::test]
async fn no_text_ends_the_process() {
    let chain = |term: &str, by: &str, times: usize| format!("select {}", vec![term; times].join(by));
    all_refused(&[
        (&chain("true", " or ", 10_000), "5000 terms"),
        (&chain("true", " and ", 10_000), "5000 terms"),
        (&chain("1", " + ", 10_000), "levels deep"),
        (&chain("'a'", " || ", 10_000), "levels deep"),
        (&chain("1", " union select ", 2000), "levels deep"),
        (&format!("select {}1{}", "cast(".repeat(3000), " as int)".repeat(3000)), "levels deep"),
        (&format!("select {}1{}", "(".repeat(3000), ")".repeat(3000)), "levels deep"),
    ])
    .await;
    let mut doubling = "with t0 as (select 1 as x)".to_owned();
    for i in 1..30 {
        doubling += &format!(", t{i} as (select a.x from t{0} a cross join t{0} b)", i - 1);
    }
    all_refused(&[(&format!("{doubling} select * from t29"), "500 tables")]).await;
}
