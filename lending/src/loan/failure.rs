//! Why something went wrong or was taken back, as codes. Text that comes from outside may hold anything, a card number
//! too: of it a code is told, and what is kept has its digits struck out.

use crate::status::statuses;

/// Characters kept of a reason that somebody else gave.
const MAX_REASON: usize = 200;

statuses! {
    /// Why the payment channel could not pay. A text of its own that is none of these is `other`.
    FailureCode {
        AccountBlocked = "account_blocked",
        AccountClosed = "account_closed",
        AccountUnknown = "account_unknown",
        CardExpired = "card_expired",
        CardRefused = "card_refused",
        LimitExceeded = "limit_exceeded",
        Other = "other",
    }
}

statuses! {
    /// Why a loan ended before its payout.
    CancellationReason {
        Withdrawn = "withdrawn",
        PayoutFailed = "payout_failed",
        Revoked = "revoked",
    }
}

statuses! {
    /// Why the money of a repayment went back.
    ReversalReason {
        Returned = "returned",
        Recalled = "recalled",
        BookedInError = "booked_in_error",
    }
}

/// What the payment channel said of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    pub code: FailureCode,
    /// Without a digit, and bounded.
    pub text: String,
}

impl FailureReason {
    /// From the channel's own words.
    #[must_use]
    pub fn given(words: &str) -> Self {
        let spelt = |character: char| if character.is_alphanumeric() { character.to_ascii_lowercase() } else { '_' };
        let code = words.trim().chars().take(MAX_REASON).map(spelt).collect::<String>();
        let struck = |character: char| if character.is_numeric() { '#' } else { character };
        Self {
            code: code.parse().unwrap_or(FailureCode::Other),
            text: words.chars().take(MAX_REASON).map(struck).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_one_of_the_codes_is_told_as_it() {
        for words in ["account closed", "ACCOUNT_CLOSED", " Account-Closed "] {
            assert_eq!(FailureReason::given(words).code, FailureCode::AccountClosed, "{words}");
        }
        for words in ["", "closed", "account closed, sorry", "konto geschlossen"] {
            assert_eq!(FailureReason::given(words).code, FailureCode::Other, "{words}");
        }
    }

    #[test]
    fn no_digit_and_no_endless_text_of_a_reason_is_kept() {
        let reason = FailureReason::given("declined: card 4000 1234 5678 99xx, ٤٢, ½");
        assert_eq!(reason.text, "declined: card #### #### #### ##xx, ##, #");
        assert_eq!(FailureReason::given(&"x1".repeat(5_000)).text.chars().count(), MAX_REASON);
    }
}
