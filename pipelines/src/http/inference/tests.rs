//! Values in both forms, found again as they were, and forms that hold none; who waits for a turn.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use weir_scoring::model::{Kind, Values};
use weir_scoring::{CurrentLineup, Lineup};

use super::elements::Elements;
use super::{Inference, Served, elements, raw, tokens};
use crate::content::Content;

const KINDS: [Kind; 7] = [Kind::Float32, Kind::Float64, Kind::Int64, Kind::Int32, Kind::Int16, Kind::Bool, Kind::Text];

fn values() -> impl Strategy<Value = Values> {
    let float = prop_oneof![any::<f32>(), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::NAN), Just(-0.0)];
    let many = 0..20_usize;
    prop_oneof![
        prop::collection::vec(float, many.clone()).prop_map(Values::Float32),
        prop::collection::vec(any::<f64>(), many.clone()).prop_map(Values::Float64),
        prop::collection::vec(any::<i64>(), many.clone()).prop_map(Values::Int64),
        prop::collection::vec(any::<i32>(), many.clone()).prop_map(Values::Int32),
        prop::collection::vec(any::<i16>(), many.clone()).prop_map(Values::Int16),
        prop::collection::vec(any::<bool>(), many.clone()).prop_map(Values::Bool),
        prop::collection::vec(".{0,8}", many).prop_map(Values::Text),
    ]
}

/// Which tells apart all but the kinds of what is no number.
fn shown(values: &Values) -> String {
    format!("{values:?}")
}

proptest! {
    #[test]
    fn values_are_found_again_in_both_forms(values in values()) {
        let (kind, count) = (values.kind(), values.len());
        let json = serde_json::to_string(&Elements(&values)).unwrap();
        prop_assert_eq!(shown(&elements::read(kind, &json, &[count], count).unwrap()), shown(&values));
        let nested = json!(serde_json::from_str::<Vec<serde_json::Value>>(&json).unwrap().chunks(1).collect::<Vec<_>>());
        if count > 0 {
            let found = elements::read(kind, &nested.to_string(), &[count, 1], count).unwrap();
            prop_assert_eq!(shown(&found), shown(&values));
        }
        let mut bytes = Vec::new();
        raw::write(&values, &mut bytes);
        prop_assert_eq!(shown(&raw::read(kind, &bytes, count).unwrap()), shown(&values));
        bytes.push(0);
        prop_assert!(raw::read(kind, &bytes, count).is_err());
        prop_assert!(elements::read(kind, &json, &[count + 1], count + 1).is_err());
    }

    #[test]
    fn no_bytes_end_the_process(bytes in prop::collection::vec(any::<u8>(), 0..64), count in 0..9_usize) {
        for kind in KINDS {
            let _refused = raw::read(kind, &bytes, count);
            let _refused = elements::read(kind, &String::from_utf8_lossy(&bytes), &[count], count);
        }
        let _none = tokens::replaced(&bytes);
    }
}

#[test]
fn whole_numbers_that_do_not_fit_are_refused() {
    for (kind, json) in [
        (Kind::Int64, "[9223372036854775808]"),
        (Kind::Int32, "[2147483648]"),
        (Kind::Int16, "[-32769]"),
        (Kind::Int64, "[1.0]"),
        (Kind::Int64, "[null]"),
        (Kind::Bool, "[1]"),
        (Kind::Text, "[null]"),
        (Kind::Float32, "[true]"),
        (Kind::Float32, "[\"NaN\"]"),
    ] {
        let refused = elements::read(kind, json, &[1], 1).unwrap_err();
        assert!(refused.contains("as element 0"), "{kind} {json}: {refused}");
    }
    assert_eq!(elements::read(Kind::Int64, "[9223372036854775807]", &[1], 1), Ok(Values::Int64(vec![i64::MAX])));
}

#[test]
fn lists_are_nested_as_the_shape_says_or_flat() {
    let read = |json: &str, shape: &[usize]| elements::read(Kind::Int64, json, shape, shape.iter().product());
    let six = Ok(Values::Int64(vec![1, 2, 3, 4, 5, 6]));
    assert_eq!(read("[1,2,3,4,5,6]", &[2, 3]), six);
    assert_eq!(read("[[1,2,3],[4,5,6]]", &[2, 3]), six);
    assert_eq!(read("7", &[]), Ok(Values::Int64(vec![7])));
    assert_eq!(read("[[],[]]", &[2, 0]), Ok(Values::Int64(Vec::new())));
    for (json, found) in [
        ("[[1,2],[3,4],[5,6]]", "[3, 2]"),
        ("[[1,2,3],[4,5]]", "ragged lists"),
        ("[1,[2,3,4,5,6]]", "ragged lists"),
        ("[[1,2,3],4]", "ragged lists"),
        ("[[[1,2,3],[4,5,6]]]", "[1, 2, 3]"),
        ("[]", "[0]"),
    ] {
        let refused = format!("expected 6 elements, flat or nested as [2, 3], found {found}");
        assert_eq!(read(json, &[2, 3]), Err(refused), "{json}");
    }
    let deep = "[".repeat(100_000);
    assert!(read(&deep, &[1]).unwrap_err().contains("recursion limit"));
}

#[test]
fn what_python_writes_for_no_number_is_read_outside_of_texts() {
    let replaced = |json: &str| tokens::replaced(json.as_bytes()).map(|json| String::from_utf8(json).unwrap());
    let json = r#"{"id":"NaN \" -Infinity","data":[NaN,Infinity,-Infinity,1]}"#;
    let plain = r#"{"id":"NaN \" -Infinity","data":[null,"inf","-inf",1]}"#;
    assert_eq!(replaced(json).as_deref(), Some(plain));
    assert_eq!(replaced(plain), None);
    assert_eq!(replaced(r#"["\"#), None);
}

#[test]
fn where_no_version_is_named_the_first_of_a_name_answers() {
    let engine = || Arc::new(Content::shipped().engine(&Content::shipped_model()).unwrap());
    let champion = engine();
    let lineup = Lineup { shadows: vec![engine()], ..Lineup::of(Arc::clone(&champion)) };
    let served = Served::by(Some(Arc::new(CurrentLineup::new(lineup))));
    assert_eq!(served.all().len(), 2);
    for version in [None, Some("1")] {
        let found = served.find("german_credit", version).unwrap();
        assert!(std::ptr::eq(found.package(), champion.asked().package().unwrap()));
    }
    let refused = served.find("german_credit", Some("01")).unwrap_err();
    assert_eq!((refused.status, &*refused.detail), (404, "model `german_credit`: expected version 1 or 1, found `01`"));
}

#[test]
fn where_nothing_is_decided_another_process_is_to_be_asked() {
    assert_eq!(Served::by(None).find("german_credit", None).unwrap_err().status, 421);
}

#[tokio::test]
async fn who_gets_no_turn_in_time_is_asked_to_come_again() {
    let inference = Inference::new(Served::by(None));
    let mut turns = Vec::new();
    for _ in 0..std::thread::available_parallelism().map_or(1, usize::from).div_ceil(2) {
        turns.push(inference.turn().await.unwrap());
    }
    let refused = inference.turn().await.unwrap_err();
    assert_eq!((refused.status, refused.retry_after), (503, Some(1)));
    drop(turns);
    assert!(inference.turn().await.is_ok());
}
