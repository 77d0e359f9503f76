//! What must hold at the end.

use serde_json::json;

use crate::harness::answer;
use crate::world::{Scale, World};

/// Months until what is bounded has reached its size.
const SETTLED: usize = 3;
/// What half as much again may be too little for, where there was next to nothing.
const ROOM: u64 = 8 << 20;
/// Of each of the two stores, as `docs/operations.md` says.
const JOURNALS: u64 = 128 << 20;

pub(crate) async fn speak(world: World, scale: Scale) {
    everything_acknowledged_is_there(&world).await;
    sampled_decisions_run_again(&world).await;
    world.weir.books_balance().await;
    if usize::try_from(scale.months).unwrap() > SETTLED {
        nothing_grows(&world);
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

fn nothing_grows(world: &World) {
    let (settled, last) = (world.measured[SETTLED - 1], world.measured[world.measured.len() - 1]);
    let flat = |what: &str, before: u64, now: u64| {
        assert!(now <= before / 2 * 3 + ROOM, "{what}: {before} bytes in month {SETTLED}, {now} at the end");
    };
    flat("memory", settled.memory, last.memory);
    flat("tables of log and state", settled.tables, last.tables);
    assert!(last.journals <= 2 * JOURNALS, "journals: {} bytes", last.journals);
    assert!(last.series <= settled.series * 2, "metrics: {} series, then {}", settled.series, last.series);
}
