//! What may go wrong between the demo and the platform. No text repeats anything personal: a problem document holds none.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("{0}")]
    Input(String),
    #[error("the applicants' data: {0}")]
    Applicants(String),
    #[error("{}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Start(String),
    #[error("{what} did not get an answer")]
    Http { what: &'static str, source: reqwest::Error },
    #[error("{what}: expected success, found {status} {code}: {detail}")]
    Problem { what: &'static str, status: u16, code: String, detail: String },
    #[error("{what}: expected {expected}, found {found}")]
    Answer { what: &'static str, expected: String, found: String },
    #[error("interrupted before the end")]
    Interrupted,
    #[error(transparent)]
    Print(crate::cli::CliError),
    #[error(transparent)]
    Chart(#[from] crate::page::PlotError),
}

impl DemoError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
