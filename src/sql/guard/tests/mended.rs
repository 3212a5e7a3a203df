//! Queries whose answers are those of the standard.

use super::{all_answer, all_hinted, all_refused, answer};
use crate::sql::Session;

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
