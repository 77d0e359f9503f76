//! The report: plain text for the terminal, and one HTML page that needs nothing beside itself.

mod charts;
mod page;
mod terminal;

pub(super) use page::page;
pub(super) use terminal::text;

/// Said wherever figures are shown.
const HONESTLY: &str = "The applicants and what became of their loans are real: the Statlog German Credit data (Hans \
    Hofmann, UCI Machine Learning Repository, CC BY 4.0), a German bank before 1994. Names, numbers, devices, addresses \
    and all telemetry are made up from a seed, amounts in Deutsche Mark are asked for as so many euros, and repayments \
    follow the real outcome on a simulated calendar.";

#[cfg(test)]
mod tests;
