//! Feature vectors as they were at the decision, each beside what the demo planted: what a fraud model is trained on.

use serde::Serialize;
use weir_messages::{FeatureValue, Named};

use super::cast::Part;
use super::story::Case;

/// One line of the file.
#[derive(Serialize)]
struct Line<'a> {
    /// Of the applicants' data.
    row: usize,
    /// `null` for whoever is what they seem.
    planted: Option<String>,
    features: &'a Named<FeatureValue>,
}

/// In the order of the applicants; an application that was lost has no line.
pub(super) fn lines(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let features = &case.decision.as_ref()?.decision.vector.features;
        let line = Line { row: case.person.applicant.row, planted: planted(case.person.part), features };
        Some(serde_json::to_string(&line).expect("string keys and finite numbers serialise") + "\n")
    };
    cases.iter().filter_map(line).collect()
}

fn planted(part: Part) -> Option<String> {
    match part {
        Part::Ordinary => None,
        Part::Ring(number) => Some(format!("ring {}", number + 1)),
        Part::Bot => Some("bot".to_owned()),
    }
}
