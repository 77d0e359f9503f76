//! Customers, loans, ledger, money movement, contracts.

pub mod ledger;
pub mod product;
pub mod quote;
pub mod rate;
pub mod schedule;
