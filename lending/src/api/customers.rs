//! Registering, reading and erasing customers.

use weir_messages::{ApplicationId, CustomerId, LoanId};

use super::applications::OPEN_APPLICATION;
use super::{CustomerAnswer, CustomerRegistered, ErasedAnswer, Lending, LendingError, Once, RequestKey};
use crate::customer::{CustomerEvent, Registration, age};
use crate::store::{Append, Claim, Commit, Find, Freshness, Listing, ListingKind, ListingState, Listings, StreamId};
use crate::vault::{Field, Opened};

/// The claim that keeps an id number to one customer.
const ID_NUMBER: &str = "id_number";

impl Lending {
    /// Refused, without saying whose it is, where the id number is registered.
    pub async fn register_customer(
        &self,
        registration: Registration,
        request: &RequestKey,
    ) -> Result<Once<CustomerRegistered>, LendingError> {
        let (on, region) = (self.business_date(), registration.region.clone());
        let fields =
            registration.checked(on).map_err(|e| LendingError::invalid(e.field, format!("expected {}", e.expected)))?;
        let (region, fields) = (&region, &fields);
        self.once(request, |commit: Commit| {
            Box::pin(async move {
                let customer = CustomerId::new(self.new_id("c"));
                let token = fields.get(&Field::IdNumber).and_then(|clear| self.vault.token(Field::IdNumber, clear));
                let token = token.ok_or_else(|| LendingError::invalid(ID_NUMBER, "expected a value"))?;
                if self.store.owner(ID_NUMBER, &token).await?.is_some() {
                    return Err(LendingError::Registered { field: ID_NUMBER });
                }
                let event = CustomerEvent::Registered { region: region.clone(), registered_on: on };
                let commit = Commit {
                    appends: vec![Append {
                        stream: StreamId::customer(&customer),
                        expected: 0,
                        bodies: vec![body(&event)?],
                    }],
                    claims: vec![Claim { kind: ID_NUMBER, value: token, owner: customer.to_string() }],
                    personal: Some(self.vault.seal(&customer, fields)),
                    blind_index: self.vault.blind_index(&customer, fields),
                    ..commit
                };
                Ok((commit, CustomerRegistered { customer }))
            })
        })
        .await
    }

    /// With every personal field masked.
    pub async fn customer(&self, customer: &CustomerId) -> Result<CustomerAnswer, LendingError> {
        let (known, opened) = self.known_customer(customer).await?;
        let masked = |field| opened.masked(field);
        Ok(CustomerAnswer {
            customer: customer.clone(),
            name: masked(Field::Name)?,
            phone: masked(Field::Phone)?,
            id_number: masked(Field::IdNumber)?,
            card: masked(Field::Card)?,
            email: masked(Field::Email)?,
            age: self.age_of(&opened)?,
            region: known.region,
        })
    }

    /// Destroys the customer's key and fields. What remains in books and on the log names only our id.
    pub async fn erase_customer(
        &self,
        customer: &CustomerId,
        request: &RequestKey,
    ) -> Result<Once<ErasedAnswer>, LendingError> {
        self.expire_open_application(customer).await?;
        let erasing = self.once(request, |commit: Commit| {
            Box::pin(async move {
                let (known, _) = self.known_customer(customer).await?;
                let mut appends = self.nothing_open(customer).await?;
                let event = CustomerEvent::Erased { erased_on: self.business_date() };
                let (stream, expected) = (StreamId::customer(customer), known.version);
                appends.push(Append { stream, expected, bodies: vec![body(&event)?] });
                // Nobody can open an application meanwhile or ever after.
                let owner = format!("erased:{customer}");
                let claim = Claim { kind: OPEN_APPLICATION, value: customer.to_string(), owner };
                let commit = Commit { appends, claims: vec![claim], erase: Some(customer.clone()), ..commit };
                Ok((commit, ErasedAnswer { customer: customer.clone() }))
            })
        });
        let erased = erasing.await?;
        // The list of whom to erase again after an older backup was restored.
        if !erased.replayed() {
            tracing::info!(%customer, trace = %request.trace, "customer erased");
        }
        Ok(erased)
    }

