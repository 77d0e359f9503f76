//! Behaviour events as sent.

use schemars::JsonSchema;
use serde::Deserialize;

use super::token;
use crate::DecodeError;
use crate::events::BehaviourForm;
use crate::privacy::{Clear, Identifier, Tokenizer};

/// One form. Field meanings as in `events::BehaviourForm`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviourFormIntake {
    pub form: String,
    pub device: Option<Clear>,
    pub fill_ms: u32,
    pub fields: u16,
    pub keystrokes: u32,
    pub pastes: u16,
    pub corrections: u16,
    pub rhythm_ms: Option<f64>,
}

impl BehaviourFormIntake {
    pub fn to_log(self, tokens: &Tokenizer) -> Result<BehaviourForm, DecodeError> {
        let device = self.device.map(|device| token(tokens, "device", Identifier::Device, &device));
        Ok(BehaviourForm {
            form: self.form,
            device: device.transpose()?,
            fill_ms: self.fill_ms,
            fields: self.fields,
            keystrokes: self.keystrokes,
            pastes: self.pastes,
            corrections: self.corrections,
            rhythm_ms: self.rhythm_ms,
        })
    }
}
