//! The event types there are, each with its version. On the wire `device.login.v1`; a name without a version means 1.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown event type `{0}`")]
pub struct UnknownEventType(String);

macro_rules! event_types {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum EventType {
            $($variant),+
        }

        impl EventType {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that feature views use as `source`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}

event_types! {
    DeviceLogin = "device.login",
    BehaviourForm = "behaviour.form",
    BehaviourClick = "behaviour.click",
    CarrierCall = "carrier.call",
    CarrierIdentity = "carrier.identity",
    ConsentGranted = "consent.granted",
    ConsentWithdrawn = "consent.withdrawn",
    Application = "application",
    LoanDisbursed = "loan.disbursed",
    LoanRepaid = "loan.repaid",
    LoanClosed = "loan.closed",
}

impl EventType {
    /// The only version written today. An older one would be decoded by its own arm in `events`.
    pub const VERSION: u32 = 1;

    /// Whether a producer may send this type. The others are written by lending's outbox.
    #[must_use]
    pub const fn is_telemetry(self) -> bool {
        match self {
            Self::DeviceLogin
            | Self::BehaviourForm
            | Self::BehaviourClick
            | Self::CarrierCall
            | Self::CarrierIdentity
            | Self::ConsentGranted
            | Self::ConsentWithdrawn => true,
            Self::Application | Self::LoanDisbursed | Self::LoanRepaid | Self::LoanClosed => false,
        }
    }

    /// The consent class without which an event of this type is refused at intake; `None` when it is not sensitive.
    #[must_use]
    pub const fn sensitive_class(self) -> Option<&'static str> {
        match self {
            Self::CarrierCall | Self::CarrierIdentity => Some("carrier"),
            Self::DeviceLogin
            | Self::BehaviourForm
            | Self::BehaviourClick
            | Self::ConsentGranted
            | Self::ConsentWithdrawn
            | Self::Application
            | Self::LoanDisbursed
            | Self::LoanRepaid
            | Self::LoanClosed => None,
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name(), Self::VERSION)
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(text: &str) -> Result<Self, UnknownEventType> {
        let unknown = || UnknownEventType(text.chars().take(80).collect());
        let name = match text.rsplit_once(".v") {
            Some((name, "1")) => name,
            Some((_, version)) if version.chars().all(|c| c.is_ascii_digit()) => return Err(unknown()),
            _ => text,
        };
        Self::ALL.iter().copied().find(|event_type| event_type.name() == name).ok_or_else(unknown)
    }
}

impl TryFrom<String> for EventType {
    type Error = UnknownEventType;

    fn try_from(text: String) -> Result<Self, UnknownEventType> {
        text.parse()
    }
}

impl From<EventType> for String {
    fn from(event_type: EventType) -> Self {
        event_type.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_with_and_without_its_version() {
        for event_type in EventType::ALL {
            assert_eq!(event_type.to_string().parse::<EventType>().unwrap(), *event_type);
            assert_eq!(event_type.name().parse::<EventType>().unwrap(), *event_type);
        }
    }

    #[test]
    fn a_version_never_written_is_unknown() {
        assert!("device.login.v2".parse::<EventType>().is_err());
        assert!("device.logout".parse::<EventType>().is_err());
    }
}
