//! The device, ip and phone that a customer was last seen with, for applications that name none. Last by time, known
//! time and id, so that an event that comes late does not bring back an old device.

use std::borrow::Cow;

use weir_messages::{EventTime, KnownTime};

use super::codec::{put_text, take, take_text};
use crate::source::Envelope;
use crate::view::LATEST;

/// In the order of `LATEST`.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Latest([Option<Seen>; LATEST.len()]);

#[derive(Debug, PartialEq)]
struct Seen {
    time: EventTime,
    known: KnownTime,
    event: Box<str>,
    id: Box<str>,
}

impl Latest {
    /// `event` names `ids`, in the order of `LATEST`; whether any of them is now the latest.
    pub(super) fn notice(&mut self, event: &Envelope<'_>, ids: &[Option<Cow<'_, str>>; LATEST.len()]) -> bool {
        let mut changed = false;
        for (last, id) in self.0.iter_mut().zip(ids) {
            let Some(id) = id else { continue };
            let order = (event.time, event.known, event.id, &**id);
            if last.as_ref().is_none_or(|last| (last.time, last.known, &*last.event, &*last.id) < order) {
                let (event_id, id) = (event.id.into(), (&**id).into());
                *last = Some(Seen { time: event.time, known: event.known, event: event_id, id });
                changed = true;
            }
        }
        changed
    }

    /// The id of the latest `entity`.
    pub(super) fn id(&self, entity: &str) -> Option<&str> {
        let at = LATEST.iter().position(|known| *known == entity)?;
        self.0[at].as_ref().map(|seen| &*seen.id)
    }

    /// Each that was seen behind its number.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        for (at, seen) in (0_u8..).zip(&self.0) {
            let Some(Seen { time, known, event, id }) = seen else { continue };
            bytes.push(at);
            bytes.extend(time.micros().to_be_bytes());
            bytes.extend(known.micros().to_be_bytes());
            put_text(&mut bytes, event);
            put_text(&mut bytes, id);
        }
        bytes
    }

    pub(super) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut latest = Self::default();
        while !bytes.is_empty() {
            let [at] = take(&mut bytes)?;
            let time = EventTime::from_micros(i64::from_be_bytes(take(&mut bytes)?));
            let known = KnownTime::from_micros(i64::from_be_bytes(take(&mut bytes)?));
            let (event, id) = (take_text(&mut bytes)?.into(), take_text(&mut bytes)?.into());
            *latest.0.get_mut(usize::from(at))? = Some(Seen { time, known, event, id });
        }
        Some(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(time: i64, known: i64, id: &str) -> Envelope<'_> {
        let (time, known) = (EventTime::from_micros(time), KnownTime::from_micros(known));
        Envelope { id, source: "", event_type: "", subject: "c", time, known }
    }

    #[test]
    fn the_latest_is_so_by_time_then_known_time_then_id_and_reads_back() {
        let ids = |device: &str, phone: Option<&str>| {
            [Some(device.to_owned().into()), None, phone.map(|phone| phone.to_owned().into())]
        };
        let mut latest = Latest::default();
        assert!(latest.notice(&event(5, 5, "b"), &ids("d1", Some("p"))));
        for (earlier, device) in [(event(4, 9, "z"), "d0"), (event(5, 4, "z"), "d0"), (event(5, 5, "a"), "d0")] {
            assert!(!latest.notice(&earlier, &ids(device, None)), "{earlier:?}");
        }
        assert!(!latest.notice(&event(5, 5, "b"), &ids("d1", Some("p"))), "the same again changes nothing");
        assert!(latest.notice(&event(5, 5, "c"), &ids("d2", None)));
        assert_eq!(["device", "ip", "phone"].map(|entity| latest.id(entity)), [Some("d2"), None, Some("p")]);
        let bytes = latest.encode();
        assert_eq!(Latest::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Latest::decode(&bytes), Some(latest));
    }
}
