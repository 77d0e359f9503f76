//! How much memory a model file may take: a share of what the machine, or the container, has.

use std::sync::LazyLock;

/// An eighth: a model is loaded beside others, and takes more than its file once it is ready to run.
const SHARE: usize = 8;
/// Where nobody says how much there is, and on the smallest machine.
const LEAST: usize = 1 << 30;
/// What is decoded takes several times the bytes of its file.
const DECODED: usize = 4;

static ROOM: LazyLock<usize> = LazyLock::new(|| {
    let limits = [limit_of_container(), total()].into_iter().flatten();
    limits.min().map_or(LEAST, |bytes| (bytes / SHARE).max(LEAST))
});

/// Bytes that a decoded file may take.
pub(crate) fn room() -> usize {
    *ROOM
}

/// Bytes that a file may have.
pub(crate) fn largest_file() -> usize {
    room() / DECODED
}

/// Linux, `man 5 proc`.
fn total() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: usize =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1_024)
}

/// Linux, control groups v2; "max" is none.
fn limit_of_container() -> Option<usize> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}
