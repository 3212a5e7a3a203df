//! Functions that do not exist here, and what to write in their place.

use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionState;

use super::nearest::nearest;

/// Functions of other databases, and what to write here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (&["mode"], "SELECT x FROM … GROUP BY x ORDER BY count(*) DESC LIMIT 1"),
    (&["mod", "modulo", "fmod", "remainder"], "x % y, as in tau % 2"),
    (&["div", "intdiv"], "x / y of whole numbers, or trunc(x / y)"),
    (&["sign"], "signum(x)"),
    (&["sqr", "square"], "x * x, or power(x, 2)"),
    (&["ceiling"], "ceil(x)"),
    (&["truncate", "fix"], "trunc(x, digits)"),
    (&["quantile", "percentile", "approx_quantile"], "quantile_cont(x, 0.5)"),
    (
        &["percentile_disc", "quantile_disc", "median_low"],
        "SELECT min(x) FROM (SELECT x, cume_dist() OVER (ORDER BY x) AS c FROM … WHERE x IS NOT NULL) WHERE c >= 0.5; \
         quantile_cont(x, 0.5) is one between two values",
    ),
    (&["percentile_approx", "approx_percentile", "approx_quantiles"], "approx_percentile_cont(x, 0.5)"),
    (&["variance", "variance_samp", "varp", "vars"], "var_samp(x), or var_pop(x)"),
    (&["std", "stdev", "stdevs"], "stddev(x), which is that of a sample, or stddev_pop(x)"),
    (&["stdevp", "std_pop"], "stddev_pop(x)"),
    (&["average", "nanmean"], "avg(x)"),
    (&["covariance", "cov"], "covar_samp(x, y), or covar_pop(x, y)"),
    (&["correlation", "pearson"], "corr(x, y)"),
    (&["mad"], "median(abs(x - m)), where m comes from a query that has median(x)"),
    (
        &["skewness", "skew", "skewness_pop"],
        "avg(power((x - m) / s, 3)), where m and s come from a query that has avg(x) and stddev_pop(x)",
    ),
    (
        &["kurtosis", "kurt", "kurtosis_pop"],
        "avg(power((x - m) / s, 4)) - 3, the excess over that of a normal distribution, where m and s come from a \
         query that has avg(x) and stddev_pop(x)",
    ),
    (
        &["entropy"],
        "-sum(p * log2(p)), where p comes from a query with 1.0 * count(*) / sum(count(*)) OVER () AS p … GROUP BY x",
    ),
    (&["product"], "exp(sum(ln(x))) of numbers above 0"),
    (&["arg_max", "argmax", "max_by", "maxby"], "first_value(x ORDER BY y DESC NULLS LAST)"),
    (&["arg_min", "argmin", "min_by", "minby"], "first_value(x ORDER BY y), which has nulls last"),
    (&["first", "any", "arbitrary"], "first_value(x ORDER BY y), or any_value(x)"),
    (&["last"], "last_value(x ORDER BY y)"),
    (&["list", "collect_list", "json_agg", "json_arrayagg", "jsonb_agg", "grouparray"], "array_agg(x)"),
    (&["collect_set"], "array_agg(DISTINCT x)"),
    (
        &["group_concat", "listagg", "wm_concat", "xmlagg"],
        "string_agg(x, ', '), or string_agg(DISTINCT x, ', ')",
    ),
    (&["countif", "count_if"], "count(*) FILTER (WHERE …)"),
    (
        &["sumif", "sum_if", "avgif", "avg_if", "averageif"],
        "sum(x) FILTER (WHERE …), and so with avg, min, max",
    ),
    (&["every", "logical_and"], "bool_and(x)"),
    (&["some", "logical_or"], "bool_or(x)"),
    (
        &["count_distinct", "uniq", "uniqexact", "approx_count_distinct", "ndv"],
        "count(DISTINCT x), or approx_distinct(x)",
    ),
    (&["isnull", "is_null"], "x IS NULL, or coalesce(x, y)"),
    (&["isnotnull", "notnull", "is_not_null"], "x IS NOT NULL"),
    (&["zeroifnull"], "coalesce(x, 0)"),
    (&["nullifzero"], "nullif(x, 0)"),
    (&["if", "iif", "iff", "multiif", "choose", "switch"], "CASE WHEN … THEN … ELSE … END"),
    (&["is_nan", "is_inf", "isinf", "isfinite", "is_finite"], "isnan(x), or abs(x) = CAST('inf' AS DOUBLE)"),
    (
        &["safe_divide", "divide_safe", "div0"],
        "x / nullif(y, 0), which is null where y is 0; 1.0 * x / nullif(y, 0) of whole numbers",
    ),
    (
        &["to_number", "to_numeric", "to_double", "todouble", "tofloat64", "val", "float8"],
        "CAST(x AS DOUBLE)",
    ),
    (&["to_int", "toint64", "to_integer", "int", "bigint", "integer", "int4", "int8"], "CAST(x AS BIGINT)"),
    (&["to_varchar", "to_text", "tostring", "to_string", "str", "text", "cstr"], "CAST(x AS VARCHAR)"),
    (
        &["convert", "try_convert", "parse"],
        "CAST(x AS DOUBLE), or TRY_CAST, which gives null for what cannot be read",
    ),
    (&["typeof", "pg_typeof", "sql_variant_property"], "arrow_typeof(x)"),
    (&["len", "strlen", "datalength"], "length(x)"),
    (&["charindex", "locate", "indexof"], "strpos(text, part)"),
    (&["mid", "substrb"], "substr(text, first, length)"),
    (&["ucase", "toupper"], "upper(x)"),
    (&["lcase", "tolower"], "lower(x)"),
    (&["strip"], "btrim(x)"),
    (&["replicate"], "repeat(x, n)"),
    (&["space"], "repeat(' ', n)"),
    (&["stuff"], "overlay(x PLACING y FROM n FOR m)"),
    (&["startswith"], "starts_with(x, 'a')"),
    (&["endswith"], "ends_with(x, 'a')"),
    (
        &["split", "str_split", "string_split", "strsplit", "splitbychar"],
        "string_to_array(x, ','), or split_part(x, ',', 1)",
    ),
    (&["regexp", "rlike", "regexp_matches", "regexp_contains", "match"], "regexp_like(x, 'a.*')"),
    (&["regexp_extract", "regexp_substr"], "regexp_match(x, 'a(.*)')[1]"),
    (
        &["regexp_extract_all", "regexp_split_to_array", "regexp_split_to_table"],
        "string_to_array(x, ',') for a fixed text, regexp_match(x, '…') for one match",
    ),
    (&["format", "printf", "sprintf", "format_number"], "concat(…) of texts and round(x, 2)"),
    (
        &[
            "getdate",
            "sysdate",
            "systimestamp",
            "current_datetime",
            "localtimestamp",
            "sysdatetime",
            "curtime",
            "utc_timestamp",
            "statement_timestamp",
            "transaction_timestamp",
            "clock_timestamp",
        ],
        "now()",
    ),
    (&["curdate"], "current_date"),
    (
        &[
            "year",
            "month",
            "day",
            "hour",
            "minute",
            "second",
            "week",
            "quarter",
            "dayofmonth",
            "weekofyear",
            "isoweek",
        ],
        "extract(year FROM t), and so with month, day, hour, minute, week",
    ),
    (
        &["weekday", "dayofweek", "day_of_week", "dow", "isodow", "dayname"],
        "extract(dow FROM t), 0 on Sunday",
    ),
    (&["dayofyear", "day_of_year", "doy"], "extract(doy FROM t)"),
    (
        &["epoch", "epoch_ms", "unix_timestamp", "tounixtimestamp", "to_seconds"],
        "extract(epoch FROM t), seconds since 1970",
    ),
    (
        &[
            "datediff",
            "date_diff",
            "timestampdiff",
            "timestamp_diff",
            "age",
            "days_between",
            "months_between",
            "seconds_between",
        ],
        "extract(epoch FROM b - a) of two times, in seconds; / 86400 makes days of it; b - a of two dates is days",
    ),
    (
        &["dateadd", "date_add", "timestampadd", "timestamp_add", "adddate", "add_months", "adddays"],
        "t + INTERVAL '3 days'",
    ),
    (&["date_sub", "subdate", "timestamp_sub", "datesub"], "t - INTERVAL '3 days'"),
    (
        &["datetrunc", "tostartofday", "tostartofhour", "time_bucket", "timestamp_trunc", "datetime_trunc"],
        "date_trunc('day', t), or date_bin(INTERVAL '15 minutes', t)",
    ),
    (
        &["strftime", "formatdatetime", "format_date", "format_timestamp", "format_datetime", "time_format"],
        "to_char(t, '%Y-%m-%d %H:%M')",
    ),
    (
        &[
            "strptime",
            "str_to_date",
            "parse_date",
            "parse_timestamp",
            "to_datetime",
            "parsedatetime",
            "parse_datetime",
            "try_strptime",
        ],
        "to_timestamp(x, '%d.%m.%Y %H:%M')",
    ),
    (&["makedate", "make_timestamp", "datefromparts", "date_from_parts"], "make_date(2026, 11, 30)"),
    (&["last_day", "eomonth"], "date_trunc('month', t) + INTERVAL '1 month' - INTERVAL '1 day'"),
    (&["newid", "gen_random_uuid", "generate_uuid", "uuid_generate_v4", "uuidv4"], "uuid()"),
    (&["randn", "normal_rand", "random_normal"], "random(), which is uniform"),
    (&["explode", "generate_subscripts", "json_array_elements"], "unnest(list)"),
    (&["sequence", "series", "generate_array", "seq"], "generate_series(first, last)"),
    (&["array", "list_value", "array_construct"], "make_array(x, y), or [x, y]"),
    (&["size", "array_size", "list_count"], "array_length(list)"),
    (&["element_at", "list_get", "array_get"], "list[1]"),
    (&["has", "member_of"], "array_has(list, x)"),
    (
        &[
            "struct_pack",
            "row_to_json",
            "json_object",
            "json_build_object",
            "to_json",
            "to_jsonb",
            "tojsonstring",
        ],
        "struct(a, b), or --format json for all rows",
    ),
    (
        &[
            "json_extract",
            "json_value",
            "json_query",
            "get_json_object",
            "json_extract_scalar",
            "json_extract_path_text",
            "jsonextractstring",
        ],
        "regexp_match(x, '\"key\": *\"([^\"]*)\"')[1] of a text",
    ),
    (&["hash", "checksum", "farm_fingerprint", "xxhash64", "murmur3_32"], "md5(x) or sha256(x)"),
    (&["minus", "subtract"], "x - y"),
    (&["plus", "add"], "x + y"),
    (&["ratio_to_report"], "1.0 * x / sum(x) OVER ()"),
    (&["width_bucket"], "floor(1.0 * n * (x - low) / (high - low)) + 1"),
    (&["binom_test", "binomial_test"], "clopper_pearson_low(k, n) and clopper_pearson_high(k, n)"),
    (&["wilcoxon", "wilcoxon_test", "signed_rank_test"], "wilcoxon_p(x), or wilcoxon_greater_p(x)"),
    (
        &["qvalue", "q_value", "p_adjust", "fdr", "fdr_bh"],
        "bh_qvalue(p) OVER (PARTITION BY tau), or by_qvalue",
    ),
    (&["ks_test", "kolmogorov_smirnov"], "ks_uniform(p)"),
    (&["ttest", "t_test", "student_t_test"], "wilcoxon_p(x), which asks whether x lies about 0"),
];

