//! Lending as a whole, on a real SQLite file.
