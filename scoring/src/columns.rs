//! What a model or a policy reads, by feature name and type, so that both can be held against the features there are.

use weir_expr::{ColumnType, Columns};

/// One feature that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub feature: String,
    /// An integer may stand where a number is read.
    pub kind: ColumnType,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnfitColumn {
    #[error("reads feature `{feature}`, which no view gives")]
    Unknown { feature: String },
    #[error("reads feature `{feature}` as {expected}, found {found}")]
    Kind { feature: String, expected: ColumnType, found: ColumnType },
}

impl Column {
    /// Whether some view gives this feature, in this kind.
    pub fn fits(&self, available: &Columns) -> Result<(), UnfitColumn> {
        let feature = self.feature.clone();
        let expected = self.kind;
        match available.column_type(&self.feature) {
            None => Err(UnfitColumn::Unknown { feature }),
            Some(found) if found == expected || (expected == ColumnType::Number && found.is_numeric()) => Ok(()),
            Some(found) => Err(UnfitColumn::Kind { feature, expected, found }),
        }
    }
}
