//! Errors that say what to write instead.

use super::{all_answer, all_hinted, answer};

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
        ("select position('b' in 'abc'), strpos('abc', 'b')", "strpos('abc','b')"),
        ("select 1 as a, 2 as a", "a"),
        ("select tau, cast(tau as varchar) from (values (1)) te(tau)", "te.tau"),
        ("select cast(tau as varchar), tau from (values (1)) te(tau)", "te.tau"),
        ("select to_timestamp(1.5), to_timestamp(cast(1.5 as double))", "to_timestamp(1.5)"),
    ] {
        let said = answer(sql).await.unwrap_err();
        assert!(said.contains(&format!(" are called {name}\n(hint: ")), "{sql}: {said}");
    }
}
