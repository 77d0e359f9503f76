//! Quoting and applying.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use weir_messages::events::AttributeValue;
use weir_messages::privacy::{Clear, Identifier};
use weir_messages::{ApplicationId, CustomerId, Event, EventId, EventType, events};
use weir_money::Rate;

use super::{ApplicationAnswer, CostAnswer, Lending, LendingError, Once, RequestKey, amount, decoded, encoded};
use crate::application::{Application, ApplicationEvent, Submitted};
use crate::product::{Product, ProductRef};
use crate::quote::Quote;
use crate::store::{Append, Claim, Commit, Listing, ListingState, StreamId};
use crate::vault::Field;

/// Who writes lending's events.
pub(super) const SOURCE: &str = "weir/lending";
/// The claim that keeps a customer to one open application.
pub(super) const OPEN_APPLICATION: &str = "open_application";

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationRequest {
    pub customer: CustomerId,
    /// The loan app or back end that sends it.
    pub partner: String,
    pub product: String,
    pub product_version: u32,
    /// Major units.
    pub amount: String,
    pub currency: String,
    pub term_months: u16,
    #[serde(default)]
    pub device: Option<Clear>,
    #[serde(default)]
    pub ip: Option<Clear>,
    /// What the product asks for.
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeValue>,
}

impl Lending {
    /// What a loan would cost from today on. Nothing is kept.
    pub fn quote(
        &self,
        product: &ProductRef,
        amount: &str,
        currency: &str,
        term_months: u16,
        annual_rate: &str,
    ) -> Result<CostAnswer, LendingError> {
        let amount = amount::requested(amount, currency)?;
        let rate: Rate = annual_rate.parse().map_err(|error| LendingError::invalid("annual_rate", error))?;
        let product = self.product(product)?;
        let quote = Quote::new(product, &self.caps, amount, term_months, rate, self.business_date())?;
        Ok(CostAnswer::from(&quote.cost_table))
    }

    /// The answer's state is `submitted`: the decision comes through the log. See `wait_for_decision`.
    pub async fn submit_application(
        &self,
        asked: ApplicationRequest,
        request: &RequestKey,
    ) -> Result<Once<ApplicationAnswer>, LendingError> {
        match self.submit(&asked, request).await {
            // An open one whose last day has passed is in nobody's way.
            Err(LendingError::OpenApplication { application }) if self.expire(&application).await? => {
                self.submit(&asked, request).await
            }
            submitted => submitted,
        }
    }

    async fn submit(
        &self,
        asked: &ApplicationRequest,
        request: &RequestKey,
    ) -> Result<Once<ApplicationAnswer>, LendingError> {
        let amount = amount::requested(&asked.amount, &asked.currency)?;
        let product = ProductRef { name: asked.product.clone(), version: asked.product_version };
        let defined = self.product(&product)?;
        defined.admits(amount, asked.term_months)?;
        defined.check_attributes(&asked.attributes)?;
        LendingError::unless_short("partner", &asked.partner)?;
        let token = |field: &str, kind, clear: &Option<Clear>| {
            let token = clear.as_ref().map(|one| self.ports.tokens.checked(kind, one));
            token.transpose().map_err(|reason| LendingError::invalid(field, reason))
        };
        let device = token("device", Identifier::Device, &asked.device)?;
        let ip = token("ip", Identifier::Ip, &asked.ip)?;
        let (product, device, ip) = (&product, &device, &ip);
        self.once(request, |commit: Commit| {
            Box::pin(async move {
                let (customer, open) = tokio::join!(
                    self.known_customer(&asked.customer),
                    self.store.owner(OPEN_APPLICATION, asked.customer.as_str())
                );
                let (known, opened) = customer?;
                if let Some(open) = open? {
                    return Err(LendingError::OpenApplication { application: ApplicationId::new(open) });
                }
                let application = ApplicationId::new(self.new_id("a"));
                let payload = events::Application {
                    application: application.clone(),
                    partner: asked.partner.clone(),
                    product: asked.product.clone(),
                    product_version: asked.product_version,
                    amount: amount.amount(),
                    currency: amount.currency().to_string(),
                    term_months: asked.term_months,
                    age: self.age_of(&opened)?,
                    region: known.region.clone(),
                    device: device.clone(),
                    ip: ip.clone(),
                    phone: opened.clear(Field::Phone)?.and_then(|phone| self.vault.token(Field::Phone, &phone)),
                    attributes: asked.attributes.clone(),
                };
                let submitted = Submitted {
                    application: application.clone(),
                    customer: asked.customer.clone(),
                    partner: asked.partner.clone(),
                    product: product.clone(),
                    amount,
                    term_months: asked.term_months,
                    device: device.clone(),
                    ip: ip.clone(),
                    attributes: asked.attributes.clone(),
                    at: commit.at.as_event(),
                };
                let event = self.event(
                    (application.as_str(), EventType::Application),
                    &asked.customer,
                    Event::data_of(&payload),
                    &commit,
                );
                let submission = ApplicationEvent::Submitted(Box::new(submitted));
                let answer = Application::fold([submission.clone()])?;
                self.fresh.put(&answer);
                let commit = Commit {
                    appends: vec![appended(&application, 0, &[submission])?],
                    outbox: vec![event],
                    claims: vec![open_claim(&asked.customer, &application)],
                    listings: vec![listed(&answer)],
                    ..commit
                };
                Ok((commit, self.application_answer(&answer)))
            })
        })
        .await
    }

