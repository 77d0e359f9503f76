//! The real applicants: the Statlog German Credit data (CC BY 4.0), a thousand people with what became of their loans.
//! Sex, personal status and foreign-worker status are never read, so they can never be sent.

use std::collections::BTreeMap;

use serde::Deserialize;
use weir_messages::events::AttributeValue;

use super::DemoError;
use super::chance::stream;

const APPLICANTS: &str = include_str!("../../../models/german_credit/german_credit.csv");
/// Which rows the scorecard was trained on; written by the script that trained it.
const SPLIT: &str = include_str!("../../../models/german_credit/split.csv");

/// Attribute of the product, and its column.
const TEXTS: [(&str, &str); 11] = [
    ("account_status", "status_of_existing_checking_account"),
    ("credit_history", "credit_history"),
    ("purpose", "purpose"),
    ("savings", "savings_account_and_bonds"),
    ("employment", "present_employment_since"),
    ("other_debtors", "other_debtors_or_guarantors"),
    ("property", "property"),
    ("other_installment_plans", "other_installment_plans"),
    ("housing", "housing"),
    ("job", "job"),
    ("telephone", "telephone"),
];
const INTEGERS: [(&str, &str); 4] = [
    ("installment_rate", "installment_rate_in_percentage_of_disposable_income"),
    ("residence_since", "present_residence_since"),
    ("existing_credits", "number_of_existing_credits_at_this_bank"),
    ("dependents", "number_of_people_being_liable_to_provide_maintenance_for"),
];

/// One row of the data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applicant {
    pub(crate) row: usize,
    /// As the product asks for them.
    pub(super) attributes: BTreeMap<&'static str, AttributeValue>,
    /// Major units: Deutsche Mark in the data, asked for as so many euros.
    pub(super) amount: String,
    pub(super) term_months: u16,
    pub(super) age: u16,
    /// What became of the loan.
    pub(super) paid_back: bool,
    /// Whether the shipped scorecard was trained on this row.
    pub(super) trained_on: bool,
}

/// All of them, in the order of the file.
pub(super) fn all() -> Result<Vec<Applicant>, DemoError> {
    let trained_on = trained_on()?;
    csv::Reader::from_reader(APPLICANTS.as_bytes())
        .deserialize::<BTreeMap<String, String>>()
        .enumerate()
        .map(|(row, record)| {
            let record = record.map_err(|error| broken(row, &error))?;
            let trained_on = *trained_on.get(&row).ok_or_else(|| broken(row, &"not in split.csv"))?;
            applicant(row, &record, trained_on)
        })
        .collect()
}

fn trained_on() -> Result<BTreeMap<usize, bool>, DemoError> {
    #[derive(Deserialize)]
    struct Line {
        row: usize,
        part: Part,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Part {
        Train,
        Holdout,
    }
    csv::Reader::from_reader(SPLIT.as_bytes())
        .deserialize::<Line>()
        .enumerate()
        .map(|(number, line)| match line {
            Ok(Line { row, part: Part::Train }) => Ok((row, true)),
            Ok(Line { row, part: Part::Holdout }) => Ok((row, false)),
            Err(error) => Err(broken(number, &error)),
        })
        .collect()
}

fn applicant(row: usize, record: &BTreeMap<String, String>, trained_on: bool) -> Result<Applicant, DemoError> {
    let text = |column: &str| record.get(column).map(String::as_str).ok_or_else(|| broken(row, &column));
    let number = |column: &str| text(column)?.parse::<u16>().map_err(|error| broken(row, &error));
    let mut attributes = BTreeMap::new();
    for (name, column) in TEXTS {
        attributes.insert(name, AttributeValue::Text(text(column)?.to_owned()));
    }
    for (name, column) in INTEGERS {
        attributes.insert(name, AttributeValue::Integer(number(column)?.into()));
    }
    Ok(Applicant {
        row,
        attributes,
        amount: format!("{}.00", number("credit_amount")?),
        term_months: number("duration_in_month")?,
        age: number("age_in_years")?,
        paid_back: text("creditability")? == "good",
        trained_on,
    })
}

fn broken(row: usize, reason: &dyn std::fmt::Display) -> DemoError {
    DemoError::Applicants(format!("row {row}: {reason}"))
}

/// `count` of them with the shares of good, bad, seen and unseen that all have, drawn by the seed, in order of row.
pub(super) fn stratified(all: Vec<Applicant>, count: usize, seed: u64) -> Vec<Applicant> {
    let total = all.len();
    let mut strata: BTreeMap<(bool, bool), Vec<Applicant>> = BTreeMap::new();
    for applicant in all {
        strata.entry((applicant.paid_back, applicant.trained_on)).or_default().push(applicant);
    }
    let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
    let shares = apportioned(&sizes, total, count);
    let mut drawn: Vec<Applicant> = strata
        .into_values()
        .zip(shares)
        .enumerate()
        .flat_map(|(stratum, (mut applicants, share))| {
            stream(seed, "stratum", stratum).shuffle(&mut applicants);
            applicants.truncate(share);
            applicants
        })
        .collect();
    drawn.sort_by_key(|applicant| applicant.row);
    drawn
}

/// Splits `count` in proportion to `sizes` by largest remainders, so that the parts add up to it.
fn apportioned(sizes: &[usize], total: usize, count: usize) -> Vec<usize> {
    let count = count.min(total);
    let mut shares: Vec<usize> = sizes.iter().map(|size| size * count / total.max(1)).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(sizes[*index] * count % total.max(1)));
    let short = count - shares.iter().sum::<usize>();
    order.into_iter().take(short).for_each(|index| shares[index] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_applicants_have_the_outcomes_of_the_publication() {
        let all = all().unwrap();
        let count = |of: fn(&Applicant) -> bool| all.iter().filter(|one| of(one)).count();
        assert_eq!((all.len(), count(|one| one.paid_back), count(|one| one.trained_on)), (1_000, 700, 700));
        let first = &all[0];
        assert_eq!((first.amount.as_str(), first.term_months, first.age), ("1169.00", 6, 67));
        assert_eq!(
            first.attributes["telephone"],
            AttributeValue::Text("yes, registered under the customers name".into())
        );
    }

    #[test]
    fn nothing_that_may_not_be_asked_is_sent() {
        for applicant in all().unwrap() {
            assert_eq!(applicant.attributes.len(), 15);
            let sent = format!("{:?}", applicant.attributes);
            assert!(!sent.contains("male") && !sent.contains("divorced") && !sent.contains("foreign"), "{sent}");
        }
    }

    #[test]
    fn a_subset_keeps_the_shares_of_the_whole() {
        let subset = stratified(all().unwrap(), 200, 7);
        let count = |of: fn(&Applicant) -> bool| subset.iter().filter(|one| of(one)).count();
        assert_eq!((subset.len(), count(|one| one.paid_back), count(|one| one.trained_on)), (200, 140, 140));
        assert_eq!(count(|one| !one.paid_back && !one.trained_on), 18);
        assert!(subset.is_sorted_by_key(|one| one.row));
        assert_eq!(subset, stratified(all().unwrap(), 200, 7));
    }

    #[test]
    fn parts_add_up_whatever_the_count() {
        for count in 0..=1_000 {
            assert_eq!(apportioned(&[210, 90, 490, 210], 1_000, count).iter().sum::<usize>(), count);
        }
    }
}
