//! The state store over restarts, changed stages and repeated keys.

use super::*;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn put(key: &str, value: &str) -> Change {
    Change { key: key.as_bytes().to_vec(), value: Some(value.as_bytes().to_vec()) }
}

fn delete(key: &str) -> Change {
    Change { key: key.as_bytes().to_vec(), value: None }
}

fn shown(store: &StateStore, stage: &str, prefix: &str) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let entries = store.reader(stage).unwrap().scan(prefix.as_bytes()).unwrap();
    entries.into_iter().map(|(key, value)| (text(key), text(value))).collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn what_was_saved_is_there_after_a_restart_with_its_offset() {
    let folder = tempfile::tempdir().unwrap();
    let stages = names(&["admission.v1", "features.v1"]);
    let store = StateStore::open(folder.path(), &stages).unwrap();
    assert_eq!(store.next_offset().unwrap(), 0);
    let changes = vec![put("a1", "x"), put("a2", "y"), put("b", "z")];
    store.save(vec![(stages[0].clone(), changes), (stages[1].clone(), vec![put("a1", "other")])], 7).unwrap();
    store.save(vec![(stages[0].clone(), vec![delete("a2"), put("b", "z2")])], 9).unwrap();
    drop(store);
    let store = StateStore::open(folder.path(), &stages).unwrap();
    assert_eq!(store.next_offset().unwrap(), 9);
    assert_eq!(shown(&store, "admission.v1", ""), [pair("a1", "x"), pair("b", "z2")]);
    assert_eq!(shown(&store, "admission.v1", "a"), [pair("a1", "x")]);
    assert_eq!(shown(&store, "features.v1", ""), [pair("a1", "other")]);
    let got = store.reader("admission.v1").unwrap().get(&[b"b".to_vec(), b"a2".to_vec(), b"a1".to_vec()]).unwrap();
    assert_eq!(got, [Some(b"z2".to_vec()), None, Some(b"x".to_vec())]);
}

#[test]
fn a_changed_set_of_stages_starts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let old = names(&["admission.v1", "features.v1"]);
    let store = StateStore::open(folder.path(), &old).unwrap();
    store.save(old.iter().map(|stage| (stage.clone(), vec![put("a", "x")])).collect(), 7).unwrap();
    drop(store);
    for (stages, next) in [(names(&["features.v2", "admission.v1"]), 0), (old.clone(), 0)] {
        let store = StateStore::open(folder.path(), &stages).unwrap();
        assert_eq!(store.next_offset().unwrap(), next);
        assert!(stages.iter().all(|stage| shown(&store, stage, "").is_empty()));
        assert_eq!(
            store.database.list_keyspace_names().iter().filter(|name| name.starts_with(STATE_PREFIX)).count(),
            1
        );
        store.save(vec![(stages[0].clone(), vec![put("a", "y")])], 5).unwrap();
    }
    let again = StateStore::open(folder.path(), &names(&["features.v1", "admission.v1"])).unwrap();
    assert_eq!(again.next_offset().unwrap(), 5, "the order of the names says nothing");
}

#[test]
fn a_stage_that_the_store_was_not_opened_for_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::open(folder.path(), &names(&["a"])).unwrap();
    assert!(matches!(store.reader("b"), Err(StateError::UnknownStage(name)) if name == "b"));
    let both = vec![("a".to_owned(), vec![put("k", "v")]), ("b".to_owned(), Vec::new())];
    assert!(store.save(both, 3).is_err());
    assert_eq!((store.next_offset().unwrap(), shown(&store, "a", "")), (0, Vec::new()));
}

#[test]
fn of_two_changes_to_one_key_the_last_counts() {
    let folder = tempfile::tempdir().unwrap();
    let store = StateStore::open(folder.path(), &names(&["a"])).unwrap();
    store
        .save(vec![("a".to_owned(), vec![put("k", "1"), delete("k"), put("k", "3"), put("m", "1"), delete("m")])], 1)
        .unwrap();
    assert_eq!(shown(&store, "a", ""), [pair("k", "3")]);
}

#[test]
fn a_stretch_behind_a_key_ends_with_its_prefix_and_its_stage() {
    let folder = tempfile::tempdir().unwrap();
    let stages = names(&["a", "b"]);
    let store = StateStore::open(folder.path(), &stages).unwrap();
    let rows = ["e1", "e2", "e3", "f1"].map(|key| put(key, key));
    store.save(stages.iter().map(|stage| (stage.clone(), rows.to_vec())).collect(), 1).unwrap();
    for stage in &stages {
        let reader = store.reader(stage).unwrap();
        let after = |prefix: &str, key: &str, most| {
            let found = reader.after(prefix.as_bytes(), key.as_bytes(), most).unwrap();
            found.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(after("e", "e", 9), ["e1", "e2", "e3"]);
        assert_eq!(after("e", "e1", 1), ["e2"]);
        assert_eq!(after("e", "e3", 9), Vec::<String>::new());
        assert_eq!(after("", "e3", 9), ["f1"]);
    }
}