    pub async fn application(&self, application: &ApplicationId) -> Result<ApplicationAnswer, LendingError> {
        Ok(self.application_answer(&self.load_application(application).await?))
    }

    pub(super) async fn load_application(&self, id: &ApplicationId) -> Result<Application, LendingError> {
        let bodies = self.store.load(&StreamId::application(id)).await?;
        if bodies.is_empty() {
            return Err(LendingError::NotFound { what: "application" });
        }
        let events = bodies.iter().map(|body| decoded("application", body)).collect::<Result<Vec<_>, _>>()?;
        Ok(Application::fold(events)?)
    }

    pub(super) fn product(&self, reference: &ProductRef) -> Result<&Product, LendingError> {
        self.products
            .get(reference)
            .ok_or_else(|| LendingError::invalid("product", format!("expected a product on offer, found {reference}")))
    }

    /// An event of ours, on the customer's key.
    pub(super) fn event(
        &self,
        (id, event_type): (&str, EventType),
        customer: &CustomerId,
        data: Box<serde_json::value::RawValue>,
        commit: &Commit,
    ) -> Event {
        Event {
            id: EventId::new(id),
            source: SOURCE.to_owned(),
            event_type,
            subject: customer.clone(),
            time: commit.at.as_event(),
            known_time: commit.at,
            original_time: None,
            consent_id: None,
            trace: Some(commit.trace),
            data,
        }
    }
}

/// The commit of further events, and the application after it: its listing moves on, and the customer may apply again
/// once it is over.
pub(super) fn changed(
    commit: Commit,
    before: &Application,
    events: &[ApplicationEvent],
) -> Result<(Commit, Application), LendingError> {
    let after = events.iter().try_fold(before.clone(), |application, event| application.after(event))?;
    let Submitted { application, customer, .. } = &after.submitted;
    let is_over = after.state.status().is_over();
    let commit = Commit {
        appends: vec![appended(application, before.version, events)?],
        listings: vec![listed(&after)],
        releases: is_over.then(|| open_claim(customer, application)).into_iter().collect(),
        ..commit
    };
    Ok((commit, after))
}

fn appended(application: &ApplicationId, expected: u64, events: &[ApplicationEvent]) -> Result<Append, LendingError> {
    let bodies = events.iter().map(|event| encoded("application", event)).collect::<Result<_, _>>()?;
    Ok(Append { stream: StreamId::application(application), expected, bodies })
}

pub(super) fn refused(application: &Application, rule: &'static str) -> LendingError {
    let (id, state) = (application.submitted.application.clone(), application.state.status());
    LendingError::State { application: id, state, rule }
}

fn open_claim(customer: &CustomerId, application: &ApplicationId) -> Claim {
    Claim { kind: OPEN_APPLICATION, value: customer.to_string(), owner: application.to_string() }
}

fn listed(application: &Application) -> Listing {
    Listing {
        id: application.submitted.application.to_string(),
        customer: application.submitted.customer.clone(),
        state: ListingState::Application(application.state.status()),
    }
}
