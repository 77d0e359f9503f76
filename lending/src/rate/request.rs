//! A rate as `weir loans rate` is asked for it: flows in, `{"rate":…}` out, null where none is defined.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use weir_money::Rate;

use super::flows::changes_of_sign;
use super::{BeyondRange, Flow, annual_percentage_rates, internal_rates, nearest};
use crate::malformed::{Malformed, read};

/// Changes between money in and money out. A loan has one, and one that is drawn and repaid by turns every month has so
/// many in five years.
const MOST_CHANGES: usize = 120;

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
    Ok(internal_rates(&bounded(flows)?)?)
}

/// Flows whose rates are found in a second or so.
fn bounded(flows: Vec<Flow>) -> Result<Vec<Flow>, RateRequestError> {
    match changes_of_sign(&flows)? {
        0..=MOST_CHANGES => Ok(flows),
        found => Err(RateRequestError::Field {
            field: "flows",
            expected: "at most 120 changes between money in and money out",
            found: found.to_string(),
        }),
    }
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
    Ok(annual_percentage_rates(&bounded(flows)?, request.unit_periods_per_year.0)?)
}

fn eu(request: &Eu) -> Result<Vec<Rate>, RateRequestError> {
    let most = Decimal::from(10_000);
    if let Some(flow) = request.flows.iter().find(|flow| flow.t_years.0.abs() > most) {
        let found = flow.t_years.0.to_string();
        return Err(RateRequestError::Field { field: "flows.t_years", expected: "at most 10000 years", found });
    }
    let flows: Vec<_> = request.flows.iter().map(|flow| Flow::new(flow.amount.0, flow.t_years.0)).collect();
    Ok(internal_rates(&bounded(flows)?)?)
}

#[cfg(test)]
mod tests;
