//! The columns an expression may read, with their types, in the order of the batch.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    Bool,
    /// 64 bits, signed.
    Integer,
    /// A finite double.
    Number,
    Text,
    /// Microseconds since 1970 UTC.
    Time,
}

impl ColumnType {
    #[must_use]
    pub const fn arrow(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "a truth value",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a time",
        }
    }

    #[must_use]
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Number)
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names are case-sensitive; an unquoted name in SQL that is not found as written is looked up in lower case.
#[derive(Debug, Clone)]
pub struct Columns {
    schema: SchemaRef,
    types: Vec<ColumnType>,
    index: HashMap<String, usize>,
}

impl Columns {
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    #[must_use]
    pub fn column_type(&self, name: &str) -> Option<ColumnType> {
        self.position(name).map(|at| self.types[at])
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, ColumnType)> {
        self.schema.fields().iter().zip(&self.types).map(|(field, column)| (field.name().as_str(), *column))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.types.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

/// A name that comes twice keeps its place and takes the later type.
impl<N: Into<String>> FromIterator<(N, ColumnType)> for Columns {
    fn from_iter<I: IntoIterator<Item = (N, ColumnType)>>(columns: I) -> Self {
        let mut index = HashMap::new();
        let mut named: Vec<(String, ColumnType)> = Vec::new();
        for (name, column) in columns {
            let name = name.into();
            let at = *index.entry(name.clone()).or_insert(named.len());
            if at == named.len() {
                named.push((name, column));
            } else {
                named[at].1 = column;
            }
        }
        let types = named.iter().map(|(_, column)| *column).collect();
        let fields: Vec<Field> =
            named.into_iter().map(|(name, column)| Field::new(name, column.arrow(), true)).collect();
        Self { schema: Arc::new(Schema::new(fields)), types, index }
    }
}
