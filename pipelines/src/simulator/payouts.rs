//! What the simulated channel has paid, by id; appended to a file where one is given, so that it survives a restart.
//! The card is not among it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    pub id: String,
    /// Major units.
    pub amount: String,
    pub currency: String,
}

#[derive(Debug, Default)]
pub struct Payouts(Mutex<Paid>);

#[derive(Debug, Default)]
struct Paid {
    by_id: BTreeMap<String, Payout>,
    file: Option<File>,
}

/// Another order under an id that is paid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherOrder;

impl Payouts {
    /// With what the file tells of, and appending to it. A last line that a crash tore is left out: it was not answered.
    pub fn kept_in(path: &Path) -> io::Result<Self> {
        let mut by_id = BTreeMap::new();
        if path.exists() {
            for line in BufReader::new(File::open(path)?).lines() {
                if let Ok(payout) = serde_json::from_str::<Payout>(&line?) {
                    by_id.insert(payout.id.clone(), payout);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // Ends a torn line, so that the next one stands by itself.
        file.write_all(b"\n")?;
        Ok(Self(Mutex::new(Paid { by_id, file: Some(file) })))
    }

    /// Pays, unless this very order is paid already. An id stands for one order.
    pub(super) fn pay(&self, payout: Payout) -> io::Result<Result<(), OtherOrder>> {
        let mut paid = self.0.lock().expect("no holder panics");
        if let Some(before) = paid.by_id.get(&payout.id) {
            return Ok(if *before == payout { Ok(()) } else { Err(OtherOrder) });
        }
        if let Some(file) = &mut paid.file {
            file.write_all((serde_json::to_string(&payout)? + "\n").as_bytes())?;
            file.sync_data()?;
        }
        paid.by_id.insert(payout.id.clone(), payout);
        Ok(Ok(()))
    }

    pub(super) fn is_paid(&self, id: &str) -> bool {
        self.0.lock().expect("no holder panics").by_id.contains_key(id)
    }

    /// Everything paid, in order of id.
    #[must_use]
    pub fn statement(&self) -> Vec<Payout> {
        self.0.lock().expect("no holder panics").by_id.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payout(amount: &str) -> Payout {
        Payout { id: "p1".to_owned(), amount: amount.to_owned(), currency: "EUR".to_owned() }
    }

    #[test]
    fn an_id_is_paid_once_and_stands_for_one_order() {
        let payouts = Payouts::default();
        payouts.pay(payout("5.00")).unwrap().unwrap();
        payouts.pay(payout("5.00")).unwrap().unwrap();
        assert_eq!(payouts.pay(payout("6.00")).unwrap(), Err(OtherOrder));
        assert_eq!(payouts.statement(), [payout("5.00")]);
    }

    #[test]
    fn what_was_paid_is_known_after_a_restart_even_where_the_last_line_is_torn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("paid.ndjson");
        Payouts::kept_in(&path).unwrap().pay(payout("5.00")).unwrap().unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"id\":\"p2\",").unwrap();
        let other = Payout { id: "p3".to_owned(), ..payout("7.00") };
        Payouts::kept_in(&path).unwrap().pay(other.clone()).unwrap().unwrap();
        assert_eq!(Payouts::kept_in(&path).unwrap().statement(), [payout("5.00"), other]);
    }
}
