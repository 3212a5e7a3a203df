use std::sync::Arc;

use arrow::array::{Array, Float64Array, StringArray};

use super::*;

fn value(sql: &str, columns: &[f64]) -> f64 {
    let expression = Compiler::new(&[], None).compile("data.target", sql).unwrap();
    let columns: Vec<_> =
        columns.iter().map(|&value| Arc::new(Float64Array::from(vec![value])) as ArrayRef).collect();
    expression.evaluate(&columns, 1).unwrap()[0]
}

fn reason(sql: &str) -> String {
    match Compiler::new(&[], None).compile("data.target", sql).unwrap_err() {
        DatasetError::Expression { reason, .. } => reason,
        other => other.to_string(),
    }
}

#[test]
fn left_to_right_in_doubles() {
    let (x, y, z) = (0.709_948, 0.080_298, -0.780_481);
    let sql = "(abs(\"m:x\") + abs(\"m:y\") + abs(\"m:z\")) / 3";
    let expected = (f64::abs(x) + f64::abs(y) + f64::abs(z)) / 3.0;
    assert_eq!(value(sql, &[x, y, z]).to_bits(), expected.to_bits());
    let sql = "0.6 * ((abs(a) + abs(b)) / 3) + 0.4 * sqrt(a * a + b * b + c * c)";
    let expected = 0.6 * ((x.abs() + f64::abs(y)) / 3.0) + 0.4 * (x * x + y * y + z * z).sqrt();
    assert_eq!(value(sql, &[x, y, z]).to_bits(), expected.to_bits());
}

#[test]
fn names_are_exact() {
    let expression = Compiler::new(&[], None).compile("s", "Ab + \"c D\" + e.F").unwrap();
    let names: Vec<&str> = expression.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["Ab", "c D", "e.F"]);
}

#[test]
fn truth_and_case() {
    assert!((value("x > 0.5", &[0.7]) - 1.0).abs() < f64::EPSILON);
    assert!((value("CASE WHEN x > 0.5 THEN 3 ELSE 1 END", &[0.7]) - 3.0).abs() < f64::EPSILON);
}

#[test]
fn unusable_expressions() {
    assert!(reason("abs(").contains("double quotes"));
    assert!(reason("no_such_function(x)").contains("no_such_function"));
    assert!(reason("random() + x").contains("other values"));
    assert!(reason("x - to_unixtime(now())").contains("other values"));
    assert!(reason("'text'").contains("not a number"));
    assert!(reason("(SELECT 1)").contains("query"));
    assert!(!reason("avg(x)").is_empty());
}

fn near(sql: &str, columns: &[f64], expected: f64) {
    let found = value(sql, columns);
    assert!((found - expected).abs() < 1e-12, "{sql}: {found}");
}

#[test]
fn whole_numbers_are_divided_as_numbers_with_decimals() {
    near("1/2", &[], 0.5);
    near("(2/3) * a + b / 3", &[3.0, 6.0], 4.0);
    near("x * (1/60)", &[120.0], 2.0);
    near("CASE WHEN x > 1/2 THEN 1/4 ELSE 3/4 END", &[0.4], 0.75);
    near("cast(x as int) / 2", &[5.9], 2.5);
    near("-1/2 + round(7/2, 1)", &[], 3.0);
    near("length('abc') / 2", &[], 1.5);
    near("abs(1/2) + (1+2)/(2+2)", &[], 1.25);
    near("7 % 4", &[], 3.0);
    near("substr('12345', 1 + 1, 2)::double", &[], 23.0);
}

#[test]
fn whole_numbers_do_not_wrap() {
    assert!(reason("9223372036854775807 + 1").contains("1.0 *"), "{}", reason("9223372036854775807 + 1"));
    let expression = Compiler::new(&[], None).compile("s", "cast(x as bigint) * 10000000000").unwrap();
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2e9]));
    let failure = expression.evaluate(&[column], 2).unwrap_err();
    assert_eq!(failure.row, 1);
    assert!(failure.reason.starts_with("`x` is `2000000000"), "{}", failure.reason);
}

