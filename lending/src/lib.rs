//! Customers, loans, ledger, money movement, contracts.
