//! Our records as Kafka's and back. What is written here comes back as it was; what others wrote is read as far as it
//! goes: no key is an empty key, no value an empty value, a header without a value no header, and what is no UTF-8 has replacement characters in its place.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Header as KafkaHeader, Headers, OwnedHeaders};
use weir_messages::{Header, Position, Record};

use crate::log::Entry;

pub(super) fn headers(record: &Record) -> OwnedHeaders {
    let headers = OwnedHeaders::new_with_capacity(record.headers.len());
    record
        .headers
        .iter()
        .fold(headers, |headers, Header { name, value }| headers.insert(KafkaHeader { key: name, value: Some(value) }))
}

/// What a record takes on the log, about: its own bytes and what frames them.
pub(super) fn size(record: &Record) -> usize {
    let headers: usize = record.headers.iter().map(|header| header.name.len() + header.value.len() + 10).sum();
    record.key.len() + record.value.len() + headers + 128
}

pub(super) fn entry(message: &BorrowedMessage<'_>) -> Entry {
    let record = Record {
        key: text(message.key()),
        headers: message.headers().map(read).unwrap_or_default(),
        value: message.payload().map(<[u8]>::to_vec).unwrap_or_default(),
    };
    Entry { position: position(message), record }
}

/// A message that a broker has given has both; a delivery whose offset the broker no longer knew has -1 or less.
pub(super) fn position(message: &BorrowedMessage<'_>) -> Position {
    Position { partition: u16::try_from(message.partition()).unwrap_or(u16::MAX), offset: offset(message).unwrap_or(0) }
}

pub(super) fn offset(message: &BorrowedMessage<'_>) -> Option<u64> {
    u64::try_from(message.offset()).ok()
}

fn text(bytes: Option<&[u8]>) -> String {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn read(headers: &BorrowedHeaders) -> Vec<Header> {
    (0..headers.count()).filter_map(|number| header(headers, number)).collect()
}

/// The binding panics at a header whose name is no UTF-8. Such a header is left out: nobody asks for it by name. One without a
/// value is absent.
fn header(headers: &BorrowedHeaders, number: usize) -> Option<Header> {
    let header = catch_unwind(AssertUnwindSafe(|| headers.try_get(number))).ok().flatten()?;
    Some(Header::new(header.key, text(Some(header.value?))))
}
