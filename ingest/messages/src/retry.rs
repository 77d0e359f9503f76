//! Whether asking again helps after an error. Every error that crosses a crate answers it, so that whoever works through
//! many items knows which one to wait for and which one to step over.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It passes by itself, as a server that is away for seconds does: the same again after a moment.
    Now,
    /// Something outside must change first: a file put back, a key added, a disk that is full.
    Later,
    /// The same again fails alike until somebody mends what is stored, or the program.
    Never,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected `now`, `later` or `never`, found `{0}`")]
pub struct UnknownRetry(String);

impl Retry {
    /// The same as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Later => "later",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Retry {
    type Err = UnknownRetry;

    fn from_str(text: &str) -> Result<Self, UnknownRetry> {
        [Self::Now, Self::Later, Self::Never]
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| UnknownRetry(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_reads_back_from_its_name() {
        for class in [Retry::Now, Retry::Later, Retry::Never] {
            assert_eq!(class.name().parse(), Ok(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
        assert!("soon".parse::<Retry>().is_err());
    }
}
