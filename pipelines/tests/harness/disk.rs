//! Disks of a size that a test says.

use std::process::Command;

/// Whether this user may mount a file system of its own. Loudly, where not.
pub fn may_mount() -> bool {
    let tried = Command::new("unshare").args(["-rm", "true"]).status();
    let may = tried.is_ok_and(|status| status.success());
    if !may {
        eprintln!("SKIPPED: a full disk (`unshare -rm` is not allowed here)");
    }
    may
}
