//! Feature vectors to decisions with reasons.