/// Functions that need `OVER`.
const OF_WINDOWS: &[(&str, &str)] = &[
    ("row_number", "row_number()"),
    ("rank", "rank()"),
    ("dense_rank", "dense_rank()"),
    ("percent_rank", "percent_rank()"),
    ("cume_dist", "cume_dist()"),
    ("ntile", "ntile(4)"),
    ("lag", "lag(x)"),
    ("lead", "lead(x)"),
    ("nth_value", "nth_value(x, 2)"),
];

/// An error about a function that does not exist, with the one of all that is called nearly so. The engine's own
/// guess is another one at each start, where several are as near.
pub(super) fn guessed(error: DataFusionError, state: &SessionState) -> DataFusionError {
    match error {
        DataFusionError::Diagnostic(place, inner) => {
            DataFusionError::Diagnostic(place, Box::new(guessed(*inner, state)))
        }
        DataFusionError::Plan(text) => match absent(&text) {
            Some(name) => {
                let all = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
                let all = all.chain(state.window_functions().keys()).map(String::as_str);
                let guess = nearest(name, all).map_or_else(String::new, |near| format!("{MEANT}{near}'?"));
                DataFusionError::Plan(format!("{ABSENT}{name}'.{guess}"))
            }
            None => DataFusionError::Plan(text),
        },
        other => other,
    }
}

