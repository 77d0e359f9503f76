//! The latest values on a real Redis, and what becomes of them when it goes away, freezes, forgets or was never there.

mod server;

use std::collections::HashMap;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use server::Private;

use super::latest::tests::vector;
use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn online(url: &str) -> Online {
    with_room(MOST_WAITING, url)
}

fn with_room(most: usize, url: &str) -> Online {
    keeping(most, url, &tempfile::tempdir().unwrap().path().join("erasures"))
}

/// With its erasures in a file, which may stand there already. A file whose folder is gone is open all the same.
fn keeping(most: usize, url: &str, erasures: &Path) -> Online {
    let settings = RedisSettings::new(url, DAY).unwrap();
    let parameters = || vec![("policy".to_owned(), "consumer".to_owned())];
    Online::with_room(most, settings, erasures, "hash".to_owned(), Box::new(parameters), &Tasks::default()).unwrap()
}

async fn reader(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// One that no other test has.
fn customer(name: &str) -> String {
    format!("{name}-{}", weir_messages::TraceId::random())
}

async fn stands(reader: &mut MultiplexedConnection, customer: &str) -> HashMap<String, String> {
    reader.hgetall(key(customer)).await.unwrap()
}

fn key(customer: &str) -> String {
    format!("weir:features:{customer}")
}

async fn drained(online: &Online) {
    online.drain(Duration::from_secs(20)).await;
    assert_eq!(online.counts().waiting, 0, "{:?}", online.counts());
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(20), "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_latest_values_stand_there_field_by_field_and_expire() {
    let Some(url) = server::shared("the_latest_values_stand_there_field_by_field_and_expire") else { return };
    let (online, mut reader, one) = (online(&url), reader(&url).await, customer("one"));
    let before = vector(&one, 10, 1);
    let mut after = vector(&one, 20, 2);
    after.features.remove("taps__mean_1d");
    online.offer(before);
    drained(&online).await;
    let fields = stands(&mut reader, &one).await;
    let expected = [
        ("application", "a1"),
        ("at", "1970-01-01T00:00:00.000010Z"),
        ("known_time", "1970-01-01T00:00:00.000010Z"),
        ("read_at", "weir.events/0/1"),
        ("missing", r#"{"taps__mean_1d":"no_rows"}"#),
        ("views", "hash"),
        ("order", "00000000000000000010-00000000000000000001"),
        ("taps__count_1d", r#""10/1""#),
        ("taps__mean_1d", "null"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let left: i64 = reader.ttl(key(&one)).await.unwrap();
    assert!((86_000..=86_400).contains(&left), "{left}");
    online.offer(after);
    drained(&online).await;
    let fields = stands(&mut reader, &one).await;
    assert_eq!((fields.get("taps__mean_1d"), fields["application"].as_str()), (None, "a2"), "no field of an older one");
}

#[tokio::test]
async fn the_newest_wins_whatever_the_order_and_whichever_process_writes() {
    let Some(url) = server::shared("the_newest_wins_whatever_the_order_and_whichever_process_writes") else { return };
    let (this, that, mut reader) = (online(&url), online(&url), reader(&url).await);
    let one = customer("one");
    for (process, micros, offset, stands_then) in [
        (&this, 30, 3, "30/3"),
        (&that, 20, 9, "30/3"),
        (&that, 30, 4, "30/4"),
        (&this, 30, 3, "30/4"),
        (&this, 31, 1, "31/1"),
    ] {
        process.offer(vector(&one, micros, offset));
        drained(process).await;
        assert_eq!(stands(&mut reader, &one).await["taps__count_1d"], format!("{stands_then:?}"));
    }
    assert_eq!((this.counts().written, that.counts().written), (2, 1));
}

#[tokio::test]
async fn a_thousand_offers_of_one_customer_cost_a_few_writes() {
    let Some(url) = server::shared("a_thousand_offers_of_one_customer_cost_a_few_writes") else { return };
    let (online, mut reader, one) = (online(&url), reader(&url).await, customer("one"));
    for offset in 1..=1_000 {
        online.offer(vector(&one, 10, offset));
        if offset % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drained(&online).await;
    let counts = online.counts();
    assert!((1..=10).contains(&counts.written) && counts.replaced >= 990, "{counts:?}");
    assert_eq!(stands(&mut reader, &one).await["application"], "a1000");
}

#[tokio::test]
async fn an_erased_customer_has_no_values_and_a_late_vector_brings_none() {
    let Some(url) = server::shared("an_erased_customer_has_no_values_and_a_late_vector_brings_none") else { return };
    let (this, that, mut reader, one) = (online(&url), online(&url), reader(&url).await, customer("one"));
    this.offer(vector(&one, 10, 1));
    drained(&this).await;
    this.erase(CustomerId::new(&*one)).await.unwrap();
    drained(&this).await;
    that.offer(vector(&one, 20, 2));
    drained(&that).await;
    let mut names: Vec<String> = stands(&mut reader, &one).await.into_keys().collect();
    names.sort();
    assert_eq!(names, ["erased", "order"]);
}

#[tokio::test]
async fn what_somebody_else_put_under_a_customers_key_gives_way() {
    let Some(url) = server::shared("what_somebody_else_put_under_a_customers_key_gives_way") else { return };
    let (online, mut reader, one) = (online(&url), reader(&url).await, customer("one"));
    let () = reader.set(key(&one), "a text").await.unwrap();
    online.offer(vector(&one, 10, 1));
    drained(&online).await;
    assert_eq!(stands(&mut reader, &one).await["application"], "a1");
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_gets_what_waited() {
    let Some(mut server) = Private::up("a_server_that_goes_away_and_comes_back_gets_what_waited") else { return };
    let online = online(&server.url());
    online.offer(vector("before", 10, 1));
    drained(&online).await;
    server.kill();
    for offset in 1..=300 {
        online.offer(vector(&format!("c{offset}"), 10, offset));
    }
    until("it is noticed", async || !online.answers()).await;
    assert_eq!((online.counts().waiting, online.counts().dropped), (300, 0));
    server.start();
    drained(&online).await;
    until("it answers", async || online.answers()).await;
    let mut reader = reader(&server.url()).await;
    for offset in 1..=300 {
        assert_eq!(stands(&mut reader, &format!("c{offset}")).await["application"], format!("a{offset}"));
    }
    assert!(online.counts().failed >= 1 && online.counts().written == 301, "{:?}", online.counts());
}

#[tokio::test]
async fn a_frozen_server_holds_nobody_up_and_gets_the_newest_when_it_thaws() {
    let Some(server) = Private::up("a_frozen_server_holds_nobody_up_and_gets_the_newest_when_it_thaws") else { return };
    let (online, mut reader) = (online(&server.url()), reader(&server.url()).await);
    online.offer(vector("one", 10, 1));
    drained(&online).await;
    server.signal("STOP");
    let began = Instant::now();
    for offset in 2..=1_000 {
        online.offer(vector("one", 10, offset));
    }
    assert!(began.elapsed() < Duration::from_secs(1), "an offer is a write to memory: {:?}", began.elapsed());
    until("it is noticed", async || !online.answers()).await;
    server.signal("CONT");
    drained(&online).await;
    assert_eq!(stands(&mut reader, "one").await["application"], "a1000");
}

#[tokio::test]
async fn a_flushed_server_has_the_parameters_again_at_once_and_values_as_customers_apply() {
    let Some(server) = Private::up("a_flushed_server_has_the_parameters_again_at_once_and_values_as_customers_apply")
    else {
        return;
    };
    let (online, mut reader) = (online(&server.url()), reader(&server.url()).await);
    online.offer(vector("one", 10, 1));
    drained(&online).await;
    let () = redis::cmd("FLUSHALL").query_async(&mut reader).await.unwrap();
    let mut parameters = HashMap::<String, String>::new();
    until("the parameters are back", async || {
        parameters = reader.hgetall("weir:parameters").await.unwrap();
        !parameters.is_empty()
    })
    .await;
    let expected = [("policy", "consumer"), ("views", "hash")];
    assert_eq!(parameters, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(stands(&mut reader, "one").await.is_empty());
    online.offer(vector("one", 20, 2));
    drained(&online).await;
    assert_eq!(stands(&mut reader, "one").await["application"], "a2");
}

#[tokio::test]
async fn where_too_many_wait_the_longest_waiting_are_dropped_and_the_others_written() {
    let Some(mut server) = Private::down("where_too_many_wait_the_longest_waiting_are_dropped_and_the_others_written")
    else {
        return;
    };
    let online = with_room(10, &server.url());
    for offset in 1..=15 {
        online.offer(vector(&format!("c{offset}"), 10, offset));
    }
    assert_eq!((online.counts().waiting, online.counts().dropped), (10, 5));
    until("it is noticed", async || online.counts().failed > 0).await;
    server.start();
    drained(&online).await;
    let mut reader = reader(&server.url()).await;
    for offset in 1..=15 {
        assert_eq!(stands(&mut reader, &format!("c{offset}")).await.is_empty(), offset <= 5, "{offset}");
    }
}

#[tokio::test]
async fn an_erasure_outlives_an_outage_full_of_values_and_a_restart() {
    let Some(mut server) = Private::up("an_erasure_outlives_an_outage_full_of_values_and_a_restart") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("erasures");
    let online = keeping(10, &server.url(), &file);
    online.offer(vector("gone", 10, 1));
    drained(&online).await;
    server.kill();
    online.erase("gone".into()).await.unwrap();
    for offset in 2..=30 {
        online.offer(vector(&format!("c{offset}"), 10, offset));
    }
    until("it is noticed", async || online.counts().failed > 0).await;
    assert_eq!((online.counts().erasures, online.counts().waiting), (1, 10));
    drop(online);
    server.start();
    let again = keeping(10, &server.url(), &file);
    until("it is erased", async || again.counts().erasures == 0).await;
    let mut reader = reader(&server.url()).await;
    let mut names: Vec<String> = stands(&mut reader, "gone").await.into_keys().collect();
    names.sort();
    assert_eq!((names, std::fs::read(&file).unwrap()), (vec!["erased".to_owned(), "order".to_owned()], Vec::new()));
}
