//! Queries that are refused, since their answers would be wrong.

use arrow::error::ArrowError;

use super::{all_answer, all_refused};
use crate::sql::guard::plain;

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
            "select cast(1700000000 as timestamp), 1700000000::timestamp(0)",
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
            "select cast('2026-01-01' as timestamp), cast(date '2026-01-01' as timestamp)",
            "2026-01-01T00:00:00,2026-01-01T00:00:00",
        ),
    ])
    .await;
}
