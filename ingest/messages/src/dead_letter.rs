//! A record that could not go on, and why: first with its bytes in clear, then sealed, as it lies on the log.

use std::fmt;

use crate::{CustomerId, DecodeError, KnownTime, Record};

/// None of what stands beside the body is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter<B = Sealed> {
    pub body: B,
    /// Where it came from: `http`, or a topic and position as `weir.events/0/17`.
    pub origin: String,
    /// Which step refused it: `collector`, `admission`, ….
    pub stage: String,
    /// Error class, such as `unknown_type` or `no_consent`.
    pub class: String,
    pub message: String,
    pub known_time: KnownTime,
}

/// The bytes that were refused, which may be personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsealed {
    pub bytes: Vec<u8>,
    /// Whom they say they are about: any text.
    pub subject: Option<CustomerId>,
}

impl fmt::Debug for Unsealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsealed({} bytes)", self.bytes.len())
    }
}

/// The bytes as `privacy::Keyring::seal` gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub text: String,
    /// Whose key sealed them; `None` where it was the ring's.
    pub customer: Option<CustomerId>,
}

impl<B> DeadLetter<B> {
    /// The same letter with another body.
    pub fn with<C>(self, body: C) -> DeadLetter<C> {
        let Self { origin, stage, class, message, known_time, .. } = self;
        DeadLetter { body, origin, stage, class, message, known_time }
    }
}

/// Its key stays empty.
impl From<&DeadLetter> for Record {
    fn from(letter: &DeadLetter) -> Self {
        let value = letter.body.text.clone().into_bytes();
        let mut record = Self { key: String::new(), headers: Vec::with_capacity(6), value };
        record.push_header("origin", letter.origin.as_str());
        record.push_header("stage", letter.stage.as_str());
        record.push_header("class", letter.class.as_str());
        record.push_header("message", letter.message.as_str());
        record.push_header("knowntime", letter.known_time.to_string());
        if let Some(customer) = &letter.body.customer {
            record.push_header("customer", customer.as_str());
        }
        record
    }
}

impl TryFrom<&Record> for DeadLetter {
    type Error = DecodeError;

    fn try_from(record: &Record) -> Result<Self, DecodeError> {
        let known_time = KnownTime::parse(record.required("knowntime")?)
            .map_err(|error| DecodeError::Header { name: "knowntime", reason: error.to_string() })?;
        let text = String::from_utf8_lossy(&record.value).into_owned();
        Ok(Self {
            body: Sealed { text, customer: record.header("customer").map(CustomerId::new) },
            origin: record.required("origin")?.to_owned(),
            stage: record.required("stage")?.to_owned(),
            class: record.required("class")?.to_owned(),
            message: record.required("message")?.to_owned(),
            known_time,
        })
    }
}
