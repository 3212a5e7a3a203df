//! Places where a test can make the program fail. Not in a release build.
//!
//! `RESULTS_FAILPOINT=name|detail|action|file` acts at the place `name`, where its detail contains the
//! text given; with a file, only while that file is not there, and makes it. Actions: `kill`, `panic`,
//! `memory` (takes memory until none is left), `hang`.

/// Marks a place.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn hit(_name: &str, _detail: &str) {}

/// Marks a place.
#[cfg(debug_assertions)]
pub(crate) fn hit(name: &str, detail: &str) {
    use std::sync::OnceLock;
    static SPEC: OnceLock<Option<Vec<String>>> = OnceLock::new();
    let read = || Some(std::env::var("RESULTS_FAILPOINT").ok()?.split('|').map(str::to_owned).collect());
    let Some([at, part, action, once @ ..]) = SPEC.get_or_init(read).as_deref() else { return };
    if at != name || !detail.contains(part.as_str()) {
        return;
    }
    if let [file] = once
        && std::fs::File::create_new(file).is_err()
    {
        return;
    }
    act(action, name, detail);
}

#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "that is what it is for")]
fn act(action: &str, name: &str, detail: &str) {
    match action {
        "panic" => panic!("failpoint {name} {detail}"),
        "memory" => {
            let mut taken: Vec<Vec<u8>> = Vec::new();
            loop {
                taken.push(vec![1; 16 << 20]);
                std::hint::black_box(&taken);
            }
        }
        "hang" => loop {
            std::thread::sleep(std::time::Duration::from_millis(50));
        },
        _ => {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
        }
    }
}
