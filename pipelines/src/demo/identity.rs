//! Made-up people: names, phones, id numbers, cards and addresses that look valid and belong to nobody. Phones come from
//! the numbers Germany reserves for film and radio, id numbers from an area code China never assigned, cards from a
//! range without an issuer, mail addresses from example.org (RFC 2606).

use std::fmt;

use chrono::{Days, Months, NaiveDate};
use fastrand::Rng;

use super::chance::stream;

/// Blocks of a thousand numbers each (Bundesnetzagentur, numbers for media productions).
const PHONE_BLOCKS: [&str; 5] = ["+493023125", "+492214710", "+494066969", "+498999998", "+496990009"];
/// First four digits of id numbers: GB/T 2260 assigns none above 82.
const PROVINCE: &str = "9901";
/// ISO/IEC 7812 leaves 9 to national bodies; no network routes this range.
const CARD_RANGE: &str = "999999";

/// So many people have identifiers of their own.
pub(crate) const MOST: usize = 5_000;

const GIVEN: [&str; 24] = [
    "Anna", "Ben", "Clara", "David", "Elif", "Felix", "Greta", "Hannes", "Ines", "Jonas", "Katja", "Lukas", "Mara",
    "Nils", "Olga", "Paul", "Rosa", "Samir", "Tilda", "Umut", "Vera", "Willi", "Yara", "Zoe",
];
const FAMILY: [&str; 20] = [
    "Adler", "Berg", "Conrad", "Dietz", "Ebert", "Falk", "Gruber", "Hahn", "Iversen", "Jung", "Keller", "Lorenz",
    "Maurer", "Nolte", "Otto", "Peters", "Reuter", "Sommer", "Thoma", "Vogel",
];

/// What a customer registers with. Cannot print itself.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(super) name: String,
    pub(super) phone: String,
    pub(super) id_number: String,
    pub(super) card: String,
    pub(super) email: String,
    pub(super) date_of_birth: NaiveDate,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(made up)")
    }
}

/// The person on `row`, who is `age` on `day` and for some weeks around it.
pub(super) fn made_up(seed: u64, row: usize, age: u16, day: NaiveDate) -> Identity {
    let mut random = stream(seed, "identity", row);
    let date_of_birth = born(&mut random, age, day);
    let (given, family) = (one_of(&mut random, &GIVEN), one_of(&mut random, &FAMILY));
    Identity {
        name: format!("{given} {family}"),
        phone: phone(seed, row),
        id_number: id_number(date_of_birth, row),
        card: card(&mut random, row),
        email: format!("{}.{}.{row}@example.org", given.to_lowercase(), family.to_lowercase()),
        date_of_birth,
    }
}

fn one_of<'a>(random: &mut Rng, names: &[&'a str]) -> &'a str {
    names[random.usize(0..names.len())]
}

/// Between one and ten months after the last birthday.
fn born(random: &mut Rng, age: u16, day: NaiveDate) -> NaiveDate {
    day.checked_sub_months(Months::new(u32::from(age) * 12))
        .and_then(|birthday| birthday.checked_sub_days(Days::new(random.u64(30..300))))
        .expect("ages of people lie within the calendar")
}

/// Numbers differ between rows below `MOST`.
fn phone(seed: u64, row: usize) -> String {
    let shifted = (row + stream(seed, "phone", 0).usize(0..MOST)) % MOST;
    format!("{}{:03}", PHONE_BLOCKS[shifted / 1_000], shifted % 1_000)
}

/// GB 11643-1999: area, date of birth, sequence, check character.
fn id_number(born: NaiveDate, row: usize) -> String {
    let body = format!("{PROVINCE}{:02}{}{:03}", row / 1_000, born.format("%Y%m%d"), row % 1_000);
    let check = id_check(&body);
    format!("{body}{check}")
}

/// ISO 7064 MOD 11-2, as GB 11643 lays it down.
pub(super) fn id_check(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    CHECKS[usize::try_from(sum % 11).expect("a remainder of 11 fits")]
}

/// Sixteen digits that pass the Luhn check; the row keeps them apart.
fn card(random: &mut Rng, row: usize) -> String {
    let body = format!("{CARD_RANGE}{:05}{row:04}", random.u32(0..100_000));
    let check = luhn_check(&body);
    format!("{body}{check}")
}

/// ISO/IEC 7812-1 annex B: the digit that completes `body`.
pub(super) fn luhn_check(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let weighted = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
            weighted / 10 + weighted % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn day() -> NaiveDate {
        "2026-03-12".parse().unwrap()
    }

    #[test]
    fn check_digits_agree_with_published_examples() {
        // GB 11643-1999 prints 11010519491231002X; 4111111111111111 and 79927398713 are the usual Luhn examples.
        assert_eq!(id_check("11010519491231002"), 'X');
        assert_eq!(luhn_check("411111111111111"), 1);
        assert_eq!(luhn_check("7992739871"), 3);
    }

    #[test]
    fn people_are_the_same_for_one_seed_and_differ_from_each_other() {
        let of = |seed| (0..MOST).map(|row| made_up(seed, row, 35, day())).collect::<Vec<_>>();
        let (people, again, others) = (of(7), of(7), of(8));
        assert!(people == again && people != others);
        let fields: [fn(&Identity) -> &str; 4] = [|p| &p.phone, |p| &p.id_number, |p| &p.card, |p| &p.email];
        for field in fields {
            assert_eq!(people.iter().map(field).collect::<BTreeSet<_>>().len(), MOST);
        }
    }

    #[test]
    fn a_person_has_the_age_of_the_data_for_weeks_around_the_day() {
        for age in 19..=75 {
            let born = made_up(7, usize::from(age), age, day()).date_of_birth;
            for around in [day() - Days::new(28), day(), day() + Days::new(28)] {
                assert_eq!(around.years_since(born), Some(age.into()));
            }
        }
    }

    #[test]
    fn an_identity_does_not_print_itself() {
        let identity = made_up(7, 1, 30, day());
        assert!(!format!("{identity:?}").contains(&identity.phone));
    }
}
