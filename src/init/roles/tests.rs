use super::{Traits, sources, targets};
use crate::dataset::{GlimpsedColumn, Value, value};

fn column(name: &str, cell: impl Fn(usize) -> String) -> Traits {
    let values: Vec<Value> = (0..200).map(|row| value(&cell(row), false)).collect();
    let column = GlimpsedColumn { name: name.to_owned(), values, is_time: false, is_text: false };
    Traits::of(&[&column], None)
}

#[test]
fn the_likely_ones_come_first() {
    let all = [
        column("Line", |row| row.to_string()),
        column("lux", |row| (row % 37).to_string()),
        column("Activity", |row| if row % 9 == 0 { "NaN".into() } else { (row % 31).to_string() }),
        column("marker", |row| u8::from(row == 7).to_string()),
        column("Sleep/Wake", |row| if row < 3 { "kZ".into() } else { (row / 50 % 2).to_string() }),
        column("Interval", |row| ["ACTIVE", "REST-S"][row / 40 % 2].into()),
        column("constant", |_| "5".into()),
        column("nothing", |_| String::new()),
    ];
    let all: Vec<&Traits> = all.iter().collect();
    let names = |candidates: Vec<super::Candidate>| -> Vec<String> {
        candidates.into_iter().map(|candidate| candidate.name).collect()
    };
    assert_eq!(names(sources(&all)), ["Activity", "lux"]);
    let states = targets(&all);
    assert_eq!(
        states[1].sql,
        "CASE WHEN \"Interval\" = 'REST-S' THEN 1 WHEN \"Interval\" IS NOT NULL THEN 0 END"
    );
    assert_eq!(names(states)[..2], ["Sleep/Wake", "Interval"]);
    assert_eq!((all[4].kind, &all[4].words[..]), ("label", &["kZ".to_owned()][..]));
    assert_eq!(all.iter().map(|column| column.kind).collect::<Vec<_>>()[5..], ["text", "constant", "empty"]);
}

#[test]
fn numbers_for_missing_values_are_told() {
    let steps = column("steps", |row| if row % 20 == 0 { "-999".into() } else { (row % 30).to_string() });
    assert_eq!(steps.stand_in, Some(-999.0));
    assert!(steps.told(None).doubts[0].contains("-999 in 10 rows"));
    let constant = column("x", |_| "5".into());
    assert_eq!(constant.told(None).doubts, ["it never changes"]);
    assert!(constant.told(Some("user id")).doubts.is_empty());
}

#[test]
fn codes_beside_labels_are_left_out_of_the_target() {
    for (code, sql) in [("-1", "NOT IN (-1)"), ("9", "NOT IN (9)")] {
        let sit = column("sit", |row| if row % 10 == 3 { code.into() } else { (row / 9 % 2).to_string() });
        let told = sit.told(None).doubts.join(" ");
        assert!(sit.kind == "label" && told.contains(&format!("{code} in 20 rows beside 0 and 1")), "{told}");
        let target = &targets(&[&sit])[0];
        assert!(target.sql.contains(sql) && !target.is_number, "{target:?}");
    }
    assert!(column("steps", |row| ["0", "1", "9"][row % 3].into()).strays.is_empty());
    let few = column("sit", |row| if row % 3 > 0 { "unknown".into() } else { (row / 9 % 2).to_string() });
    assert_eq!((few.kind, few.words.len()), ("label", 1));
}

#[test]
fn labels_of_a_second_file_count() {
    let of = |cell: &dyn Fn(usize) -> String| GlimpsedColumn {
        name: "x".into(),
        values: (0..200).map(|row| value(&cell(row), false)).collect(),
        is_time: false,
        is_text: false,
    };
    let (plain, code) = (of(&|row| (row / 9 % 2).to_string()), of(&|row| ["9", "0"][row / 9 % 2].into()));
    assert_eq!(Traits::of(&[&plain, &code], None).strays, [9.0]);
    let age = Traits::of(&[&of(&|_| "30".into()), &of(&|_| "31".into())], None);
    assert_eq!(age.kind, "constant");
}

#[test]
fn spellings_and_texts_without_a_label_are_told() {
    let posture = column("posture", |row| match row % 10 {
        3 => "NOT WORN".into(),
        4 => "sitting".into(),
        _ => ["Sitting", "walking"][row / 20 % 2].into(),
    });
    let target = &targets(&[&posture])[0];
    for words in ["lower(\"posture\") = 'sitting' THEN 1", "IN ('not worn') THEN NULL"] {
        assert!(target.sql.contains(words), "{words}: {target:?}");
    }
    let doubts = posture.told(None).doubts;
    assert!(doubts[0].contains("`Sitting`, `sitting`") && doubts[1].contains("NOT WORN"), "{doubts:?}");
}
