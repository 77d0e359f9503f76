//! For how long lending keeps its answers, and how often it verifies its books.

use serde::{Deserialize, Serialize};
use weir_lending::api::Upkeep;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lending {
    /// For so many days a repeat under an idempotency key gets the first answer. After them the key is new.
    pub answer_days: u32,
    /// Hours from one verification of the books to the next; 0 is never.
    pub verify_hours: u32,
}

impl Lending {
    pub(crate) const fn upkeep(&self) -> Upkeep {
        Upkeep { answer_days: self.answer_days, verify_hours: self.verify_hours }
    }
}

impl Default for Lending {
    fn default() -> Self {
        let Upkeep { answer_days, verify_hours } = Upkeep::default();
        Self { answer_days, verify_hours }
    }
}