#[test]
fn operators_that_would_take_bits_are_refused() {
    for (sql, hint) in [
        ("steps ^ 2", "`power(steps, 2)`"),
        ("steps ** 2", "`power(x, y)`"),
        ("a & b", "`a AND b`"),
        ("a | b", "`a OR b`"),
        ("a << 2", "`a * power(2, 2)`"),
        ("a >> 2", "`floor(a / power(2, 2))`"),
        ("~a", "bits"),
        ("a # b", "bits"),
        ("1 + (a ^ 2)", "`power(a, 2)`"),
        ("CASE WHEN a & 1 = 1 THEN 1 ELSE 0 END", "AND"),
        ("a // 2", "`floor(x / y)`"),
        ("a && b", "`AND`"),
        ("!a", "`NOT`"),
        ("a || 2", "`OR`"),
    ] {
        assert!(reason(sql).contains(hint), "{sql}: {}", reason(sql));
    }
}

#[test]
fn what_cannot_be_evaluated_is_refused_before_any_user_is_read() {
    for (sql, hint) in [
        ("label:SITTING", "'\"label:SITTING\"'"),
        ("a @> b", "double quotes"),
        ("a -> b", "double quotes"),
        ("Temp C", "double quotes"),
        ("steps = 'a'", "`data.text_columns`"),
        ("steps IN (1, 'a')", "`data.text_columns`"),
        ("steps BETWEEN 1 AND 'a'", "`data.text_columns`"),
        ("CASE WHEN steps > 'a' THEN 1 ELSE 2 END", "`data.text_columns`"),
        ("sum(a)", "`sum` summarises several rows"),
        ("lower(a) = 'x'", "`lower`"),
        ("'text'", "single quotes are for texts; the column is `\"text\"`"),
        ("x::text", "cast it"),
        ("mod(x, 2)", "`x % y`"),
        ("if(x > 0, 1, 0)", "`CASE WHEN"),
        ("x div 2", "`floor(x / y)`"),
        ("NOT x", "`\"x\" > 0`"),
        ("a AND b", "`\"x\" > 0`"),
        ("a LIKE 'x'", "`data.text_columns`"),
        ("“a”", "straight ones"),
        ("a > 0,5", "behind a point"),
        ("a > 0 ? 1 : 0", "`CASE WHEN"),
        ("$1", "stands for a value that nobody gives"),
        ("a COLLATE x", "`COLLATE` is not done here"),
        ("interval '1' day", "interval"),
    ] {
        assert!(reason(sql).contains(hint), "{sql}: {}", reason(sql));
        for word in
            ["Arrow error", "Internal error", "Error during planning", "not implemented", "ParserError"]
        {
            assert!(!reason(sql).contains(word), "{sql}: {}", reason(sql));
        }
    }
    near("x = '5'", &[5.0], 1.0);
}

#[test]
fn a_function_without_a_value_gives_none_or_names_the_row() {
    for sql in ["sqrt(x)", "ln(x)", "sqrt(sqrt(x) - 3)"] {
        assert!(value(sql, &[-1.0]).is_nan(), "{sql}");
    }
    near("sqrt(x)", &[4.0], 2.0);
    near("sqrt(9)", &[], 3.0);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![
        Some("2026-01-05 00:00:00"),
        None,
        Some("05.01.2026 00:02"),
        Some("x"),
    ]));
    let expression = Compiler::new(&["time".to_owned()], None).compile("s", "to_timestamp(time)").unwrap();
    let failure = expression.evaluate(&[Arc::clone(&texts)], 4).unwrap_err();
    assert_eq!(failure.row, 2);
    assert!(failure.reason.contains("`to_timestamp(…, '%d.%m.%Y %H:%M')`"), "{}", failure.reason);
    assert!(expression.evaluate(&[texts.slice(0, 2)], 2).unwrap()[1].is_nan());
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 3e10]));
    let expression = Compiler::new(&[], None).compile("s", "cast(x as int)").unwrap();
    let failure = expression.evaluate(&[column], 2).unwrap_err();
    assert!(failure.row == 1 && failure.reason.contains("too large"), "{}", failure.reason);
}

