//! The end of a business day on every running loan.

use std::collections::HashSet;

use chrono::NaiveDate;
use weir_messages::{Retry, TraceId};

use super::each::each;
use super::{Lending, LendingError, LoanListed};
use crate::loan::LoanCommand;
use crate::store::ParkedKind;

/// Loans read at a time.
const PAGE: u32 = if cfg!(test) { 2 } else { 256 };

impl Lending {
    /// Recognises what falls due up to and including `through` on every running loan; the number of loans it changed.
    /// Doing it again changes nothing. A loan whose day cannot end is parked, and the others end.
    pub async fn end_day(&self, through: NaiveDate) -> Result<u64, LendingError> {
        if through > self.business_date() {
            let reason = format!("expected a day up to {}, found {through}", self.business_date());
            return Err(LendingError::invalid("through", reason));
        }
        let parked = self.parked_ids(ParkedKind::DayEnd).await?.into_iter().collect();
        let (mut changed, mut after) = (0, None);
        loop {
            let page = self.loans_in("active", after.as_ref(), PAGE).await?;
            changed += self.end_day_of(&page, through, &parked).await?;
            match page.last() {
                Some(last) => after = Some(last.loan.clone()),
                None => return Ok(changed),
            }
        }
    }

    async fn end_day_of(
        &self,
        page: &[LoanListed],
        through: NaiveDate,
        parked: &HashSet<String>,
    ) -> Result<u64, LendingError> {
        let ended = each(page, |listed| {
            let (lending, loan) = (self.clone(), listed.loan.clone());
            async move { lending.command(&loan, &LoanCommand::EndDay { through }, TraceId::random()).await }
        });
        let (mut changed, mut waits) = (0, None);
        for (listed, result) in page.iter().zip(ended.await) {
            let loan = listed.loan.to_string();
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
