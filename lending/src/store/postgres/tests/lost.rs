//! The connection is lost at the worst moment: between the COMMIT and its answer. A line in between that a test cuts.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::super::contract::{Site, appending, entry, event};
use super::super::super::{Commit, CommitError, StoreError};
use super::*;

/// What becomes of the next COMMIT.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Fate {
    Passes,
    /// It arrives, and its answer does not.
    Answerless,
    /// It does not arrive.
    Dropped,
    /// As `Answerless`, and nobody gets through any more.
    LastOfAll,
    /// Nobody gets through.
    Cut,
}

#[derive(Debug)]
struct Line {
    port: u16,
    fate: Arc<AtomicU8>,
}

impl Line {
    async fn to(options: PgConnectOptions) -> Self {
        let (listener, fate) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(AtomicU8::new(0)));
        let (port, own) = (listener.local_addr().unwrap().port(), Arc::clone(&fate));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let address = (options.get_host().to_owned(), options.get_port());
                if own.load(Ordering::SeqCst) != Fate::Cut as u8 {
                    let server = TcpStream::connect(address).await.unwrap();
                    tokio::spawn(carried(client, server, Arc::clone(&own)));
                }
            }
        });
        Self { port, fate }
    }

    fn set(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::SeqCst);
    }
}

/// Until either end goes, or the line is cut.
async fn carried(client: TcpStream, server: TcpStream, fate: Arc<AtomicU8>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
        let sent = &buffer[..read];
        let next = fate.load(Ordering::SeqCst);
        if next == Fate::Cut as u8 {
            break;
        }
        if next != Fate::Passes as u8 && sent.windows(7).any(|window| window == b"commit\0") {
            let last = next == Fate::LastOfAll as u8;
            fate.store(if last { Fate::Cut } else { Fate::Passes } as u8, Ordering::SeqCst);
            back.abort();
            if next != Fate::Dropped as u8 {
                to_server.write_all(sent).await.ok();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
        if to_server.write_all(sent).await.is_err() {
            break;
        }
    }
    back.abort();
}

struct Desk {
    database: TestDatabase,
    line: Line,
    store: Arc<dyn Store>,
}

/// A store that writes over the line, and one look at the truth.
async fn site(test: &str) -> Option<Desk> {
    let database = TestDatabase::of(test).await?;
    let line = Line::to(database.options()).await;
    let (_, name) = database.url.rsplit_once('/').unwrap();
    let user = database.options().get_username().to_owned();
    let name = name.split('?').next().unwrap_or(name);
    let over = format!("postgres://{user}@127.0.0.1:{}/{name}?sslmode=disable", line.port);
    let store =
        super::super::open(&PostgresDatabase::new(&over).unwrap(), Arc::new(|_| ()), &weir_messages::Tasks::default())
            .await
            .unwrap()
            .store;
    store.commit(appending("a", 0, &["1"])).await.unwrap();
    Some(Desk { database, line, store })
}

fn second() -> Commit {
    Commit { entries: vec![entry("e1", 5)], outbox: vec![event("x")], ..appending("a", 1, &["2"]) }
}

async fn assert_once(site: &Desk) {
    let direct = site.database.open().await;
    assert_eq!(direct.load(&appending("a", 0, &[]).appends[0].stream).await.unwrap(), ["1", "2"]);
    assert_eq!(direct.verify().await.unwrap(), Ok(1));
    assert_eq!(direct.outbox(0, 9).await.unwrap().rows.len(), 1);
    direct.close().await;
    site.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_found_and_not_made_twice() {
    let Some(site) = site("a_commit_whose_answer_was_lost_is_found_and_not_made_twice").await else { return };
    site.line.set(Fate::Answerless);
    site.store.commit(second()).await.unwrap();
    assert_once(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_made_again() {
    let Some(site) = site("a_commit_that_never_arrived_is_made_again").await else { return };
    site.line.set(Fate::Dropped);
    site.store.commit(second()).await.unwrap();
    assert_once(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_that_a_commit_failed_when_that_is_not_known() {
    let Some(site) = site("nobody_is_told_that_a_commit_failed_when_that_is_not_known").await else { return };
    site.line.set(Fate::LastOfAll);
    let asked = Instant::now();
    let told = site.store.commit(second()).await;
    assert!(matches!(told, Err(CommitError::Store(StoreError::OutcomeUnknown(_)))), "{told:?}");
    assert!(asked.elapsed() < Duration::from_secs(8), "told after {:?}", asked.elapsed());
    site.line.set(Fate::Passes);
    let again = site.store.commit(second()).await;
    assert!(matches!(again, Err(CommitError::Refused(_))), "it had taken effect: {again:?}");
    assert_once(&site).await;
}
