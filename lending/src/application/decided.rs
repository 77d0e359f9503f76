//! What a decision record means for an application: the amount that may be signed, and the cases in which an approval
//! cannot become a contract.

use chrono::NaiveDate;
use weir_messages::{Decision, Offer, Outcome, Reason};
use weir_money::Money;

use super::{Approval, Decided, Submitted};
use crate::product::Product;
use crate::quote::{Quote, QuoteError};
use crate::rate::CapTable;

/// An approval below the product's least amount, or priced above the cap of the day, is a decline that says so. One
/// whose offer does not read goes to a person, as a missing input never approves.
#[must_use]
pub fn decide(
    submitted: &Submitted,
    decision: &Decision,
    product: &Product,
    caps: &CapTable,
    on: NaiveDate,
) -> Decided {
    let decided = |outcome, reasons, approval| Decided { outcome, reasons, approval, at: decision.at, record: None };
    let instead = |outcome, code: &str, text: &str, kind: &str| {
        let ours = Reason { code: code.to_owned(), text: text.to_owned(), kind: kind.to_owned() };
        decided(outcome, std::iter::once(ours).chain(decision.reasons.iter().cloned()).collect(), None)
    };
    match (decision.outcome, &decision.offer) {
        (outcome @ (Outcome::Review | Outcome::Decline), _) => decided(outcome, decision.reasons.clone(), None),
        (Outcome::Approve, offer) => match offer.as_ref().and_then(|offer| approval(submitted, offer)) {
            None => instead(Outcome::Review, "offer_unreadable", "The offer needs to be looked at.", "missing"),
            Some(approval) if approval.amount.minor_units() < product.min_amount.minor_units() => instead(
                Outcome::Decline,
                "limit_below_product_minimum",
                "The amount that could be granted is below the least amount of this product.",
                "rule",
            ),
            Some(approval) => {
                match Quote::new(product, caps, approval.amount, submitted.term_months, approval.annual_rate, on) {
                    Ok(_) => decided(Outcome::Approve, decision.reasons.clone(), Some(approval)),
                    Err(QuoteError::AboveCap(_)) => instead(
                        Outcome::Decline,
                        "price_above_cap",
                        "This loan would cost more than the law allows.",
                        "rule",
                    ),
                    Err(
                        QuoteError::Refused(_) | QuoteError::Schedule(_) | QuoteError::Money(_) | QuoteError::NoRate,
                    ) => instead(Outcome::Review, "offer_unreadable", "The offer needs to be looked at.", "missing"),
                }
            }
        },
    }
}

/// `None` where the offer's numbers do not read or are of another currency.
fn approval(submitted: &Submitted, offer: &Offer) -> Option<Approval> {
    let currency = submitted.amount.currency();
    if offer.currency != currency.code() {
        return None;
    }
    let limit = Money::parse(&offer.limit, currency).ok().filter(|limit| !limit.is_negative())?;
    Some(Approval {
        amount: submitted.amount.checked_min(limit).ok()?,
        annual_rate: offer.annual_rate.parse().ok().filter(|rate: &weir_money::Rate| !rate.is_negative())?,
        band: offer.band.clone(),
    })
}
