//! Customers, loans, ledger, money movement, contracts.

pub mod api;
pub mod application;
pub mod contract;
pub mod customer;
pub mod decision_source;
pub mod ledger;
pub mod loan;
pub mod malformed;
pub mod outbox;
pub mod payment;
pub mod product;
pub mod quote;
pub mod rate;
pub mod schedule;
mod status;
pub mod store;
pub mod vault;
pub mod zone;
