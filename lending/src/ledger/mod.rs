//! The books: accounts, balanced entries, and the trial balance over them.
//! Pure: where entries are kept, and their hash chain, is the store's.

mod account;
mod entry;
mod trial_balance;

pub use account::{Account, AccountKind, UnknownAccount};
pub use entry::{Cause, Entry, EntryId, Line, UnbalancedEntry};
pub use trial_balance::TrialBalance;
