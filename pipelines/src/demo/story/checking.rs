//! Every decision is read back from its record and run again.

use weir_lending::api::ApplicationAnswer;

use super::super::{Client, DemoError};
use super::applying::is_decided;
use super::{AT_ONCE, Recorded, each};
use crate::progress;

/// In order of the applications; `None` for one that was never decided.
pub(super) async fn decisions(
    client: &Client,
    applications: &[ApplicationAnswer],
) -> Result<Vec<Option<Recorded>>, DemoError> {
    let bar = progress::bar("running decisions again", applications.len());
    let recorded = each(&bar, AT_ONCE, applications, |application| async move {
        if !is_decided(application) {
            return Ok(None);
        }
        let decision = client.decision(&application.application).await?;
        let rerun_is_equal = client.rerun(&application.application).await?;
        Ok(Some(Recorded { decision, rerun_is_equal }))
    })
    .await?;
    bar.finish();
    Ok(recorded)
}
