//! The disk fills: the platform runs on one with little room, until it is full and the process ends. Then there is room
//! again, and what was acknowledged is there.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use weir_ingest::log::EmbeddedLog;
use weir_messages::Topic;

use crate::harness::disk::may_mount;
use crate::harness::records::each_record;
use crate::harness::{BATCH, Weir, answer, set};
use crate::measure::bytes;
use crate::world::World;

/// Room that is left.
const ROOM: u64 = 24 << 20;
/// Runs a command over a copy of the first argument on a disk of the second's size, and brings back what it left. Something else
/// fills the disk too: what is trimmed and compressed meanwhile would make room for millions of events.
const ON_SMALL_DISK: &str = r#"
set -e
data=$1 size=$2; shift 2
small=$data.small; mkdir -p "$small"
mount -t tmpfs -o "size=$size" tmpfs "$small"
cp -a "$data/." "$small"
mount --bind "$small" "$data"
while sleep 1; do head -c 2M /dev/zero >> "$small/else" || :; done 2> /dev/null &
code=0; "$@" || code=$?
kill $!
umount "$data"
rm "$small/else"
find "$data" -mindepth 1 -delete
cp -a "$small/." "$data"
exit "$code""#;

/// The platform stands still when this begins, and when it ends.
pub(crate) async fn fill_disk(world: &mut World, week: u64) {
    if !may_mount() {
        return;
    }
    let data = world.site.data();
    let size = (bytes(&data) + ROOM).to_string();
    // Neither a floor of free room nor a slow fold is to refuse before the disk does.
    let config = world.site.config.clone();
    set(&mut world.site.config, "limits", "min_free_mebibytes", 0);
    set(&mut world.site.config, "limits", "max_lag", 10_000_000);
    let under = ["unshare", "-rm", "sh", "-c", ON_SMALL_DISK, "sh", data.to_str().unwrap(), &size];
    let weir = world.site.start_at(&world.today.at(9, 0), &under).await;
    let taken = fill(&weir, world, week).await;
    let ended = weir.wait(Duration::from_secs(120)).expect("the process ends on a full disk");
    assert!(!ended.success(), "{ended}");
    world.site.config = config;
    let mut there = HashSet::new();
    let log = EmbeddedLog::open(&data.join("log")).unwrap();
    each_record(&log, Topic::Events, |record| there.extend(record.header("ce_id").map(str::to_owned))).await;
    let lost = taken.iter().filter(|id| !there.contains(*id)).count();
    assert_eq!(lost, 0, "of {} events that were acknowledged while the disk filled", taken.len());
    println!("seed {} week {week}: the disk filled behind {} events", world.seed, taken.len());
}

/// Tells of taps until nothing more is taken; the ids of those that were.
async fn fill(weir: &Weir, world: &World, week: u64) -> Vec<String> {
    let mut taken = Vec::new();
    for number in 0.. {
        let ids: Vec<_> = (0..2_000).map(|tap| format!("full-{week}-{number}-{tap}")).collect();
        let body = ids.iter().map(|id| world.customers[0].tap(id, world.today)).collect::<Vec<_>>();
        let request = weir.request(Method::POST, "/v1/events").header("content-type", BATCH);
        match answer(request.body(Value::from(body).to_string())).await {
            Some((StatusCode::OK, body)) => {
                assert!(all_accepted(&body), "{body}");
                taken.extend(ids);
            }
            Some((StatusCode::SERVICE_UNAVAILABLE, _)) | None => break,
            Some(other) => panic!("{other:?}"),
        }
    }
    taken
}

fn all_accepted(body: &Value) -> bool {
    body["results"].as_array().unwrap().iter().all(|result| result["status"] == "accepted")
}
