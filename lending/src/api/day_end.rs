//! The end of a business day, on every running loan and every open application.

use std::collections::HashSet;

use chrono::NaiveDate;
use weir_messages::{LoanId, Retry, TraceId};

use super::each::each;
use super::{Lending, LendingError};
use crate::loan::{LoanCommand, LoanStatus};
use crate::store::ParkedKind;

/// Loans read at a time.
const PAGE: u32 = if cfg!(test) { 2 } else { 256 };

/// What the end of business days changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaysClosed {
    /// Loans on which interest fell due.
    pub loans: u64,
    /// Applications that expired.
    pub applications: u64,
}

impl Lending {
    /// Ends every business day before today's: interest falls due, applications expire, and old answers are forgotten.
    /// Doing it again changes nothing.
    pub async fn close_days(&self) -> Result<DaysClosed, LendingError> {
        let Some(yesterday) = self.business_date().pred_opt() else { return Ok(DaysClosed::default()) };
        let closed =
            DaysClosed { loans: self.end_day(yesterday).await?, applications: self.expire_applications().await? };
        self.forget_answers().await?;
        Ok(closed)
    }

    /// Recognises what falls due up to and including `through` on every running loan; the number of loans it changed.
    /// Doing it again changes nothing. A loan whose day cannot end is parked, and the others end.
    pub async fn end_day(&self, through: NaiveDate) -> Result<u64, LendingError> {
        if through > self.business_date() {
            let reason = format!("expected a day up to {}, found {through}", self.business_date());
            return Err(LendingError::invalid("through", reason));
        }
        let parked = self.parked_ids(ParkedKind::DayEnd).await?.into_iter().collect();
        let mut changed = 0;
        for status in LoanStatus::ALL.iter().copied().filter(|status| status.falls_due()) {
            let mut after = None;
            loop {
                let page = self.loans_in(status, after.as_ref(), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.clone());
                changed += self.end_day_of(&page, through, &parked).await?;
            }
        }
        Ok(changed)
    }

    async fn end_day_of(
        &self,
        page: &[LoanId],
        through: NaiveDate,
        parked: &HashSet<String>,
    ) -> Result<u64, LendingError> {
        let ended = each(page, |loan| {
            let (lending, loan) = (self.clone(), loan.clone());
            async move { lending.command(&loan, &LoanCommand::EndDay { through }, TraceId::random()).await }
        });
        let (mut changed, mut waits) = (0, None);
        for (loan, result) in page.iter().zip(ended.await) {
            let loan = loan.to_string();
            match result {
                Ok(one) => {
                    changed += u64::from(one);
                    if parked.contains(&loan) {
                        self.unpark(ParkedKind::DayEnd, loan).await?;
                    }
                }
                Err(error) if error.retry() == Retry::Now => waits = Some(error),
                Err(error) => self.park(ParkedKind::DayEnd, loan, &error, None).await?,
            }
        }
        waits.map_or(Ok(changed), Err)
    }
}
