//! What the simulated channel has paid, and what it has declined, by id; appended to a file where one is given, so that it
//! survives a restart.
//! The card is not among it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

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
pub struct Payouts(Mutex<Settled>);

#[derive(Debug, Default)]
struct Settled {
    paid: BTreeMap<String, Payout>,
    declined: BTreeSet<String>,
    file: Option<File>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Paid(Payout),
    Declined { declined: String },
}

impl Settled {
    fn take(&mut self, line: Line) {
        match line {
            Line::Paid(payout) => drop(self.paid.insert(payout.id.clone(), payout)),
            Line::Declined { declined } => drop(self.declined.insert(declined)),
        }
    }

    /// Durable where there is a file.
    fn keep(&mut self, line: Line) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all((serde_json::to_string(&line)? + "\n").as_bytes())?;
            file.sync_data()?;
        }
        self.take(line);
        Ok(())
    }
}

/// Another order under an id that is paid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherOrder;

impl Payouts {
    /// With what the file tells of, and appending to it. A last line that a crash tore is left out: it was not answered.
    pub fn kept_in(path: &Path) -> io::Result<Self> {
        let mut settled = Settled::default();
        if path.exists() {
            for line in BufReader::new(File::open(path)?).lines() {
                if let Ok(line) = serde_json::from_str(&line?) {
                    settled.take(line);
                }
            }
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // Ends a torn line, so that the next one stands by itself.
        file.write_all(b"\n")?;
        Ok(Self(Mutex::new(Settled { file: Some(file), ..settled })))
    }

    /// Pays, unless this very order is paid already. An id stands for one order.
    pub(super) fn pay(&self, payout: Payout) -> io::Result<Result<(), OtherOrder>> {
        let mut settled = self.settled();
        if let Some(before) = settled.paid.get(&payout.id) {
            return Ok(if *before == payout { Ok(()) } else { Err(OtherOrder) });
        }
        settled.keep(Line::Paid(payout)).map(Ok)
    }

    pub(super) fn is_paid(&self, id: &str) -> bool {
        self.settled().paid.contains_key(id)
    }

    /// Never pays it.
    pub(super) fn decline(&self, id: String) -> io::Result<()> {
        self.settled().keep(Line::Declined { declined: id })
    }

    pub(super) fn is_declined(&self, id: &str) -> bool {
        self.settled().declined.contains(id)
    }

    fn settled(&self) -> MutexGuard<'_, Settled> {
        self.0.lock().expect("no holder panics")
    }

    /// Everything paid, in order of id.
    #[must_use]
    pub fn statement(&self) -> Vec<Payout> {
        self.settled().paid.values().cloned().collect()
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
        Payouts::kept_in(&path).unwrap().decline("p4".to_owned()).unwrap();
        let again = Payouts::kept_in(&path).unwrap();
        assert_eq!(again.statement(), [payout("5.00"), other]);
        assert!(again.is_declined("p4") && !again.is_declined("p1"));
    }
}
