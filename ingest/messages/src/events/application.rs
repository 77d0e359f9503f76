//! An application, as lending's outbox writes it on the customer's key.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{ApplicationId, FeatureValue};

/// An application for a loan. A source of feature views like any other event; every field is a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    pub application: ApplicationId,
    pub partner: String,
    pub product: String,
    pub product_version: u32,
    /// Major units with the currency's decimals.
    pub amount: String,
    pub currency: String,
    pub term_months: u16,
    /// Whole years on the day of application, derived from the encrypted date of birth.
    pub age: u16,
    pub region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Token of the registered phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What the product asks the applicant: a column each, beside the fields above.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, AttributeValue>,
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match FeatureValue::deserialize(deserializer)? {
            FeatureValue::Bool(value) => Ok(Self::Bool(value)),
            FeatureValue::Integer(value) => Ok(Self::Integer(value)),
            FeatureValue::Number(value) => Ok(Self::Number(value)),
            FeatureValue::Text(value) => Ok(Self::Text(value)),
            FeatureValue::Null | FeatureValue::List(_) => {
                Err(D::Error::custom("expected a truth value, a number or text"))
            }
        }
    }
}
