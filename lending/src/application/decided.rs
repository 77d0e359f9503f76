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
/// whose offer does not read goes to a person, as a missing input never approves. The product is asked for only where an
/// approval needs it.
pub fn decide<'a, E>(
    submitted: &Submitted,
    decision: &Decision,
    product: impl FnOnce() -> Result<&'a Product, E>,
    caps: &CapTable,
    on: NaiveDate,
) -> Result<Decided, E> {
    let decided = |outcome, reasons, approval| Decided {
        outcome,
        reasons,
        approval,
        at: decision.at,
        decided_on: Some(on),
        record: None,
    };
    let instead = |outcome, code: &str, text: &str, kind: &str| {
        let ours = Reason { code: code.to_owned(), text: text.to_owned(), kind: kind.to_owned() };
        decided(outcome, std::iter::once(ours).chain(decision.reasons.iter().cloned()).collect(), None)
    };
    let unreadable = || instead(Outcome::Review, "offer_unreadable", "The offer needs to be looked at.", "missing");
    let offer = match (decision.outcome, &decision.offer) {
        (outcome @ (Outcome::Review | Outcome::Decline), _) => {
            return Ok(decided(outcome, decision.reasons.clone(), None));
        }
        (Outcome::Approve, offer) => offer.as_ref().and_then(|offer| approval(submitted, offer)),
    };
    let Some(approval) = offer else { return Ok(unreadable()) };
    let product = product()?;
    if approval.amount.minor_units() < product.min_amount.minor_units() {
        let text = "The amount that could be granted is below the least amount of this product.";
        return Ok(instead(Outcome::Decline, "limit_below_product_minimum", text, "rule"));
    }
    let quote = Quote::new(product, caps, approval.amount, submitted.term_months, approval.annual_rate, on);
    Ok(match quote {
        Ok(_) => decided(Outcome::Approve, decision.reasons.clone(), Some(approval)),
        Err(QuoteError::AboveCap(_)) => {
            let text = "This loan would cost more than the law allows.";
            instead(Outcome::Decline, "price_above_cap", text, "rule")
        }
        Err(QuoteError::Refused(_) | QuoteError::Schedule(_) | QuoteError::Money(_) | QuoteError::NoRate) => {
            unreadable()
        }
    })
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
