//! Who plays which part: each applicant gets a made-up identity, devices and an address, and a few are planted as
//! device-sharing rings or as bots. Parts are drawn by the seed and know nothing of the outcome.

use std::fmt;

use fastrand::Rng;

use super::applicants::Applicant;
use super::chance::{happens, stream};
use super::identity::{Identity, made_up};
use super::{DemoError, applicants, calendar};

const RING_SIZE: usize = 6;
/// One ring and two bots for every so many applicants.
const FOR_EVERY: usize = 200;
const BOTS: usize = 2;
/// Per mille of the ordinary.
const WITHOUT_CARRIER_CONSENT: u32 = 40;
const WITHDRAWS_CONSENT: u32 = 15;
const SHARES_ADDRESS: u32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Ordinary,
    /// Applies from the device and address of the ring with this number.
    Ring(usize),
    /// Forms fill themselves in.
    Bot,
}

/// Whether call records may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CarrierConsent {
    Given,
    Refused,
    /// Given, and taken back before the application.
    Withdrawn,
}

/// A device and where it calls from. Cannot print itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(super) device: String,
    pub(super) imei: String,
    pub(super) ip: String,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(made up)")
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub(crate) applicant: Applicant,
    pub(crate) identity: Identity,
    pub(crate) access: Access,
    pub(crate) part: Part,
    pub(crate) carrier: CarrierConsent,
}

/// Everybody, in order of row.
pub(crate) fn everybody(count: usize, seed: u64) -> Result<Vec<Person>, DemoError> {
    let drawn = applicants::stratified(applicants::all()?, count, seed);
    let parts = parts(drawn.len(), seed);
    let mut people: Vec<Person> = Vec::with_capacity(drawn.len());
    for (applicant, part) in drawn.into_iter().zip(parts) {
        let neighbour = people.last().filter(|last: &&Person| last.part == Part::Ordinary);
        let person = person(applicant, part, neighbour, seed);
        people.push(person);
    }
    Ok(people)
}

/// More people than there are applicants, for a bench: the applicants again and again, each time as somebody else.
pub(crate) fn crowd(count: usize, seed: u64) -> Result<Vec<Person>, DemoError> {
    let everybody = applicants::all()?;
    let again = everybody.iter().cycle().enumerate().take(count);
    let applicants = again.map(|(row, applicant)| Applicant { row, ..applicant.clone() });
    Ok(applicants.map(|applicant| person(applicant, Part::Ordinary, None, seed)).collect())
}

fn parts(count: usize, seed: u64) -> Vec<Part> {
    let mut places: Vec<usize> = (0..count).collect();
    stream(seed, "parts", 0).shuffle(&mut places);
    let groups = (count / FOR_EVERY).max(1);
    let planted =
        (0..groups).flat_map(|ring| [Part::Ring(ring); RING_SIZE]).chain(std::iter::repeat_n(Part::Bot, groups * BOTS));
    let mut parts = vec![Part::Ordinary; count];
    planted.zip(places).for_each(|(part, place)| parts[place] = part);
    parts
}

fn person(applicant: Applicant, part: Part, neighbour: Option<&Person>, seed: u64) -> Person {
    let row = applicant.row;
    let mut random = stream(seed, "person", row);
    let mut access = match part {
        Part::Ring(ring) => access(&mut stream(seed, "ring", ring), &format!("r{ring}")),
        Part::Ordinary | Part::Bot => access(&mut random, &row.to_string()),
    };
    // A household: two who share an address, and nothing wrong with it.
    if let Some(neighbour) = neighbour
        && part == Part::Ordinary
        && happens(&mut random, SHARES_ADDRESS)
    {
        access.ip.clone_from(&neighbour.access.ip);
    }
    let carrier = match random.u32(0..1_000) {
        _ if part != Part::Ordinary => CarrierConsent::Given,
        draw if draw < WITHOUT_CARRIER_CONSENT => CarrierConsent::Refused,
        draw if draw < WITHOUT_CARRIER_CONSENT + WITHDRAWS_CONSENT => CarrierConsent::Withdrawn,
        _ => CarrierConsent::Given,
    };
    let identity = made_up(seed, row, applicant.age, calendar::application_day());
    Person { applicant, identity, access, part, carrier }
}

