//! Everything that crosses the log: the event envelope and its versioned payloads, feature vectors, decisions,
//! keyed tokens and sealed bytes, the `Stage` contract, and what every crate is given: `Clock` and `Tasks`.
//! No I/O and no heavy dependency, so that every crate may depend on it.

mod admitted;
mod causes;
mod clock;
mod dead_letter;
mod decision;
mod event;
mod event_type;
pub mod events;
mod ids;
pub mod intake;
mod named;
mod place;
pub mod privacy;
mod record;
mod retry;
mod shuffle;
mod stage;
mod tasks;
mod time;
mod trace;
mod vector;
mod whole;

pub use admitted::Admitted;
pub use causes::Causes;
pub use clock::{Clock, ManualClock, SystemClock};
pub use dead_letter::{DeadLetter, Sealed, Unsealed};
pub use decision::{
    Arm, Decision, Experiment, ModelUse, Offer, Outcome, PolicyUse, Reason, RuleAnswer, RuleUse, Shadow, ShadowAnswer,
};
pub use event::{BYTE_ORDER_MARK, DecodeError, Event, decode_json, decode_sent};
pub use event_type::{EventType, UnknownEventType};
pub use ids::{ApplicationId, CustomerId, EventId, LoanId, Shard};
pub use named::{Name, Named};
pub use place::{Derived, InvalidPlace, Place, Reached};
pub use record::{Header, Record, Topic};
pub use retry::{Retry, UnknownRetry};
pub use shuffle::{EntityPart, ForEntity, Part, Question, Touch};
pub use stage::{Change, Position, Sequenced, Stage, StageError, StateEntry, StateReader};
pub use tasks::{TaskEnded, TaskFault, TaskOutcome, Tasks, Watched};
pub use time::{EventTime, InvalidTime, KnownTime, MICROS_PER_DAY, NoRfc3339};
pub use trace::TraceId;
pub use vector::{FeatureValue, FeatureVector};
