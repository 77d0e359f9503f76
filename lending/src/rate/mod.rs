//! The annual rate that dated flows of money amount to, and the ceilings it must stay under.
//! All arithmetic is decimal, to at least twenty digits.

mod caps;
mod flows;
mod request;
mod root;

pub use caps::{AboveCap, CapCheck, CapError, CapMeaning, CapRow, CapTable};
pub use flows::{AllInRate, BeyondRange, Flow, all_in, annual_percentage_rates, internal_rates, nearest};
pub use request::{RateRequestError, answer};
