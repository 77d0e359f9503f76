//! Customers, loans, ledger, money movement, contracts.

pub mod ledger;
pub mod schedule;
