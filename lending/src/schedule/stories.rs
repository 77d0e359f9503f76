//! Schedules against the loan stories of Apache Fineract: every story that looks at its schedule after one plain
//! disbursement and before anything else.

use serde_json::{Value, json};

use super::answer;

const STORIES: &str = include_str!("../../testdata/stories.jsonl");

/// The request that a story's product and first disbursement amount to; `None` where they use more than a schedule has.
fn request(story: &Value) -> Option<Value> {
    let product = &story["product"];
    let plain = product["schedule"] == "progressive"
        && ["installment_multiple", "down_payment", "leap_year", "accrue_on_disbursement_day", "charges"]
            .iter()
            .all(|field| product[*field].is_null())
        && product["first_period_from"].is_null();
    let disbursement = story["steps"].as_array()?.iter().find(|step| step["do"] == "disburse")?;
    plain.then(|| {
        json!({
            "principal": disbursement["amount"], "currency": product["currency"], "disbursed_on": disbursement["on"],
            "annual_rate": product["annual_rate"], "installments": product["installments"],
            "period": product["period"], "method": product["method"], "day_count": product["day_count"],
            "interest_basis": product["interest_basis"], "rounding": product["rounding"],
        })
    })
}

/// The schedule looked at directly after the first disbursement.
fn first_look(story: &Value) -> Option<&Vec<Value>> {
    let steps = story["steps"].as_array()?;
    let disbursed = steps.iter().position(|step| step["do"] == "disburse")?;
    let before_is_plain = steps[..disbursed]
        .iter()
        .all(|step| step["do"] == "apply" || step["do"] == "approve" || !step["expect"].is_null());
    let look = steps.get(disbursed + 1).filter(|_| before_is_plain)?;
    look["expect"]["schedule"].as_array()
}

#[test]
fn schedules_equal_every_story_that_looks_after_one_disbursement() {
    let mut checked = 0;
    for line in STORIES.lines() {
        let story: Value = serde_json::from_str(line).unwrap();
        let (Some(request), Some(expected)) = (request(&story), first_look(&story)) else { continue };
        let found: Value = serde_json::from_str(&answer(&request.to_string()).unwrap()).unwrap();
        let found = found["installments"].as_array().unwrap();
        let expected: Vec<_> = expected.iter().filter(|row| !row["number"].is_null()).collect();
        assert_eq!(found.len(), expected.len(), "{}", story["id"]);
        for (found, expected) in found.iter().zip(expected) {
            for field in ["number", "due_on", "days", "principal", "interest", "balance"] {
                assert_eq!(found[field], expected[field], "{}: {field} of {expected}", story["id"]);
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 19);
}