#[test]
fn long_and_deep_expressions_are_read_or_refused() {
    let sum = |terms: usize| vec!["x"; terms].join(" + ");
    near(&sum(1000), &[1.0], 1000.0);
    assert!(
        reason(&sum(3000)).contains("5999 names, numbers and operators, at most 2000"),
        "{}",
        reason(&sum(3000))
    );
    assert!(reason(&sum(200_000)).contains("too long"));
    let nested = format!("{}x{}", "abs(".repeat(60), ")".repeat(60));
    assert!(reason(&nested).contains("nested too deeply"), "{}", reason(&nested));
    let cases = vec!["WHEN x = 7 THEN 7"; 200].join(" ");
    near(&format!("CASE {cases} ELSE 1 END"), &[3.0], 1.0);
    assert!(Compiler::new(&[], None).compile("s", &sum(3000)).unwrap_err().to_string().len() < 1000);
    for sql in ["NOT ".repeat(1500), "-".repeat(1999), format!("x{}", "::int".repeat(900))] {
        let _ = Compiler::new(&[], None).compile("s", &format!("{sql} x"));
    }
}

#[test]
fn forms_that_lose_the_time_of_day_are_refused() {
    for (sql, told) in [
        ("to_timestamp(t, '%Y-%m-%d %H')", "`%H` needs `%M`"),
        ("to_timestamp_millis(t, '%Y-%m-%d %H:%M', '%m/%d/%Y %I:%M')", "`%I` needs `%p`"),
        ("to_unixtime(t, '%Y-%m-%d %H') + 1", "`%H` needs `%M`"),
    ] {
        for zone in [None, Some(Tz::Europe__Berlin)] {
            let error = Compiler::new(&["t".to_owned()], zone).compile("data.timestamp", sql).unwrap_err();
            assert!(error.to_string().contains(told), "{sql}: {error}");
        }
    }
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["2026-01-05 13"]));
    let whole = "to_timestamp(t || ':00', '%Y-%m-%d %H:%M')";
    let whole = Compiler::new(&["t".to_owned()], None).compile("data.timestamp", whole).unwrap();
    assert_eq!(whole.evaluate(&[texts], 1).unwrap(), [1_767_618_000.0]);
}

#[test]
fn durations_are_seconds() {
    near("to_timestamp(x) - to_timestamp(y)", &[90.5, 30.0], 60.5);
}

#[test]
fn texts_are_read_on_the_clock_of_the_zone() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["2026-07-05 12:00:00.5", "2026-07-05T12:00:00Z"]));
    let times = |zone: Option<Tz>, sql: &str| {
        let expression = Compiler::new(&["t".to_owned()], zone).compile("data.timestamp", sql).unwrap();
        expression.evaluate(&[Arc::clone(&texts)], 2).unwrap()
    };
    let noon = 1_783_252_800.0;
    let berlin = Some(Tz::Europe__Berlin);
    assert_eq!(times(None, "to_timestamp(t)"), [noon + 0.5, noon]);
    assert_eq!(times(berlin, "to_timestamp(t)"), [noon + 0.5 - 7200.0, noon]);
    assert_eq!(times(berlin, "to_unixtime(t)"), [noon - 7200.0, noon]);
    assert_eq!(times(berlin, "to_unixtime(to_timestamp(t))"), [noon - 7200.0, noon]);
    assert_eq!(times(berlin, "extract(hour from to_timestamp(t))"), [12.0, 14.0]);
    assert_eq!(
        times(berlin, "to_timestamp_millis(replace(replace(t, 'T', ' '), 'Z', ''))"),
        [noon - 7199.5, noon - 7200.0]
    );
    let numbers = Compiler::new(&[], berlin).compile("data.timestamp", "to_timestamp(t)").unwrap();
    let column: ArrayRef = Arc::new(Float64Array::from(vec![noon]));
    assert_eq!(numbers.evaluate(&[column], 1).unwrap(), [noon], "a number isn't the text of a clock");
    let cast = Compiler::new(&["t".to_owned()], berlin)
        .compile("data.timestamp", "cast(t as timestamp)")
        .unwrap_err();
    assert!(cast.to_string().contains("`to_timestamp`"), "{cast}");
}
