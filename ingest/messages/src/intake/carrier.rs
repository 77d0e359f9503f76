//! Carrier events as sent.

use schemars::JsonSchema;
use serde::Deserialize;

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
    #[must_use]
    pub fn to_log(self, tokens: &Tokenizer) -> CarrierCall {
        CarrierCall {
            contact: tokens.token(Identifier::Contact, self.contact.expose()),
            direction: self.direction,
            duration_s: self.duration_s,
            message: self.message,
        }
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
    #[must_use]
    pub fn to_log(self, tokens: &Tokenizer) -> CarrierIdentity {
        CarrierIdentity {
            phone: tokens.token(Identifier::Phone, self.phone.expose()),
            answer: self.answer,
            carrier: self.carrier,
            months_in_use: self.months_in_use,
        }
    }
}