const ABSENT: &str = "Invalid function '";

const MEANT: &str = "\nDid you mean '";

fn absent(text: &str) -> Option<&str> {
    Some(text.strip_prefix(ABSENT)?.split_once('\'')?.0)
}

/// A function that does not exist.
pub(super) fn no_function(text: &str) -> Option<String> {
    let name = absent(text)?;
    let guess = text.split_once(MEANT).and_then(|(_, rest)| rest.split('\'').next());
    let lower = name.to_lowercase();
    if ["bh_qvalue", "by_qvalue"].contains(&lower.as_str()) {
        return Some(format!(
            "{name} needs to know which tests belong together\n\
             (hint: {name}(p) OVER (PARTITION BY tau), or OVER () for all rows)"
        ));
    }
    if let Some((_, call)) = OF_WINDOWS.iter().find(|(window, _)| *window == lower) {
        return Some(format!(
            "{name} needs to know which rows it looks at, and in which order\n\
             (hint: {call} OVER (PARTITION BY user_id ORDER BY tau))"
        ));
    }
    let instead = ELSEWHERE.iter().find(|(others, _)| others.contains(&lower.as_str()));
    let hint = match (instead, guess) {
        (Some((_, instead)), _) => (*instead).to_owned(),
        (None, Some(guess)) => format!("is it {guess}?"),
        (None, None) => "SHOW FUNCTIONS lists all there are".to_owned(),
    };
    Some(format!("unknown function {name}\n(hint: {hint})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_two_hints() {
        let mut names: Vec<&str> = ELSEWHERE.iter().flat_map(|(names, _)| *names).copied().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.iter().all(|name| *name == name.to_lowercase()), "{names:?}");
    }
}
