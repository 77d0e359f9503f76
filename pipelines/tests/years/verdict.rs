//! What must hold at the end.

use serde_json::json;

use crate::harness::answer;
use crate::measure::Measured;
use crate::world::{Scale, World};

/// Months until what is bounded has reached its size.
const SETTLED: usize = 3;
/// What a quarter as much again may be too little for, where there was next to nothing.
const ROOM: u64 = 8 << 20;
/// Of each of the two stores, as `docs/operations.md` says.
const JOURNALS: u64 = 128 << 20;

pub(crate) async fn speak(world: World, scale: Scale) {
    everything_acknowledged_is_there(&world).await;
    sampled_decisions_run_again(&world).await;
    world.weir.books_balance().await;
    if usize::try_from(scale.months).unwrap() > SETTLED {
        nothing_grows(&world.measured);
    }
    let World { weir, .. } = world;
    weir.stop();
}

async fn everything_acknowledged_is_there(world: &World) {
    for customer in &world.customers {
        let (status, body) =
            answer(world.weir.request(reqwest::Method::GET, &format!("/v1/customers/{}", customer.id))).await.unwrap();
        assert_eq!(status.as_u16(), if customer.erased { 404 } else { 200 }, "{body}");
        for application in &customer.applications {
            let found = world.weir.get(&format!("/v1/applications/{application}")).await;
            assert_eq!(found["application"], json!(application), "{found}");
            assert_ne!(found["state"], "submitted", "{found}");
        }
        if let Some(loan) = &customer.loan {
            let found = world.weir.get(&format!("/v1/loans/{}", loan.id)).await;
            assert_eq!(found["customer"], json!(customer.id), "{found}");
        }
    }
}

/// Of those whose record the log still keeps.
async fn sampled_decisions_run_again(world: &World) {
    let applications = world.customers.iter().flat_map(|one| &one.applications).collect::<Vec<_>>();
    let (mut rerun, sampled) = (0, applications.len().div_ceil(50));
    for application in applications.iter().rev().step_by(7).take(sampled.max(10)) {
        let path = format!("/v1/decisions/{application}/rerun");
        let (status, again) = world.weir.post(&path, application, &json!({})).await;
        if status.as_u16() == 410 {
            continue;
        }
        assert_eq!(again["equal"], json!(true), "{again}");
        rerun += 1;
    }
    assert!(rerun > 0, "no decision could be run again");
    println!("seed {}: {rerun} decisions run again to the byte", world.seed);
}

/// Beside a month in which a disk filled behind a hundred thousand events another one says little: the half of the months
/// that came last is held against the half before.
fn nothing_grows(measured: &[Measured]) {
    let months = &measured[SETTLED..];
    let (before, after) = months.split_at(months.len() / 2);
    let flat = |what: &str, of: fn(&Measured) -> u64| {
        let (before, after) = (median(before, of), median(after, of));
        assert!(after <= before / 4 * 5 + ROOM, "{what}: {before} bytes in the first half, {after} in the second");
    };
    flat("memory", |month| month.memory);
    flat("tables of log and state", |month| month.tables);
    flat("series of metrics", |month| month.series as u64);
    let journals = measured.iter().map(|month| month.journals).max();
    assert!(journals <= Some(2 * JOURNALS), "journals: {journals:?} bytes");
}

/// Nothing of no month.
fn median(months: &[Measured], of: fn(&Measured) -> u64) -> u64 {
    let mut found: Vec<u64> = months.iter().map(of).collect();
    found.sort_unstable();
    found.get(found.len() / 2).copied().unwrap_or_default()
}

/// Memory, tables and journals in MiB, and series, of 24 months with 2,000 customers from seed 1.
const RUN: [(u64, u64, u64, usize); 24] = [
    (170, 0, 3, 476),
    (270, 15, 76, 496),
    (245, 13, 67, 496),
    (347, 9, 176, 478),
    (344, 52, 177, 519),
    (420, 49, 196, 539),
    (419, 57, 202, 150),
    (406, 66, 77, 477),
    (335, 36, 179, 557),
    (348, 35, 183, 557),
    (374, 43, 149, 460),
    (435, 41, 90, 497),
    (403, 76, 100, 539),
    (468, 35, 184, 128),
    (357, 54, 148, 517),
    (366, 57, 159, 537),
    (405, 130, 155, 577),
    (377, 55, 81, 479),
    (414, 75, 93, 520),
    (394, 41, 168, 539),
    (527, 74, 179, 150),
    (362, 54, 67, 517),
    (359, 60, 144, 577),
    (360, 95, 200, 577),
];

fn run() -> Vec<Measured> {
    let month = |&(memory, tables, journals, series): &(u64, u64, u64, usize)| Measured {
        memory: memory << 20,
        tables: tables << 20,
        journals: journals << 20,
        books: 0,
        series,
    };
    RUN.iter().map(month).collect()
}

#[test]
fn a_run_whose_months_go_up_and_down_is_flat() {
    nothing_grows(&run());
}

#[test]
#[should_panic(expected = "tables of log and state: ")]
fn tables_that_grow_by_three_mebibytes_a_month_are_found() {
    let mut months = run();
    for (number, month) in (0..).zip(&mut months) {
        month.tables = month.tables.min(60 << 20) + ((3 * number) << 20);
    }
    nothing_grows(&months);
}
