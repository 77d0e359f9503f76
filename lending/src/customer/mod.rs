//! Customers: what a registration must hold, and what is known of a customer without opening the vault.
//! Pure; personal values only pass through as `Clear`, and no error repeats one.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::privacy::Clear;

use crate::vault::Field;

/// What a customer gives on registration.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    pub name: Clear,
    /// 7 to 15 digits, perhaps with `+`, spaces or dashes (E.164).
    pub phone: Clear,
    /// 6 to 20 letters and digits.
    pub id_number: Clear,
    /// The card that payouts go to.
    pub card: Clear,
    #[serde(default)]
    pub email: Option<Clear>,
    /// ISO 8601, such as 1990-05-17.
    pub date_of_birth: Clear,
    /// Upper-case code of country or province, such as `DE` or `CN-GD`.
    pub region: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: expected {expected}")]
pub struct InvalidField {
    pub field: &'static str,
    pub expected: &'static str,
}

/// What happened to a customer, as it is stored. Nothing personal: that lies in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", deny_unknown_fields)]
pub enum CustomerEvent {
    #[serde(rename = "registered.v1")]
    Registered { region: String, registered_on: NaiveDate },
    #[serde(rename = "erased.v1")]
    Erased { erased_on: NaiveDate },
}

const OLDEST: u16 = 130;

impl Registration {
    /// Checks every field and gives them out for sealing.
    pub fn checked(self, on: NaiveDate) -> Result<BTreeMap<Field, Clear>, InvalidField> {
        let wrong = |field, expected| Err(InvalidField { field, expected });
        if !(1..=100).contains(&self.name.expose().trim().chars().count()) {
            return wrong("name", "1 to 100 characters");
        }
        let digits = digits(self.phone.expose().strip_prefix('+').unwrap_or(self.phone.expose()));
        if !digits.is_some_and(|digits| (7..=15).contains(&digits.len())) {
            return wrong("phone", "7 to 15 digits");
        }
        let id_number = self.id_number.expose();
        if !(6..=20).contains(&id_number.len()) || !id_number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return wrong("id_number", "6 to 20 letters and digits");
        }
        if !is_card(self.card.expose()) {
            return wrong("card", "12 to 19 digits that pass the Luhn check");
        }
        if let Some(email) = &self.email
            && !is_email(email.expose())
        {
            return wrong("email", "an address such as name@example.org");
        }
        let age = self.date_of_birth.expose().parse().ok().map(|born: NaiveDate| (born, age(born, on)));
        if !age.is_some_and(|(born, age)| born <= on && age <= OLDEST) {
            return wrong("date_of_birth", "a past date such as 1990-05-17");
        }
        let region = self.region.as_bytes();
        let is_code = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'-';
        if !(2..=10).contains(&region.len()) || !region.iter().all(is_code) {
            return wrong("region", "an upper-case code of 2 to 10 characters");
        }
        let mut fields = BTreeMap::from([
            (Field::Name, self.name),
            (Field::Phone, self.phone),
            (Field::IdNumber, self.id_number),
            (Field::Card, self.card),
            (Field::DateOfBirth, self.date_of_birth),
        ]);
        fields.extend(self.email.map(|email| (Field::Email, email)));
        Ok(fields)
    }
}

/// Whole years on a day. Who was born on 29 February is a year older on 1 March.
#[must_use]
pub fn age(born: NaiveDate, on: NaiveDate) -> u16 {
    let before_birthday = (on.month(), on.day()) < (born.month(), born.day());
    u16::try_from(on.year() - born.year() - i32::from(before_birthday)).unwrap_or(0)
}

/// The digits of a number written with spaces or dashes; `None` where anything else is in it.
fn digits(text: &str) -> Option<Vec<u8>> {
    let bytes = text.bytes().filter(|byte| !matches!(byte, b' ' | b'-'));
    bytes.map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect()
}

/// ISO/IEC 7812-1 annex B, the Luhn formula.
fn is_card(text: &str) -> bool {
    let Some(digits) = digits(text).filter(|digits| (12..=19).contains(&digits.len())) else { return false };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let weighted = u32::from(*digit) * if place % 2 == 1 { 2 } else { 1 };
            weighted / 10 + weighted % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_email(text: &str) -> bool {
    let well_placed = |(name, domain): (&str, &str)| {
        !name.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
    };
    text.len() <= 254 && !text.contains(char::is_whitespace) && text.rsplit_once('@').is_some_and(well_placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(field: &str, value: &str) -> Registration {
        let mut json = serde_json::json!({
            "name": "Anna Berg", "phone": "+49 151 12345678", "id_number": "L01X00T471", "card": "4111111111111111",
            "email": "anna@example.org", "date_of_birth": "1990-05-17", "region": "DE",
        });
        json[field] = value.into();
        serde_json::from_value(json).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_complete_registration_gives_every_field() {
        assert_eq!(registration("region", "CN-GD").checked(day("2024-01-15")).unwrap().len(), 6);
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not() {
        for (field, value) in [
            ("name", " "),
            ("phone", "12345x78"),
            ("phone", "123456"),
            ("id_number", "12 456"),
            ("card", "4111111111111112"),
            ("card", "41111"),
            ("email", "anna.example.org"),
            ("date_of_birth", "17.05.1990"),
            ("date_of_birth", "2024-01-16"),
            ("region", "d!"),
        ] {
            let error = registration(field, value).checked(day("2024-01-15")).unwrap_err();
            assert_eq!(error.field, field);
            assert!(value == " " || !error.to_string().contains(value), "{error}");
        }
    }

    #[test]
    fn a_year_is_complete_on_the_birthday() {
        assert_eq!((age(day("1990-05-17"), day("2024-05-16")), age(day("1990-05-17"), day("2024-05-17"))), (33, 34));
        assert_eq!((age(day("2000-02-29"), day("2023-02-28")), age(day("2000-02-29"), day("2023-03-01"))), (22, 23));
    }
}