    /// One whose last day has passed still holds the claim until an event says that it is over.
    async fn expire_open_application(&self, customer: &CustomerId) -> Result<(), LendingError> {
        let Some(open) = self.store.owner(OPEN_APPLICATION, customer.as_str()).await? else { return Ok(()) };
        match self.expire(&ApplicationId::new(open)).await {
            // The claim of an erased customer is held by no application.
            Ok(_) | Err(LendingError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Refuses while anything of the customer's is open; otherwise the checks that all of it is still over when this is
    /// committed. Read from the streams: a listing is no truth.
    async fn nothing_open(&self, customer: &CustomerId) -> Result<Vec<Append>, LendingError> {
        let mut unchanged = Vec::new();
        for listings in [Listings::Applications(None), Listings::Loans(None)] {
            let (customer, freshness) = (Some(customer.clone()), Freshness::Now);
            let find = Find { listings, customer, after: None, limit: u32::MAX, freshness };
            for Listing { id, state, .. } in self.store.find(&find).await? {
                let (state, check) = self.standing(id.as_str(), state.kind()).await?;
                if !state.is_over() {
                    let what = format!("{} {id} ({})", state.kind().name(), state.name());
                    return Err(LendingError::StillOpen { what });
                }
                unchanged.push(check);
            }
        }
        Ok(unchanged)
    }

    /// Where something stands today, and the check that it has not moved on.
    async fn standing(&self, id: &str, kind: ListingKind) -> Result<(ListingState, Append), LendingError> {
        match kind {
            ListingKind::Application => {
                let id = ApplicationId::from(id);
                let known = self.current_application(&id).await?;
                let state = ListingState::Application(known.state.status());
                Ok((state, Append::unchanged(StreamId::application(&id), known.version)))
            }
            ListingKind::Loan => {
                let known = self.load_loan(&id.into()).await?;
                let state = ListingState::Loan(known.state().status());
                Ok((state, Append::unchanged(StreamId::loan(known.id()), known.version())))
            }
        }
    }

    /// That the customer is not erased, checked again when it is committed.
    pub(super) async fn still_known(&self, customer: &CustomerId, loan: &LoanId) -> Result<Append, LendingError> {
        match self.known_customer(customer).await {
            Ok((known, _)) => Ok(Append::unchanged(StreamId::customer(customer), known.version)),
            Err(LendingError::NotFound { .. }) => Err(LendingError::Erased { loan: loan.clone() }),
            Err(error) => Err(error),
        }
    }

    /// An erased customer is not found.
    pub(super) async fn known_customer(&self, id: &CustomerId) -> Result<(KnownCustomer, Opened), LendingError> {
        let missing = || LendingError::NotFound { what: "customer" };
        let stream = StreamId::customer(id);
        let (events, personal) = tokio::join!(self.store.load(&stream), self.store.personal(id));
        let events = events?;
        let first = events.first().ok_or_else(missing)?;
        let region = match super::decoded("customer", first)? {
            CustomerEvent::Registered { region, .. } => region,
            CustomerEvent::Erased { .. } => return Err(missing()),
        };
        let personal = personal?.ok_or_else(missing)?;
        Ok((KnownCustomer { region, version: events.len() as u64 }, self.vault.open(personal)?))
    }

    pub(super) fn age_of(&self, opened: &Opened) -> Result<u16, LendingError> {
        let born = opened.required(Field::DateOfBirth)?;
        let born = born.expose().parse().map_err(|_| LendingError::Corrupt {
            what: "date of birth",
            reason: "expected a date such as 1990-05-17".to_owned(),
        })?;
        Ok(age(born, self.business_date()))
    }
}

pub(super) struct KnownCustomer {
    pub(super) region: String,
    version: u64,
}

fn body(event: &CustomerEvent) -> Result<String, LendingError> {
    super::encoded("customer", event)
}
