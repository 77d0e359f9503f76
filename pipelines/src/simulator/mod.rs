//! A payment channel to test against: a server of its own that speaks the channel's protocol over signed HTTP, pays one
//! id once however often it is ordered, and goes wrong on request. It never logs or keeps a card.

mod faults;
mod payouts;
mod server;

pub use faults::{Fault, Faults, UnknownFault};
pub use payouts::{Payout, Payouts};
pub use server::{Simulator, serve};
