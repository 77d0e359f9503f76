//! Terms of loans from any bytes, and commands on the loans that come of them: no panic, schedules that pay back what
//! was lent, and books that add up after every command.

use arbitrary::{Result, Unstructured};
use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use weir_lending::contract::{Contract, Parties};
use weir_lending::loan::{Loan, LoanEvent};
use weir_lending::product::{EarlyRepayment, Product};
use weir_lending::quote::Quote;
use weir_lending::rate::CapTable;
use weir_lending::schedule::{DayCount, InterestBasis, Method, Period, PeriodUnit, Schedule, Terms, answer};
use weir_money::{Currency, Money, Rate};

use crate::books::Books;

const CURRENCIES: [Currency; 5] = [Currency::EUR, Currency::USD, Currency::CNY, Currency::JPY, Currency::KWD];
const METHODS: [Method; 3] = [Method::EqualInstallment, Method::EqualPrincipal, Method::Flat];
const DAY_COUNTS: [DayCount; 4] =
    [DayCount::Actual365, DayCount::Actual360, DayCount::ActualActual, DayCount::Thirty360];
const UNITS: [PeriodUnit; 3] = [PeriodUnit::Day, PeriodUnit::Week, PeriodUnit::Month];
const BASES: [InterestBasis; 2] = [InterestBasis::Daily, InterestBasis::WholePeriod];
const EARLY: [EarlyRepayment; 2] = [EarlyRepayment::AccruedInterest, EarlyRepayment::ScheduledInterest];

/// A request in JSON where it begins as one, and drawn terms or a drawn loan elsewhere.
pub(crate) fn try_out(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.starts_with('{')
    {
        answer(text).ok();
        return;
    }
    let mut u = Unstructured::new(bytes);
    match u.arbitrary::<bool>() {
        Ok(true) => schedule(&mut u).ok(),
        Ok(false) => loan(&mut u).ok(),
        Err(_) => None,
    };
}

fn schedule(u: &mut Unstructured<'_>) -> Result<()> {
    let currency = *u.choose(&CURRENCIES)?;
    let terms = Terms {
        principal: Money::from_minor_units(u.arbitrary::<i64>()? >> u.int_in_range(0..=60)?, currency),
        annual_rate: rate(u)?,
        disbursed_on: day(u, true)?,
        installments: u.int_in_range(0..=1_300)?,
        period: Period { every: u.int_in_range(0..=400)?, unit: *u.choose(&UNITS)? },
        method: *u.choose(&METHODS)?,
        day_count: *u.choose(&DAY_COUNTS)?,
        interest_basis: *u.choose(&BASES)?,
    };
    let Ok(schedule) = Schedule::of(&terms) else { return Ok(()) };
    assert_eq!(schedule.installments.len(), usize::try_from(terms.installments).unwrap(), "{terms:?}");
    assert_eq!(schedule.total_principal(currency).unwrap(), terms.principal, "{terms:?}");
    for (number, (start, row)) in (1..).zip(schedule.with_starts()) {
        assert!(row.number == number && start < row.due_on, "{row:?} of {terms:?}");
        assert!(!row.principal.is_negative() && !row.interest.is_negative(), "{row:?} of {terms:?}");
    }
    let json = serde_json::to_string(&schedule).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    Ok(())
}

fn rate(u: &mut Unstructured<'_>) -> Result<Rate> {
    let (lo, mid, hi) = match u.int_in_range(0..=2)? {
        0 => (u.int_in_range(0..=4_000)?, 0, 0),
        1 => (u.arbitrary()?, 0, 0),
        _ => (u.arbitrary()?, u.arbitrary()?, u.arbitrary()?),
    };
    Ok(Rate::new(Decimal::from_parts(lo, mid, hi, u.ratio(1, 20)?, u.int_in_range(0..=28)?)))
}

/// In the next or the last hundred years, or on any day of the calendar.
fn day(u: &mut Unstructured<'_>, any: bool) -> Result<NaiveDate> {
    let days = if any && u.ratio(1, 8)? { u.arbitrary::<i32>()? } else { u.int_in_range(700_000..=770_000)? };
    Ok(NaiveDate::from_num_days_from_ce_opt(days).unwrap_or(NaiveDate::MAX))
}

fn loan(u: &mut Unstructured<'_>) -> Result<()> {
    let currency = *u.choose(&CURRENCIES)?;
    let months = u.int_in_range(1..=72_u16)?;
    let amount = Money::from_minor_units(u.int_in_range(1..=4_000_000_000_i64)? >> u.int_in_range(0..=24)?, currency);
    let product = Product {
        min_amount: Money::from_minor_units(1, currency),
        max_amount: Money::from_minor_units(i64::MAX, currency),
        min_months: 1,
        max_months: 1_200,
        method: *u.choose(&METHODS)?,
        day_count: *u.choose(&DAY_COUNTS)?,
        early_repayment: *u.choose(&EARLY)?,
        payout_within_days: u.int_in_range(0..=14)?,
        ..Product::consumer_instalment()
    };
    let caps = CapTable::parse(CAPS).unwrap();
    let annual_rate = Rate::new(Decimal::new(u.int_in_range(0..=30_000)?, 4));
    let start_on = day(u, false)?;
    let Ok(quote) = Quote::new(&product, &caps, amount, months, annual_rate, start_on) else { return Ok(()) };
    let table = &quote.cost_table;
    assert_eq!(table.principal.checked_add(table.total_interest), Ok(table.total_repayable));
    let parties = Parties {
        loan: "L1".into(),
        application: "A1".into(),
        customer: "c1".into(),
        lender: "Weir Test Lender".to_owned(),
        drawn_on: start_on,
    };
    let contract = Contract::draw(&quote, &caps, parties).expect("what was quoted can be drawn up");
    let hash = contract.hash.clone();
    let signed = LoanEvent::from(&contract.accept(&hash, start_on).expect("it is the hash of the contract"));
    let mut books = Books::open(Loan::fold([&signed]).unwrap(), signed);
    let mut on = start_on;
    while !u.is_empty() {
        // Days go on, mostly; a clock may have been set back.
        on += TimeDelta::days(if u.ratio(1, 16)? { u.int_in_range(-60..=400)? } else { u.int_in_range(0..=31)? });
        books.step(u, on)?;
    }
    Ok(())
}

/// A cap that hardly any of the drawn rates is above.
const CAPS: &str = r#"
    [[cap]]
    from = "1900-01-01"
    lender_type = "licensed_consumer_lender"
    cap = "100"
    source = "none: so that every rate may be lent at"
"#;
