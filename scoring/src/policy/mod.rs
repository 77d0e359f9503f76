//! Policies: a folder of `policy.toml` and `lists/*.csv`, typed and checked when it is loaded. It says which rules may
//! decline or send to review, and what a score leads to. Knows no model: scores come in as whole points.

mod band;
mod decimal;
mod document;
mod list;
mod rule;
mod table;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use band::{Band, Verdict};
pub(crate) use document::BAND_CODE;

use std::collections::{BTreeMap, BTreeSet};

use weir_expr::Columns;
use weir_messages::{FeatureVector, Outcome, PolicyUse, Reason, RuleUse};

use self::band::Bands;
use self::document::Document;
use self::list::List;
use self::rule::Rule;
use self::table::Table;
use crate::columns::UnfitColumn;
use crate::content::{Content, ContentError};

#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error(transparent)]
    Content(#[from] ContentError),
    #[error("policy.toml: {reason}")]
    Document { reason: String },
    #[error("policy.toml: {field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error("policy.toml: rule `{rule}`: {field}: {reason}")]
    Rule { rule: String, field: &'static str, reason: String },
    #[error("policy.toml: rule `{rule}`: {field}")]
    Condition { rule: String, field: &'static str, source: weir_expr::ExprError },
    #[error("policy.toml: rule `{rule}`: feature")]
    Feature { rule: String, source: UnfitColumn },
    #[error("policy.toml: band `{band}`: {field}: {reason}")]
    Band { band: String, field: &'static str, reason: String },
    #[error("lists/{list}.csv: line {line}: {field}: {reason}")]
    List { list: String, line: u64, field: &'static str, reason: String },
}

/// A policy that may decide.
#[derive(Debug)]
pub struct Policy {
    name: String,
    version: u32,
    hash: String,
    missing_text: String,
    rules: Vec<Rule>,
    bands: Bands,
    /// What the rules read, and nothing else.
    reads: Columns,
}

/// What all rules answered for one vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answers {
    pub(crate) rules: Vec<RuleUse>,
    /// What each hit leads to and why, in the order of the policy.
    pub(crate) hits: Vec<(Outcome, Reason)>,
    /// What rules wanted and did not have.
    pub(crate) missing: BTreeMap<String, String>,
}

impl Policy {
    /// `available` are the features that views give; a rule over anything else is refused.
    pub fn load(content: &Content, available: &Columns) -> Result<Self, PolicyError> {
        let document = Document::parse(content.text("policy.toml")?)?;
        document.check(available)?;
        let lists = lists(content)?;
        let reads = document.reads(available)?;
        let rules = document.rules(&reads, &lists)?;
        if let Some(unused) = lists.keys().find(|list| !document.list.iter().any(|rule| rule.list == **list)) {
            return Err(PolicyError::Field { field: "list", reason: format!("no rule reads lists/{unused}.csv") });
        }
        Ok(Self {
            bands: Bands::of(document.band)?,
            name: document.name,
            version: document.version,
            hash: content.hash(),
            missing_text: document.missing_text,
            rules,
            reads,
        })
    }

    /// SHA-256 of the policy's files, in hex.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Its name, and which of it.
    pub(crate) fn version(&self) -> (&str, u32) {
        (&self.name, self.version)
    }

    /// Names of the features that the rules read, sorted.
    #[cfg(test)]
    pub(crate) fn reads(&self) -> impl Iterator<Item = &str> {
        self.reads.iter().map(|(name, _)| name)
    }

    /// One answer a vector, in order. A vector's answer does not depend on the others.
    pub(crate) fn answer(&self, vectors: &[FeatureVector]) -> Vec<Answers> {
        let table = Table::of(&self.reads, vectors);
        let columns: Vec<_> = self.rules.iter().map(|rule| rule.evaluate(&table)).collect();
        let answers = vectors.iter().enumerate().map(|(row, vector)| {
            let mut answers = Answers { rules: Vec::new(), hits: Vec::new(), missing: BTreeMap::new() };
            for (rule, column) in self.rules.iter().zip(&columns) {
                rule.answer(&table, row, vector, column, &mut answers);
            }
            answers
        });
        answers.collect()
    }

    pub(crate) fn band(&self, score: i64) -> &Band {
        self.bands.of_score(score)
    }

    /// What the applicant is told when `feature` could not be used.
    pub(crate) fn missing(&self, feature: &str, absence: &str) -> Reason {
        let text = format!("{}: {feature} ({absence})", self.missing_text);
        Reason { code: document::MISSING_CODE.to_owned(), text, kind: "missing".to_owned() }
    }

    pub(crate) fn record(&self, rules: Vec<RuleUse>) -> PolicyUse {
        PolicyUse { name: self.name.clone(), version: self.version, hash: self.hash.clone(), rules }
    }
}

fn lists(content: &Content) -> Result<BTreeMap<String, List>, PolicyError> {
    let names: BTreeSet<&str> = content.lists().collect();
    let list = |name: &str| Ok((name.to_owned(), List::parse(name, content.text(&format!("lists/{name}.csv"))?)?));
    names.into_iter().map(list).collect()
}
