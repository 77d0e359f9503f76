//! Bytes in, typed, tokenised, ordered events out.
