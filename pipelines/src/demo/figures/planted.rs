//! Whether the planted rings and bots were caught, and how many others were taken for one. Caught means: not approved,
//! and a rule was hit that reads more than the application itself.

use std::collections::BTreeMap;

use weir_messages::{Decision, Outcome, RuleAnswer};

use super::super::cast::Part;
use super::super::story::Case;

/// Features of this view say what the applicant declared; those of every other come from telemetry or history.
const DECLARED: &str = "applicant__";

/// One ring, all bots, or everybody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planted {
    pub(crate) name: String,
    pub(crate) people: usize,
    pub(crate) caught: Caught,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) people: usize,
    /// The rules that were hit, and how often.
    pub(crate) rules: BTreeMap<String, usize>,
}

pub(super) fn planted(cases: &[Case]) -> Vec<Planted> {
    let mut groups: BTreeMap<Part, Planted> = BTreeMap::new();
    for case in cases {
        let part = case.person.part;
        let group =
            groups.entry(part).or_insert_with(|| Planted { name: name(part), people: 0, caught: Caught::default() });
        group.people += 1;
        let Some(recorded) = &case.decision else { continue };
        let hit = hits(&recorded.decision);
        if recorded.decision.outcome == Outcome::Approve || hit.is_empty() {
            continue;
        }
        group.caught.people += 1;
        hit.into_iter().for_each(|rule| *group.caught.rules.entry(rule.to_owned()).or_default() += 1);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    // Everybody else last.
    groups.sort_by_key(|(part, _)| (*part == Part::Ordinary, *part));
    groups.into_iter().map(|(_, group)| group).collect()
}

fn name(part: Part) -> String {
    match part {
        Part::Ordinary => "everybody else".to_owned(),
        Part::Ring(number) => format!("ring {}", number + 1),
        Part::Bot => "bots".to_owned(),
    }
}

fn hits(decision: &Decision) -> Vec<&str> {
    let reads_more = |read: &str| !read.starts_with(DECLARED);
    let hit = decision.policy.rules.iter().filter(|used| used.answer == RuleAnswer::Hit);
    hit.filter(|used| used.read.iter().any(|(name, _)| reads_more(name))).map(|used| used.rule.as_str()).collect()
}
