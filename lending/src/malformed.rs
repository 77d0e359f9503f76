//! JSON that cannot be read as what it should be, with the field that is wrong.

use serde::Deserialize;

#[derive(Debug, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Malformed {
    /// The path of the field, or `request` where none was reached: then the reason names a missing or unknown field.
    pub field: String,
    pub reason: String,
}

/// Reads `json`, all of it, as a `T`.
pub(crate) fn read<'de, T: Deserialize<'de>>(json: &'de str) -> Result<T, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| Malformed {
        field: match error.path().to_string().as_str() {
            "." | "?" => "request".to_owned(),
            path => path.to_owned(),
        },
        reason: error.inner().to_string(),
    })?;
    let whole = deserializer.end();
    whole.map_err(|error| Malformed { field: "request".to_owned(), reason: error.to_string() })?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[allow(dead_code, reason = "only its reading is tested")]
        days: Vec<u32>,
    }

    #[test]
    fn the_wrong_field_is_named() {
        for (json, text) in [
            (r#"{"days":[1,"two"]}"#, "days[1]: invalid type"),
            ("{}", "request: missing field `days`"),
            (r#"{"days":[],"hours":1}"#, "hours: unknown field `hours`"),
            ("{", "request: EOF"),
            (r#"{"days":[]} {}"#, "request: trailing characters"),
        ] {
            let error = read::<Wanted>(json).unwrap_err().to_string();
            assert!(error.starts_with(text), "{error}");
        }
    }
}
