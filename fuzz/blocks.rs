//! Requests and records as a fuzz target's file holds them: lines `name: value`, an empty line, and the body. Several
//! in one file stand between lines of three dashes. So seeds can be read and written by hand.

use weir_messages::Record;

const BETWEEN: &[u8] = b"\n---\n";

#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: &'a [u8],
}

impl<'a> Block<'a> {
    /// All of `bytes` as one.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (mut headers, mut rest) = (Vec::new(), bytes);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            if line.is_empty() {
                break;
            }
            let line = String::from_utf8_lossy(line);
            let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
            headers.push((name.to_owned(), value.to_owned()));
        }
        Self { headers, body: rest }
    }

    /// The first value of `name`, which is taken out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.headers.iter().position(|(known, _)| known == name)?;
        Some(self.headers.remove(at).1)
    }
}

/// Each block of `bytes` as a record, with where it lies: the name of a topic, or that of something stored. A block
/// that does not say lies where the one before does.
pub(crate) fn records(mut bytes: &[u8]) -> Vec<(String, Record)> {
    let (mut records, mut place) = (Vec::new(), String::new());
    let mut more = true;
    while more {
        let end = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        let mut block = Block::read(&bytes[..end.unwrap_or(bytes.len())]);
        place = block.take("in").unwrap_or(place);
        let key = block.take("key").unwrap_or_default();
        let mut record = Record { key, headers: Vec::new(), value: block.body.to_vec() };
        block.headers.into_iter().for_each(|(name, value)| record.push_header(&name, value));
        records.push((place.clone(), record));
        more = end.is_some();
        bytes = end.map_or(b"", |end| &bytes[end + BETWEEN.len()..]);
    }
    records
}
