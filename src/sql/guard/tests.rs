//! Answers that the engine alone gets wrong, and what is refused in their place. Expected rows follow from the
//! standard, or were computed with another engine.

use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::plain;
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
        for inside in [
            "Arrow error",
            "Physical plan",
            "not implemented",
            "Internal",
            "datafusion",
            "InSubquery(",
            "Int64",
            "Utf8",
            "Float64",
        ] {
            assert!(!said.contains(inside), "{sql}: {said}");
        }
    }
}

/// Each is refused with a hint that holds the given words.
async fn all_hinted(expected: &[(&str, &str)]) {
    for (sql, words) in expected {
        let said = answer(sql).await.expect_err(sql);
        let hint = said.split_once("\n(hint: ").unwrap_or_else(|| panic!("{sql}: {said}")).1;
        assert!(hint.contains(words), "{sql}: {said}");
    }
    all_refused(&expected.iter().map(|(sql, _)| (*sql, "")).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn keys_of_using_are_one_column_in_conditions_too() {
    let with = "with a as (select * from (values (1, 10), (2, 20), (null, 30)) v(k, x)), \
                b as (select * from (values (2, 200), (4, 400)) v(k, y)), \
                c as (select * from (values (2, 200, 7), (2, 999, 8)) v(k, y, z))";
    let of = |rest: &str| format!("{with} select {rest}");
    all_answer(&[
        (&of("k, y from a join b using (k) where k > 0"), "2,200"),
        (&of("k, y from a left join b using (k) where k = 1 or k is null order by k"), "1,null|null,null"),
        (&of("p.k, y from a p left join b q using (k) where k < 2 and p.k = k"), "1,null"),
        (&of("z from a join b using (k) join c using (k) where k = 2 and z > 7"), "8"),
        // Names in a query within are its own, or are asked for as ever.
        (&of("k from a join b using (k) where k in (select k from c where k > 1)"), "2"),
        (&of("x from a where exists (select 1 from b join c using (k) where k = a.k)"), "20"),
    ])
    .await;
    // Somebody else has a column of the name.
    for rest in [
        "x from a join b on a.k = b.k where k > 0",
        "z from a join b using (k) join c using (y) where k > 0",
        "z from a join b using (k), c where k > 0",
    ] {
        all_refused(&[(&of(rest), "k could be a column of several tables")]).await;
    }
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
async fn a_number_has_no_more_digits_than_it_has() {
    all_answer(&[
        ("select round(2.5, 308), round(2.5, 400), round(-2.5, 309), trunc(2.5, 400)", "2.5,2.5,-2.5,2.5"),
        ("select round(1e308, 1), round(2.5e300, 20), round(2.5, -400), round(1e308, -309)", "1e308,2.5e300,0.0,0.0"),
        ("select round(cast(2.5 as real), 39), round(cast(3e38 as real), 1), round(cast(2.5 as real), -60)", "2.5,3e38,0.0"),
        ("select round(x, d) from (values (2.345, 2), (2.5, 308), (null, 400), (2.5, null), (27.0, -1)) v(x, d)", "2.35|2.5|null|null|30.0"),
        ("select round('inf'::double, 400), round('nan'::double, 2), trunc(-'inf'::double, 308)", "inf,NaN,-inf"),
        ("select round(15, -1), round(cast(2.55 as decimal(10, 2)), 400)", "20,2.55"),
    ])
    .await;
    all_refused(&[("select round(1.7e308, -308)", "rounded to -308 digits, is too large for its type")])
        .await;
}

#[tokio::test]
async fn a_frame_with_an_infinite_value_has_what_it_has_and_no_more() {
    let v = "(values (1, 'inf'::double), (2, 1.0), (3, 2.0), (4, 4.0)) v(i, x)";
    let over = "over (order by i rows between 1 preceding and current row)";
    let all = |what: &str| format!("select {what} {over} from {v} order by i");
    all_answer(&[
        (&all("regr_avgx(i, x)"), "inf|inf|1.5|3.0"),
        (&all("regr_avgy(x, i)"), "inf|inf|1.5|3.0"),
        (&all("regr_sxx(i, x)"), "NaN|NaN|0.5|2.0"),
        (&all("regr_syy(x, i)"), "NaN|NaN|0.5|2.0"),
        (&all("regr_sxy(x, i)"), "NaN|NaN|0.5|1.0"),
        (&all("regr_slope(x, i)"), "null|NaN|1.0|2.0"),
        (&all("regr_intercept(x, i)"), "null|NaN|-1.0|-4.0"),
        (&all("covar_samp(x, i)"), "null|NaN|0.5|1.0"),
        (&all("covar_pop(x, i)"), "NaN|NaN|0.25|0.5"),
        (&all("var_pop(x)"), "NaN|NaN|0.25|1.0"),
        (
            &all("round(corr(x, i), 12)").replace(&format!(", 12) {over}"), &format!(" {over}, 12)")),
            "null|NaN|1.0|1.0",
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_replaced_is_there() {
    all_answer(&[
        ("select * replace (tau + 1 as tau) from (values (1, 2)) v(tau, p)", "2,2"),
        ("select p from (select * exclude (p) replace (p + 1 as tau), p from (values (1, 2)) v(tau, p)) where tau = 3", "2"),
    ])
    .await;
    all_hinted(&[
        ("select * replace (1 as taus) from (values (1, 2)) v(tau, p)", "is it tau?"),
        ("select p from (select v.* replace (1 as taus) from (values (1, 2)) v(tau, p))", "is it"),
    ])
    .await;
}

#[tokio::test]
async fn columns_without_a_name_are_called_as_they_are_written() {
    let session = Session::empty().unwrap();
    for (sql, names) in [
        (
            "select tau + 1, 2 * tau as two, tau from (values (1)) te(tau) order by tau + 1",
            "te.tau + 1|two|tau",
        ),
        ("select 1, 'a', 0.5", "1|'a'|0.5"),
        ("select t + interval '3 days' from (values (now())) te(t)", "te.t + INTERVAL '3 days'"),
        ("select count(1), sum(tau + 1) from (values (1)) te(tau) limit 1", "count(1)|sum(te.tau + 1)"),
        ("select distinct concat(x, 'it''s') from (values ('a')) v(x)", "concat(v.x,'it''s')"),
    ] {
        let frame = session.query(sql).await.unwrap();
        let found: Vec<String> = frame.schema().fields().iter().map(|f| f.name().clone()).collect();
        assert_eq!(found.join("|"), names, "{sql}");
        let rows = frame.collect().await.unwrap();
        assert_eq!(rows.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 1, "{sql}");
    }
}

#[tokio::test]
async fn what_unnest_repeats_is_no_key() {
    let with = |sql: &str| {
        format!(
            "with v as (select * from (values (1), (1), (2)) t(k)), \
             g as (select k, unnest([2, 1]) as b from (select k from v group by k)) {sql}"
        )
    };
    for (sql, rows) in [
        ("select count(*) from (select k, b from g group by k, b)", "4"),
        ("select count(*) from (select distinct k, b from g)", "4"),
        ("select sum(v.k), count(*) from v join g on g.k = v.k", "8,6"),
        ("select count(*) from v left join g on g.k = v.k", "6"),
        ("select k, b from g order by k, b", "1,1|1,2|2,1|2,2"),
        (
            "select n, b from (select n, unnest([2, 1]) as b from (select row_number() over () as n from v)) order by n, b",
            "1,1|1,2|2,1|2,2|3,1|3,2",
        ),
        (
            "select k, (select count(*) from (select k, b from g group by k, b) h where h.k = v.k) from v where k = 2",
            "2,2",
        ),
    ] {
        assert_eq!(answer(&with(sql)).await.as_deref(), Ok(rows), "{sql}");
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
async fn what_would_write_is_refused_as_such_wherever_it_stands() {
    all_refused(&[
        ("-- a comment\ncopy te from '/etc/passwd'", "COPY is not a query"),
        ("select * into x from (select 1) te", "SELECT INTO is not a query"),
        ("select * from (insert into te values (1)) x", "INSERT is not a query"),
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

#[tokio::test]
async fn operators_of_other_databases_are_refused() {
    all_refused(&[
        ("select 2 ^ 3", "a ^ b is a power in some databases"),
        ("select x from (values (1)) v(x) where x ^ 2 > 1", "a ^ b"),
        ("select 1 order by (select 2 ^ 2)", "a ^ b"),
        ("select 5 xor 3", "a XOR b"),
        ("select 'abc' similar to 'b'", "SIMILAR TO"),
    ])
    .await;
    all_answer(&[
        ("select power(2, 3), (5 | 3) - (5 & 3), (-5 | 3) - (-5 & 3)", "8.0,6,-8"),
        ("select bit_xor(x) from (values (5), (3)) v(x)", "6"),
    ])
    .await;
}

#[tokio::test]
async fn casts_that_fail_name_value_column_and_user() {
    let with = "with te as (select * from (values ('u1', 1, '0.5', 3e10), ('u2', 2, 'n/a', 5.0), ('u3', 300, '7', 1.0)) v(user_id, tau, note, x))";
    let of = |rest: &str| format!("{with} select {rest}");
    all_refused(&[
        (&of("cast(note as double) from te"), "'n/a' is not a value of DOUBLE, in te.note of user u2"),
        (&of("sum(cast(note as double)) from te"), "'n/a' is not a value of DOUBLE, in te.note of user u2"),
        (&of("tau from te where cast(note as double) > 1"), "in te.note of user u2"),
        (&of("tau from te order by note::int"), "'0.5' is not a value of INT, in te.note"),
        (&of("cast(tau as tinyint) from te"), "300 is too large for TINYINT, in te.tau of user u3"),
        (&of("cast(x as int) from te"), "is too large for INT, in te.x of user u1"),
        (&of("t.tau from te t where t.user_id = 1"), "'u1' is not a value of BIGINT, in t.user_id\n"),
        (&of("a.tau from te a join te b on cast(a.note as int) = b.tau"), "in a.note of user u1"),
        (&of("cast(b.note as double) from te a join te b on a.tau = b.tau"), "in b.note of user u2"),
        (
            &of("cast(concat(note, user_id) as int) from te"),
            "'0.5u1' is not a value of INT, in te.note, te.user_id\n",
        ),
        (&of("cast(note as timestamp) from te"), "in te.note of user u1"),
        (&of("cast(note as boolean) from te"), "'0.5' is not a value of BOOLEAN, in te.note of user u1"),
        (&of("arrow_cast(note, 'Int32') from te"), "'0.5' is not a value of INT, in te.note of user u1"),
        ("select cast('a' as int)", "'a' is not a value of INT\n"),
    ])
    .await;
    all_answer(&[
        (&of("try_cast(note as double) from te order by tau"), "0.5|null|7.0"),
        (&of("case when note <> 'n/a' then cast(note as double) end from te order by tau"), "0.5|null|7.0"),
        (&of("cast(note as double) + cast(x as bigint) from te where note = '7'"), "8.0"),
        (&of("cast(note as double) as v, count(*) from te where note <> 'n/a' group by cast(note as double) order by v"), "0.5,1|7.0,1"),
        (&of("count(*) from te a where exists (select 1 from te b where cast(b.note as varchar) = a.note)"), "3"),
    ])
    .await;
}

#[tokio::test]
async fn times_out_of_range_are_errors_however_they_are_cast() {
    let time = "arrow_cast(9223372036854775807, 'Timestamp(Second, None)')";
    let list = "arrow_cast(make_array(9223372036854775807), 'List(Timestamp(Second, None))')";
    let length = "arrow_cast(9223372036854775807, 'Duration(Second)')";
    let (moment, long) = ("out of range", "is longer than 292 million years");
    for (value, words) in
        [(time, moment), (list, moment), (length, long), (&format!("make_array({length})"), long)]
    {
        all_refused(&[
            (&format!("select cast({value} as varchar)"), words),
            (&format!("select concat('a', {value})"), words),
        ])
        .await;
    }
    for (value, words) in [(list, moment), (length, long)] {
        all_refused(&[
            (&format!("select try_cast({value} as varchar)"), words),
            (&format!("select arrow_cast({value}, 'Utf8')"), words),
        ])
        .await;
    }
    all_answer(&[
        ("select cast(make_array(to_timestamp(0)) as varchar)", "[1970-01-01T00:00:00]"),
        ("select cast(arrow_cast(90, 'Duration(Second)') as varchar)", "0 days 0 hours 1 mins 30 secs"),
    ])
    .await;
}

#[tokio::test]
async fn distances_of_range_fit_the_column_of_order_by() {
    let v = "(values (1, timestamp '2026-01-01', date '2026-01-01', 'a', true, 1.5, time '00:00:01', [1]), \
              (2, timestamp '2026-01-02', date '2026-01-02', 'b', true, 2.5, time '00:00:02', [2]), \
              (5, timestamp '2026-01-05', date '2026-01-05', 'e', false, 5.5, time '00:00:05', [5])) v(n, t, d, s, b, x, h, l)";
    let over = |by: &str, frame: &str| {
        format!("select sum(1) over (order by {by} range between {frame}) from {v} order by n")
    };
    for (by, kind) in [("t", "TIMESTAMP"), ("d", "DATE")] {
        let words =
            format!("takes an INTERVAL from 0 on as the distance in ORDER BY v.{by}, which is {kind}");
        for frame in [
            "1 preceding and current row",
            "3600 preceding and current row",
            "current row and 1 following",
            "interval '1 day' preceding and 1 following",
            "0.5 preceding and current row",
            "interval '1' preceding and current row",
            "interval '-1 day' preceding and current row",
        ] {
            all_refused(&[(&over(by, frame), &words)]).await;
        }
    }
    for (by, kind) in [("s", "text"), ("b", "BOOLEAN"), ("arrow_cast(s, 'Dictionary(Int32, Utf8)')", "text")]
    {
        for distance in ["1", "0", "interval '1 day'"] {
            let frame = format!("{distance} preceding and current row");
            all_refused(&[(&over(by, &frame), &format!("which is {kind}\n(hint: ROWS"))]).await;
        }
    }
    let named = format!("select sum(1) over w from {v} window w as (order by t range 1 preceding)");
    all_refused(&[
        (&over("l", "1 preceding and current row"), "RANGE cannot have a distance, '1'"),
        (&over("n", "interval '1 day' preceding and current row"), "a whole number from 0 on"),
        (&over("n", "0.5 preceding and current row"), "and not '0.5'"),
        (&over("x", "'a' preceding and current row"), "takes a number from 0 on"),
        (&named, "takes an INTERVAL"),
        (&format!("select * from (select n from {v} qualify {}) q", "sum(1) over (order by d range 1 preceding) = 1"), "takes an INTERVAL"),
        (&format!("select n from {v} where n > (select max(c) from (select sum(1) over (order by t range 1 preceding) as c from {v}))"), "takes an INTERVAL"),
        (&format!("select rank() over (order by h) from {v}"), "cannot have ORDER BY v.h, which is TIME"),
    ])
    .await;
    all_answer(&[
        (&over("t", "interval '1 day' preceding and current row"), "1|2|1"),
        (&over("d", "interval '1' day preceding and current row"), "1|2|1"),
        (&over("d", "'1 day' preceding and current row"), "1|2|1"),
        (&over("n", "1 preceding and current row"), "1|2|1"),
        (&over("x", "0.5 preceding and 1 following"), "2|1|1"),
        (&over("s", "unbounded preceding and current row"), "1|2|3"),
        (&over("b desc", "current row and unbounded following"), "3|3|1"),
        (&format!("select sum(1) over (order by s rows 1 preceding) from {v} order by n"), "1|2|2"),
        (&format!("select rank() over (order by h rows between unbounded preceding and current row) from {v} order by n"), "1|2|3"),
    ])
    .await;
}

#[test]
fn a_number_of_days_that_is_none_is_told() {
    let error = ArrowError::CastError("Failed to convert 1700000000 to temporal for Date32".into());
    assert_eq!(
        plain(&error.into()),
        "1700000000 is too large for a DATE, which counts days since 1970\n(hint: CAST(to_timestamp(x) AS DATE) takes seconds)"
    );
}

#[tokio::test]
async fn numbers_become_times_by_seconds() {
    let v = "(values (cast(1.5 as double), cast(1.5 as decimal(20, 3)), 17)) v(x, c, n)";
    all_refused(&[
        (
            "select cast(1700000000.0 as timestamp)",
            "to TIMESTAMP would take it for nanoseconds, not seconds\n(hint: to_timestamp(x)",
        ),
        ("select 1.7e9::timestamptz", "nanoseconds"),
        (&format!("select x::timestamp from {v}"), "a cast of v.x, which is DOUBLE, to TIMESTAMP"),
        (&format!("select cast(c as timestamp) from {v}"), "a cast of v.c, which is DECIMAL(20, 3)"),
        (&format!("select try_cast(x as timestamp) from {v}"), "nanoseconds"),
        (&format!("select n from {v} where cast(x as timestamp) > now()"), "nanoseconds"),
        (
            &format!("select n from {v} where n in (select 1 from {v} where cast(x as timestamp) > now())"),
            "nanoseconds",
        ),
        // Whole numbers are seconds in one of the ways to write it only.
        ("select try_cast(1700000000 as timestamp)", "which is BIGINT"),
        ("select cast(cast(17 as int) as timestamp)", "which is INT"),
        ("select cast(1700000000 as timestamp(3))", "milliseconds"),
        ("select cast([1700000000] as timestamp[])", "nanoseconds"),
        ("select cast(36000 as time)", "CAST(to_timestamp(x) AS TIME)"),
    ])
    .await;
    all_answer(&[
        (
            "select cast(1700000000 as timestamp), 1700000000::timestamp(0) as b",
            "2023-11-14T22:13:20,2023-11-14T22:13:20",
        ),
        (
            &format!("select to_timestamp(x), to_timestamp(c), to_timestamp(n) from {v}"),
            "1970-01-01T00:00:01.500,1970-01-01T00:00:01.500,1970-01-01T00:00:17",
        ),
        (
            "select to_timestamp_millis(1500), cast(to_timestamp(36000.5) as time), make_time(10, 0, 1)",
            "1970-01-01T00:00:01.500,10:00:00.500,10:00:01",
        ),
        (
            "select arrow_cast(1.7e9, 'Timestamp(Second, None)'), cast(null as timestamp)",
            "2023-11-14T22:13:20,null",
        ),
        (
            "select cast('2026-01-01' as timestamp), cast(date '2026-01-01' as timestamp) as b",
            "2026-01-01T00:00:00,2026-01-01T00:00:00",
        ),
    ])
    .await;
}

const TE: &str = "with te as (select * from (values ('u1', 1, 0.5, true, timestamp '2026-01-01'), ('u2', 2, 0.1, false, \
                  timestamp '2026-01-02')) v(user_id, tau, p, ok, t)), users as (select * from (values ('u1', 'ok', 3)) v(user_id, state, k))";

async fn all_hinted_of_te(expected: &[(&str, &str)]) {
    let full: Vec<String> = expected.iter().map(|(sql, _)| format!("{TE} {sql}")).collect();
    let all: Vec<(&str, &str)> =
        full.iter().zip(expected).map(|(sql, (_, words))| (sql.as_str(), *words)).collect();
    all_hinted(&all).await;
}

#[tokio::test]
async fn functions_of_other_databases_have_a_hint() {
    let over = "OVER (PARTITION BY user_id ORDER BY tau)";
    all_hinted_of_te(&[
        ("select iif(ok, 1, 2) from te", "CASE WHEN"),
        ("select percentile(p, 0.5) from te", "quantile_cont(x, 0.5)"),
        ("select percentile_disc(0.5) within group (order by p) from te", "cume_dist()"),
        ("select arg_max(tau, p) from te", "first_value(x ORDER BY y DESC NULLS LAST)"),
        ("select arg_min(tau, p) from te", "first_value(x ORDER BY y), which has nulls last"),
        ("select kurtosis(p) from te", "avg(power((x - m) / s, 4)) - 3"),
        ("select group_concat(user_id) from te", "string_agg(x, ', ')"),
        ("select group_concat(distinct user_id) from te", "string_agg(DISTINCT x, ', ')"),
        ("select arrayagg(distinct user_id) from te", "is it array_agg?"),
        ("select variance(p) from te", "var_samp(x)"),
        ("select stdev(p) from te", "stddev(x)"),
        ("select Len(user_id) from te", "length(x)"),
        ("select datediff(t, t) from te", "extract(epoch FROM b - a)"),
        ("select year(t) from te", "extract(year FROM t)"),
        ("select strftime(t, '%Y') from te", "to_char(t"),
        ("select charindex('u', user_id) from te", "strpos"),
        ("select ceiling(p) from te", "ceil(x)"),
        ("select safe_divide(1, 0)", "nullif(y, 0)"),
        ("select skewness(p) from te", "avg(power("),
        ("select lag(tau) from te", over),
        ("select row_number() from te", over),
        ("select bh_qvalue(p) from te", "OVER (PARTITION BY tau)"),
        ("select foo(tau) from te", "SHOW FUNCTIONS"),
        ("select counts(tau) from te", "is it count?"),
        ("select logx(tau) from te", "is it log?"),
        ("select convert('1', int)", "CAST(x AS DOUBLE)"),
        ("select * from foo(1)", "generate_series"),
        ("select max(tau, 1) from te", "greatest(x, y)"),
        ("select nullif(tau) from te", "it takes 2 arguments"),
        ("select round(1, 2, 3)", "it takes 1 or 2 arguments"),
        ("select corr(tau) from te", "it takes 2 arguments"),
        ("select now(1)", "it takes no arguments"),
        ("select sum() from te", "sum(x)"),
        ("select sum(user_id) from te", "CAST"),
        ("select upper(tau) from te", "CAST"),
    ])
    .await;
    all_answer(&[
        ("select ifnull(null, 1), nvl(null, 2), nvl2(null, 1, 3)", "1,2,3"),
        ("select stddev_samp(x), var_samp(x) from (values (1.0), (3.0)) v(x)", "1.4142135623730951,2.0"),
        // What hints say can be written.
        (
            "select first_value(x order by y desc nulls last), first_value(x order by y), first_value(x order by y desc) \
             from (values ('a', 1), ('b', 5), ('n', null)) v(x, y)",
            "b,a,n",
        ),
        (
            "select min(x) from (select x, cume_dist() over (order by x) as c from (values (4), (1), (2), (null)) v(x) \
             where x is not null) where c >= 0.5",
            "2",
        ),
        (
            "select round(avg(power((x - m) / s, 4)) - 3, 9) from (values (1.0), (2.0), (4.0), (4.0)) v(x), (select avg(x) as m, \
             stddev_pop(x) as s from (values (1.0), (2.0), (4.0), (4.0)) v(x))",
            "-1.720164609",
        ),
        ("select string_agg(distinct x, ',') from (values ('a'), ('a')) v(x)", "a"),
        ("select trunc(7 / 2), 7 / 2, sum(cast(null as double)), concat(1, 2)", "3.0,3,null,12"),
        ("select array_has_any([1, 2], [2]), [1, 2] @> [1], contains('abc', 'b')", "true,true,true"),
        ("select count(*) from (select unnest(cast(null as bigint[])))", "0"),
        ("select regexp_match('{\"key\": \"v\"}', '\"key\": *\"([^\"]*)\"')[1]", "v"),
        ("select extract(epoch from timestamp '2026-01-02' - timestamp '2026-01-01')", "86400.0"),
        (
            "select date_trunc('month', timestamp '2026-02-03') + interval '1 month' - interval '1 day'",
            "2026-02-28T00:00:00",
        ),
        ("select regexp_match('ab', 'a(.*)')[1], strpos('abc', 'c'), substr('abc', 2, 1)", "b,3,b"),
    ])
    .await;
}

#[tokio::test]
async fn what_the_engine_says_has_a_hint() {
    all_hinted_of_te(&[
        ("select tau and true from te", "compare each side"),
        ("select -user_id from te", "CAST(x AS DOUBLE)"),
        ("select not tau from te", "NOT (x > 0)"),
        ("select user_id from te union select user_id, tau from te", "NULL AS x"),
        ("select user_id from te except select user_id, tau from te", "NULL AS x"),
        ("select user_id from te union select ok from te", "CAST(x AS VARCHAR)"),
        ("select user_id from te minus select user_id from users", "EXCEPT, which"),
        ("select user_id from te order by 5", "the number of a column"),
        ("select user_id from te order by 0", "the number of a column"),
        ("select count(*) from te group by 3", "the number of a column"),
        ("select count(*) from te group by count(*)", "inner query"),
        ("select tau from te where count(*) > 1", "HAVING"),
        ("select tau from te where row_number() over () = 1", "QUALIFY"),
        ("select sum(row_number() over ()) from te", "an inner query first"),
        ("select row_number() over (order by count(*) over ()) from te", "an inner query first"),
        ("select sum(sum(tau + 1)) from te", "an inner query first"),
        ("select tau + 1, count(*) from te group by user_id", "GROUP BY tau too"),
        ("select tau from te having tau > 1", "WHERE"),
        ("select tau from te limit -1", "leave LIMIT out"),
        ("select tau from te offset -1", "leave OFFSET out"),
        ("select tau from te limit 'a'", "LIMIT 10"),
        ("select user_id from te, users", "like t.user_id"),
        ("select * from te join te on true", "te a JOIN te b"),
        ("select (select user_id, tau from te)", "EXISTS"),
        ("select (select user_id from te)", "LIMIT 1"),
        ("select tau like '1' from te", "CAST(x AS VARCHAR) LIKE"),
        ("select user_id ~ 1 from te", "CAST(x AS VARCHAR)"),
        ("select user_id from te where user_id ~ '('", "backslash"),
        ("select t > 5 from te", "CAST makes one type of another"),
        ("select t + t from te", "t + INTERVAL"),
        ("select date_trunc('foo', t) from te", "date_trunc('hour', t)"),
        ("select extract(foo from t) from te", "month"),
        ("select tau from te where tau", "compare it"),
        ("select * from te join users on tau", "ON a.user_id = b.user_id"),
        ("select * from te semi join users on te.user_id = users.user_id", "LEFT SEMI JOIN"),
        ("select tau from te where user_id = \"u1\"", "single quotes"),
        ("select cast(tau as uuid) from te", "VARCHAR"),
        ("select cast(tau as decimal(80, 2)) from te", "DECIMAL(38, 10)"),
        ("select 1 as a, 2 as a from te", "AS"),
        ("select * from (select 1) v(a, b)", "as many names as columns"),
        ("select * from (values (1, 2), (1)) v", "NULL for none"),
        ("select ~tau from te", "-x - 1"),
        ("select sum(tau) over (rows between 1 following and 1 preceding) from te", "the earlier end"),
        ("select sum(tau) over (order by tau, p range between 1 preceding and current row) from te", "ROWS"),
        ("select sum(tau) over w from te", "WINDOW w"),
        ("select ntile(0) over (order by tau) from te", "ntile(4)"),
        ("select lag(tau, 'a') over (order by tau) from te", "lag(x, 1)"),
        ("select tau from te qualify tau > 1", "WHERE"),
        ("select distinct user_id from te order by tau", "that is selected"),
        ("select distinct on (user_id) tau from te order by tau", "DISTINCT ON"),
        ("select grouping(tau) from te group by user_id", "a column of GROUP BY"),
        ("select quantile_cont(tau, 2) from te", "0.5 is the median"),
        ("select unnest(tau) from te", "lists"),
        ("select tau from te where unnest(make_array(1)) = 1", "inner query"),
        ("select split_part(user_id, ',', 0) from te", "from the end"),
        ("select x.* from te", "AS gives it"),
        ("select named_struct('a', 1)['b']", "name of a field"),
        ("select user_id.x from te", "t.x"),
        ("select @@version", "--param"),
    ])
    .await;
    all_hinted(&[
        (
            "with recursive r as (select 1 as n union all select n + 1, 2 from r) select * from r",
            "the same columns",
        ),
        ("with t as (select 1), t as (select 2) select * from t", "a name of its own"),
        ("show foo", "SHOW TABLES"),
        ("select * from generate_series(1, 2, 0)", "steps of 2"),
        ("select 'a", "single quote"),
        ("selec 1", "SELECT, WITH or VALUES"),
        ("select * from (values (1)) v where", "ends too early"),
        ("select x frm v", "misspelt"),
        ("select 2 ** 3", "a power is power(a, b)"),
    ])
    .await;
}

#[tokio::test]
async fn operators_and_types_that_are_none_have_a_hint() {
    all_hinted(&[
        ("select 5 # 3", "(a | b) - (a & b)"),
        ("select 7 div 2", "trunc(x / y)"),
        ("select 7 // 2", "trunc(a / b)"),
        ("select 5 !", "NOT x"),
        ("select !true", "NOT x"),
        ("select |/ 4", "sqrt(x)"),
        ("select 'a' match 'b'", "regexp_like(x, 'a.*')"),
        ("select 'a' regexp 'b'", "regexp_like(x, 'a.*')"),
        ("select 'a' rlike 'b'", "regexp_like(x, 'a.*')"),
        ("select '{\"a\":1}'->>'a'", "regexp_match(x, '\"key\""),
        ("select '{\"a\":1}'->'a'", "s['key']"),
        ("select '{}' #>> 'a'", "regexp_match"),
        ("select '[1]' @> '[1]'", "[1, 2] @> [1]"),
        ("select [1] && [2]", "array_has_any(a, b)"),
        ("select 'a' overlaps 'b'", "a.first < b.last"),
        ("select 1 || 2", "concat(x, y)"),
        ("select true || false", "CAST(x AS VARCHAR) || y"),
        ("select sum(null)", "CAST(NULL AS DOUBLE)"),
        ("select avg(null)", "CAST(NULL AS DOUBLE)"),
        ("select unnest(null)", "CAST(NULL AS BIGINT[])"),
        ("explain format json select 1", "PGJSON"),
        ("explain verbose format tree select 1", "one of the two"),
        ("select x from (values (1), (now())) v(x)", "CAST"),
        ("select case when true then 1.5 else now() end", "CAST"),
        ("select 1.5 in (now())", "CAST"),
    ])
    .await;
}

#[tokio::test]
async fn patterns_of_times_of_other_databases_are_translated() {
    all_hinted_of_te(&[
        ("select to_char(t, 'YYYY-MM-DD HH24:MI') from te", "'%Y-%m-%d %H:%M'"),
        ("select date_format(t, 'yyyy-MM-dd HH:mm:ss') from te", "'%Y-%m-%d %H:%M:%S'"),
        ("select to_timestamp(user_id, 'DD.MM.YYYY') from te", "'%d.%m.%Y'"),
        ("select to_date('2026-01-02', 'YYYY-MM-DD')", "'%Y-%m-%d'"),
        ("select count(*) from te where to_char(t, 'Mon') = 'Jan'", "'%b'"),
        ("select to_char(t, 'day') from te", "'%A'"),
        ("select to_char(t, 'on') from te", "'%Y-%m-%d %H:%M'"),
        ("select to_char(t, '%Y-%Q') from te", "%j the day of the year"),
    ])
    .await;
    all_answer(&[
        ("select to_char(timestamp '2026-01-02 03:04:00', '%Y-%m-%d %H:%M')", "2026-01-02 03:04"),
        ("select to_timestamp('02.01.2026 03:04', '%d.%m.%Y %H:%M')", "2026-01-02T03:04:00"),
        ("select to_char(arrow_cast(90, 'Duration(Second)'), 'pretty')", "0 days 0 hours 1 mins 30 secs"),
    ])
    .await;
}

#[tokio::test]
async fn columns_of_one_name_are_told_by_the_whole_of_it() {
    for (sql, name) in [
        ("select position('b' in 'abc'), strpos('abc', 'b')", "strpos('abc', 'b')"),
        ("select 1 as a, 2 as a", "a"),
        ("select tau, cast(tau as varchar) from (values (1)) te(tau)", "te.tau"),
        ("select cast(tau as varchar), tau from (values (1)) te(tau)", "te.tau"),
        ("select to_timestamp(1.5), to_timestamp(cast(1.5 as double))", "to_timestamp(1.5)"),
    ] {
        let said = answer(sql).await.unwrap_err();
        assert!(said.contains(&format!(" are called {name}\n(hint: ")), "{sql}: {said}");
    }
}
