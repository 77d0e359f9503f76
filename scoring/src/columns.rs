//! What a model or a policy reads, by feature name and kind, so that both can be held against the features there are.

use std::fmt;

use weir_expr::{ColumnType, Columns};

/// One feature that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub feature: String,
    pub kind: ColumnKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Bool,
    Integer,
    /// An integer may stand where a number is read.
    Number,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitColumn {
    #[error("reads feature `{feature}`, which no view gives")]
    Unknown { feature: String },
    #[error("reads feature `{feature}` as {expected}, found {found}")]
    Kind { feature: String, expected: ColumnType, found: ColumnType },
}

impl ColumnKind {
    #[must_use]
    pub const fn column_type(self) -> ColumnType {
        match self {
            Self::Bool => ColumnType::Bool,
            Self::Integer => ColumnType::Integer,
            Self::Number => ColumnType::Number,
            Self::Text => ColumnType::Text,
        }
    }
}

impl Column {
    /// Whether some view gives this feature, in this kind.
    pub fn fits(&self, available: &Columns) -> Result<(), UnfitColumn> {
        let feature = self.feature.clone();
        let expected = self.kind.column_type();
        match available.column_type(&self.feature) {
            None => Err(UnfitColumn::Unknown { feature }),
            Some(found) if found == expected || (expected.is_numeric() && found.is_numeric()) => Ok(()),
            Some(found) => Err(UnfitColumn::Kind { feature, expected, found }),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.feature, self.kind.column_type())
    }
}
