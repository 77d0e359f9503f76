//! Score bands: what a score leads to, and for an approval limit and price. From the highest down, without a gap.

use rust_decimal::Decimal;
use weir_messages::{Offer, Outcome};

use super::PolicyError;
use super::decimal::plain;
use super::document::BandText;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) name: String,
    /// Lowest score in it; absent on the last, which takes all that is lower.
    min_score: Option<i64>,
    /// What the applicant is told of the band.
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approve(Offer),
    Review,
    Decline,
}

/// From the highest score to the lowest; never empty.
#[derive(Debug)]
pub(super) struct Bands {
    upper: Vec<Band>,
    lowest: Band,
}

impl Bands {
    pub(super) fn of(texts: Vec<BandText>) -> Result<Self, PolicyError> {
        let mut upper = texts.into_iter().map(Band::of).collect::<Result<Vec<_>, _>>()?;
        let Some(lowest) = upper.pop() else {
            return Err(PolicyError::Field { field: "band", reason: "expected at least one, found none".to_owned() });
        };
        if lowest.min_score.is_some() {
            return Err(lowest.unfit("min_score", "the last band takes all lower scores and has none"));
        }
        for band in &upper {
            if band.min_score.is_none() {
                return Err(band.unfit("min_score", "expected one: only the last band has none"));
            }
        }
        for (at, pair) in upper.windows(2).enumerate() {
            if pair[0].min_score <= pair[1].min_score {
                return Err(upper[at + 1].unfit("min_score", "expected less than the band before it has"));
            }
        }
        let all: Vec<&Band> = upper.iter().chain([&lowest]).collect();
        for (at, band) in all.iter().enumerate() {
            if all[..at].iter().any(|before| before.name == band.name) {
                return Err(band.unfit("name", "comes twice"));
            }
            if at > 0 && band.outcome() < all[at - 1].outcome() {
                return Err(band.unfit("outcome", "is better than that of the band above it"));
            }
        }
        Ok(Self { upper, lowest })
    }

    pub(super) fn of_score(&self, score: i64) -> &Band {
        self.upper.iter().find(|band| band.min_score.is_some_and(|least| score >= least)).unwrap_or(&self.lowest)
    }
}

impl Band {
    fn of(text: BandText) -> Result<Self, PolicyError> {
        let BandText { name, min_score, outcome, text, limit, currency, annual_rate } = text;
        let unfit = |field: &'static str, reason: &str| PolicyError::Band {
            band: name.clone(),
            field,
            reason: reason.to_owned(),
        };
        if text.trim().is_empty() {
            return Err(unfit("text", "expected what the applicant is told, found nothing"));
        }
        let given = [("limit", &limit), ("currency", &currency), ("annual_rate", &annual_rate)];
        let verdict = match outcome {
            Outcome::Approve => {
                let wanted = |field| move || unfit(field, "expected one: this band approves");
                let offer = Offer {
                    limit: limit.clone().ok_or_else(wanted("limit"))?,
                    currency: currency.clone().ok_or_else(wanted("currency"))?,
                    annual_rate: annual_rate.clone().ok_or_else(wanted("annual_rate"))?,
                    band: name.clone(),
                };
                check(&offer).map_err(|(field, reason)| unfit(field, reason))?;
                Verdict::Approve(offer)
            }
            Outcome::Review | Outcome::Decline => {
                if let Some((field, _)) = given.iter().find(|(_, value)| value.is_some()) {
                    return Err(unfit(field, "only a band that approves has one"));
                }
                if outcome == Outcome::Review { Verdict::Review } else { Verdict::Decline }
            }
        };
        Ok(Self { name, min_score, text, verdict })
    }

    pub(crate) const fn outcome(&self) -> Outcome {
        match self.verdict {
            Verdict::Approve(_) => Outcome::Approve,
            Verdict::Review => Outcome::Review,
            Verdict::Decline => Outcome::Decline,
        }
    }

    fn unfit(&self, field: &'static str, reason: &str) -> PolicyError {
        PolicyError::Band { band: self.name.clone(), field, reason: reason.to_owned() }
    }
}

fn check(offer: &Offer) -> Result<(), (&'static str, &'static str)> {
    let limit = plain(&offer.limit).ok_or(("limit", "expected a decimal in major units as \"2000.00\""))?;
    if limit <= Decimal::ZERO {
        return Err(("limit", "expected more than 0"));
    }
    if offer.currency.len() != 3 || !offer.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(("currency", "expected three capital letters as in ISO 4217"));
    }
    let rate = plain(&offer.annual_rate).ok_or(("annual_rate", "expected a decimal fraction of one as \"0.12\""))?;
    if rate >= Decimal::ONE {
        return Err(("annual_rate", "expected less than 1: it is a fraction of one"));
    }
    Ok(())
}
