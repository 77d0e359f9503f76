//! The annual rate that dated flows of money amount to, and the ceilings it must stay under.
//! All arithmetic is decimal, to at least twenty digits.

mod caps;
mod flows;
mod request;
mod root;

pub use caps::{AboveCap, CapCheck, CapError, CapMeaning, CapRow, CapTable};
pub use flows::{AllInRate, Flow, all_in, annual_percentage_rate, internal_rate};
pub use request::{RateRequestError, answer};
