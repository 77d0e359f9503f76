//! Loan products: what may be lent on which terms, and what an applicant must declare.
//! Defined in TOML, one file a product version; a version, once contracts name it, never changes.

mod attribute;
mod definition;
#[cfg(test)]
mod tests;

pub use attribute::{AttributeError, AttributeRule};
pub use definition::{EarlyRepayment, Product, ProductError, ProductRef, RefusedRequest, Validity};
