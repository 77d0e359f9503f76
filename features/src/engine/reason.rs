//! Why a feature is null.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The view's consent class is not live.
    NoConsent,
    /// The request names no id for the view's entity, and none was seen.
    UnknownEntity,
    /// No row in the window.
    NoRows,
    /// There were rows, and still no value: all null, too few, too large, or an undefined operation.
    NotComputable,
}

impl Reason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::UnknownEntity => "unknown_entity",
            Self::NoRows => "no_rows",
            Self::NotComputable => "not_computable",
        }
    }
}
