//! The demonstration.

use crate::world::World;

#[test]
#[ignore = "long"]
fn data_are_made_analysed_merged_and_told() {
    let world = World::new(0);
    let said = world.expect(0, &["demo", "--users", "2", "--out", "d", "--shards", "2"]);
    assert!(said.out.contains("users done   2 of 2"), "{}", said.out);
    for word in ["te ", "significant", "wall time", "peak memory", "d/merged"] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    world.expect(0, &["validate", "d/merged"]);
    // Of two people there are two pairs; which share of them each measure calls stands in the last lines.
    let (_, last) = said.out.split_once("share of 2 pairs of strangers that is called at p <= 0.05").unwrap();
    let measures: Vec<&str> =
        last.lines().skip(2).take(5).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(measures, ["gc", "ste", "stratified_cte", "te", "true_cte"], "{last}");
    // The last line makes the report.
    let line = said.out.trim_end().lines().last().unwrap();
    assert_eq!(line, "results report d/merged -o d/report.html");
    world.expect(0, &line.split(' ').skip(1).collect::<Vec<_>>());
    let report = std::fs::read_to_string(world.path("d/report.html")).unwrap();
    for part in ["How often are strangers called?", "out of reach", "could not have had p &#60; 0.05"] {
        assert!(report.contains(part), "{part}");
    }
    assert!(
        world.csv("d/merged")["per_user_te.csv"].starts_with("user_id,")
            && world.csv("d/merged").contains_key("control.csv")
    );
    // Or it is made at once, and is the same file.
    let said = world.expect(0, &["demo", "--users", "2", "--out", "e", "--report"]);
    assert!(!said.out.contains("results report"), "{}", said.out);
    let made = std::fs::read_to_string(world.path("e/report.html")).unwrap();
    assert!(made.contains("How often are strangers called?") && made.contains("merged results, complete"));
    let again = world.expect(2, &["demo", "--users", "2", "--out", "d"]);
    assert!(again.err.contains("exists already"), "{}", again.err);
}

#[test]
fn wide_data_have_the_real_width_and_give_the_same_numbers() {
    let world = World::new(0);
    world.expect(0, &["demo", "--users", "1", "--out", "narrow", "--data-only"]);
    world.expect(0, &["demo", "--users", "1", "--out", "wide", "--data-only", "--wide"]);
    for kind in ["narrow", "wide"] {
        let data = format!("{kind}/data");
        let args = ["run", "--config", "quick.yaml", "--data", &data, "--out", &format!("{kind}/run")];
        world.expect(0, &args);
        world.expect(0, &["merge", "--shards", &format!("{kind}/run"), "--output", &format!("{kind}/m")]);
    }
    assert_eq!(world.csv("narrow/m")["per_user_te.csv"], world.csv("wide/m")["per_user_te.csv"]);
}
