//! What makes an event one and the same: its source and its id, as 128 bits.

use sha2::{Digest, Sha256};

/// The first half of SHA-256 over source, NUL and id; neither holds a NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EventKey([u8; 16]);

impl EventKey {
    pub(crate) fn of(source: &str, id: &str) -> Self {
        let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(id).finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_source_ends_and_id_begins_matters() {
        assert_ne!(EventKey::of("app", "1"), EventKey::of("ap", "p1"));
        assert_eq!(EventKey::of("app", "1"), EventKey::of("app", "1"));
    }
}
