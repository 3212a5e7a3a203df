//! Whether a run lies on a disk that several machines may write to.

use std::path::Path;

use super::manifest::Protocol;
use super::run::Run;

impl Run {
    /// What people should know of a run whose locks may hold on one machine only.
    pub fn shared_disk(&self) -> Option<String> {
        let folder = self.location().folder().filter(|_| self.protocol() == Protocol::Locks)?;
        let kind = network_disk(folder)?;
        Some(format!(
            "note: {} lies on a network file system ({kind}), where a lock may hold on one machine only\n\
             (hint: for several machines make the run with `runtime: {{locks: lease}}` in its configuration; one machine is safe)",
            self.name()
        ))
    }
}

/// The kind of a file system that several machines may write to, by its usual name; none of a machine's own disk, and
/// where the system does not tell.
fn network_disk(folder: &Path) -> Option<String> {
    if let Some(kind) = crate::failpoint::disk() {
        return Some(kind);
    }
    #[cfg(target_os = "linux")]
    {
        let folder = std::path::absolute(folder).ok()?;
        let told = folder.ancestors().find_map(|folder| nix::sys::statfs::statfs(folder).ok())?;
        // The kind is a number of 32 bits, which some systems keep in more.
        let kind = told.filesystem_type().0 as u32;
        NETWORK.iter().find(|(number, _)| *number == kind).map(|(_, name)| (*name).to_owned())
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// What `statfs` says of disks that machines share.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 15] = [
    (0x6969, "NFS"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0x00C3_6400, "CephFS"),
    (0xAAD7_AAEA, "PanFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x517B, "SMB"),
    (0xFE53_4D42, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x6573_5546, "FUSE"),
];

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_are_none() {
        // A folder that is not there yet is where the one above it is.
        for folder in ["/proc/self", "/proc/self/no/such/folder"] {
            assert_eq!(network_disk(Path::new(folder)), None);
        }
        let mut known: Vec<u32> = NETWORK.iter().map(|(number, _)| *number).collect();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), NETWORK.len());
    }
}
