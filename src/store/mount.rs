//! Is a folder on a network drive? SQLite's write-ahead log must not be used there.

use std::path::Path;

/// File systems that other machines may write to, or that cannot map shared memory.
const NETWORK: [&str; 11] =
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.s3fs"];

/// The name of the network file system that holds `path`; `None` for a local one, or where the system does not tell.
pub(super) fn network_file_system(path: &Path) -> Option<&'static str> {
    let real = std::fs::canonicalize(path).ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = file_system_of(&mounts, &real)?;
    NETWORK.into_iter().find(|network| *network == kind)
}

/// The type of the deepest mount above `path`; of equals the last, which covers the others.
fn file_system_of<'m>(mounts: &'m str, path: &Path) -> Option<&'m str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        // 36 35 98:0 /root /mount/point options [optional…] - type source options
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let point = point.replace("\\040", " ");
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && best.is_none_or(|(top, _)| depth >= top) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      40 22 0:35 / /mnt/team\\040share rw,noatime shared:1 - nfs4 server:/x rw\n\
                      41 40 0:36 / /mnt/team\\040share/local rw - xfs /dev/sdb1 rw\n";
        let kind = |path: &str| file_system_of(mounts, Path::new(path));
        assert_eq!(kind("/home/ann"), Some("ext4"));
        assert_eq!(kind("/mnt/team share/models"), Some("nfs4"));
        assert_eq!(kind("/mnt/team share/local/models"), Some("xfs"));
        assert_eq!(kind("/mnt/team shared"), Some("ext4"));
    }
}
