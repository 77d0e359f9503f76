//! Open files: the limit of the process is raised as far as the system lets it, and some are kept back from connections, so
//! that no number of callers takes them from log and store.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Kept back for log, state, database, brokers and object store: two embedded databases and SQLite take about 150.
const KEPT_BACK: u64 = 384;
/// Fewer connections than this serve nobody.
const FEWEST: u64 = 64;

#[derive(Debug, thiserror::Error)]
pub(crate) enum DescriptorsError {
    #[error("the limit of open files cannot be read")]
    Unknown(#[source] nix::Error),
    #[error("expected at least {} open files to be allowed, found {found}: raise `ulimit -n`", KEPT_BACK + FEWEST)]
    TooFew { found: u64 },
}

/// Raises the limit, and gives the connections there may be: `wanted`, or as many as the rest allows.
pub(crate) fn connections(wanted: u32) -> Result<u32, DescriptorsError> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(DescriptorsError::Unknown)?;
    let raised = soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    allowed(if raised { hard } else { soft }, wanted)
}

fn allowed(limit: u64, wanted: u32) -> Result<u32, DescriptorsError> {
    let left = limit.saturating_sub(KEPT_BACK);
    if left < FEWEST {
        return Err(DescriptorsError::TooFew { found: limit });
    }
    let connections = u32::try_from(left).unwrap_or(u32::MAX).min(wanted);
    if connections < wanted {
        tracing::warn!(
            wanted,
            connections,
            limit,
            "fewer connections than server.max_connections: `ulimit -n` allows no more"
        );
    }
    Ok(connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_what_is_not_kept_back_and_no_more_than_wanted() {
        for (limit, connections) in [(1_024, 640), (20_000, 4_096), (448, 64)] {
            assert_eq!(allowed(limit, 4_096).unwrap(), connections, "{limit}");
        }
        assert!(allowed(447, 4_096).unwrap_err().to_string().contains("found 447"));
    }
}
