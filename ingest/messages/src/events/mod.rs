//! Payloads as they stand on the log: identifiers are keyed tokens, and what must be known of them is already derived.
//! Every field is a column that feature views can name.

mod application;
mod behaviour;
mod carrier;
mod consent;
mod device;
mod loan;

pub use application::{Application, AttributeValue};
pub use behaviour::{BehaviourClick, BehaviourForm};
pub use carrier::{CallDirection, CarrierCall, CarrierIdentity, IdentityAnswer};
pub use consent::{ConsentGranted, ConsentWithdrawn};
pub use device::DeviceLogin;
pub use loan::{LoanClosed, LoanDisbursed, LoanRepaid};

use crate::event::decode_data;
use crate::{DecodeError, EventType};

/// Whether `json` is a payload of `event_type`, for the first stage, which trusts no record.
pub fn check(event_type: EventType, json: &str) -> Result<(), DecodeError> {
    match event_type {
        EventType::DeviceLogin => decode_data::<DeviceLogin>(json).map(drop),
        EventType::BehaviourForm => decode_data::<BehaviourForm>(json).map(drop),
        EventType::BehaviourClick => decode_data::<BehaviourClick>(json).map(drop),
        EventType::CarrierCall => decode_data::<CarrierCall>(json).map(drop),
        EventType::CarrierIdentity => decode_data::<CarrierIdentity>(json).map(drop),
        EventType::ConsentGranted => decode_data::<ConsentGranted>(json).map(drop),
        EventType::ConsentWithdrawn => decode_data::<ConsentWithdrawn>(json).map(drop),
        EventType::Application => decode_data::<Application>(json).map(drop),
        EventType::LoanDisbursed => decode_data::<LoanDisbursed>(json).map(drop),
        EventType::LoanRepaid => decode_data::<LoanRepaid>(json).map(drop),
        EventType::LoanClosed => decode_data::<LoanClosed>(json).map(drop),
    }
}

/// The JSON Schema of the payload of `event_type` on the log.
#[must_use]
pub fn schema(event_type: EventType) -> schemars::Schema {
    match event_type {
        EventType::DeviceLogin => schemars::schema_for!(DeviceLogin),
        EventType::BehaviourForm => schemars::schema_for!(BehaviourForm),
        EventType::BehaviourClick => schemars::schema_for!(BehaviourClick),
        EventType::CarrierCall => schemars::schema_for!(CarrierCall),
        EventType::CarrierIdentity => schemars::schema_for!(CarrierIdentity),
        EventType::ConsentGranted => schemars::schema_for!(ConsentGranted),
        EventType::ConsentWithdrawn => schemars::schema_for!(ConsentWithdrawn),
        EventType::Application => schemars::schema_for!(Application),
        EventType::LoanDisbursed => schemars::schema_for!(LoanDisbursed),
        EventType::LoanRepaid => schemars::schema_for!(LoanRepaid),
        EventType::LoanClosed => schemars::schema_for!(LoanClosed),
    }
}
