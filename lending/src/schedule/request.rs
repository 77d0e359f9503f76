//! A schedule as `weir loans schedule` is asked for it: a `request` of `data/loan/schedules.json` in, installments out.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use weir_money::{Money, MoneyError, Rate, UnknownCurrency};

use super::{DayCount, Installment, InterestBasis, Method, Period, Schedule, ScheduleError, Terms};
use crate::malformed::{self, Malformed};

#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    principal: String,
    currency: String,
    annual_rate: Rate,
    disbursed_on: NaiveDate,
    installments: u32,
    period: Period,
    method: Method,
    day_count: DayCount,
    #[serde(default)]
    interest_basis: InterestBasis,
    #[serde(default)]
    rounding: Rounding,
}

/// The one rounding there is, so that another one is refused by its name.
#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rounding {
    #[default]
    HalfEven,
}

#[derive(Serialize)]
struct Answer {
    installments: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    number: u32,
    due_on: NaiveDate,
    days: i64,
    principal: String,
    interest: String,
    payment: String,
    balance: String,
}

/// The JSON `{"installments":[…]}` for the JSON of a request. An error names the field.
pub fn answer(request: &str) -> Result<String, RequestError> {
    let terms = terms(request)?;
    let schedule = Schedule::of(&terms)?;
    let mut balance = terms.principal;
    let mut installments = Vec::with_capacity(schedule.installments.len());
    for (start, installment) in schedule.with_starts() {
        installments.push(row(start, installment, &mut balance).map_err(ScheduleError::Money)?);
    }
    Ok(serde_json::to_string(&Answer { installments }).expect("rows of numbers and text serialise"))
}

fn terms(request: &str) -> Result<Terms, RequestError> {
    let request: Request = malformed::read(request)?;
    let Rounding::HalfEven = request.rounding;
    let wrong = |field, reason: String| RequestError::Field { field, reason };
    let currency = request.currency.parse().map_err(|error: UnknownCurrency| wrong("currency", error.to_string()))?;
    let principal =
        Money::parse(&request.principal, currency).map_err(|error| wrong("principal", error.to_string()))?;
    Ok(Terms {
        principal,
        annual_rate: request.annual_rate,
        disbursed_on: request.disbursed_on,
        installments: request.installments,
        period: request.period,
        method: request.method,
        day_count: request.day_count,
        interest_basis: request.interest_basis,
    })
}

/// One row of the answer; takes its principal off `balance`.
fn row(start: NaiveDate, installment: &Installment, balance: &mut Money) -> Result<Row, MoneyError> {
    *balance = balance.checked_sub(installment.principal)?;
    Ok(Row {
        number: installment.number,
        due_on: installment.due_on,
        days: (installment.due_on - start).num_days(),
        principal: installment.principal.amount(),
        interest: installment.interest.amount(),
        payment: installment.payment()?.amount(),
        balance: balance.amount(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn schedules_equal_every_case_of_fineract_to_the_cent() {
        let file: Value = serde_json::from_str(include_str!("../../testdata/schedules.json")).unwrap();
        let cases = file["cases"].as_array().unwrap();
        for case in cases {
            let found = answer(&case["request"].to_string()).unwrap_or_else(|error| panic!("{}: {error}", case["id"]));
            let found: Value = serde_json::from_str(&found).unwrap();
            assert_eq!(found, case["expected"], "{}", case["id"]);
        }
        assert_eq!(cases.len(), 28);
    }

    fn changed(field: &str, value: Value) -> String {
        let mut request = serde_json::json!({
            "principal": "100.00", "currency": "EUR", "annual_rate": "0.07", "disbursed_on": "2024-01-01",
            "installments": 6, "period": {"every": 1, "unit": "month"}, "method": "equal_installment",
            "day_count": "30/360", "rounding": "half_even"
        });
        request[field] = value;
        request.to_string()
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (field, value) in [
            ("principal", "0.00".into()),
            ("principal", "1.005".into()),
            ("principal", 100.into()),
            ("currency", "XXX".into()),
            ("annual_rate", "-0.1".into()),
            ("annual_rate", "12%".into()),
            ("annual_rate", "79228162514264337593543950335".into()),
            ("disbursed_on", "2024-02-30".into()),
            ("disbursed_on", "+262142-12-31".into()),
            ("installments", 0.into()),
            ("installments", 1_201.into()),
            ("period", serde_json::json!({"every": 0, "unit": "month"})),
            ("period", serde_json::json!({"every": 1, "unit": "year"})),
            ("method", "balloon".into()),
            ("day_count", "BUS/252".into()),
            ("rounding", "up".into()),
            ("down_payment", "10.00".into()),
        ] {
            let request = changed(field, value);
            let error = answer(&request).expect_err(&request).to_string();
            assert!(error.contains(field), "{error}: {request}");
        }
        assert!(answer("{").is_err());
        assert!(answer(&changed("currency", "JPY".into())).unwrap_err().to_string().starts_with("principal: "));
    }
}
