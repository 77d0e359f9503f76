//! The text of a contract: the form of this version, filled from the cost table. Equal tables and parties have equal
//! bytes. A changed form is a new file with a new name; contracts keep their text, so old forms are not needed again.

use std::fmt::Write as _;

use super::Parties;
use crate::product::EarlyRepayment;
use crate::quote::{CostTable, Sha256};
use crate::rate::CapCheck;

const FORM: &str = include_str!("template.txt");
const FORM_NAME: &str = "consumer loan 1";

/// Decimals of a percentage in the text; the cost table has more.
const PERCENT_DECIMALS: u32 = 4;

pub(super) fn of(table: &CostTable, table_hash: &Sha256, cap: &CapCheck, parties: &Parties) -> String {
    let percent = |rate: weir_money::Rate| rate.percent_half_even(PERCENT_DECIMALS);
    let values = [
        ("loan", parties.loan.to_string()),
        ("lender", parties.lender.clone()),
        ("customer", parties.customer.to_string()),
        ("application", parties.application.to_string()),
        ("product", table.product.to_string()),
        ("drawn_on", parties.drawn_on.to_string()),
        ("principal", table.principal.to_string()),
        ("start_on", table.schedule.starts_on.to_string()),
        ("last_payout_on", table.last_payout_on().to_string()),
        ("total_repayable", table.total_repayable.to_string()),
        ("total_interest", table.total_interest.to_string()),
        ("count", table.schedule.installments.len().to_string()),
        ("annual_rate", percent(table.annual_rate)),
        ("day_count", table.day_count.name().to_owned()),
        ("all_in_rate", percent(table.all_in_rate)),
        ("all_in_rate_nominal", percent(table.all_in_rate_nominal)),
        ("cap", percent(cap.cap)),
        ("cap_meaning", cap.meaning.to_string()),
        ("cap_from", cap.from.to_string()),
        ("installments", installments(table)),
        ("early_repayment", early_repayment(table.early_repayment).to_owned()),
        ("cost_table_hash", table_hash.to_string()),
        ("form", FORM_NAME.to_owned()),
    ];
    filled(FORM, &values)
}

/// One pass over the form, so that a value which looks like a placeholder stays as it is.
fn filled(form: &str, values: &[(&str, String)]) -> String {
    let mut parts = form.split("{{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").expect("every placeholder of the form is closed, as a test shows");
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        text.push_str(value.expect("every placeholder of the form has a value, as a test shows"));
        text.push_str(rest);
    }
    text
}

fn installments(table: &CostTable) -> String {
    let mut text =
        format!("{:>4}  {:<10}  {:>14}  {:>14}  {:>14}\n", "No.", "Due on", "Principal", "Interest", "Payment");
    for row in &table.schedule.installments {
        let payment = row.payment().map_or_else(|_| String::new(), weir_money::Money::amount);
        let (principal, interest) = (row.principal.amount(), row.interest.amount());
        writeln!(
            text,
            "{:>4}  {:<10}  {principal:>14}  {interest:>14}  {payment:>14}",
            row.number,
            row.due_on.to_string()
        )
        .expect("text takes any line");
    }
    text
}

const fn early_repayment(rule: EarlyRepayment) -> &'static str {
    match rule {
        EarlyRepayment::AccruedInterest => {
            "The borrower may repay at any time. A payment that covers the open principal and the interest earned by the day\n\
             before it, each installment's interest spread evenly over its days, settles the loan; later interest is not owed."
        }
        EarlyRepayment::ScheduledInterest => {
            "The borrower may repay at any time. All interest of the table stays owed."
        }
    }
}
