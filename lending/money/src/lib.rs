//! Money, currency and rates, without floats: whole minor units, decimal fractions, and rounding only where a
//! function's name says so.

mod amount;
mod currency;
mod rate;
mod total;

pub use amount::{Money, MoneyError};
pub use currency::{Currency, UnknownCurrency};
pub use rate::{Rate, RateError};
pub use total::Total;

/// Serialises as text and schematises as a string, for values that read back with `FromStr`.
macro_rules! as_text {
    ($name:ident, $description:literal, $pattern:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "description": $description, "type": "string", "pattern": $pattern })
            }
        }
    };
}
use as_text;
