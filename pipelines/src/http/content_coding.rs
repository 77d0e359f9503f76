//! Bodies that come compressed: gzip, deflate and zstd, one after the other as `Content-Encoding` lists them (RFC 9110,
//! 8.4), never to more than a body may have.

use std::io::Read;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;

pub(crate) const TAKEN: &str = "gzip, deflate, zstd";
/// Codings of one body. Nobody compresses twice, and each could multiply the size.
pub(crate) const MOST_CODINGS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Zstd,
}

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Undecoded {
    /// A coding, or a number of them, that is not taken.
    Coding(String),
    TooLarge,
    /// It is not what its coding says, or something stands behind its end.
    Broken,
}

/// The body as it was before it was compressed.
pub(crate) fn decoded(headers: &HeaderMap, body: Bytes, most: usize) -> Result<Bytes, Undecoded> {
    codings(headers)?.into_iter().rev().try_fold(body, |body, coding| decode(coding, &body, most).map(Bytes::from))
}

/// In the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Undecoded> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| Undecoded::Coding("(not text)".to_owned()))?;
        for name in value.split(',').map(str::trim) {
            match name.to_ascii_lowercase().as_str() {
                "" | "identity" => {}
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                "zstd" => codings.push(Coding::Zstd),
                other => return Err(Undecoded::Coding(other.chars().take(40).collect())),
            }
        }
    }
    match codings.len() {
        0..=MOST_CODINGS => Ok(codings),
        found => Err(Undecoded::Coding(format!("{found} codings"))),
    }
}

fn decode(coding: Coding, mut body: &[u8], most: usize) -> Result<Vec<u8>, Undecoded> {
    match coding {
        // Of any number of members (RFC 1952, 2.2); what stands behind the last is a member that is none.
        Coding::Gzip => limited(flate2::bufread::MultiGzDecoder::new(body), most),
        Coding::Deflate => {
            let mut decoder = flate2::bufread::ZlibDecoder::new(&mut body);
            let decoded = limited(&mut decoder, most)?;
            if body.is_empty() { Ok(decoded) } else { Err(Undecoded::Broken) }
        }
        Coding::Zstd => limited(zstd::stream::read::Decoder::new(body).map_err(|_| Undecoded::Broken)?, most),
    }
}

fn limited(decoder: impl Read, most: usize) -> Result<Vec<u8>, Undecoded> {
    let mut decoded = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(&mut decoded).map_err(|_| Undecoded::Broken)?;
    if decoded.len() > most { Err(Undecoded::TooLarge) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::http::HeaderValue;

    use super::*;

    const MOST: usize = 1_000;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(codings: &[&str], body: Vec<u8>) -> Result<Vec<u8>, Undecoded> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
        }
        decoded(&headers, body.into(), MOST).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn every_coding_is_taken_in_any_case_and_order() {
        let zstd = zstd::encode_all(&b"abc"[..], 1).unwrap();
        for (codings, body) in [
            (&["GZIP"][..], gzip(b"abc")),
            (&["x-gzip"], gzip(b"abc")),
            (&["Deflate"], deflate(b"abc")),
            (&["zstd"], zstd.clone()),
            (&["identity"], b"abc".to_vec()),
            (&["gzip, identity"], gzip(b"abc")),
            (&["deflate , gzip"], gzip(&deflate(b"abc"))),
            (&["zstd", "gzip"], gzip(&zstd)),
            (&[], b"abc".to_vec()),
            (&["gzip"], [gzip(b"a"), gzip(b"bc")].concat()),
        ] {
            assert_eq!(read(codings, body).as_deref(), Ok(&b"abc"[..]), "{codings:?}");
        }
    }

    #[test]
    fn what_is_cut_off_followed_by_rubbish_or_too_large_is_refused() {
        let zstd = zstd::encode_all(&b"abc"[..], 1).unwrap();
        for (coding, body) in [("gzip", gzip(b"abc")), ("deflate", deflate(b"abc")), ("zstd", zstd)] {
            let short = body[..body.len() - 2].to_vec();
            assert_eq!(read(&[coding], short), Err(Undecoded::Broken), "{coding}");
            assert_eq!(read(&[coding], [body, b"rubbish".to_vec()].concat()), Err(Undecoded::Broken), "{coding}");
        }
        assert_eq!(read(&["gzip"], gzip(&[0; MOST + 1])), Err(Undecoded::TooLarge));
        assert_eq!(read(&["gzip"], gzip(&[0; MOST])).map(|body| body.len()), Ok(MOST));
        for codings in [&["br"][..], &["gzip, br"], &["gzip", "gzip", "gzip"]] {
            assert!(matches!(read(codings, Vec::new()), Err(Undecoded::Coding(_))), "{codings:?}");
        }
    }
}
