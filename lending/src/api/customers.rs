//! Registering, reading and erasing customers.

use weir_messages::CustomerId;

use super::applications::OPEN_APPLICATION;
use super::{CustomerAnswer, CustomerRegistered, ErasedAnswer, Lending, LendingError, Once, RequestKey};
use crate::customer::{CustomerEvent, Registration, age};
use crate::store::{Append, Claim, Commit, Find, Freshness, ListingKind, StreamId};
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
        let erasing = self.once(request, |commit: Commit| {
            Box::pin(async move {
                let (known, _) = self.known_customer(customer).await?;
                self.nothing_open(customer).await?;
                let event = CustomerEvent::Erased { erased_on: self.business_date() };
                let append = Append {
                    stream: StreamId::customer(customer),
                    expected: known.version,
                    bodies: vec![body(&event)?],
                };
                // Nobody can open an application meanwhile or ever after.
                let owner = format!("erased:{customer}");
                let claim = Claim { kind: OPEN_APPLICATION, value: customer.to_string(), owner };
                let commit =
                    Commit { appends: vec![append], claims: vec![claim], erase: Some(customer.clone()), ..commit };
                Ok((commit, ErasedAnswer { customer: customer.clone() }))
            })
        });
        let erased = erasing.await?;
        // The list of whom to erase again after an older backup was restored.
        tracing::info!(%customer, trace = %request.trace, "customer erased");
        Ok(erased)
    }

    async fn nothing_open(&self, customer: &CustomerId) -> Result<(), LendingError> {
        for (kind, over) in [
            (ListingKind::Application, ["declined", "accepted"].as_slice()),
            (ListingKind::Loan, ["closed", "cancelled"].as_slice()),
        ] {
            let (customer, freshness) = (Some(customer.clone()), Freshness::Now);
            let find = Find { kind, state: None, customer, after: None, limit: u32::MAX, freshness };
            let open = self.store.find(&find).await?.into_iter().find(|one| !over.contains(&one.state.as_str()));
            if let Some(open) = open {
                return Err(LendingError::StillOpen { what: format!("{} {} ({})", kind.name(), open.id, open.state) });
            }
        }
        Ok(())
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
