//! What the payout runner needs: which payouts are open, what to pay, and where to put how it ended.

use async_trait::async_trait;
use weir_messages::{LoanId, TraceId};

use super::{Lending, LendingError};
use crate::ledger::Account;
use crate::loan::{LoanCommand, LoanState};
use crate::payment::{Concluded, PayoutOrder, Payouts};
use crate::vault::Field;

#[async_trait]
impl Payouts for Lending {
    async fn open(&self) -> Result<Vec<LoanId>, LendingError> {
        let open = self.loans(Some("paying_out"), None, None, u32::MAX).await?;
        Ok(open.into_iter().map(|listed| listed.loan).collect())
    }

    async fn order(&self, loan: &LoanId) -> Result<Option<PayoutOrder>, LendingError> {
        let known = self.load_loan(loan).await?;
        let LoanState::PayingOut { payment, .. } = known.state() else { return Ok(None) };
        let (_, opened) = self.known_customer(&known.signed().customer).await?;
        let card = opened.required(Field::Card)?;
        Ok(Some(PayoutOrder { payment, amount: known.signed().cost_table.principal, card }))
    }

    async fn conclude(&self, loan: &LoanId, order: &PayoutOrder, outcome: Concluded) -> Result<(), LendingError> {
        let payment = order.payment.clone();
        let command = match outcome {
            Concluded::Succeeded => LoanCommand::ConfirmPayout { payment, value_on: self.business_date() },
            Concluded::Failed { reason } => LoanCommand::FailPayout { payment, reason },
        };
        self.command(loan, &command, self.trace_of(loan).await?).await?;
        Ok(())
    }
}

impl Lending {
    /// The trace under which the payout was ordered: that of the borrower's acceptance.
    async fn trace_of(&self, loan: &LoanId) -> Result<TraceId, LendingError> {
        let first = self.store.journal(Some(&Account::LoanPrincipal(loan.clone())), 0, 1).await?;
        Ok(first.first().map_or_else(TraceId::random, |posted| posted.trace))
    }
}
