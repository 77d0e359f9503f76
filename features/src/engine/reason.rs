//! Why a feature is null.

use weir_messages::Name;

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
    const fn name(self) -> &'static str {
        match self {
            Self::NoConsent => "no_consent",
            Self::UnknownEntity => "unknown_entity",
            Self::NoRows => "no_rows",
            Self::NotComputable => "not_computable",
        }
    }
}

/// The names of all, made once for many answers.
pub(super) struct ReasonNames {
    no_consent: Name,
    unknown_entity: Name,
    no_rows: Name,
    not_computable: Name,
}

impl Default for ReasonNames {
    fn default() -> Self {
        let name = |reason: Reason| Name::from(reason.name());
        Self {
            no_consent: name(Reason::NoConsent),
            unknown_entity: name(Reason::UnknownEntity),
            no_rows: name(Reason::NoRows),
            not_computable: name(Reason::NotComputable),
        }
    }
}

impl ReasonNames {
    pub(super) const fn of(&self, reason: Reason) -> &Name {
        match reason {
            Reason::NoConsent => &self.no_consent,
            Reason::UnknownEntity => &self.unknown_entity,
            Reason::NoRows => &self.no_rows,
            Reason::NotComputable => &self.not_computable,
        }
    }
}
