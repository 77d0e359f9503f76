//! Personal values as people may see them: enough to recognise one's own, too little to use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use weir_messages::privacy::Clear;

use super::Field;

/// Such as `138****8000`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    #[must_use]
    pub fn of(field: Field, clear: &Clear) -> Self {
        let text = clear.expose();
        Self(match field {
            Field::Name => ends(text, 1, 0),
            Field::Phone => ends(text, 3, 4),
            Field::IdNumber => ends(text, 2, 2),
            Field::Card => ends(text, 0, 4),
            Field::Email => {
                let (name, domain) = text.split_once('@').unwrap_or((text, ""));
                format!("{}@{domain}", ends(name, 1, 0))
            }
            Field::DateOfBirth => format!("{}-**-**", text.get(..4).unwrap_or("****")),
        })
    }
}

impl std::fmt::Display for Masked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Fewer hidden characters could be guessed.
const LEAST_HIDDEN: usize = 3;

/// The first and last characters around four stars; of a text too short to hide anything, the stars alone.
fn ends(text: &str, first: usize, last: usize) -> String {
    let characters: Vec<char> = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if characters.len() < first + last + LEAST_HIDDEN {
        return "****".to_owned();
    }
    let head: String = characters[..first].iter().collect();
    let tail: String = characters[characters.len() - last..].iter().collect();
    format!("{head}****{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_keeps_only_its_ends() {
        for (field, clear, masked) in [
            (Field::Phone, "13812348000 000", "138****0000"),
            (Field::Phone, "12345", "****"),
            (Field::Card, "4111 1111 1111 1111", "****1111"),
            (Field::Name, "Anna Berg", "A****"),
            (Field::Email, "anna@example.org", "a****@example.org"),
            (Field::DateOfBirth, "1990-05-17", "1990-**-**"),
        ] {
            assert_eq!(Masked::of(field, &clear.to_owned().into()).to_string(), masked);
        }
    }
}
