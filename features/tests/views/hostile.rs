//! The committed corpus of the fuzz target `records` through the shipped views.

use std::sync::Arc;

use crate::{recording, seeds, try_out};

#[test]
fn no_seed_of_records_breaks_a_promise() {
    let views = Arc::new(recording::shipped());
    seeds::each("records", |bytes| try_out::try_out(&views, bytes));
}
