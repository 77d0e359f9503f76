//! What an applicant must declare beside amount and term: the type and the values allowed of each attribute.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use weir_messages::events::AttributeValue;

/// Characters of a text attribute unless its rule says otherwise.
const MOST_CHARACTERS: usize = 80;

/// Never carries the declared value, which may be personal.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AttributeError {
    #[error("attributes.{name}: expected {expected}, found none")]
    Missing { name: String, expected: String },
    #[error("attributes.{name}: expected {expected}, found {found}")]
    Refused { name: String, expected: String, found: &'static str },
    #[error("attributes.{name}: the product has no such attribute")]
    Unknown { name: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeRule {
    Text {
        #[serde(default = "most_characters")]
        max_characters: usize,
        /// Any text when absent.
        #[serde(default)]
        allowed: Option<BTreeSet<String>>,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Bool,
}

const fn most_characters() -> usize {
    MOST_CHARACTERS
}

impl AttributeRule {
    fn expected(&self) -> String {
        match self {
            Self::Text { max_characters, allowed: None } => format!("text of 1 to {max_characters} characters"),
            Self::Text { allowed: Some(allowed), .. } => {
                format!("one of {}", allowed.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::Integer { min, max } => format!("an integer from {min} to {max}"),
            Self::Bool => "true or false".to_owned(),
        }
    }

    fn allows(&self, value: &AttributeValue) -> bool {
        match (self, value) {
            (Self::Text { max_characters, allowed }, AttributeValue::Text(text)) => {
                (1..=*max_characters).contains(&text.chars().count())
                    && allowed.as_ref().is_none_or(|allowed| allowed.contains(text))
            }
            (Self::Integer { min, max }, AttributeValue::Integer(number)) => (min..=max).contains(&number),
            (Self::Bool, AttributeValue::Bool(_)) => true,
            (Self::Text { .. } | Self::Integer { .. } | Self::Bool, _) => false,
        }
    }
}

/// The form of a value, in place of the value itself.
const fn form(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::Bool(_) => "true or false",
        AttributeValue::Integer(_) => "another integer",
        AttributeValue::Number(_) => "a number with a fraction",
        AttributeValue::Text(_) => "other text",
    }
}

/// Every rule must be met and nothing else be declared.
pub(super) fn check(
    rules: &BTreeMap<String, AttributeRule>,
    declared: &BTreeMap<String, AttributeValue>,
) -> Result<(), AttributeError> {
    if let Some(name) = declared.keys().find(|name| !rules.contains_key(*name)) {
        return Err(AttributeError::Unknown { name: name.chars().take(40).collect() });
    }
    for (name, rule) in rules {
        let (name, expected) = (name.clone(), rule.expected());
        match declared.get(&name) {
            None => return Err(AttributeError::Missing { name, expected }),
            Some(value) if !rule.allows(value) => {
                return Err(AttributeError::Refused { name, expected, found: form(value) });
            }
            Some(_) => {}
        }
    }
    Ok(())
}
