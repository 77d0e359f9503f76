//! Whatever requests and intake records there are, through the collector; compressed where their headers say so.

#![no_main]

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

#[path = "../blocks.rs"]
mod blocks;
#[path = "../../ingest/tests/hostile/collector.rs"]
mod collector;
#[path = "../../pipelines/src/http/content_coding.rs"]
mod content_coding;
#[path = "../../ingest/tests/hostile/memory_log.rs"]
mod memory_log;

use blocks::Block;

/// Far less than the limit of a server, so that a body which decompresses to more is soon found.
const MOST: usize = 100_000;

fuzz_target!(|bytes: &[u8]| {
    let mut request = Block::read(bytes);
    let mut headers = HeaderMap::new();
    while let Some(coding) = request.take("content-encoding") {
        headers.extend(HeaderValue::from_str(&coding).map(|coding| (CONTENT_ENCODING, coding)));
    }
    if let Ok(body) = content_coding::decoded(&headers, Bytes::copy_from_slice(request.body), MOST) {
        assert!(body.len() <= MOST || headers.is_empty());
        collector::try_out(&Block { body: &body, headers: request.headers });
    }
});
