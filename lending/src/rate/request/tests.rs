//! Requests for a rate: what is answered, in which text, and what is refused.

use serde_json::{Value, json};

use super::*;

fn rate_of(request: &Value) -> Option<Decimal> {
    let answer: Value = serde_json::from_str(&answer(&request.to_string(), false).unwrap()).unwrap();
    answer["rate"].as_str().map(|rate| rate.parse().unwrap())
}

fn cases(file: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(file).unwrap();
    file["cases"].as_array_mut().unwrap().drain(..).collect()
}

/// A figure of the file as decimal, from its text.
fn figure(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Decimal::from_scientific(&text).or_else(|_| text.parse()).unwrap()
}

#[test]
fn rates_equal_the_kept_cases_to_twenty_decimals() {
    let cases = cases(include_str!("../../../testdata/rates.json"));
    assert_eq!(cases.len(), 15);
    for case in &cases {
        let expected = case["rate"].as_str().map(|rate| rate.parse().unwrap());
        assert_eq!(rate_of(&case["request"]), expected, "{}", case["id"]);
    }
}

#[test]
fn internal_rates_equal_every_published_case() {
    let cases = cases(include_str!("../../../testdata/xirr.json"));
    for case in &cases {
        let request = json!({"method": "xirr", "day_count": case["day_count"], "flows": case["flows"]});
        let found = rate_of(&request);
        if case["expected"].is_null() {
            assert_eq!(found, None, "{}", case["id"]);
        } else {
            let difference = (found.unwrap() - figure(&case["expected"])).abs();
            assert!(difference <= figure(&case["tolerance"]), "{}: {found:?}", case["id"]);
        }
    }
    assert_eq!(cases.len(), 23);
}

