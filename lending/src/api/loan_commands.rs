//! What a caller asks of a loan beside repaying: a failed payout again, its end before any money went out, a credit back,
//! a repayment that went back.

use schemars::JsonSchema;
use serde::Deserialize;
use weir_messages::LoanId;

use super::{Lending, LendingError, LoanAnswer, Once, RequestKey};
use crate::loan::{
    Answer, CancellationReason, Loan, LoanCommand, LoanStatus, PaymentId, Refusal, RepaymentId, ReversalReason,
};
use crate::payment::Ordered;
use crate::store::{Append, Commit};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancellationRequest {
    pub reason: CancellationReason,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversalRequest {
    /// The id under which the repayment was reported.
    pub repayment: String,
    pub reason: ReversalReason,
}

impl Lending {
    /// Orders a payout that failed again, under a new id and within the contract's days of payout.
    pub async fn retry_payout(&self, loan: &LoanId, request: &RequestKey) -> Result<Once<LoanAnswer>, LendingError> {
        let payment = PaymentId::new(self.new_id("p"));
        let command = |known: &Loan| match known.state().status() {
            LoanStatus::Signed | LoanStatus::PayoutFailed => Ok(LoanCommand::StartPayout { payment: payment.clone() }),
            LoanStatus::PayingOut
            | LoanStatus::Cancelled
            | LoanStatus::Active
            | LoanStatus::Overpaid
            | LoanStatus::Refunding
            | LoanStatus::Closed => Err(known.refused("only a payout that failed is ordered again")),
        };
        self.pay(loan, request, command).await
    }

    /// Orders the whole credit back to the borrower's card.
    pub async fn refund(&self, loan: &LoanId, request: &RequestKey) -> Result<Once<LoanAnswer>, LendingError> {
        let payment = PaymentId::new(self.new_id("p"));
        let command = |known: &Loan| match known.state().status() {
            LoanStatus::Refunding => Err(known.refused("one refund at a time is under way")),
            LoanStatus::Signed
            | LoanStatus::PayingOut
            | LoanStatus::PayoutFailed
            | LoanStatus::Cancelled
            | LoanStatus::Active
            | LoanStatus::Overpaid
            | LoanStatus::Closed => Ok(LoanCommand::StartRefund { payment: payment.clone() }),
        };
        self.pay(loan, request, command).await
    }

    /// Ends a loan of which no money has gone out.
    pub async fn cancel_loan(
        &self,
        loan: &LoanId,
        asked: &CancellationRequest,
        request: &RequestKey,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        self.once_on_loan(loan, request, |_| Ok(LoanCommand::Cancel { reason: asked.reason })).await
    }

    /// The money of a repayment went back: what it paid is owed again.
    pub async fn reverse_repayment(
        &self,
        loan: &LoanId,
        asked: &ReversalRequest,
        request: &RequestKey,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        let (repayment, reason) = (RepaymentId::new(asked.repayment.as_str()), asked.reason);
        let command = LoanCommand::ReverseRepayment { repayment, reason };
        self.once_on_loan(loan, request, |_| Ok(command.clone())).await
    }

    /// A command after which the payment channel has something to do.
    async fn pay(
        &self,
        loan: &LoanId,
        request: &RequestKey,
        command: impl Fn(&Loan) -> Result<LoanCommand, Refusal> + Send + Sync,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        let ordered = self.once_on_loan(loan, request, command).await?;
        if ordered.made.is_some() {
            self.payouts.try_send(Ordered::new(loan.clone())).ok();
        }
        Ok(ordered)
    }

    /// A customer whose loans are over may be erased. What comes after that would be a credit of nobody.
    async fn credit_has_an_owner(&self, before: &Loan, after: &Loan) -> Result<Option<Append>, LendingError> {
        let credit = |loan: &Loan| loan.position().map_or(0, |position| position.credit.minor_units());
        if credit(after) <= credit(before) {
            return Ok(None);
        }
        self.still_known(&after.signed().customer, after.id()).await.map(Some)
    }

    pub(super) async fn once_on_loan(
        &self,
        loan: &LoanId,
        request: &RequestKey,
        command: impl Fn(&Loan) -> Result<LoanCommand, Refusal> + Send + Sync,
    ) -> Result<Once<LoanAnswer>, LendingError> {
        let command = &command;
        self.once(request, |commit: Commit| {
            Box::pin(async move {
                let known = self.load_loan(loan).await?;
                match known.decide(&command(&known)?, self.business_date())? {
                    Answer::AlreadyApplied => Ok((commit, self.loan_answer(&known)?)),
                    Answer::Applied(change) => {
                        let answer = self.loan_answer(&change.loan)?;
                        let checked = self.credit_has_an_owner(&known, &change.loan).await?;
                        let mut commit = self.changed(commit, &known, *change)?;
                        commit.appends.extend(checked);
                        Ok((commit, answer))
                    }
                }
            })
        })
        .await
    }
}
