//! The chart of accounts. Every account has a stable name, such as `loan:L1:principal` or `house:bank:EUR`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use weir_messages::LoanId;
use weir_money::Currency;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("expected an account such as `loan:L1:principal` or `house:bank:EUR`, found `{0}`")]
pub struct UnknownAccount(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    Asset,
    Liability,
    Income,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Account {
    /// Our money at the bank.
    HouseBank(Currency),
    /// Ordered from the payment channel, outcome not yet known.
    PayoutsInTransit(Currency),
    /// Interest earned, recognised at its due date.
    InterestIncome(Currency),
    /// Principal the borrower has and has not paid back.
    LoanPrincipal(LoanId),
    /// Interest recognised and not yet paid.
    LoanInterest(LoanId),
    /// Interest paid before it was recognised.
    LoanInterestInAdvance(LoanId),
    /// Paid beyond everything owed; we owe it back.
    LoanCredit(LoanId),
}

impl Account {
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::HouseBank(_) | Self::PayoutsInTransit(_) | Self::LoanPrincipal(_) | Self::LoanInterest(_) => {
                AccountKind::Asset
            }
            Self::LoanInterestInAdvance(_) | Self::LoanCredit(_) => AccountKind::Liability,
            Self::InterestIncome(_) => AccountKind::Income,
        }
    }

    /// The line of a trial balance that it is summed in: its own name, or `loans:principal` for every loan's principal.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::HouseBank(_) | Self::PayoutsInTransit(_) | Self::InterestIncome(_) => self.to_string(),
            Self::LoanPrincipal(_) => "loans:principal".to_owned(),
            Self::LoanInterest(_) => "loans:interest".to_owned(),
            Self::LoanInterestInAdvance(_) => "loans:interest-in-advance".to_owned(),
            Self::LoanCredit(_) => "loans:credit".to_owned(),
        }
    }

    /// Every account that a loan has.
    #[must_use]
    pub fn of_loan(loan: &LoanId) -> [Self; 4] {
        [
            Self::LoanPrincipal(loan.clone()),
            Self::LoanInterest(loan.clone()),
            Self::LoanInterestInAdvance(loan.clone()),
            Self::LoanCredit(loan.clone()),
        ]
    }

    /// The loan this account belongs to; `None` for an account of the house.
    #[must_use]
    pub const fn loan(&self) -> Option<&LoanId> {
        match self {
            Self::HouseBank(_) | Self::PayoutsInTransit(_) | Self::InterestIncome(_) => None,
            Self::LoanPrincipal(loan)
            | Self::LoanInterest(loan)
            | Self::LoanInterestInAdvance(loan)
            | Self::LoanCredit(loan) => Some(loan),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HouseBank(currency) => write!(f, "house:bank:{currency}"),
            Self::PayoutsInTransit(currency) => write!(f, "house:payouts-in-transit:{currency}"),
            Self::InterestIncome(currency) => write!(f, "house:interest-income:{currency}"),
            Self::LoanPrincipal(loan) => write!(f, "loan:{loan}:principal"),
            Self::LoanInterest(loan) => write!(f, "loan:{loan}:interest"),
            Self::LoanInterestInAdvance(loan) => write!(f, "loan:{loan}:interest-in-advance"),
            Self::LoanCredit(loan) => write!(f, "loan:{loan}:credit"),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Account {
    type Err = UnknownAccount;

    fn from_str(text: &str) -> Result<Self, UnknownAccount> {
        let unknown = || UnknownAccount(text.chars().take(80).collect());
        let (owner, rest) = text.split_once(':').ok_or_else(unknown)?;
        let (first, last) = rest.rsplit_once(':').filter(|(first, _)| !first.is_empty()).ok_or_else(unknown)?;
        let currency = || last.parse::<Currency>().map_err(|_| unknown());
        match (owner, first, last) {
            ("house", "bank", _) => Ok(Self::HouseBank(currency()?)),
            ("house", "payouts-in-transit", _) => Ok(Self::PayoutsInTransit(currency()?)),
            ("house", "interest-income", _) => Ok(Self::InterestIncome(currency()?)),
            ("loan", loan, "principal") => Ok(Self::LoanPrincipal(loan.into())),
            ("loan", loan, "interest") => Ok(Self::LoanInterest(loan.into())),
            ("loan", loan, "interest-in-advance") => Ok(Self::LoanInterestInAdvance(loan.into())),
            ("loan", loan, "credit") => Ok(Self::LoanCredit(loan.into())),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Account {
    type Error = UnknownAccount;

    fn try_from(text: String) -> Result<Self, UnknownAccount> {
        text.parse()
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_reads_back_from_its_name() {
        let loan = LoanId::from("L:1");
        for account in [
            Account::HouseBank(Currency::EUR),
            Account::PayoutsInTransit(Currency::CNY),
            Account::InterestIncome(Currency::JPY),
            Account::LoanPrincipal(loan.clone()),
            Account::LoanInterest(loan.clone()),
            Account::LoanInterestInAdvance(loan.clone()),
            Account::LoanCredit(loan),
        ] {
            assert_eq!(account.to_string().parse::<Account>().unwrap(), account);
        }
    }

    #[test]
    fn a_name_outside_the_chart_is_refused() {
        for name in ["", "loan", "loan:L1", "loan::principal", "loan:L1:fees", "house:bank:XXX", "house:cash:EUR"] {
            assert!(name.parse::<Account>().is_err(), "{name}");
        }
    }
}