#[test]
fn regulation_z_rates_equal_every_published_case() {
    let cases = cases(include_str!("../../../testdata/apr_regulation_z.json"));
    for case in &cases {
        let mut request = case.clone();
        request["method"] = "regulation_z".into();
        let percent = rate_of(&request).unwrap() * Decimal::ONE_HUNDRED;
        assert_eq!(percent.round_dp(2), figure(&case["expected_apr_percent"]), "{}", case["id"]);
        assert_eq!(percent.round_dp(6), figure(&case["recomputed_percent"]), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 9);
}

#[test]
fn eu_rates_equal_every_published_case() {
    let cases = cases(include_str!("../../../testdata/apr_eu_examples.json"));
    for case in &cases {
        let percent = rate_of(&json!({"method": "eu", "flows": case["flows"]})).unwrap() * Decimal::ONE_HUNDRED;
        assert_eq!(percent.round_dp(6), figure(&case["recomputed_percent"]), "{}", case["id"]);
    }
    assert_eq!(cases.len(), 5);
}

#[test]
fn a_refusal_names_the_field() {
    for (field, request) in [
        ("method", json!({"method": "irr", "flows": []})),
        ("method", json!({"flows": []})),
        ("flows", json!({"method": "xirr"})),
        ("flows[0]", json!({"method": "xirr", "flows": [["2024-02-30", "1"]]})),
        ("flows[0]", json!({"method": "xirr", "flows": [["2024-02-28", "one"]]})),
        ("day_count", json!({"method": "xirr", "day_count": "30/360", "flows": []})),
        ("t_years", json!({"method": "eu", "flows": [{"amount": 1, "t_years": 1e9}]})),
        (
            "payments.f",
            json!({"method": "regulation_z", "unit_periods_per_year": 12,
            "advances": [], "payments": [{"amount": 1, "t": 1, "f": 1}]}),
        ),
        (
            "unit_periods_per_year",
            json!({"method": "regulation_z", "unit_periods_per_year": [1, 0],
            "advances": [], "payments": []}),
        ),
    ] {
        let error = answer(&request.to_string(), false).unwrap_err().to_string();
        assert!(error.contains(field), "{error}: {request}");
    }
}

#[test]
fn extreme_flows_have_the_right_rate_or_are_refused_by_the_range() {
    let most = "79228162514264337593543950335";
    for (flows, expected) in [
        (json!([["2024-01-01", most], ["2025-01-01", format!("-{most}")]]), Some("0")),
        // 2^(365 / 191,491,164 days) - 1, worked out apart.
        (json!([["-262143-01-01", "-1"], ["+262142-01-01", "2"]]), Some("0.00000132120398012621")),
        (json!([["2024-01-01", "-1"], ["2025-01-01", "-2"]]), None),
    ] {
        let found = rate_of(&json!({"method": "xirr", "flows": flows}));
        assert_eq!(found, expected.map(|rate| rate.parse().unwrap()), "{flows}");
    }
    for flows in [
        json!([["2024-01-01", "-1"], ["2025-01-01", most]]),
        json!([["2024-01-01", "-100"], ["2024-01-02", "130"]]),
        json!([["2024-01-01", "-130"], ["2024-01-02", "100"]]),
    ] {
        let error = answer(&json!({"method": "xirr", "flows": flows}).to_string(), false).unwrap_err().to_string();
        assert!(error.contains("e^66 (4.6e28)"), "{error}: {flows}");
    }
}

#[test]
fn a_whole_period_of_simple_interest_and_a_rate_beyond_all_others_are_no_panic() {
    let request = json!({
        "method": "regulation_z", "unit_periods_per_year": 12,
        "advances": [{"amount": "1000000000000", "q": 0, "e": "0.9999999999999999999999999999"}],
        "payments": [{"amount": 1, "t": 1, "f": 0}],
    });
    assert!(matches!(answer(&request.to_string(), false), Err(RateRequestError::Beyond(_))));
    let greatest = Rate::new(Decimal::MAX);
    assert_eq!(nearest(&[greatest]), Some(greatest));
}

#[test]
fn an_amount_that_is_nothing_beside_the_largest_is_refused_and_not_left_out() {
    let asked = |largest: &str| {
        let flows = json!([{"amount": "-0.01", "t_years": 0}, {"amount": largest, "t_years": 1000}]);
        answer(&json!({"method": "eu", "flows": flows}).to_string(), false)
    };
    // The thousandth root of 10^16.
    assert!(asked("100000000000000").unwrap().starts_with(r#"{"rate":"0.037528415818"#));
    let error = asked("79228162514264337593543950335").unwrap_err().to_string();
    assert!(error.contains("none is below 10^-30 of the largest"), "{error}");
}

#[test]
fn money_that_goes_to_and_fro_all_the_time_is_refused_before_its_rates_are_sought() {
    let flows = |count: u32| {
        let flow = |at: u32| json!([format!("{}-01-01", 1900 + at), if at.is_multiple_of(2) { "-1" } else { "1" }]);
        json!({"method": "xirr", "flows": (0..count).map(flow).collect::<Vec<_>>()}).to_string()
    };
    assert!(answer(&flows(20), true).is_ok());
    let error = answer(&flows(122), false).unwrap_err().to_string();
    assert_eq!(error, "flows: expected at most 120 changes between money in and money out, found `121`");
}

#[test]
fn of_several_rates_the_nearest_to_zero_is_given_and_all_are_listed() {
    for (flows, expected) in [
        (json!([["2025-01-01", "-1000"], ["2026-01-01", "2270"], ["2027-01-01", "-1288"]]), &["0.12", "0.15"][..]),
        (json!([["2025-01-01", "-1000"], ["2026-01-01", "2200"], ["2027-01-01", "-1210"]]), &["0.1"]),
        (
            json!([["2025-01-01", "-1000"], ["2026-01-01", "3300"], ["2027-01-01", "-3630"], ["2028-01-01", "1331"]]),
            &["0.1"],
        ),
        // Growth by 0.8 and by 1.25, which are equally far from 1.
        (json!([["2025-01-01", "-1"], ["2026-01-01", "2.05"], ["2027-01-01", "-1"]]), &["-0.2", "0.25"]),
    ] {
        let asked = json!({"method": "xirr", "flows": flows}).to_string();
        let answer: Value = serde_json::from_str(&answer(&asked, true).unwrap()).unwrap();
        let rates = answer["rates"].as_array().unwrap().iter();
        let rates: Vec<Decimal> = rates.map(|rate| figure(rate).round_dp(10).normalize()).collect();
        let expected: Vec<Decimal> = expected.iter().map(|rate| rate.parse().unwrap()).collect();
        assert_eq!(rates, expected, "{answer}");
        let nearest = if expected.len() == 2 && expected[0].is_sign_negative() { expected[1] } else { expected[0] };
        assert_eq!(figure(&answer["rate"]).round_dp(10).normalize(), nearest, "{answer}");
    }
    // A night at 18 %: 1.18^365 - 1.
    let night = json!({"method": "xirr", "flows": [["2025-01-01", "-100"], ["2025-01-02", "118"]]});
    let found = rate_of(&night).unwrap();
    let expected: Decimal = "172557033780000000000000000".parse().unwrap();
    assert!((found / expected - Decimal::ONE).abs() < Decimal::new(1, 9), "{found}");
}
