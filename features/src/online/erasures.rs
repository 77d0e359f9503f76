//! Erasures that Redis has not taken yet: in memory, never dropped, and in a file until they are written, so that a
//! process that ends sends them when it is started again.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_messages::CustomerId;

#[derive(Debug)]
pub(super) struct Erasures {
    line: Mutex<Line>,
    /// A customer's id as JSON, a line each: ids alone, nothing personal. Locked before `line` where both are.
    file: Mutex<File>,
}

#[derive(Debug)]
struct Line {
    waiting: VecDeque<CustomerId>,
    /// Taken, and not yet known to be written.
    under_way: usize,
}

impl Erasures {
    /// Those in the file at `path` wait again; it is created where there is none.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The last line may be torn: its caller was not answered, and asks again.
        let waiting = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self { line: Mutex::new(Line { waiting, under_way: 0 }), file: Mutex::new(file) })
    }

    pub(super) fn len(&self) -> usize {
        let line = self.line();
        line.waiting.len() + line.under_way
    }

    /// Durable when it returns. Blocking.
    pub(super) fn add(&self, customer: CustomerId) -> io::Result<()> {
        let mut text = serde_json::to_vec(&customer)?;
        text.push(b'\n');
        // First, so that the file is not emptied in between.
        self.line().waiting.push_back(customer);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text)?;
        file.sync_data()
    }

    /// The next to be written, at most so many. `written` or `put_back` follows.
    pub(super) fn take(&self, most: usize) -> Vec<CustomerId> {
        let mut line = self.line();
        let most = most.min(line.waiting.len());
        line.under_way = most;
        line.waiting.drain(..most).collect()
    }

    /// The file is emptied when nothing waits any more. Until then it holds some that are written: sent again they change
    /// nothing.
    pub(super) fn written(&self) -> io::Result<()> {
        if std::mem::take(&mut self.line().under_way) == 0 {
            return Ok(());
        }
        // Whoever holds it adds to it: then it is not to be emptied, and nobody waits for the disk here.
        let Ok(file) = self.file.try_lock() else { return Ok(()) };
        if self.line().waiting.is_empty() { file.set_len(0) } else { Ok(()) }
    }

    pub(super) fn put_back(&self, taken: Vec<CustomerId>) {
        let mut line = self.line();
        line.under_way = 0;
        for customer in taken.into_iter().rev() {
            line.waiting.push_front(customer);
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(customers: &[CustomerId]) -> Vec<&str> {
        customers.iter().map(CustomerId::as_str).collect()
    }

    #[test]
    fn erasures_that_were_not_written_wait_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures");
        let erasures = Erasures::open(&path).unwrap();
        for customer in ["a", "b", "c\n"] {
            erasures.add(customer.into()).unwrap();
        }
        let taken = erasures.take(2);
        assert_eq!((names(&taken), erasures.len()), (vec!["a", "b"], 3));
        erasures.put_back(taken);
        drop(erasures);
        let again = Erasures::open(&path).unwrap();
        assert_eq!(names(&again.take(9)), ["a", "b", "c\n"]);
        again.written().unwrap();
        drop(again);
        assert_eq!(Erasures::open(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_torn_line_hides_neither_those_before_nor_those_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures");
        std::fs::write(&path, "\"a\"\n\"b").unwrap();
        let erasures = Erasures::open(&path).unwrap();
        erasures.add("c".into()).unwrap();
        assert_eq!(names(&Erasures::open(&path).unwrap().take(9)), ["a", "c"]);
    }
}
