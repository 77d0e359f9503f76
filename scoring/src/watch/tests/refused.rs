//! References that do not add up, each refused by its column.

use serde_json::{Value, json};

use super::super::Reference;
use super::{form, manifest};

type Change<'a> = (&'a str, Value, &'a str);

#[test]
fn a_reference_that_does_not_add_up_is_refused_by_column() {
    let changes: [Change; 13] = [
        ("/rows", json!(0), "rows: expected at least one, found 0"),
        ("/rows", json!(-1), "invalid value"),
        ("/rows", json!(99), "`probability`: expected counts that sum to the 99 rows, found 100"),
        ("/probability/counts", json!([25, 25, 50]), "`probability`: expected 4 counts, one more than edges, found 3"),
        ("/probability/counts", json!([u64::MAX, 25, 25, 25]), "found too many"),
        ("/probability/counts", json!([-1, 51, 25, 25]), "invalid value"),
        ("/probability/edges", json!([0.1, 0.1, 0.3]), "`probability`: expected finite edges in ascending order"),
        ("/probability/edges", json!([0.3, 0.2, 0.1]), "`probability`: expected finite edges in ascending order"),
        ("/probability/edges", json!(vec![0.0; 101]), "`probability`: expected at most 100 edges, found 101"),
        ("/inputs/v__age", json!({ "values": { "own": 100 } }), "`v__age`: expected `edges` and `counts` of a number"),
        ("/inputs/v__home", json!({ "edges": [], "counts": [100] }), "`v__home`: expected `values` of a text"),
        ("/inputs/v__home/values", json!({ "castle": 100 }), "`v__home`: `castle` is none of its values in model.toml"),
        ("/inputs/v__home/missing", json!("x"), "invalid type"),
    ];
    for (place, value, said) in changes {
        let mut form = form();
        match form.pointer_mut(place) {
            Some(there) => *there = value,
            None => form["inputs"]["v__home"]["missing"] = value,
        }
        let error = Reference::parse(&manifest(), &form.to_string()).unwrap_err();
        assert!(error.contains(said) && !error.contains('\n'), "{place}: {error}");
    }
    let mut without = form();
    without["inputs"].as_object_mut().unwrap().remove("v__age");
    assert_eq!(Reference::parse(&manifest(), &without.to_string()).unwrap_err(), "inputs: expected `v__age`");
    let mut more = form();
    more["inputs"]["v__x"] = json!({ "edges": [], "counts": [100] });
    let error = Reference::parse(&manifest(), &more.to_string()).unwrap_err();
    assert_eq!(error, "inputs: `v__x` is no input of model.toml");
}
