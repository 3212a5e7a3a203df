//! Tests of values against their columns.

use super::*;
use crate::yaml::from_yaml;

fn column(yaml: &str) -> Column {
    from_yaml(&format!("{{name: c, {yaml}}}")).unwrap()
}

#[test]
fn numbers_are_taken_when_they_are_exact() {
    let int = column("type: int");
    assert_eq!(cell(&int, Given::Float(3.0)), Ok(Cell::Int(3)));
    assert_eq!(cell(&int, Given::Large(7)), Ok(Cell::Int(7)));
    assert!(cell(&int, Given::Float(3.5)).unwrap_err().contains("whole number, not 3.5"));
    assert!(cell(&int, Given::Float(1e300)).unwrap_err().contains("too large"));
    // What 9007199254740993.0 becomes when it is read.
    assert!(cell(&int, Given::Float(9_007_199_254_740_992.0)).unwrap_err().contains("too large to be exact"));
    assert_eq!(cell(&int, Given::Float(9_007_199_254_740_991.0)), Ok(Cell::Int((1 << 53) - 1)));
    assert!(cell(&int, Given::Float(f64::INFINITY)).is_err());
    assert!(cell(&int, Given::Large(u64::MAX)).unwrap_err().contains("64-bit"));
    let float = column("type: float");
    assert_eq!(cell(&float, Given::Int(-2)), Ok(Cell::Float(-2.0)));
    assert!(cell(&float, Given::Float(f64::NAN)).unwrap_err().contains("write null"));
    assert!(
        cell(&float, Given::Float(f64::NEG_INFINITY)).unwrap_err().contains("is infinite\n(hint: write null")
    );
    assert_eq!(cell(&float, Given::Int(1 << 53)), Ok(Cell::Float(9_007_199_254_740_992.0)));
    assert_eq!(cell(&float, Given::Large(1 << 63)), Ok(Cell::Float(9_223_372_036_854_775_808.0)));
    assert!(cell(&float, Given::Int((1 << 53) + 1)).unwrap_err().contains("too large to be exact"));
    assert!(cell(&float, Given::Large(u64::MAX)).unwrap_err().contains("too large to be exact"));
}

#[test]
fn counts_are_taken_as_numbers_of_rows_are() {
    assert_eq!(count(Given::Float(12.0), 100), Ok(Some(12)));
    assert!(
        count(Given::Float(9_007_199_254_740_992.0), u64::MAX).unwrap_err().contains("too large to be exact")
    );
    assert_eq!(count(Given::Null, 100), Ok(None));
    assert_eq!(count(Given::Int(-1), 100), Err("-1 is outside 0 to 100".to_owned()));
    assert!(count(Given::Int(101), 100).is_err());
    assert_eq!(
        count(Given::Text("12".into()), 100),
        Err("must be a whole number, not the text `12`".to_owned())
    );
    assert!(count(Given::Float(1.5), 100).unwrap_err().contains("whole number, not 1.5"));
}

#[test]
fn texts_hold_no_nul() {
    let told = cell(&column("type: text"), Given::Text("a\0b".into())).unwrap_err();
    assert!(told.contains("U+0000) at character 2"), "{told}");
}

#[test]
fn types_are_kept_apart() {
    for (kind, wrong) in [("text", Given::Int(1)), ("bool", Given::Int(2)), ("float", Given::Bool(true))] {
        let told = cell(&column(&format!("type: {kind}")), wrong).unwrap_err();
        assert!(told.starts_with("must be "), "{told}");
    }
    let told = cell(&column("type: float"), Given::Text("-Infinity".into())).unwrap_err();
    assert!(told.contains("`-Infinity`") && told.contains("write null"), "{told}");
    let told = cell(&column("type: int"), Given::Text("12".into())).unwrap_err();
    assert_eq!(told, "must be a whole number, not the text `12`");
    assert!(cell(&column("type: int"), Given::Other("a list")).unwrap_err().contains("not a list"));
}

#[test]
fn truth_is_true_or_one() {
    let flag = column("type: bool");
    for (given, value) in [
        (Given::Int(1), true),
        (Given::Int(0), false),
        (Given::Float(1.0), true),
        (Given::Float(-0.0), false),
    ] {
        assert_eq!(cell(&flag, given), Ok(Cell::Bool(value)));
    }
    for given in [Given::Float(0.5), Given::Int(-1), Given::Text("true".into()), Given::Float(f64::NAN)] {
        assert!(cell(&flag, given).unwrap_err().starts_with("must be true or false, not "));
    }
}

#[test]
fn ranges_sets_and_absence() {
    assert!(cell(&column("type: int, min: 1"), Given::Int(0)).unwrap_err().contains("outside 1 to …"));
    assert!(cell(&column("type: text, values: [a, b]"), Given::Text("c".into())).is_err());
    assert_eq!(cell(&column("type: int"), Given::Null), Ok(Cell::Null));
    assert!(cell(&column("type: int, nullable: false"), Given::Null).unwrap_err().contains("no value"));
}

#[test]
fn times_come_in_two_forms() {
    let time = column("type: timestamp");
    let second = Ok(Cell::Int(1_000_000));
    assert_eq!(cell(&time, Given::Text("1970-01-01T01:00:01+01:00".into())), second);
    let micros = 1_700_000_000_000_000;
    assert_eq!(cell(&time, Given::Int(micros)), Ok(Cell::Int(micros)));
    assert_eq!(cell(&time, Given::Time(1_000_000)), second, "an Arrow column has its unit");
    for value in [0, -1, 1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000_000] {
        let told = cell(&time, Given::Int(value)).unwrap_err();
        assert!(told.contains("as seconds") || value > micros, "{told}");
        assert!(told.contains("2023-11-14T22:13:20Z") || value <= 0, "{told}");
    }
    assert_eq!(cell(&time, Given::Float(1.7e15)), Ok(Cell::Int(micros)));
    for (value, shown) in [(1_700_000_000.0, "1700000000 as"), (1_700_000_000.25, "1700000000.25 as")] {
        let told = cell(&time, Given::Float(value)).unwrap_err();
        assert!(told.starts_with(shown) && told.contains("as seconds 2023-11-14T22:13:20Z"), "{told}");
    }
    assert!(cell(&time, Given::Float(f64::INFINITY)).is_err() && cell(&time, Given::Float(1e300)).is_err());
    assert!(cell(&time, Given::Text("1970-01-01".into())).unwrap_err().contains("hint"));
}
