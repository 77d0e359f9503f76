//! The committed descriptions of the HTTP API and of the topics are the generated ones. `UPDATE_FORMS=1` rewrites them.

use crate::harness::{output, root, weir};

fn assert_committed(file: &str, command: &str) {
    let generated = String::from_utf8(output(weir().arg(command)).stdout).unwrap();
    let path = root().join("docs").join(file);
    if std::env::var_os("UPDATE_FORMS").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == generated, "docs/{file} is not what `weir {command}` prints: `make forms` rewrites it");
}

#[test]
fn the_committed_openapi_description_is_the_generated_one() {
    assert_committed("openapi.json", "openapi");
}

#[test]
fn the_committed_asyncapi_description_is_the_generated_one() {
    assert_committed("asyncapi.json", "asyncapi");
}
