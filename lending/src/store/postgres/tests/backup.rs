//! Dump, restore into another database, and check.

use std::process::Command;

use super::super::super::Commit;
use super::super::super::contract::{appending, commit, entry};
use super::*;

fn tool(name: &str, arguments: &[&str]) {
    let ran = Command::new(server::program(name).unwrap()).args(arguments).output().unwrap();
    assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[tokio::test]
async fn a_restored_backup_verifies_and_goes_on() {
    let test = "a_restored_backup_verifies_and_goes_on";
    let Some(database) = TestDatabase::of(test).await else { return };
    let Some(other) = TestDatabase::of(test).await else { return };
    if server::program("pg_dump").is_none() {
        return server::skipped(test, "pg_dump is not installed").unwrap_or_default();
    }
    let store = database.open().await;
    for number in 1..=50 {
        let entries = vec![entry(&format!("e{number}"), number)];
        store.commit(Commit { entries, ..appending(&format!("a{number}"), 0, &["1"]) }).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.dump").display().to_string();
    tool("pg_dump", &["--format=custom", "--file", &file, "--dbname", &database.url]);
    tool("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", &other.url, &file]);
    let restored = other.open().await;
    assert_eq!(restored.verify().await.unwrap(), Ok(50));
    assert_eq!(restored.balances().await.unwrap(), store.balances().await.unwrap());
    restored.commit(Commit { entries: vec![entry("e51", 51)], ..commit() }).await.unwrap();
    assert_eq!(restored.verify().await.unwrap(), Ok(51), "the chain goes on where the backup was taken");
    store.close().await;
    restored.close().await;
}
