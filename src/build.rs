//! How the program is linked: without names of symbols, and functions of equal code once.
//!
//! The profile could ask for the first, but not beside an optimisation of the package's own.

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|is| is == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ARCH", "x86_64")
    {
        // The linker there is the tool chain's own.
        println!("cargo::rustc-link-arg-bins=-Wl,--strip-all,--icf=all");
    }
}
