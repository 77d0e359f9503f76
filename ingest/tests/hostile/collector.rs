//! What must hold of any request to the collector: an answer for each event, nothing on the log but what was answered
//! for, which the first stage takes, dead letters that can be shown and replayed, and the same over Kafka as over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use weir_ingest::admission::{Admission, Passed};
use weir_ingest::collector::{Answer, CollectError, Collector, Content, Status};
use weir_ingest::dead_letters::{DeadLetters, Replayed, Seals};
use weir_ingest::log::{Entry, EventLog};
use weir_messages::privacy::{Keyring, Tokenizer};
use weir_messages::{Clock, Event, EventTime, ManualClock, Position, Record, Sequenced, Stage, Topic, TraceId};

use crate::blocks::Block;
use crate::memory_log::MemoryLog;

const NOW: &str = "2026-03-01T10:00:00.000000Z";
const BATCH: &str = "application/cloudevents-batch+json";
const CLOUDEVENTS: &str = "application/cloudevents";
const STRUCTURED: &str = "application/cloudevents+json";
/// Stands for whatever is personal in a request: no answer and no header of a dead letter may hold it.
const PERSONAL: &str = "13800138000";

/// One collector, its log and its clock.
pub(crate) struct Site {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) seals: Seals,
    pub(crate) collector: Arc<Collector>,
    pub(crate) letters: DeadLetters,
}

impl Site {
    pub(crate) fn new() -> Self {
        let log = Arc::new(MemoryLog::default());
        let ring = Keyring::new("k1", BTreeMap::from([("k1".to_owned(), [3; 32])])).unwrap();
        let (seals, tokens) = (Seals::new(Arc::new(ring)), Arc::new(Tokenizer::new("k1", [7; 32])));
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::starting_at(EventTime::parse(NOW).unwrap().as_known()));
        let port = Arc::clone(&log) as Arc<dyn EventLog>;
        let collector = Arc::new(Collector::new(Arc::clone(&port), tokens, seals.clone(), clock));
        let letters = DeadLetters::new(port, seals.clone(), Arc::clone(&collector));
        Self { log, seals, collector, letters }
    }
}

/// On a runtime of one thread.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

/// `request` holds headers as HTTP has them, in lower case, and the body as it is once it is no longer compressed.
pub(crate) fn try_out(request: &Block<'_>) {
    wait_for(async {
        let content = over_http(request);
        // Over Kafka a form of CloudEvents that is not taken is refused as such, and there are no batches.
        let comparable = match &content {
            Content::Batch(_) => false,
            Content::Structured(_) => true,
            Content::Binary { content_type, .. } => {
                !content_type.as_deref().unwrap_or_default().to_ascii_lowercase().trim_start().starts_with(CLOUDEVENTS)
            }
        };
        let site = Site::new();
        let answered = site.collector.collect(content, TraceId::random()).await;
        check(&site, answered.as_deref()).await;
        let kafka = Site::new();
        let entry = Entry { position: Position { partition: 0, offset: 7 }, record: over_kafka(request) };
        let over_kafka = kafka.collector.collect_records(&[entry]).await;
        check(&kafka, over_kafka.as_deref()).await;
        // A header's value is escaped over HTTP alone.
        if comparable && !request.headers.iter().any(|(_, value)| value.contains(['%', '"'])) {
            assert_eq!(as_over_kafka(answered), over_kafka.unwrap());
        }
    });
}

fn over_http(request: &Block<'_>) -> Content {
    let given = header(request, "content-type");
    let mode = given.as_deref().and_then(|given| given.split(';').next()).unwrap_or_default().trim();
    let data = Bytes::copy_from_slice(request.body);
    match mode.to_ascii_lowercase().as_str() {
        BATCH => Content::Batch(data),
        STRUCTURED => Content::Structured(data),
        _ => Content::Binary { attributes: attributes(request), content_type: given, data },
    }
}

