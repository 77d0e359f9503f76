//! How a command ends: its answer on standard output, its complaint on standard error, and the exit code.

use std::fmt::Display;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The caller's input is wrong: exit code 2.
    #[error("{0}")]
    BadInput(String),
    /// It could not be done for another reason: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    pub fn input(reason: impl Display) -> Self {
        Self::BadInput(one_line(&reason.to_string()))
    }

    /// An error with its causes.
    pub fn failed(error: &dyn std::error::Error) -> Self {
        Self::Failed(one_line(&weir_messages::Causes(error).to_string()))
    }
}

fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

pub(super) fn exit(result: Result<ExitCode, CliError>) -> ExitCode {
    let error = match result {
        Ok(code) => return code,
        Err(error) => error,
    };
    let _gone = writeln!(std::io::stderr(), "weir: {error}");
    match error {
        CliError::BadInput(_) => ExitCode::from(2),
        CliError::Failed(_) => ExitCode::FAILURE,
    }
}

/// Writes the answer and a newline. A reader that has gone away (`| head`) is not an error.
pub fn print(answer: &str) -> Result<ExitCode, CliError> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", answer.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(CliError::failed(&error)),
    }
}

/// The text of a file, or of standard input when it is `-`.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| CliError::input(format_args!("{}: {error}", path.display())))?;
    // Editors of some systems put a byte order mark at the head.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
