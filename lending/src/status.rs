//! Names of states and kinds, one enum each: written, read and listed from one table, so that no text is compared with text.

/// A text that names no state. Does not repeat it, as it may come from a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {expected}, found another text")]
pub struct UnknownStatus {
    /// All names, separated by commas.
    pub expected: String,
}

/// An enum of names: `ALL`, `name`, and from and to that text in JSON, SQL, answers and query parameters.
macro_rules! statuses {
    ($(#[$doc:meta])* $kind:ident { $($(#[$about:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
        )]
        pub enum $kind {
            $($(#[$about])* #[serde(rename = $name)] $variant),+
        }

        impl $kind {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = $crate::status::UnknownStatus;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|one| one.name() == text);
                found.ok_or_else(|| $crate::status::UnknownStatus { expected: [$($name),+].join(", ") })
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use statuses;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::application::ApplicationStatus;
    use crate::loan::LoanStatus;

    fn reads_back<T>(all: &[T])
    where
        T: std::str::FromStr<Err = UnknownStatus> + serde::de::DeserializeOwned + serde::Serialize,
        T: Copy + PartialEq + std::fmt::Debug + std::fmt::Display,
    {
        for status in all {
            let json = serde_json::to_string(status).unwrap();
            assert_eq!(json, format!("\"{status}\""));
            assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *status);
            assert_eq!(status.to_string().parse(), Ok(*status));
            assert!(status.to_string().to_uppercase().parse::<T>().is_err(), "{status}");
        }
    }

    #[test]
    fn every_state_reads_back_from_its_name() {
        reads_back(ApplicationStatus::ALL);
        reads_back(LoanStatus::ALL);
    }

    /// The lines of the tables in `docs/lending.md` that begin with a state: its name, and whether its customer may be
    /// erased.
    fn documented() -> Vec<(String, String)> {
        let path = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../docs/lending.md");
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        rows.map(|(name, rest)| {
            let last = rest.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            (name.to_owned(), last.trim().to_owned())
        })
        .collect()
    }

    #[test]
    fn the_documented_states_are_those_there_are_and_say_who_may_be_erased() {
        let erasable = |is_over: bool| if is_over { "yes" } else { "no" };
        let applications = ApplicationStatus::ALL.iter().map(|one| {
            let is_accepted = *one == ApplicationStatus::Accepted;
            (one.to_string(), if is_accepted { "as the loan says" } else { erasable(one.is_over()) }.to_owned())
        });
        let loans = LoanStatus::ALL.iter().map(|one| (one.to_string(), erasable(one.is_over()).to_owned()));
        let (mut expected, mut found): (Vec<_>, _) = (applications.chain(loans).collect(), documented());
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn another_text_is_refused_with_all_names_and_not_repeated() {
        for text in ["ACTIVE", "", "active ", "4111111111111111"] {
            let refused = text.parse::<LoanStatus>().unwrap_err().to_string();
            assert!(refused.starts_with("expected one of signed, paying_out, ") && refused.ends_with("another text"));
            let refused = serde_json::from_str::<LoanStatus>(&format!("\"{text}\"")).unwrap_err().to_string();
            assert!(refused.starts_with("expected one of signed") && !refused.contains("4111"), "{refused}");
        }
    }
}
