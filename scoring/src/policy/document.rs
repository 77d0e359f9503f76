//! `policy.toml` as it is written, and what must hold of it before any rule is planned.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use weir_expr::{ColumnType, Columns, Expression};
use weir_messages::Outcome;

use super::PolicyError;
use super::list::List;
use super::rule::{Read, Rule, Test};
use crate::columns::Column;
use crate::model::first_line;

pub(crate) const BAND_CODE: &str = "score_in_band";
pub(crate) const MISSING_CODE: &str = "missing_input";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) version: u32,
    /// What the applicant is told when something could not be read; feature and reason are added.
    pub(super) missing_text: String,
    /// Views that watch how somebody behaves. A rule that reads any of them never declines.
    #[serde(default)]
    behaviour_views: BTreeSet<String>,
    #[serde(default)]
    admission: Vec<ConditionText>,
    #[serde(default)]
    pub(super) list: Vec<ListText>,
    #[serde(default)]
    fraud: Vec<ConditionText>,
    #[serde(default)]
    review: Vec<ConditionText>,
    pub(super) band: Vec<BandText>,
}

/// A rule with a condition.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionText {
    code: String,
    when: String,
    outcome: Outcome,
    text: String,
}

/// A rule that looks a feature up in a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListText {
    code: String,
    pub(super) list: String,
    feature: String,
    outcome: Outcome,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BandText {
    pub(super) name: String,
    /// Absent on the last band: it takes all that is lower.
    pub(super) min_score: Option<i64>,
    pub(super) outcome: Outcome,
    pub(super) text: String,
    pub(super) limit: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) annual_rate: Option<String>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, PolicyError> {
        toml::from_str(text).map_err(|error| PolicyError::Document { reason: first_line(&error) })
    }

    pub(super) fn check(&self, available: &Columns) -> Result<(), PolicyError> {
        for (field, text) in [("name", &self.name), ("missing_text", &self.missing_text)] {
            if text.trim().is_empty() {
                return Err(PolicyError::Field { field, reason: "expected text, found none".to_owned() });
            }
        }
        if let Some(view) =
            self.behaviour_views.iter().find(|view| !available.iter().any(|(name, _)| lies_in(name, view)))
        {
            let reason = format!("no feature lies in a view `{view}`");
            return Err(PolicyError::Field { field: "behaviour_views", reason });
        }
        if let Some(rule) = self.review.iter().find(|rule| rule.outcome != Outcome::Review) {
            return Err(unfit(&rule.code, "outcome", "a review rule leads to review and nothing else"));
        }
        let mut codes = BTreeSet::from([BAND_CODE, MISSING_CODE]);
        for (code, outcome, text) in self.outlines() {
            let spelled = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if code.is_empty() || !code.bytes().all(spelled) {
                return Err(unfit(code, "code", "expected small letters, digits and underscores"));
            }
            if !codes.insert(code) {
                return Err(unfit(code, "code", "comes twice, or is one that every policy gives"));
            }
            if outcome == Outcome::Approve {
                return Err(unfit(code, "outcome", "expected decline or review: no rule approves"));
            }
            if text.trim().is_empty() {
                return Err(unfit(code, "text", "expected what the applicant is told, found nothing"));
            }
        }
        Ok(())
    }

    /// Code, outcome and text of every rule, in order.
    fn outlines(&self) -> impl Iterator<Item = (&str, Outcome, &str)> {
        let lists = self.list.iter().map(|rule| (rule.code.as_str(), rule.outcome, rule.text.as_str()));
        self.admission
            .iter()
            .map(ConditionText::outline)
            .chain(lists)
            .chain(self.fraud.iter().chain(&self.review).map(ConditionText::outline))
    }

    fn conditions(&self) -> impl Iterator<Item = &ConditionText> {
        self.admission.iter().chain(&self.fraud).chain(&self.review)
    }

    /// The columns that rules read, of those there are.
    pub(super) fn reads(&self, available: &Columns) -> Result<Columns, PolicyError> {
        let mut reads: BTreeMap<String, ColumnType> = BTreeMap::new();
        let mut read = |name: &str| {
            if let Some(kind) = available.column_type(name) {
                reads.insert(name.to_owned(), kind);
            }
        };
        for rule in self.conditions() {
            self.condition(rule, available)?.reads().iter().for_each(|name| read(name));
        }
        for rule in &self.list {
            let column = Column { feature: rule.feature.clone(), kind: ColumnType::Text };
            column.fits(available).map_err(|source| PolicyError::Feature { rule: rule.code.clone(), source })?;
            self.may_decline(&rule.code, rule.outcome, &rule.feature)?;
            read(&rule.feature);
        }
        Ok(reads.into_iter().collect())
    }

    /// The rules in the order of their importance, planned over `reads`.
    pub(super) fn rules(&self, reads: &Columns, lists: &BTreeMap<String, List>) -> Result<Vec<Rule>, PolicyError> {
        let read = |name: &String| Read {
            feature: name.as_str().into(),
            at: reads.position(name).expect("these are the columns that rules read"),
        };
        let condition = |rule: &ConditionText| {
            let condition = self.condition(rule, reads)?;
            let reads = condition.reads().iter().map(read).collect();
            let test = Test::Condition(condition);
            Ok(Rule { code: rule.code.clone(), outcome: rule.outcome, text: rule.text.clone(), test, reads })
        };
        let listed = |rule: &ListText| {
            let list = lists.get(&rule.list).cloned();
            let list =
                list.ok_or_else(|| unfit(&rule.code, "list", &format!("there is no lists/{}.csv", rule.list)))?;
            let (test, reads) = (Test::Listed(list), vec![read(&rule.feature)]);
            Ok(Rule { code: rule.code.clone(), outcome: rule.outcome, text: rule.text.clone(), test, reads })
        };
        let rules = self.admission.iter().map(condition).chain(self.list.iter().map(listed));
        rules.chain(self.fraud.iter().chain(&self.review).map(condition)).collect()
    }

    fn condition(&self, rule: &ConditionText, columns: &Columns) -> Result<Expression, PolicyError> {
        let refused = |source| PolicyError::Condition { rule: rule.code.clone(), field: "when", source };
        let condition = Expression::condition(&rule.when, columns).map_err(refused)?;
        if condition.reads().is_empty() {
            return Err(unfit(&rule.code, "when", "reads no feature"));
        }
        condition.reads().iter().try_for_each(|feature| self.may_decline(&rule.code, rule.outcome, feature))?;
        Ok(condition)
    }

    fn may_decline(&self, code: &str, outcome: Outcome, feature: &str) -> Result<(), PolicyError> {
        let behaviour = self.behaviour_views.iter().any(|view| lies_in(feature, view));
        if outcome == Outcome::Decline && behaviour {
            let reason = format!("reads `{feature}`, and behaviour never declines, only sends to review");
            return Err(unfit(code, "outcome", &reason));
        }
        Ok(())
    }
}

impl ConditionText {
    fn outline(&self) -> (&str, Outcome, &str) {
        (&self.code, self.outcome, &self.text)
    }
}

fn lies_in(feature: &str, view: &str) -> bool {
    feature.strip_prefix(view).is_some_and(|rest| rest.starts_with("__"))
}

fn unfit(rule: &str, field: &'static str, reason: &str) -> PolicyError {
    PolicyError::Rule { rule: rule.to_owned(), field, reason: reason.to_owned() }
}
