//! A record as bytes: a form byte, then key, headers and value, each behind its length. Header names that every event
//! carries are one byte.

use std::borrow::Cow;

use weir_messages::{Header, Record};

/// Changes when the form does; a form once written is read for ever.
const FORM: u8 = 1;
/// Known by their place from 1 on: names may be added at the end, never moved. 0 stands before a name written out.
const NAMES: &[&str] = &[
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_knowntime",
    "content-type",
    "ce_originaltime",
    "ce_consentid",
    "ce_traceparent",
    "origin",
    "stage",
    "class",
    "message",
    "knowntime",
];

pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let headers: usize = record.headers.iter().map(|header| header.value.len() + 4).sum();
    let mut bytes = Vec::with_capacity(record.key.len() + headers + record.value.len() + 16);
    bytes.push(FORM);
    put(&mut bytes, record.key.as_bytes());
    put_length(&mut bytes, record.headers.len());
    for header in &record.headers {
        match (1..).zip(NAMES).find(|(_, name)| **name == header.name) {
            Some((place, _)) => bytes.push(place),
            None => {
                bytes.push(0);
                put(&mut bytes, header.name.as_bytes());
            }
        }
        put(&mut bytes, header.value.as_bytes());
    }
    put(&mut bytes, &record.value);
    bytes
}

/// The record, or what is wrong with the bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Record, &'static str> {
    let mut rest = bytes;
    if byte(&mut rest)? != FORM {
        return Err("its form is unknown");
    }
    let key = text(&mut rest)?;
    let count = length(&mut rest)?;
    // Each header takes two bytes at least, so a wrong count cannot ask for much memory.
    let mut headers = Vec::with_capacity(count.min(rest.len() / 2));
    for _ in 0..count {
        headers.push(header(&mut rest)?);
    }
    let value = take(&mut rest)?.to_vec();
    if rest.is_empty() { Ok(Record { key, headers, value }) } else { Err("bytes follow its end") }
}

fn header(rest: &mut &[u8]) -> Result<Header, &'static str> {
    let name = match usize::from(byte(rest)?) {
        0 => Cow::Owned(text(rest)?),
        place => Cow::Borrowed(*NAMES.get(place - 1).ok_or("a header's name is unknown")?),
    };
    Ok(Header { name, value: text(rest)? })
}

fn put(bytes: &mut Vec<u8>, content: &[u8]) {
    put_length(bytes, content.len());
    bytes.extend_from_slice(content);
}

/// Seven bits a byte, the lowest first, as in LEB128.
fn put_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length & 0x7f).expect("seven bits");
        length >>= 7;
        if length == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

fn byte(rest: &mut &[u8]) -> Result<u8, &'static str> {
    let (first, after) = rest.split_first().ok_or("it ends too soon")?;
    *rest = after;
    Ok(*first)
}

fn length(rest: &mut &[u8]) -> Result<usize, &'static str> {
    let mut length = 0_usize;
    // Four bytes hold lengths to 256 MiB, above what any record has.
    for shift in [0, 7, 14, 21] {
        let next = byte(rest)?;
        length |= usize::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Ok(length);
        }
    }
    Err("a length is too great")
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], &'static str> {
    let length = length(rest)?;
    let (content, after) = rest.split_at_checked(length).ok_or("it ends too soon")?;
    *rest = after;
    Ok(content)
}

fn text(rest: &mut &[u8]) -> Result<String, &'static str> {
    String::from_utf8(take(rest)?.to_vec()).map_err(|_| "a text is not UTF-8")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn records() -> impl Strategy<Value = Record> {
        let name = prop_oneof![proptest::sample::select(NAMES).prop_map(str::to_owned), ".{0,20}"];
        let header = (name, ".{0,300}").prop_map(|(name, value): (String, String)| Header::new(&name, value));
        let value = proptest::collection::vec(any::<u8>(), 0..20_000);
        (".{0,40}", proptest::collection::vec(header, 0..12), value).prop_map(|(key, headers, value)| Record {
            key,
            headers,
            value,
        })
    }

    proptest! {
        #[test]
        fn every_record_reads_back(record in records()) {
            prop_assert_eq!(decode(&encode(&record)), Ok(record));
        }

        #[test]
        fn bytes_cut_short_are_refused(record in records(), cut in any::<proptest::sample::Index>()) {
            let bytes = encode(&record);
            prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            decode(&bytes).ok();
        }
    }

    /// Bytes written by the first release: if this fails, logs that exist no longer read back.
    #[test]
    fn a_record_once_written_still_reads() {
        let bytes = b"\x01\x02c1\x02\x02\x03e-1\x00\x04ce_x\x01y\x02{}";
        let record = decode(bytes).unwrap();
        assert_eq!(
            (record.key.as_str(), record.header("ce_id"), record.header("ce_x")),
            ("c1", Some("e-1"), Some("y"))
        );
        assert_eq!(record.value, b"{}");
        assert_eq!(encode(&record), bytes);
    }
}