/// Addresses are from the range for benchmarks (RFC 2544) and, one in ten, from that for documentation (RFC 3849).
fn access(random: &mut Rng, owner: &str) -> Access {
    let ip = if happens(random, 100) {
        format!("2001:db8:{:x}:{:x}::{:x}", random.u16(..), random.u16(..), random.u16(1..))
    } else {
        format!("198.{}.{}.{}", random.u8(18..20), random.u8(..), random.u8(1..255))
    };
    // The type allocation code 00-000000 is kept for tests.
    let body = format!("00000000{:06}", random.u32(0..1_000_000));
    let check = super::identity::luhn_check(&body);
    Access { device: format!("dv-{owner}-{:016x}", random.u64(..)), imei: format!("{body}{check}"), ip }
}

/// One clear identifier that the demo makes up and sends, for a sweep that must find none of them at rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlantedIdentifier {
    /// `phone`, `id_number`, `card`, `email`, `ip`, `device` or `imei`.
    pub kind: &'static str,
    pub value: String,
}

/// Every direct identifier of a demo with `applicants` people and this seed, each once.
pub fn planted_identifiers(applicants: usize, seed: u64) -> Vec<PlantedIdentifier> {
    let people = everybody(applicants, seed).expect("the embedded data are read by a test");
    let mut planted: Vec<PlantedIdentifier> = people
        .into_iter()
        .flat_map(|person| {
            let (identity, access) = (person.identity, person.access);
            [
                ("phone", identity.phone),
                ("id_number", identity.id_number),
                ("card", identity.card),
                ("email", identity.email),
                ("ip", access.ip),
                ("device", access.device),
                ("imei", access.imei),
            ]
        })
        .map(|(kind, value)| PlantedIdentifier { kind, value })
        .collect();
    planted.sort();
    planted.dedup();
    planted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_thousand_applicants_bring_five_rings_of_six_and_ten_bots() {
        let people = everybody(1_000, 7).unwrap();
        let mut sizes: BTreeMap<Part, usize> = BTreeMap::new();
        people.iter().for_each(|person| *sizes.entry(person.part).or_default() += 1);
        assert_eq!(sizes.remove(&Part::Ordinary), Some(960));
        assert_eq!(sizes.remove(&Part::Bot), Some(10));
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), (0..5).map(|ring| (Part::Ring(ring), 6)).collect::<Vec<_>>());
    }

    #[test]
    fn a_ring_shares_device_and_address_and_nobody_else_a_device() {
        let people = everybody(1_000, 7).unwrap();
        let mut users: BTreeMap<&str, Vec<Part>> = BTreeMap::new();
        people.iter().for_each(|person| users.entry(&person.access.device).or_default().push(person.part));
        for parts in users.values() {
            match parts[0] {
                Part::Ring(_) => assert!(parts.len() == RING_SIZE && parts.iter().all(|part| *part == parts[0])),
                Part::Ordinary | Part::Bot => assert_eq!(parts.len(), 1),
            }
        }
    }

    #[test]
    fn a_crowd_is_as_large_as_asked_and_everybody_in_it_is_somebody_else() {
        let crowd = crowd(2_500, 7).unwrap();
        let ids: std::collections::BTreeSet<_> = crowd.iter().map(|person| &person.identity.id_number).collect();
        assert_eq!((crowd.len(), ids.len()), (2_500, 2_500));
        assert_eq!(crowd[1_007].applicant.amount, crowd[7].applicant.amount);
    }

    #[test]
    fn the_cast_is_the_same_for_one_seed() {
        assert!(everybody(200, 7).unwrap() == everybody(200, 7).unwrap());
        assert!(everybody(200, 7).unwrap() != everybody(200, 8).unwrap());
    }

    #[test]
    fn every_planted_phone_id_number_and_card_is_listed() {
        let planted = planted_identifiers(1_000, 7);
        for kind in ["phone", "id_number", "card", "email"] {
            assert_eq!(planted.iter().filter(|one| one.kind == kind).count(), 1_000, "{kind}");
        }
        assert!(planted.iter().filter(|one| one.kind == "ip").count() > 900);
    }
}
