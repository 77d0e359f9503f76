//! Customers, loans, ledger, money movement, contracts.

pub mod contract;
pub mod ledger;
pub mod loan;
pub mod malformed;
pub mod product;
pub mod quote;
pub mod rate;
pub mod schedule;
