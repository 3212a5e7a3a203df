//! What a cluster merges is what one process merges.

use nix::sys::signal::Signal;

use crate::lab::{Lab, expect};

#[test]
fn a_cluster_merges_as_one_process_does() {
    let lab = Lab::new();
    let (mut scheduler, mut one, other) = lab.cluster(&[]);
    let at = scheduler.at();
    expect(0, &mut lab.merge(&at, "seven", &[]));
    lab.is_whole("seven");
    // As many parts as one; several merges at a time.
    let merges = ["a", "b"].map(|name| lab.merge(&at, name, &["--parts", "1"]).spawn().unwrap());
    for mut merge in merges {
        assert!(merge.wait().unwrap().success());
    }
    lab.is_whole("a");
    lab.is_whole("b");
    // Who is asked to end does, and leaves nothing to wait for.
    one.signal(Signal::SIGTERM);
    assert_eq!(one.code(), Some(0));
    expect(0, &mut lab.merge(&at, "with-one", &[]));
    lab.is_whole("with-one");
    drop(other);
    scheduler.signal(Signal::SIGTERM);
    assert_eq!(scheduler.code(), Some(0));
}
