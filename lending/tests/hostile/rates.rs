//! Flows of money from any bytes: no panic, each rate found is one at which the flows are worth nothing, and there are
//! no more of them than changes of sign.

use arbitrary::{Result, Unstructured};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use weir_lending::rate::{Flow, annual_percentage_rates, answer, internal_rates, nearest};
use weir_money::Rate;

/// What the flows may be worth at a rate, beside the sum of their sizes. They are worth it by float64, whose last digit
/// a hundred thousand periods multiply.
const NEARLY_NOTHING: f64 = 1e-6;
/// Growth below it has lost too many of its twenty decimals to be checked so.
const LEAST_GROWTH: f64 = 1e-6;

/// A request in JSON where it begins as one, and drawn flows elsewhere.
pub(crate) fn try_out(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.starts_with('{')
    {
        for all in [false, true] {
            if let Ok(found) = answer(text, all) {
                assert!(found.starts_with("{\"rate\":"), "{found}");
            }
        }
        return;
    }
    drawn(&mut Unstructured::new(bytes)).ok();
}

fn drawn(u: &mut Unstructured<'_>) -> Result<()> {
    let broken = u.arbitrary::<bool>()?;
    let mut flows = Vec::new();
    for _ in 0..u.int_in_range(0..=16)? {
        flows.push(flow(u, broken)?);
    }
    let per_year = Decimal::from(u.int_in_range(1..=365)?);
    let annual = annual_percentage_rates(&flows, per_year);
    if let Ok(annual) = &annual {
        assert_eq!(nearest(annual).is_some(), !annual.is_empty());
    }
    let Ok(rates) = internal_rates(&flows) else { return Ok(()) };
    if annual_percentage_rates(&flows, Decimal::ONE).as_ref() != Ok(&rates) {
        assert!(
            rates == [Rate::new(Decimal::NEGATIVE_ONE)],
            "a total loss alone has a rate that is no zero: {flows:?}"
        );
    }
    check(&flows, &rates);
    let turned: Vec<Flow> = flows.iter().map(|flow| Flow { amount: -flow.amount, ..*flow }).collect();
    let opposite = internal_rates(&turned).expect("the other side of flows that have rates");
    assert!(rates == opposite || rates.first().is_some_and(is_loss) || opposite.first().is_some_and(is_loss));
    Ok(())
}

fn is_loss(rate: &Rate) -> bool {
    rate.fraction() == Decimal::NEGATIVE_ONE
}

fn flow(u: &mut Unstructured<'_>, broken: bool) -> Result<Flow> {
    let amount = match u.int_in_range(0..=3)? {
        0 => Decimal::from(u.int_in_range(-2..=2)?),
        1 => Decimal::new(u.arbitrary::<i32>()?.into(), 2),
        2 => Decimal::new(u.arbitrary()?, u.int_in_range(0..=28)?),
        _ => decimal(u)?,
    };
    let periods = match u.int_in_range(0..=3)? {
        0 => Decimal::from(u.int_in_range(0..=12)?),
        1 => Decimal::from(u.int_in_range(-4_000..=40_000)?) / Decimal::from(365),
        2 => Decimal::from(u.int_in_range(0..=100_000)?),
        _ => decimal(u)? % Decimal::from(10_000),
    };
    let fraction = if broken { decimal(u)?.abs() % Decimal::ONE } else { Decimal::ZERO };
    Ok(Flow { amount, periods, fraction })
}

/// Any there is.
fn decimal(u: &mut Unstructured<'_>) -> Result<Decimal> {
    let (lo, mid, hi) = (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?);
    Ok(Decimal::from_parts(lo, mid, hi, u.arbitrary()?, u.int_in_range(0..=28)?))
}

fn check(flows: &[Flow], rates: &[Rate]) {
    assert!(rates.is_sorted(), "{rates:?} of {flows:?}");
    assert_eq!(nearest(rates).is_some(), !rates.is_empty());
    assert!(nearest(rates).is_none_or(|nearest| rates.contains(&nearest)));
    if rates.iter().any(is_loss) {
        return;
    }
    let changes = changes_of_sign(flows);
    assert!(rates.len() <= changes, "{} rates, {changes} changes of sign: {rates:?} of {flows:?}", rates.len());
    if flows.iter().all(|flow| flow.fraction.is_zero()) && changes == 1 {
        assert_eq!(rates.len(), 1, "one change of sign is one rate: {flows:?}");
    }
    for rate in rates {
        let growth = (rate.fraction() + Decimal::ONE).to_f64().expect("a decimal has a double beside it");
        if growth > LEAST_GROWTH {
            let worth = worth(flows, growth);
            assert!(worth.abs() <= NEARLY_NOTHING, "{worth:e} at {rate} of {flows:?}");
        }
    }
}

/// Of the sums of the flows of each time, in order of time.
fn changes_of_sign(flows: &[Flow]) -> usize {
    let mut flows = flows.to_vec();
    flows.sort_by_key(|flow| flow.periods);
    let sums = flows.chunk_by(|a, b| a.periods == b.periods).map(|at_once| at_once.iter().map(|flow| flow.amount));
    // Largest first, and as doubles where a decimal would overflow.
    let signs = sums.map(|amounts| amounts.map(|amount| amount.to_f64().unwrap_or(0.0)).sum::<f64>());
    let signs: Vec<bool> = signs.filter(|sum| *sum != 0.0).map(f64::is_sign_positive).collect();
    signs.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// What the flows are worth beside the sum of their sizes, by their logarithms so that nothing overflows.
fn worth(flows: &[Flow], growth: f64) -> f64 {
    let double = |value: Decimal| value.to_f64().expect("a decimal has a double beside it");
    let terms: Vec<(f64, f64)> = flows
        .iter()
        .filter(|flow| !flow.amount.is_zero())
        .map(|flow| {
            let simple = (1.0 + double(flow.fraction) * (growth - 1.0)).ln();
            let size = double(flow.amount.abs()).ln() - double(flow.periods) * growth.ln() - simple;
            (size, double(flow.amount).signum())
        })
        .collect();
    let largest = terms.iter().map(|(size, _)| *size).fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|(size, sign)| sign * (size - largest).exp()).sum();
    let sizes: f64 = terms.iter().map(|(size, _)| (size - largest).exp()).sum();
    sum / sizes
}
