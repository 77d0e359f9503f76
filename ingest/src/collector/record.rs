//! A record of the intake topic as the event it holds (CloudEvents 1.0.2 Kafka binding, 3). Its key and its partition
//! are the producer's own affair.

use bytes::Bytes;
use weir_messages::Record;

use super::{CollectError, Content};

const STRUCTURED: &str = "application/cloudevents";

pub(super) fn content(record: &Record) -> Result<Content, CollectError> {
    let (content_type, data) = (record.header("content-type"), Bytes::copy_from_slice(&record.value));
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.strip_prefix(STRUCTURED) {
        Some("+json") => Ok(Content::Structured(data)),
        Some(_) => {
            let expected = "expected `application/cloudevents+json`, or binary mode";
            Err(CollectError::Body {
                code: "unsupported_data",
                field: Some("content-type".to_owned()),
                reason: expected.to_owned(),
            })
        }
        None => {
            let (attributes, content_type) = (attributes(record), content_type.map(str::to_owned));
            Ok(Content::Binary { attributes, content_type, data })
        }
    }
}

fn attributes(record: &Record) -> Vec<(String, String)> {
    let attribute = |header: &weir_messages::Header| {
        header.name.strip_prefix("ce_").map(|name| (name.to_owned(), header.value.clone()))
    };
    record.headers.iter().filter_map(attribute).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(headers: &[(&str, &str)]) -> Record {
        let mut record = Record { key: "any".to_owned(), headers: Vec::new(), value: b"{}".to_vec() };
        headers.iter().for_each(|(name, value)| record.push_header(name, *value));
        record
    }

    #[test]
    fn the_content_type_tells_the_mode() {
        for structured in ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8"] {
            let found = content(&record(&[("content-type", structured)])).unwrap();
            assert!(matches!(found, Content::Structured(data) if data == "{}"), "{structured}");
        }
        for other in ["application/cloudevents-batch+json", "application/cloudevents+avro"] {
            let error = content(&record(&[("content-type", other)])).unwrap_err();
            assert!(matches!(error, CollectError::Body { code: "unsupported_data", .. }), "{other}: {error}");
        }
    }

    #[test]
    fn binary_attributes_stand_in_headers_as_they_are() {
        let headers =
            [("ce_id", "100%25"), ("content-type", "application/json"), ("other", "x"), ("ce_source", "\"s\"")];
        let found = content(&record(&headers)).unwrap();
        let Content::Binary { attributes, content_type, .. } = found else { panic!("{found:?}") };
        let expected = [("id", "100%25"), ("source", "\"s\"")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!((attributes.as_slice(), content_type.as_deref()), (expected.as_slice(), Some("application/json")));
    }
}
