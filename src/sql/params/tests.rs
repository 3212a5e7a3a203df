use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};

use super::*;
use crate::sql::Session;

async fn ask(sql: &str, params: &Params) -> Result<String, ParamError> {
    let session = Session::empty()?;
    let batch = RecordBatch::try_from_iter([
        ("user_id", Arc::new(StringArray::from(vec!["a", "17", "1e5"])) as ArrayRef),
        ("q", Arc::new(Float64Array::from(vec![Some(0.5), Some(0.01), None]))),
    ])
    .unwrap();
    session.batch("te", batch)?;
    let rows = params.bind(session.query(sql).await?)?.collect().await.map_err(SessionError::from)?;
    let cells = rows.iter().flat_map(|b| {
        (0..b.num_rows()).map(|i| arrow::util::display::array_value_to_string(b.column(0), i).unwrap())
    });
    Ok(cells.collect::<Vec<_>>().join(" "))
}

fn given(pairs: &[&str]) -> Params {
    Params::parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn values_are_what_they_look_like() {
    for (written, kind, shown) in [
        ("1", "Int64", "1"),
        ("-0.5", "Float64", "-0.5"),
        ("5e-2", "Float64", "0.05"),
        ("true", "Boolean", "true"),
        ("FALSE", "Boolean", "false"),
        ("null", "Null", ""),
        ("a b", "Utf8", "a b"),
        ("'1'", "Utf8", "1"),
        ("\"null\"", "Utf8", "null"),
        ("007", "Utf8", "007"),
        ("inf", "Utf8", "inf"),
        ("", "Utf8", ""),
        ("a=b", "Utf8", "a=b"),
        ("'; drop table te", "Utf8", "'; drop table te"),
    ] {
        let params = given(&[&format!("x={written}")]);
        assert_eq!(ask("SELECT $x FROM te LIMIT 1", &params).await.unwrap(), shown, "{written}");
        assert_eq!(ask("SELECT arrow_typeof($x)", &params).await.unwrap(), kind, "{written}");
    }
}

#[tokio::test]
async fn beside_a_column_of_text_a_number_is_a_text() {
    for user in ["17", "1e5", "'17'", "\"1e5\""] {
        let params = given(&[&format!("user={user}")]);
        let found = ask("SELECT user_id FROM te WHERE user_id = $user", &params).await;
        assert_eq!(found.unwrap(), user.trim_matches(['\'', '"']));
    }
    let found = ask("SELECT user_id FROM te WHERE q < $alpha", &given(&["$alpha=1"])).await;
    assert_eq!(found.unwrap(), "a 17");
    let params = given(&["a=0.5", "b=7", "n=1"]);
    let found = ask("SELECT user_id FROM te WHERE q IN ($a, $b) LIMIT $n", &params).await;
    assert_eq!(found.unwrap(), "a");
    for n in ["1.0", "1e0"] {
        let found = ask("SELECT user_id FROM te LIMIT $n", &given(&[&format!("n={n}")])).await;
        assert_eq!(found.unwrap(), "a", "{n}");
    }
    let found = ask("SELECT $x", &given(&["x=18446744073709551615"])).await;
    assert_eq!(found.unwrap(), "18446744073709551615", "no digit is lost");
    let found = ask("SELECT round(q, $digits) FROM te WHERE user_id = 'a'", &given(&["digits=1"])).await;
    assert_eq!(found.unwrap(), "0.5");
    let found = ask("SELECT count(*) FROM (SELECT $1 AS x) WHERE x = $1", &given(&["1=5"])).await;
    assert_eq!(found.unwrap(), "1");
}

#[tokio::test]
async fn missing_and_unknown_ones_are_named() {
    let error = async |sql, pairs: &[&str]| ask(sql, &given(pairs)).await.unwrap_err().to_string();
    insta::assert_snapshot!(error("SELECT 1 FROM te WHERE q < $alpha", &[]).await, @r"
    the query uses $alpha, which has no value
    (hint: give one with --param alpha=VALUE)
    ");
    insta::assert_snapshot!(error("SELECT $a, $b, $c", &["b=1"]).await, @r"
    the query uses $a and $c, which have no value
    (hint: give one with --param a=VALUE)
    ");
    insta::assert_snapshot!(error("SELECT $a, $b", &["a=1", "b=1", "c=1"]).await, @r"
    the query has no parameter $c
    (hint: it uses $a and $b)
    ");
    insta::assert_snapshot!(error("SELECT 1", &["alpha=1"]).await, @r"
    the query has no parameter $alpha
    (hint: it uses none)
    ");
    insta::assert_snapshot!(error("SELECT 1 FROM te WHERE q < $alpha", &["alpha=small"]).await, @"$alpha must be a number, and `small` isn't one");
    let prompt = ask("SELECT $a", &given(&["b=1"]).at_prompt()).await.unwrap_err().to_string();
    insta::assert_snapshot!(prompt, @r"
    the query uses $a, which has no value
    (hint: give one with \set a VALUE)
    ");
    let defaults = given(&[]).with_defaults([("alpha", "0.05"), ("other", "1")]);
    assert_eq!(ask("SELECT user_id FROM te WHERE q < $alpha", &defaults).await.unwrap(), "17");
    for alpha in ["1.01", "-1", "NaN", "small", "null", "'0.5'", "true"] {
        let given = given(&[&format!("alpha={alpha}")]);
        let ranged =
            given.with_defaults([ParamDefault { range: Some((0.0, 1.0)), ..("alpha", "0.05").into() }]);
        let said = ask("SELECT $alpha", &ranged).await.unwrap_err().to_string();
        assert_eq!(said, format!("$alpha is `{alpha}`, and must be a number from 0 to 1"));
    }
}

#[tokio::test]
async fn signs_of_other_databases_are_told_what_to_write() {
    let error = async |sql, params: &Params| ask(sql, params).await.unwrap_err().to_string();
    let none = Params::default();
    assert_eq!(
        error("SELECT ?", &none).await,
        "a parameter is written $name here, and not ?\n(hint: write $name in its place, and give it a value with --param name=VALUE)"
    );
    let said = error("SELECT 1 FROM te WHERE q < :alpha", &none).await;
    assert!(said.contains("$alpha here, and not :alpha\n(hint: write $alpha in its place"), "{said}");
    let said = error("SELECT ?", &Params::default().at_prompt()).await;
    assert!(said.ends_with("with \\set name VALUE)"), "{said}");
    let said = error("SELECT cast($x as timestamp)", &given(&["x=1700000000"])).await;
    assert!(said.contains("to_timestamp(x) takes seconds"), "{said}");
    let said = error("SELECT to_char(now(), $x)", &given(&["x=YYYY"])).await;
    assert!(said.contains("(hint: '%Y')"), "{said}");
}

#[tokio::test]
async fn bound_values_belong_to_numbers_by_place_and_to_names_by_name() {
    let value =
        |n: i64| std::sync::Arc::new(arrow::array::Int64Array::from(vec![n])) as arrow::array::ArrayRef;
    let bound = |names: [&str; 2]| {
        let row = RecordBatch::try_from_iter([(names[0], value(7)), (names[1], value(5))]).unwrap();
        Params::bound(&row).unwrap()
    };
    for names in [["0", "1"], ["1", "2"], ["b", "a"], ["2", "1"]] {
        assert_eq!(ask("SELECT $1 - $2", &bound(names)).await.unwrap(), "2", "{names:?}");
        assert_eq!(ask("SELECT $2", &bound(names)).await.unwrap(), "5", "{names:?}");
    }
    assert_eq!(ask("SELECT $a - $b", &bound(["b", "$a"])).await.unwrap(), "-2");
    for (sql, names) in [
        ("SELECT $1", ["1", "2"]),
        ("SELECT $1, $3", ["1", "2"]),
        ("SELECT $a", ["a", "b"]),
        ("SELECT 1", ["1", "2"]),
    ] {
        ask(sql, &bound(names)).await.unwrap_err();
    }
}

#[test]
fn pairs_have_a_name_and_a_value() {
    let parse = |pairs: &[&str]| {
        Params::parse(&pairs.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()).unwrap_err().to_string()
    };
    insta::assert_snapshot!(parse(&["alpha"]), @r"
    `alpha` isn't a parameter
    (hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)
    ");
    insta::assert_snapshot!(parse(&["a-b=1"]), @r"
    `a-b=1` isn't a parameter
    (hint: write it as NAME=VALUE, like alpha=0.05; a name has letters, digits and _)
    ");
    insta::assert_snapshot!(parse(&["a=1", "a=2"]), @"the parameter a is given twice");
}
