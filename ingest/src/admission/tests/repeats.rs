//! Repeats over months: what is recognised, what is too old to be told from one, and what is forgotten.

use super::*;

const DAY: i64 = 86_400_000_000;

fn admission(days: u32) -> Admission {
    Admission::new(1).with_repeat_window(RepeatWindow::of_days(days).unwrap())
}

/// A click that happened at `time` and became known at `known`.
fn known_at(id: &str, time: i64, known: i64) -> Event {
    Event { known_time: KnownTime::from_micros(known), ..click(id, "c1", time) }
}

fn records_of(events: &[Event]) -> Vec<Sequenced<Record>> {
    log(events.iter().map(Record::from).collect())
}

#[test]
fn a_repeat_is_dropped_within_the_window_and_refused_after_it() {
    let at = 100 * DAY;
    let sent = [known_at("e1", at, at), known_at("e1", at, at + 30 * DAY), known_at("e1", at, at + 31 * DAY)];
    let mut admission = admission(30);
    assert_eq!(folded(&mut admission, &records_of(&sent)), ["0 e1 []"]);
    let later = [known_at("e2", at + 40 * DAY, at + 40 * DAY), known_at("e1", at, at + 40 * DAY)];
    let message = "time: expected at most 30 days ago: older events cannot be told from repeats";
    let expected = ["0 e2 []".to_owned(), format!("1 too_old {message}")];
    assert_eq!((folded(&mut admission, &records_of(&later)), admission.repeats()), (expected.into(), 2));
}

#[test]
fn an_old_event_is_refused_even_when_it_never_came() {
    let now = 100 * DAY;
    let sent = [known_at("e1", now - 30 * DAY, now), known_at("e2", now - 30 * DAY - 1, now)];
    let out = folded(&mut admission(30), &records_of(&sent));
    assert!(out[0] == "0 e1 []" && out[1].starts_with("1 too_old"), "{out:?}");
}

#[test]
fn a_consent_is_taken_however_old_it_is() {
    let old = granted("e1", "c1", 5, "n1", "carrier", None);
    let now = KnownTime::from_micros(900 * DAY);
    let call = Event { known_time: now, ..call("e2", "c1", now.micros(), Some("n1")) };
    let sent = [Event { known_time: now, ..old }, call];
    assert_eq!(folded(&mut admission(30), &records_of(&sent)), ["0 e1 [carrier]", "1 e2 [carrier]"]);
}

#[test]
fn an_id_that_was_forgotten_may_be_given_to_a_new_event() {
    let mut admission = admission(1);
    let sent = [0, 1, 2, 3, 4].map(|day| known_at("e1", day * DAY, day * DAY));
    assert_eq!(folded(&mut admission, &records_of(&sent)), ["0 e1 []", "3 e1 []"]);
}

