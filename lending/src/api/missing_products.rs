//! Applications under way whose product is not loaded: their approval cannot be applied, and no contract can be drawn.

use std::collections::BTreeSet;

use weir_messages::{ApplicationId, Causes};

use super::{Lending, LendingError, decoded};
use crate::application::{ApplicationEvent, ApplicationStatus};
use crate::store::{Find, Freshness, Listing, Listings, StreamId};

/// Applications read at a time, and of one state at most.
const PAGE: u32 = 1_000;
const MAX_READ: usize = 20_000;
/// Applications that are named.
const MAX_NAMED: usize = 10;

/// What is not loaded, and who waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MissingProducts {
    pub(super) products: BTreeSet<String>,
    pub(super) applications: u64,
    pub(super) first: Vec<ApplicationId>,
}

impl Lending {
    /// One line of the log, and nothing is refused.
    pub(super) async fn warn_of_missing_products(&self) {
        match self.missing_products().await {
            Ok(missing) if missing.applications == 0 => {}
            Ok(MissingProducts { products, applications, first }) => {
                tracing::warn!(
                    ?products,
                    applications,
                    ?first,
                    "applications under way name products that are not loaded"
                );
            }
            Err(error) => {
                tracing::warn!(error = %Causes(&error), "applications were not searched for missing products")
            }
        }
    }

    pub(super) async fn missing_products(&self) -> Result<MissingProducts, LendingError> {
        let mut missing = MissingProducts::default();
        for status in ApplicationStatus::ALL.iter().copied().filter(|status| !status.is_over()) {
            let (mut after, mut read) = (None, 0);
            while read < MAX_READ {
                let find = Find {
                    listings: Listings::Applications(Some(status)),
                    customer: None,
                    after,
                    limit: PAGE,
                    freshness: Freshness::MayLag,
                };
                let page = self.store.find(&find).await?;
                let Some(last) = page.last() else { break };
                (after, read) = (Some(last.id.clone()), read + page.len());
                self.add_missing(&page, &mut missing).await?;
            }
        }
        Ok(missing)
    }

    async fn add_missing(&self, page: &[Listing], missing: &mut MissingProducts) -> Result<(), LendingError> {
        let ids = page.iter().map(|listing| ApplicationId::new(listing.id.as_str()));
        let streams: Vec<_> = ids.map(|id| StreamId::application(&id)).collect();
        for (_, body) in self.store.events(1, &streams).await? {
            // One that does not read is found by whoever needs it.
            let Ok(ApplicationEvent::Submitted(submitted)) = decoded("application", &body) else { continue };
            if self.product(&submitted.product).is_err() {
                missing.products.insert(submitted.product.to_string());
                missing.applications += 1;
                if missing.first.len() < MAX_NAMED {
                    missing.first.push(submitted.application.clone());
                }
            }
        }
        Ok(())
    }
}
