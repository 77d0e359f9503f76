//! Years of a lender in minutes: a seeded world of customers on the manual clock, over HTTP alone. Products are withdrawn,
//! views and models change each week, retention passes, the channel lies and declines cards, the disk fills, the process is
//! killed, customers walk away, are erased, and the platform is restored from a copy. At the end nothing acknowledged is lost, the books balance and equal
//! the loans, sampled decisions run again to the byte, and memory and disk have stopped growing but for the books.
//!
//! `make test` runs two months; `make test-long` runs two years, or what `WEIR_SEED`, `WEIR_MONTHS` and `WEIR_CUSTOMERS`
//! say. A seed that found a fault is kept in `SEEDS`.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]
#![allow(clippy::print_stdout, reason = "what a simulated month met is printed, so that it can be looked into")]

mod calendar;
mod customer;
mod full;
#[path = "../harness/mod.rs"]
mod harness;
mod measure;
mod upheaval;
mod verdict;
mod world;

use world::{Scale, World};

/// Seeds that found a fault once.
const SEEDS: [u64; 1] = [1];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_months_of_a_lender_lose_nothing() {
    for seed in SEEDS {
        World::live(seed, Scale { months: 2, customers: 120 }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes tens of minutes: make test-long"]
async fn two_years_of_a_lender_lose_nothing_and_stay_flat() {
    let from = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: expected a number")))
    };
    let months = u32::try_from(from("WEIR_MONTHS", 24)).unwrap();
    let customers = u32::try_from(from("WEIR_CUSTOMERS", 2_000)).unwrap();
    World::live(from("WEIR_SEED", SEEDS[0]), Scale { months, customers }).await;
}
