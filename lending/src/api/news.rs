//! Decisions that another process applied: who waits for them here is woken.

use tokio::sync::mpsc;
use weir_messages::{ApplicationId, Causes, Retry};

use super::{Lending, LendingError};
use crate::application::ApplicationStatus;
use crate::store::News;

impl Lending {
    /// Until the store is closed.
    pub(super) async fn hear(self, mut news: mpsc::Receiver<News>) {
        while let Some(news) = news.recv().await {
            let applications = match news {
                News::Applications(applications) => applications,
                News::Anything => self.waiting.applications(),
            };
            for application in &applications {
                if let Err(error) = self.look_again(application).await {
                    tracing::warn!(%application, error = %Causes(&error), "a decision is looked for again soon");
                    if error.retry() == Retry::Now {
                        // The rest would fail alike, and all are looked for again.
                        break;
                    }
                }
            }
        }
    }

    async fn look_again(&self, application: &ApplicationId) -> Result<(), LendingError> {
        // What was submitted here has moved on elsewhere.
        self.fresh.take(application);
        if !self.waiting.contains(application) {
            return Ok(());
        }
        let known = self.load_application(application).await?;
        if known.state.status() != ApplicationStatus::Submitted {
            self.waiting.wake(&self.application_answer(&known));
        }
        Ok(())
    }
}