fn over_kafka(request: &Block<'_>) -> Record {
    let mut record = Record { key: "any".to_owned(), headers: Vec::new(), value: request.body.to_vec() };
    if let Some(content_type) = header(request, "content-type") {
        record.push_header("content-type", content_type);
    }
    attributes(request).into_iter().for_each(|(name, value)| record.push_header(&format!("ce_{name}"), value));
    record
}

fn header(request: &Block<'_>, name: &str) -> Option<String> {
    request.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn attributes(request: &Block<'_>) -> Vec<(String, String)> {
    let attribute = |(name, value): &(String, String)| Some((name.strip_prefix("ce-")?.to_owned(), value.clone()));
    request.headers.iter().filter_map(attribute).collect()
}

/// What a refused body is as the answer for the one event of a record.
fn as_over_kafka(answered: Result<Vec<Answer>, CollectError>) -> Vec<Answer> {
    match answered {
        Ok(answers) => answers,
        Err(CollectError::Body { code, field, reason }) => vec![Answer {
            id: None,
            status: Status::Rejected,
            code: Some(code.to_owned()),
            field: Some(field.unwrap_or_else(|| ".".to_owned())),
            reason: Some(reason),
        }],
        Err(CollectError::Log(error)) => panic!("{error}"),
        Err(CollectError::Keys(error)) => panic!("{error}"),
    }
}

/// What came of a request, or of a record.
async fn check(site: &Site, answered: Result<&[Answer], &CollectError>) {
    let (events, letters) = (site.log.records(Topic::Events), site.log.records(Topic::DeadLetters));
    let answers = answered.unwrap_or_default();
    if let Err(error) = answered {
        assert!(!error.to_string().contains(PERSONAL), "{error}");
    }
    let count = |status: Status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((events.len(), letters.len()), (count(Status::Accepted), count(Status::Rejected)), "{answers:?}");
    for Answer { code, field, reason, .. } in answers {
        let told = format!("{code:?} {field:?} {reason:?}");
        assert!(!told.contains(PERSONAL), "{told}");
    }
    check_events(events);
    for letter in &letters {
        assert!(letter.headers.iter().all(|header| !header.value.contains(PERSONAL)), "{:?}", letter.headers);
    }
    check_letters(site, answers).await;
}

/// What the collector takes reads back, is no later than it became known, and passes the first stage but for a consent.
fn check_events(events: Vec<Record>) {
    let known = EventTime::parse(NOW).unwrap().as_known();
    for record in &events {
        let event = Event::try_from(record).unwrap();
        assert!(event.known_time == known && event.time <= known.as_event() && event.time.micros() >= 0, "{event:?}");
        assert_eq!(event.subject.as_str(), record.key);
        assert_eq!(Record::from(&event), *record);
    }
    let place = |(offset, record)| Sequenced::first(Position { partition: 0, offset }, record);
    let batch: Vec<_> = (0..).zip(events).map(place).collect();
    let mut passed = Vec::new();
    Admission::new(1).process(&batch, &mut passed).unwrap();
    for one in passed {
        if let Passed::DeadLetter(letter) = one.body {
            assert_eq!(letter.class, "consent_not_live", "{letter:?}");
        }
    }
}

/// Each can be listed and shown, and has the same answer when it is replayed.
async fn check_letters(site: &Site, answers: &[Answer]) {
    let rejected: Vec<&Answer> = answers.iter().filter(|answer| answer.status == Status::Rejected).collect();
    let listed = site.letters.list(0, rejected.len() + 1).await.unwrap();
    assert_eq!(listed.len(), rejected.len());
    for (letter, answer) in listed.iter().zip(rejected) {
        assert_eq!(Some(&letter.class), answer.code.as_ref());
        site.letters.show(letter.offset).await.unwrap();
        let replayed = site.letters.replay(letter.offset, TraceId::random()).await.unwrap();
        assert_eq!(replayed, Replayed::Collector { results: vec![answer.clone()] });
    }
}
