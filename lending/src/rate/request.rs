//! A rate as `weir loans rate` is asked for it: flows in, `{"rate":…}` out, null where none is defined.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use weir_money::Rate;

use super::{BeyondRange, Flow, annual_percentage_rates, internal_rates, nearest};
use crate::malformed::{Malformed, read};

#[derive(Debug, thiserror::Error)]
pub enum RateRequestError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Beyond(#[from] BeyondRange),
    #[error("{field}: expected {expected}, found `{found}`")]
    Field { field: &'static str, expected: &'static str, found: String },
}

/// A decimal in a JSON number or string, read from its text: it never is a float.
#[derive(Debug, Clone, Copy)]
struct Figure(Decimal);

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = raw.trim_matches('"');
        let value = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { text.parse() };
        value.map(Self).map_err(|_| D::Error::custom(format!("expected a decimal number, found {raw:.40}")))
    }
}

/// A number, or a fraction as [numerator, denominator].
#[derive(Debug, Clone, Copy)]
struct Quotient(Decimal);

impl<'de> Deserialize<'de> for Quotient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let wrong =
            || D::Error::custom(format!("expected a number or [numerator, denominator], found {:.40}", raw.get()));
        if raw.get().starts_with('[') {
            let (numerator, denominator): (Figure, Figure) = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
            return numerator.0.checked_div(denominator.0).map(Self).ok_or_else(wrong);
        }
        serde_json::from_str(raw.get()).map(|Figure(value)| Self(value)).map_err(|_| wrong())
    }
}

#[derive(Deserialize)]
struct Named {
    method: Method,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Xirr,
    RegulationZ,
    Eu,
}

#[derive(Deserialize)]
struct Xirr {
    #[serde(default)]
    day_count: Option<String>,
    flows: Vec<(NaiveDate, Figure)>,
}

#[derive(Deserialize)]
struct RegulationZ {
    unit_periods_per_year: Quotient,
    advances: Vec<Advance>,
    payments: Vec<Payment>,
}

#[derive(Deserialize)]
struct Advance {
    amount: Figure,
    q: Figure,
    e: Quotient,
}

#[derive(Deserialize)]
struct Payment {
    amount: Figure,
    t: Figure,
    f: Quotient,
}

#[derive(Deserialize)]
struct Eu {
    flows: Vec<EuFlow>,
}

#[derive(Deserialize)]
struct EuFlow {
    amount: Figure,
    t_years: Figure,
}

#[derive(Serialize)]
struct Answer {
    rate: Option<Rate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rates: Option<Vec<Rate>>,
}

/// The JSON `{"rate":"0.1635…"}` for the JSON of a request, of several rates the [`nearest`] to zero; with `all` those that
/// there are in the range too, ascending, as `rates`. An error names the field.
pub fn answer(request: &str, all: bool) -> Result<String, RateRequestError> {
    let Named { method } = read(request)?;
    let rates = match method {
        Method::Xirr => xirr(read(request)?)?,
        Method::RegulationZ => regulation_z(read(request)?)?,
        Method::Eu => eu(&read(request)?)?,
    };
    let answer = Answer { rate: nearest(&rates), rates: all.then_some(rates) };
    Ok(serde_json::to_string(&answer).expect("a rate serialises as text"))
}

fn xirr(request: Xirr) -> Result<Vec<Rate>, RateRequestError> {
    let days_a_year = match request.day_count.as_deref() {
        None | Some("ACT/365" | "act/365F") => Decimal::from(365),
        Some("ACT/360" | "act/360") => Decimal::from(360),
        Some(other) => {
            return Err(RateRequestError::Field {
                field: "day_count",
                expected: "ACT/365 or ACT/360",
                found: other.chars().take(40).collect(),
            });
        }
    };
    let Some(first) = request.flows.iter().map(|(date, _)| *date).min() else { return Ok(Vec::new()) };
    let flows: Vec<_> = request
        .flows
        .iter()
        .map(|(date, Figure(amount))| Flow::new(*amount, Decimal::from((*date - first).num_days()) / days_a_year))
        .collect();
    Ok(internal_rates(&flows)?)
}

fn regulation_z(request: RegulationZ) -> Result<Vec<Rate>, RateRequestError> {
    let flow = |time_field, fraction_field, amount, periods: Decimal, fraction: Decimal| {
        let wrong = |field, expected, found: Decimal| {
            Err(RateRequestError::Field { field, expected, found: found.to_string() })
        };
        if !periods.is_integer() || periods.is_sign_negative() || periods > Decimal::from(100_000) {
            return wrong(time_field, "whole unit-periods up to 100000", periods);
        }
        if fraction.is_sign_negative() || fraction >= Decimal::ONE {
            return wrong(fraction_field, "a fraction of at least 0 and below 1", fraction);
        }
        Ok(Flow { amount, periods, fraction })
    };
    let advances = request.advances.iter().map(|a| flow("advances.q", "advances.e", -a.amount.0, a.q.0, a.e.0));
    let payments = request.payments.iter().map(|p| flow("payments.t", "payments.f", p.amount.0, p.t.0, p.f.0));
    let flows = advances.chain(payments).collect::<Result<Vec<_>, _>>()?;
    Ok(annual_percentage_rates(&flows, request.unit_periods_per_year.0)?)
}

fn eu(request: &Eu) -> Result<Vec<Rate>, RateRequestError> {
    let most = Decimal::from(10_000);
    if let Some(flow) = request.flows.iter().find(|flow| flow.t_years.0.abs() > most) {
        let found = flow.t_years.0.to_string();
        return Err(RateRequestError::Field { field: "flows.t_years", expected: "at most 10000 years", found });
    }
    let flows: Vec<_> = request.flows.iter().map(|flow| Flow::new(flow.amount.0, flow.t_years.0)).collect();
    Ok(internal_rates(&flows)?)
}

#[cfg(test)]
mod tests {
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
        let cases = cases(include_str!("../../testdata/rates.json"));
        assert_eq!(cases.len(), 15);
        for case in &cases {
            let expected = case["rate"].as_str().map(|rate| rate.parse().unwrap());
            assert_eq!(rate_of(&case["request"]), expected, "{}", case["id"]);
        }
    }

    #[test]
    fn internal_rates_equal_every_published_case() {
        let cases = cases(include_str!("../../testdata/xirr.json"));
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
        let cases = cases(include_str!("../../testdata/apr_regulation_z.json"));
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
        let cases = cases(include_str!("../../testdata/apr_eu_examples.json"));
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
    fn of_several_rates_the_nearest_to_zero_is_given_and_all_are_listed() {
        for (flows, expected) in [
            (json!([["2025-01-01", "-1000"], ["2026-01-01", "2270"], ["2027-01-01", "-1288"]]), &["0.12", "0.15"][..]),
            (json!([["2025-01-01", "-1000"], ["2026-01-01", "2200"], ["2027-01-01", "-1210"]]), &["0.1"]),
            (
                json!([
                    ["2025-01-01", "-1000"],
                    ["2026-01-01", "3300"],
                    ["2027-01-01", "-3630"],
                    ["2028-01-01", "1331"]
                ]),
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
}
