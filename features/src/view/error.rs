//! What can be wrong with a folder of views.

use std::path::PathBuf;

use weir_expr::ExprError;

#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("{}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: expected at least one *.toml, found none", path.display())]
    Empty { path: PathBuf },
    #[error("{}: {field}: {reason}", path.display())]
    Field { path: PathBuf, field: String, reason: String },
    #[error("{}: {field}", path.display())]
    Expression { path: PathBuf, field: String, source: ExprError },
}

/// What is wrong with one field, before it is known which file it stands in.
#[derive(Debug)]
pub(crate) enum Fault {
    Form(String),
    Expression(ExprError),
}

impl Fault {
    pub(super) fn in_field(self, field: impl Into<String>) -> FieldFault {
        FieldFault { field: field.into(), fault: self }
    }
}

impl From<ExprError> for Fault {
    fn from(error: ExprError) -> Self {
        Self::Expression(error)
    }
}

#[derive(Debug)]
pub(super) struct FieldFault {
    field: String,
    fault: Fault,
}

impl FieldFault {
    pub(super) fn form(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Fault::Form(reason.into()).in_field(field)
    }

    pub(super) fn in_file(self, path: PathBuf) -> ViewError {
        let field = self.field;
        match self.fault {
            Fault::Form(reason) => ViewError::Field { path, field, reason },
            Fault::Expression(source) => ViewError::Expression { path, field, source },
        }
    }
}
