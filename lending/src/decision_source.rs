//! The port through which a decision that was set aside is read again from where it stands on the log.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use weir_messages::{Decision, Place, Retry};

#[derive(Debug, thiserror::Error)]
#[error("the decision at {record} cannot be read")]
pub struct DecisionUnread {
    pub record: Place,
    pub retry: Retry,
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
}

#[async_trait]
pub trait DecisionSource: Send + Sync + Debug {
    /// `None` where the log keeps it no more.
    async fn read(&self, record: Place) -> Result<Option<Decision>, DecisionUnread>;
}