#[test]
fn saved_numbers_that_no_keys_can_have_had_stop_the_fold() {
    for (oldest, next, forgotten) in [(0, u64::MAX, 0), (7, 6, 0), (0, 0, u32::MAX)] {
        let json = format!(r#"{{"chunk":0,"oldest":{oldest},"next":{next},"known":0,"forgotten":{forgotten}}}"#);
        let saved = Saved::default();
        saved.0.lock().unwrap().insert(b"h".to_vec(), json.into_bytes());
        let error = Admission::new(1).restore(Box::new(saved)).unwrap_err().to_string();
        assert!(error.contains("expected numbers that keys can have had"), "{error}");
    }
}

/// Saved keys and their bytes.
fn size(saved: &Saved) -> (usize, usize) {
    let saved = saved.0.lock().unwrap();
    (saved.len(), saved.iter().map(|(key, value)| key.len() + value.len()).sum())
}

#[test]
fn saved_state_is_flat_once_the_window_has_passed() {
    let (saved, mut admission) = (Saved::default(), admission(2));
    admission.restore(Box::new(saved.clone())).unwrap();
    let mut sizes = Vec::new();
    for day in 0..40 {
        let events: Vec<Event> = (0..50).map(|n| known_at(&format!("e{day}-{n}"), day * DAY, day * DAY)).collect();
        assert_eq!(folded(&mut admission, &records_of(&events)).len(), 50);
        saved.write(admission.snapshot());
        sizes.push(size(&saved));
    }
    assert!(sizes[39].0 <= sizes[5].0 && sizes[39].1 <= sizes[5].1 + 16, "{sizes:?}");
    let alive = 4 * 50;
    assert!(sizes[39].0 < alive + 4 + 10, "{sizes:?}");
}

#[test]
fn a_longer_window_refuses_what_the_shorter_one_forgot() {
    let saved = Saved::default();
    let mut short = admission(1);
    short.restore(Box::new(saved.clone())).unwrap();
    let sent: Vec<Event> = (0..10).map(|day| known_at(&format!("e{day}"), day * DAY, day * DAY)).collect();
    assert_eq!(folded(&mut short, &records_of(&sent)).len(), 10);
    saved.write(short.snapshot());
    let mut long = admission(30);
    long.restore(Box::new(saved)).unwrap();
    let again: Vec<Event> = (0..10).map(|day| known_at(&format!("e{day}"), day * DAY, 10 * DAY)).collect();
    let out = folded(&mut long, &records_of(&again));
    assert!(out.iter().all(|one| one.contains("too_old")), "none counts twice: {out:?}");
    assert_eq!(folded(&mut long, &records_of(&[known_at("f", 9 * DAY, 10 * DAY)])), ["0 f []"]);
}

/// Few ids, each of one time of its own, sent again and again over a month.
fn repeated() -> impl Strategy<Value = Vec<Sequenced<Record>>> {
    let one = (0..30_i64, 0..30_i64, 0..4_i64).prop_map(|(id, known, hours)| {
        let time = id * DAY + hours / 3;
        known_at(&format!("e{id}"), time, time.max(known * DAY + hours * DAY / 4))
    });
    proptest::collection::vec(one, 0..150).prop_map(|events| records_of(&events))
}

fn steps() -> impl Strategy<Value = Vec<(usize, Then)>> {
    let then = prop_oneof![Just(Then::GoOn), Just(Then::Save), Just(Then::Save), Just(Then::Crash)];
    proptest::collection::vec((1..12_usize, then), 0..60)
}

proptest! {
    /// The store gets each snapshot only just before the next, the worst that the loop may do.
    #[test]
    fn time_forgets_the_same_whatever_the_batches_and_crashes(records in repeated(), steps in steps()) {
        let expected = folded(&mut admission(2), &records);
        let (saved, mut fold) = (Saved::default(), admission(2));
        fold.restore(Box::new(saved.clone())).unwrap();
        let (mut next, mut out, mut handed) = (0, Vec::new(), Vec::new());
        let (mut kept, mut handed_at) = ((0, Vec::new()), (0, Vec::new()));
        for (length, then) in steps {
            let end = (next + length).min(records.len());
            out.extend(folded(&mut fold, &records[next..end]));
            next = end;
            match then {
                Then::GoOn => {}
                Then::Save => {
                    saved.write(std::mem::take(&mut handed));
                    kept = std::mem::replace(&mut handed_at, (next, out.clone()));
                    handed = fold.snapshot();
                }
                Then::Crash => {
                    fold = admission(2);
                    fold.restore(Box::new(saved.clone())).unwrap();
                    (handed, handed_at) = (Vec::new(), kept.clone());
                    (next, out) = kept.clone();
                }
            }
        }
        out.extend(folded(&mut fold, &records[next..]));
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn an_event_counts_once_however_late_it_is_sent_again(records in repeated(), days in 1..4_u32) {
        let out = folded(&mut admission(days), &records);
        let mut passed: Vec<&str> =
            out.iter().filter(|one| one.ends_with("[]")).filter_map(|one| one.split(' ').nth(1)).collect();
        passed.sort_unstable();
        prop_assert!(passed.windows(2).all(|pair| pair[0] != pair[1]), "{out:?}");
    }
}
