//! What the payout runner needs: which payouts and refunds are open, what to pay, and where to put how it ended.

use async_trait::async_trait;
use weir_messages::{LoanId, TraceId};

use super::{Lending, LendingError};
use crate::loan::{LoanCommand, LoanStatus, OpenPayment};
use crate::payment::{Concluded, PayoutOrder, Payouts};
use crate::store::{ParkedKind, StreamId};
use crate::vault::Field;

/// Loans read at a time where payouts are looked for.
const PAGE: u32 = 256;

#[async_trait]
impl Payouts for Lending {
    async fn open(&self, after: Option<&LoanId>) -> Result<Vec<LoanId>, LendingError> {
        // Each process pays what it ordered. What a dead one left is looked for by one of the living, and should two pay
        // the same, they do so under one id.
        if !*self.turn.borrow() {
            return Ok(Vec::new());
        }
        let mut open = Vec::new();
        for status in LoanStatus::ALL.iter().copied().filter(|status| status.has_payment_under_way()) {
            open.extend(self.loans_in(status, after, PAGE).await?);
        }
        open.sort_unstable();
        open.truncate(PAGE as usize);
        Ok(open)
    }

    async fn order(&self, loan: &LoanId) -> Result<Option<PayoutOrder>, LendingError> {
        let known = self.load_loan(loan).await?;
        let Some(OpenPayment { payment, amount }) = known.open_payment() else {
            self.unpark_payout(loan).await?;
            return Ok(None);
        };
        let (_, opened) = self.known_customer(&known.signed().customer).await?;
        let card = opened.required(Field::Card)?;
        Ok(Some(PayoutOrder { payment, amount, card }))
    }

    async fn conclude(&self, loan: &LoanId, order: &PayoutOrder, outcome: Concluded) -> Result<(), LendingError> {
        let payment = order.payment.clone();
        let command = match outcome {
            Concluded::Succeeded => LoanCommand::ConfirmPayment { payment, value_on: self.business_date() },
            Concluded::Failed { reason } => LoanCommand::FailPayment { payment, reason },
        };
        // Goes on with the trace under which the payout was ordered.
        let trace = self.store.trace(&StreamId::loan(loan)).await?.unwrap_or_else(TraceId::random);
        self.command(loan, &command, trace).await?;
        self.unpark_payout(loan).await
    }

    async fn is_parked(&self, loan: &LoanId) -> Result<bool, LendingError> {
        Ok(self.store.parked_item(ParkedKind::Payout, loan.as_str()).await?.is_some())
    }

    async fn park(&self, loan: &LoanId, error: &LendingError) -> Result<(), LendingError> {
        Self::park(self, ParkedKind::Payout, loan.to_string(), error, None).await
    }
}

impl Lending {
    async fn unpark_payout(&self, loan: &LoanId) -> Result<(), LendingError> {
        if self.is_parked(loan).await? {
            self.unpark(ParkedKind::Payout, loan.to_string()).await?;
        }
        Ok(())
    }
}
