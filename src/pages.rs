//! Size of memory pages.
//!
//! The allocator asks for pages of 2 MB where the system has them. They save no time here, and a third
//! to a half of the memory is unused parts of them.

/// Has memory come in small pages from here on, in this process and those it starts.
#[cfg(target_os = "linux")]
pub(crate) fn small() {
    // Where it cannot be had, the process is larger and otherwise the same.
    let _ = nix::sys::prctl::set_thp_disable(true);
}

/// Lets programs that are started from here on have what they ask for.
#[cfg(target_os = "linux")]
pub(crate) fn any() {
    let _ = nix::sys::prctl::set_thp_disable(false);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn small() {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn any() {}
