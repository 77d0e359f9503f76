//! Carrier events as sent.

use schemars::JsonSchema;
use serde::Deserialize;

use super::token;
use crate::DecodeError;
use crate::events::{CallDirection, CarrierCall, CarrierIdentity, IdentityAnswer};
use crate::privacy::{Clear, Identifier, Tokenizer};

/// One call or message record. `contact` is the producer's pseudonym of the counterpart, never a number.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierCallIntake {
    pub contact: Clear,
    pub direction: CallDirection,
    pub duration_s: u32,
    #[serde(default)]
    pub message: bool,
}

impl CarrierCallIntake {
    pub fn to_log(self, tokens: &Tokenizer) -> Result<CarrierCall, DecodeError> {
        Ok(CarrierCall {
            contact: token(tokens, "contact", Identifier::Contact, &self.contact)?,
            direction: self.direction,
            duration_s: self.duration_s,
            message: self.message,
        })
    }
}

/// The carrier's answer whether name, id number and phone belong together.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierIdentityIntake {
    pub phone: Clear,
    pub answer: IdentityAnswer,
    pub carrier: String,
    pub months_in_use: Option<u16>,
}

impl CarrierIdentityIntake {
    pub fn to_log(self, tokens: &Tokenizer) -> Result<CarrierIdentity, DecodeError> {
        Ok(CarrierIdentity {
            phone: token(tokens, "phone", Identifier::Phone, &self.phone)?,
            answer: self.answer,
            carrier: self.carrier,
            months_in_use: self.months_in_use,
        })
    }
}
