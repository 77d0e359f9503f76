//! The netted balances of the house's accounts: what they are after a commit, and which commit would overflow one.
//! Pure: they are read before a group and written after it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Refused;
use crate::ledger::Entry;

/// Account and currency.
type Key = (String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Minor units, and whether the group at hand changed them.
    Balance { minor_units: i64, changed: bool },
    /// Stored as no whole number of 64 bits. It is left as it is: `verify` names it, and the journal is the truth.
    Unreadable,
}

#[derive(Debug, Clone, Default)]
pub(super) struct House(BTreeMap<Key, Kept>);

impl House {
    /// Takes in a balance as it is stored.
    pub(super) fn put(&mut self, account: String, currency: String, stored: &str) {
        let kept = stored.parse().map_or(Kept::Unreadable, |minor_units| Kept::Balance { minor_units, changed: false });
        self.0.insert((account, currency), kept);
    }

    /// The balances after these entries; a refusal, and no change, where one could not be held.
    pub(super) fn after(&self, entries: &[Entry]) -> Result<Self, Refused> {
        let mut after = self.clone();
        for line in entries.iter().flat_map(Entry::lines).filter(|line| line.account.loan().is_none()) {
            let key = (line.account.to_string(), line.amount.currency().to_string());
            let kept = after.0.entry(key).or_insert(Kept::Balance { minor_units: 0, changed: false });
            if let Kept::Balance { minor_units, .. } = *kept {
                let sum = minor_units.checked_add(line.amount.minor_units());
                let minor_units = sum.ok_or_else(|| Refused::Balance { account: line.account.to_string() })?;
                *kept = Kept::Balance { minor_units, changed: true };
            }
        }
        Ok(after)
    }

    /// Rows of the balances that changed.
    pub(super) fn rows(&self) -> Vec<Value> {
        let changed = self.0.iter().filter_map(|((account, currency), kept)| match kept {
            Kept::Balance { minor_units, changed: true } => Some(json!([account, currency, minor_units])),
            Kept::Balance { changed: false, .. } | Kept::Unreadable => None,
        });
        changed.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::entry;
    use super::*;

    #[test]
    fn a_balance_that_cannot_be_held_is_refused_and_changes_nothing() {
        let mut house = House::default();
        house.put("house:bank:EUR".to_owned(), "EUR".to_owned(), &(i64::MIN + 5).to_string());
        let refused = house.after(&[entry("e1", 3), entry("e2", 3)]).unwrap_err();
        assert_eq!(refused, Refused::Balance { account: "house:bank:EUR".to_owned() });
        assert!(house.rows().is_empty());
        assert_eq!(house.after(&[entry("e1", 5)]).unwrap().rows(), [json!(["house:bank:EUR", "EUR", i64::MIN])]);
    }

    #[test]
    fn a_balance_that_does_not_read_is_left_and_stops_nobody() {
        let mut house = House::default();
        house.put("house:bank:EUR".to_owned(), "EUR".to_owned(), "-1.84467440737096e+19");
        assert!(house.after(&[entry("e1", 3)]).unwrap().rows().is_empty());
    }
}
