//! What a paper needs of merged results: `results export --paper`.

use crate::world::World;

#[test]
fn tables_methods_and_figure_are_written_of_merged_results() {
    let world = World::new(4);
    world.analyse("run", &[]);
    world.expect(0, &["merge", "--shards", "run", "--output", "merged"]);
    world.expect(0, &["export", "merged", "--paper", "paper"]);
    let read = |name: &str| std::fs::read_to_string(world.path("paper").join(name)).unwrap();
    let (markdown, latex, methods, figure) =
        (read("group_tests.md"), read("group_tests.tex"), read("methods.md"), read("figure.svg"));
    assert_eq!(
        markdown.lines().filter(|line| line.starts_with("| TE | composite | ")).count(),
        2,
        "{markdown}"
    );
    assert!(markdown.contains(" | 4 | "), "users: {markdown}");
    assert_eq!(latex.matches("\n    TE & composite & ").count(), 2, "{latex}");
    for words in
        ["4 users, 4 of 4 planned units", "TE (Transfer entropy", "19 surrogates", "seed 42", "α = 0.05"]
    {
        assert!(methods.contains(words), "{words}: {methods}");
    }
    let manifest = std::fs::read_to_string(world.path("merged/merge.yaml")).unwrap();
    let fingerprint = manifest.lines().find_map(|line| line.strip_prefix("config_fingerprint: ")).unwrap();
    assert!(methods.contains(fingerprint), "{methods}");
    assert!(
        figure.starts_with("<svg ") && figure.contains("role=\"img\"") && figure.contains("TE, τ = 1: "),
        "{figure}"
    );

    world.expect(0, &["export", "merged", "--paper", "again"]);
    for name in ["group_tests.md", "group_tests.tex", "methods.md", "figure.svg"] {
        assert_eq!(read(name), std::fs::read_to_string(world.path("again").join(name)).unwrap(), "{name}");
    }
    let said = world.expect(2, &["export", "merged", "--paper", "paper"]);
    assert!(said.err.contains("exists already"), "{}", said.err);
    let said = world.expect(2, &["export", "run", "--paper", "none"]);
    assert!(said.err.contains("`results merge --shards run --output merged`"), "{}", said.err);
    world.expect(2, &["export", "merged"]);
}
