//! Snapshots in a bucket: of several parts, taken up elsewhere, and what is said when key, bucket or server are not there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weir_messages::{Causes, Change, TraceId};

use super::*;

/// Rows of random bytes, which do not compress: more than two parts of an upload.
const ROWS: u32 = 1_200;
const ROW: usize = 16 << 10;

/// The endpoint of a server that takes any key; `None`, said aloud, where there is none.
fn endpoint(test: &str) -> Option<String> {
    match std::env::var("WEIR_TEST_S3") {
        Ok(endpoint) if !endpoint.is_empty() => Some(endpoint),
        _ => {
            assert!(std::env::var_os("REQUIRE_SERVICES").is_none(), "{test}: no S3: WEIR_TEST_S3 is not set");
            // Not by `eprintln!`, which a passing test swallows.
            writeln!(std::io::stderr(), "SKIPPED: {test} (no S3: WEIR_TEST_S3 is not set)").unwrap();
            None
        }
    }
}

/// Makes a bucket that no other test has.
fn fresh_bucket(endpoint: &str) -> String {
    let (host, bucket) = (endpoint.strip_prefix("http://").unwrap(), format!("weir-{}", TraceId::random()));
    let mut server = TcpStream::connect(host).unwrap();
    write!(server, "PUT /{bucket} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    bucket
}

fn settings(endpoint: &str, bucket: &str) -> ObjectsSettings {
    let settings = serde_json::json!({
        "url": format!("s3://{bucket}/weir"),
        "options": {
            "aws_endpoint": endpoint, "aws_allow_http": "true", "aws_region": "eu-central-1",
            "aws_access_key_id": "key", "aws_secret_access_key": "s3cret",
        },
    });
    serde_json::from_value(settings).unwrap()
}

async fn put(snapshots: &Snapshots, partition: &Partition, store: Arc<StateStore>) -> Result<Moved, SnapshotError> {
    let (_underway, wanted) = underway();
    snapshots.put(partition, store, wanted).await
}

fn snapshots(endpoint: &str, bucket: &str) -> Snapshots {
    Snapshots::open(&settings(endpoint, bucket)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_a_bucket_is_written_once() {
    let Some(endpoint) = endpoint("a_file_in_a_bucket_is_written_once") else { return };
    let ObjectsSettings { url, options, .. } = settings(&endpoint, &fresh_bucket(&endpoint));
    once::tests::holds(WrittenOnce::open("models", &url, &options).unwrap()).await;
}

fn partition(folder: &Path, process: &str) -> Partition {
    let folder = folder.join(process).join("0");
    Partition { name: "customers".to_owned(), number: 0, stages: vec!["a".to_owned()], folder }
}

/// The row's bytes as any process would make them.
fn row(number: u32) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    (0..ROW / 32).flat_map(|block| Sha256::digest(format!("{number}/{block}"))).collect()
}

fn saved(partition: &Partition, rows: u32, next: u64) -> Arc<StateStore> {
    let store = StateStore::open(&partition.folder, &partition.stages).unwrap();
    let change = |number: u32| Change { key: number.to_be_bytes().to_vec(), value: Some(row(number)) };
    store.save(vec![("a".to_owned(), (0..rows).map(change).collect())], next).unwrap();
    Arc::new(store)
}

/// What is said of a snapshot that cannot be put, and of one that cannot be taken.
async fn said(snapshots: &Snapshots) -> [String; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
    let put = put(snapshots, &one, saved(&one, 1, 10)).await.unwrap_err();
    let taken = snapshots.take(&other).await.unwrap_err();
    [Causes(&put).to_string(), Causes(&taken).to_string()]
}

#[tokio::test]
async fn a_snapshot_of_several_parts_moves_through_a_bucket() {
    let Some(endpoint) = endpoint("a_snapshot_of_several_parts_moves_through_a_bucket") else { return };
    let bucket = fresh_bucket(&endpoint);
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
    let snapshots = snapshots(&endpoint, &bucket);
    assert_eq!(snapshots.take(&other).await.unwrap(), None, "there is none yet");
    let whole = Moved { next: 7, rows: u64::from(ROWS) };
    assert_eq!(put(&snapshots, &one, saved(&one, ROWS, 7)).await.unwrap(), whole);
    assert_eq!(snapshots.take(&other).await.unwrap(), Some(whole));
    let store = StateStore::open(&other.folder, &other.stages).unwrap();
    let keys: Vec<Vec<u8>> = (0..ROWS).map(|number| number.to_be_bytes().to_vec()).collect();
    let found = store.reader("a").unwrap().get(&keys).unwrap();
    assert!((0..ROWS).zip(found).all(|(number, value)| value == Some(row(number))));
    // Old ones are forgotten there too.
    for next in [8, 9] {
        put(&snapshots, &one, saved(&one, 1, next)).await.unwrap();
    }
    drop(store);
    assert_eq!(snapshots.take(&other).await.unwrap().unwrap().next, 9);
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let Some(endpoint) = endpoint("a_bucket_that_is_not_there_is_named") else { return };
    for said in said(&snapshots(&endpoint, "weir-nowhere")).await {
        assert!(said.contains("the object store failed") && said.contains("weir-nowhere"), "{said}");
        assert!(said.contains("NoSuchBucket") && !said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_of_within_seconds() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    for said in said(&snapshots(&format!("http://{free}"), "weir")).await {
        assert!(said.contains(&free.to_string()) && !said.contains("s3cret"), "{said}");
    }
    assert!(began.elapsed() < Duration::from_secs(50), "{:?}", began.elapsed());
}

/// The server for tests takes any key, so this one is a socket that gives every request the answer of the S3 API.
#[tokio::test]
async fn a_key_that_is_refused_is_told_of_without_being_shown() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    std::thread::spawn(move || {
        let body = "<Error><Code>InvalidAccessKeyId</Code><Message>The key does not exist</Message></Error>";
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let asked = stream.read(&mut [0; 64 << 10]).unwrap();
            assert!(asked > 0);
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close";
            write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    for said in said(&snapshots(&endpoint, "weir")).await {
        assert!(said.contains("InvalidAccessKeyId") && !said.contains("s3cret"), "{said}");
    }
}
