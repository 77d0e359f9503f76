//! A personal value in clear. It deserialises, and that is all it does by itself.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use zeroize_on_drop::Zeroing;

mod zeroize_on_drop {
    //! Overwrites the text when it is dropped, without `unsafe`.
    pub(super) struct Zeroing(pub(super) String);

    impl Drop for Zeroing {
        fn drop(&mut self) {
            let mut bytes = std::mem::take(&mut self.0).into_bytes();
            bytes.fill(0);
            std::hint::black_box(&bytes);
        }
    }
}

/// Neither `Display` nor `Serialize`, and its `Debug` shows nothing: whoever needs the text says `expose`.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct Clear(Zeroing);

impl Clear {
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0.0
    }
}

impl From<String> for Clear {
    fn from(text: String) -> Self {
        Self(Zeroing(text))
    }
}

impl Clone for Clear {
    fn clone(&self) -> Self {
        Self::from(self.expose().to_owned())
    }
}

impl PartialEq for Clear {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(clear)")
    }
}

impl JsonSchema for Clear {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clear".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "personal: becomes a keyed token at intake" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_value_does_not_print_itself() {
        let phone: Clear = serde_json::from_str(r#""13800138000""#).unwrap();
        assert_eq!(phone.expose(), "13800138000");
        assert!(!format!("{phone:?}").contains("138"));
    }
}
