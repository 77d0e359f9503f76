//! Snapshots in a local folder: the newest is taken up, a damaged one leaves what is there, one given up leaves nothing.

use std::collections::BTreeMap;

use weir_messages::Change;

use super::*;

fn partition(folder: &Path, process: &str) -> Partition {
    let (name, stages) = ("customers".to_owned(), vec!["a".to_owned()]);
    Partition { name, number: 3, stages, folder: folder.join(process).join("3") }
}

fn snapshots(folder: &Path) -> Snapshots {
    let url = format!("file://{}/objects", folder.display());
    Snapshots::open(&ObjectsSettings { url, every_seconds: 1, options: BTreeMap::new() }).unwrap()
}

fn saved(partition: &Partition, next: u64) -> Arc<StateStore> {
    let store = StateStore::open(&partition.folder, &partition.stages).unwrap();
    let change = Change { key: b"k".to_vec(), value: Some(next.to_string().into_bytes()) };
    store.save(vec![("a".to_owned(), vec![change])], next).unwrap();
    Arc::new(store)
}

async fn put(snapshots: &Snapshots, partition: &Partition, store: Arc<StateStore>) -> Result<Moved, SnapshotError> {
    let (_underway, wanted) = underway();
    snapshots.put(partition, store, wanted).await
}

fn value(partition: &Partition) -> Vec<u8> {
    let store = StateStore::open(&partition.folder, &partition.stages).unwrap();
    store.reader("a").unwrap().get(&[b"k".to_vec()]).unwrap().remove(0).unwrap()
}

#[tokio::test]
async fn another_process_takes_up_the_newest_snapshot_and_never_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = snapshots(folder.path());
    let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
    assert_eq!(snapshots.take(&other).await.unwrap(), None, "there is none yet");
    for next in [10, 20, 30] {
        assert_eq!(put(&snapshots, &one, saved(&one, next)).await.unwrap(), Moved { next, rows: 1 });
    }
    drop(saved(&other, 15));
    assert_eq!(snapshots.take(&other).await.unwrap(), Some(Moved { next: 30, rows: 1 }));
    assert_eq!(value(&other), b"30");
    // A holder that was frozen writes what it still has; nobody takes that for the newest.
    let stale = partition(folder.path(), "stale");
    put(&snapshots, &stale, saved(&stale, 12)).await.unwrap();
    drop(saved(&other, 40));
    assert_eq!(snapshots.take(&other).await.unwrap(), None, "the local state is ahead");
    assert_eq!(value(&other), b"40");
    assert_eq!(snapshots.list(&one).await.unwrap().len(), KEPT);
    assert_eq!(snapshots.list(&one).await.unwrap().pop().unwrap().0, 30);
}

#[tokio::test]
async fn the_state_of_other_stages_is_never_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = snapshots(folder.path());
    let one = partition(folder.path(), "one");
    put(&snapshots, &one, saved(&one, 10)).await.unwrap();
    let other = Partition { stages: vec!["b".to_owned()], ..partition(folder.path(), "other") };
    assert_eq!(snapshots.take(&other).await.unwrap(), None);
    let other = Partition { number: 4, ..partition(folder.path(), "other") };
    assert_eq!(snapshots.take(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_snapshot_that_is_damaged_leaves_the_local_state_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = snapshots(folder.path());
    let (one, other) = (partition(folder.path(), "one"), partition(folder.path(), "other"));
    put(&snapshots, &one, saved(&one, 10)).await.unwrap();
    snapshots.objects.put(&snapshots.key(&one, 11), b"damaged".to_vec().into()).await.unwrap();
    drop(saved(&other, 5));
    assert!(snapshots.take(&other).await.is_err());
    assert_eq!(value(&other), b"5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_given_up_frees_its_store_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots = snapshots(folder.path());
    let one = partition(folder.path(), "one");
    let (mut underway, wanted) = underway();
    underway.wanted = None;
    let putting = tokio::spawn({
        let (snapshots, one, store) = (snapshots.clone(), one.clone(), saved(&one, 10));
        async move { snapshots.put(&one, store, wanted).await }
    });
    drop(underway);
    assert_eq!(StateStore::open(&one.folder, &one.stages).unwrap().next_offset().unwrap(), 10, "it is free at once");
    assert!(putting.await.unwrap().is_err());
    assert_eq!(snapshots.list(&one).await.unwrap(), []);
    assert!(!one.folder.with_extension("outgoing").exists());
}
