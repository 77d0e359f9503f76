//! Recorded events folded and requests answered, by the engine that runs live. Consent counts as given, and a request
//! is answered at exactly its own time, which may lie before what was already folded.

mod recorded;
mod run;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Write};

use weir_messages::{DecodeError, StageError};

use crate::engine::Answer;
use crate::view::FeatureViews;
use recorded::{Answered, Asked, Recorded, lines};
use run::Run;

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{file}, line {line}")]
    Read { file: &'static str, line: usize, source: std::io::Error },
    #[error("{file}, line {line}")]
    Line { file: &'static str, line: usize, source: DecodeError },
    #[error("requests, line {line}: after: expected at most the {events} events there are, found {after}")]
    After { line: usize, after: usize, events: usize },
    #[error("the events cannot be folded")]
    Fold(#[from] StageError),
    #[error("the answers cannot be written")]
    Write(#[source] std::io::Error),
}

/// Folds `events` in their order, answers each of `requests` after as many lines as it says, and writes one line for
/// each, in the order of `requests`. A repeat of (source, id) is a line, and is dropped.
pub fn replay(
    views: &FeatureViews,
    events: impl BufRead,
    requests: impl BufRead,
    out: &mut impl Write,
) -> Result<(), ReplayError> {
    let read = |line: Result<(usize, String), ReplayError>| {
        let (line, json) = line?;
        Ok((line, Asked::read(line, &json)?))
    };
    let asked: Vec<(usize, Asked)> = lines("requests", requests).map(read).collect::<Result<_, ReplayError>>()?;
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|at| asked[*at].1.after);
    let mut run = Run::new(views, order.iter().map(|at| &asked[*at].1).collect());
    for event in lines("events", events) {
        let (line, json) = event?;
        run.event(Recorded::read(line, json)?)?;
    }
    let (answers, events) = run.finish()?;
    if let Some(at) = order.get(answers.len()) {
        let (line, Asked { after, .. }) = &asked[*at];
        return Err(ReplayError::After { line: *line, after: *after, events });
    }
    let mut answers: Vec<(usize, Answer)> = order.into_iter().zip(answers).collect();
    answers.sort_by_key(|(at, _)| *at);
    for ((_, asked), (_, answer)) in asked.iter().zip(answers) {
        let line = serde_json::to_string(&Answered::new(asked, &answer)).expect("keys are text");
        writeln!(out, "{line}").map_err(ReplayError::Write)?;
    }
    out.flush().map_err(ReplayError::Write)
}
