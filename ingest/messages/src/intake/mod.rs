//! Payloads as producers send them, with identifiers still in clear (`Clear`, which cannot print itself).
//! `to_log` gives the payload as it stands on the log. Types without identifiers are sent as they stand there.

mod behaviour;
mod carrier;
mod consent;
mod device;

pub use behaviour::BehaviourFormIntake;
pub use carrier::{CarrierCallIntake, CarrierIdentityIntake};
pub use consent::ConsentGrantedIntake;
pub use device::DeviceLoginIntake;

use serde_json::value::RawValue;

use crate::event::decode_data;
use crate::events::{BehaviourClick, ConsentWithdrawn};
use crate::privacy::{Clear, Identifier, NoIdentifier, Tokenizer};
use crate::{DecodeError, Event, EventType};

/// Checks a producer's payload against its type and replaces every identifier by its token.
/// An error names the field and never its value.
pub fn to_log(event_type: EventType, json: &str, tokens: &Tokenizer) -> Result<Box<RawValue>, DecodeError> {
    match event_type {
        EventType::DeviceLogin => {
            decode_data::<DeviceLoginIntake>(json)?.to_log(tokens).map(|data| Event::data_of(&data))
        }
        EventType::BehaviourForm => {
            decode_data::<BehaviourFormIntake>(json)?.to_log(tokens).map(|data| Event::data_of(&data))
        }
        EventType::BehaviourClick => decode_data::<BehaviourClick>(json).map(|data| Event::data_of(&data)),
        EventType::CarrierCall => {
            decode_data::<CarrierCallIntake>(json)?.to_log(tokens).map(|data| Event::data_of(&data))
        }
        EventType::CarrierIdentity => {
            decode_data::<CarrierIdentityIntake>(json)?.to_log(tokens).map(|data| Event::data_of(&data))
        }
        EventType::ConsentGranted => {
            decode_data::<ConsentGrantedIntake>(json)?.to_log().map(|data| Event::data_of(&data))
        }
        EventType::ConsentWithdrawn => decode_data::<ConsentWithdrawn>(json).map(|data| Event::data_of(&data)),
        EventType::Application | EventType::LoanDisbursed | EventType::LoanRepaid | EventType::LoanClosed => {
            Err(DecodeError::Field {
                field: "type".to_owned(),
                reason: format!("`{event_type}` is written by the lending service, not by producers"),
            })
        }
    }
}

/// The token of the identifier in a field of the payload.
fn token(tokens: &Tokenizer, field: &str, kind: Identifier, clear: &Clear) -> Result<String, DecodeError> {
    let wrong =
        |reason: NoIdentifier| DecodeError::Field { field: format!("data.{field}"), reason: reason.to_string() };
    tokens.checked(kind, clear).map_err(wrong)
}

/// The JSON Schema of what a producer sends; `None` for types that producers do not send.
#[must_use]
pub fn schema(event_type: EventType) -> Option<schemars::Schema> {
    match event_type {
        EventType::DeviceLogin => Some(schemars::schema_for!(DeviceLoginIntake)),
        EventType::BehaviourForm => Some(schemars::schema_for!(BehaviourFormIntake)),
        EventType::CarrierCall => Some(schemars::schema_for!(CarrierCallIntake)),
        EventType::CarrierIdentity => Some(schemars::schema_for!(CarrierIdentityIntake)),
        EventType::ConsentGranted => Some(schemars::schema_for!(ConsentGrantedIntake)),
        EventType::BehaviourClick | EventType::ConsentWithdrawn => Some(crate::events::schema(event_type)),
        EventType::Application | EventType::LoanDisbursed | EventType::LoanRepaid | EventType::LoanClosed => None,
    }
}
