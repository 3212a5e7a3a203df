//! The logs of a run's shards, printed.

use crate::world::World;

#[test]
fn the_log_of_a_shard_is_printed_or_those_of_all() {
    let world = World::new(2);
    assert_eq!(world.analyse("run", &["--shards", "2"]).code, Some(0));
    world.write("run/_logs/shard-0.log", "one\n");
    // A terminal obeys nothing that a program said.
    world.write("run/_logs/shard-1.log", "\u{1b}[31mtwo\nthree");
    let all = world.expect(0, &["logs", "run"]);
    assert_eq!(all.out, "==> shard 0 <==\none\n\n==> shard 1 <==\n [31mtwo\nthree");
    assert_eq!(world.expect(0, &["logs", "run", "--shard", "1"]).out, " [31mtwo\nthree");
    let none = world.expect(2, &["logs", "run", "--shard", "7"]);
    assert!(none.err.contains("run has no log of shard 7\n(hint: logs there: 0, 1)"), "{}", none.err);
    // A shard that is done in the process itself has none.
    assert_eq!(world.analyse("alone", &["--shard", "0/1"]).code, Some(0));
    let none = world.expect(0, &["logs", "alone"]);
    assert!(none.out.is_empty() && none.err.contains("alone has no logs yet"), "{}", none.err);
    world.expect(1, &["logs", "data"]);
}
