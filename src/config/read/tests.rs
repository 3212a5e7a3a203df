use crate::config::{ConfigError, Loaded};
use crate::measures;

fn parse(text: &str) -> Result<Loaded, ConfigError> {
    crate::config::parse("f.yaml", text, None, &measures::settings())
}

fn faults(text: &str) -> String {
    parse(text).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn empty_blocks_set_nothing() {
    let text = "statistical:\n  # p_value: raw\nruntime: ~\ndata: {discretize: }\nfdr: {}\n";
    assert_eq!(faults(text), "");
    assert_eq!(faults("statistical: {adaptive_surrogates: }"), "");
    assert!(faults("taus:\n").contains("f.yaml:1: `taus` has no value: it must be a list of whole numbers"));
    assert!(faults("statistical: 1").contains("must be a map of keys, not 1"));
}

#[test]
fn values_of_older_yaml_are_named() {
    for (text, wanted) in [
        ("fdr: {by_tau: yes}", "not \"yes\"; write true"),
        ("fdr: {by_tau: Off}", "not \"Off\"; write false"),
        ("surrogates: 1_000", "not \"1_000\"; write 1000"),
        ("surrogates: 010", "not \"010\"; write 10, or 8 if it was octal"),
        ("taus: [1, 08]", "; write 8"),
    ] {
        assert!(faults(text).contains(wanted), "{text}: {}", faults(text));
    }
    assert_eq!(parse("name: 007").unwrap().config.name, "007");
    assert_eq!(parse("gaps: {max_seconds: 0.5}").unwrap().config.gaps.max_seconds, Some(0.5));
}

#[test]
fn names_are_one_part_of_a_path() {
    for name in ["../../escape", "a/b", "a\\b", "", " ", "a\nb", &"x".repeat(201)] {
        let told = faults(&format!("name: {}", serde_json::to_string(name).unwrap()));
        assert!(told.contains("f.yaml:1: `name` "), "{name}: {told}");
    }
    assert_eq!(faults("name: über alles, v1.2"), "");
    for key in ["out_dir", "data_root"] {
        assert!(faults(&format!("{key}: ~/out")).contains("only a shell replaces"), "{key}");
    }
}
