//! What keeps personal data out of the log, the state and every printed line: values that cannot print themselves,
//! keyed tokens in their place, and sealed bytes where the original must be read back.

mod clear;
mod keyring;
mod token;

pub use clear::Clear;
pub use keyring::{Keyring, KeyringError, SealError};
pub use token::{Identifier, NoIdentifier, Tokenizer};
