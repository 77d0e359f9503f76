//! A rule and its answer: hit, no hit, or could not evaluate. Unknown is never no hit.

use std::collections::BTreeMap;

use weir_expr::Expression;
use weir_messages::{FeatureValue, FeatureVector, Name, Named, Outcome, Reason, RuleAnswer, RuleUse};

use super::Answers;
use super::list::{Entry, List};
use super::table::Table;

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) code: String,
    pub(super) outcome: Outcome,
    /// Approved wording for the applicant.
    pub(super) text: String,
    pub(super) test: Test,
    /// Sorted by name; of a list the one.
    pub(super) reads: Vec<Read>,
}

/// A feature that a rule reads, and its column among all that rules read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) feature: Name,
    pub(super) at: usize,
}

#[derive(Debug)]
pub(super) enum Test {
    Condition(Expression),
    Listed(List),
}

impl Rule {
    /// A condition's value for each row, `None` where SQL knows none; empty for a list.
    pub(super) fn evaluate(&self, table: &Table<'_>) -> Vec<Option<bool>> {
        match &self.test {
            Test::Condition(condition) => table.holds(condition),
            Test::Listed(_) => Vec::new(),
        }
    }

    /// Adds what this rule says of the vector at `row`, of whose conditions `evaluate` gave `column`.
    pub(super) fn answer(
        &self,
        table: &Table<'_>,
        row: usize,
        vector: &FeatureVector,
        column: &[Option<bool>],
        answers: &mut Answers,
    ) {
        let entry = self.entry(table, row, vector);
        let holds = match &self.test {
            Test::Condition(_) => column.get(row).copied().flatten(),
            Test::Listed(_) => Some(entry.is_some()),
        };
        let absent: BTreeMap<String, String> = self
            .reads
            .iter()
            .filter_map(|read| Some((read.feature.to_string(), table.absence(row, read, vector)?)))
            .collect();
        let answer = match holds {
            Some(true) => RuleAnswer::Hit,
            // A false that rests on something absent, as `coalesce(x, 0) > 1` may, is not known to be false.
            Some(false) if absent.is_empty() => RuleAnswer::NoHit,
            Some(false) | None => RuleAnswer::CouldNotEvaluate,
        };
        if answer == RuleAnswer::CouldNotEvaluate && absent.is_empty() {
            // Every input is there and SQL still knows no answer: a division by zero, say.
            let unanswered = self.reads.iter().map(|read| (read.feature.to_string(), "no_answer".to_owned()));
            answers.missing.extend(unanswered);
        }
        answers.missing.extend(absent);
        if answer == RuleAnswer::Hit {
            answers.hits.push((self.outcome, self.reason(entry)));
        }
        answers.rules.push(RuleUse { rule: self.code.clone(), answer, read: self.read(table, row) });
    }

    fn entry(&self, table: &Table<'_>, row: usize, vector: &FeatureVector) -> Option<&Entry> {
        match &self.test {
            Test::Condition(_) => None,
            Test::Listed(list) => match self.reads.first().and_then(|read| table.value(row, read.at)) {
                Some(FeatureValue::Text(text)) => list.in_force(text, vector.at.date()),
                _ => None,
            },
        }
    }

    fn reason(&self, entry: Option<&Entry>) -> Reason {
        let (text, kind) = match entry {
            Some(entry) => (format!("{} To appeal: {}", self.text, entry.appeal), "list"),
            None => (self.text.clone(), "rule"),
        };
        Reason { code: self.code.clone(), text, kind: kind.to_owned() }
    }

    fn read(&self, table: &Table<'_>, row: usize) -> Named<FeatureValue> {
        let value = |read: &Read| table.value(row, read.at).cloned().unwrap_or(FeatureValue::Null);
        self.reads.iter().map(|read| (read.feature.clone(), value(read))).collect()
    }
}
