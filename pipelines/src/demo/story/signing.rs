//! The approved see their contract, accept it by its hash, and are paid out over a channel that does not always answer.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_lending::api::{ApplicationAnswer, ContractAnswer, LoanAnswer};
use weir_lending::application::ApplicationStatus;
use weir_lending::loan::LoanStatus;

use super::super::{Client, DemoError};
use super::{AT_ONCE, each};
use crate::progress;

const PAID_WITHIN: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A loan, whose applicant it belongs to (by place), and the contract that was shown for it.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) place: usize,
    pub(super) shown: ContractAnswer,
    pub(super) loan: LoanAnswer,
}

pub(super) async fn sign(client: &Client, applications: &[ApplicationAnswer]) -> Result<Vec<Signed>, DemoError> {
    let approved: Vec<_> =
        applications.iter().enumerate().filter(|(_, one)| one.state == ApplicationStatus::Approved).collect();
    let bar = progress::bar("signing contracts", approved.len());
    let signed = each(&bar, AT_ONCE, approved, |(place, application)| async move {
        let shown = client.draw_contract(&application.application).await?;
        let loan = client.accept(&application.application, &shown.contract_hash).await?;
        Ok(Signed { place, shown, loan })
    })
    .await?;
    bar.finish();
    Ok(signed)
}

/// The same loans once no payout is open any more.
pub(super) async fn wait_for_payouts(client: &Client, signed: Vec<Signed>) -> Result<Vec<Signed>, DemoError> {
    let began = Instant::now();
    let bar = progress::bar("paying out", signed.len());
    let paid = each(&bar, AT_ONCE, signed, |mut signed| async move {
        while matches!(signed.loan.state, LoanStatus::Signed | LoanStatus::PayingOut) {
            if began.elapsed() > PAID_WITHIN {
                return Err(DemoError::Answer {
                    what: "waiting for payouts",
                    expected: format!("every payout to end within {PAID_WITHIN:?}"),
                    found: format!("loan {} {}", signed.loan.loan, signed.loan.state),
                });
            }
            signed.loan = client.loan(&signed.loan.loan).await?;
            if signed.loan.state == LoanStatus::PayingOut {
                sleep(LOOK_EVERY).await;
            }
        }
        Ok(signed)
    })
    .await?;
    bar.finish();
    Ok(paid)
}
