//! The public HTTP API as the demo uses it: every route, header and answer in one place. Answers are read into the types
//! that lending and scoring answer with; nothing else of the platform is touched.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use weir_lending::api::{ApplicationAnswer, ContractAnswer, CustomerRegistered, LoanAnswer, TrialBalanceLine};
use weir_messages::{ApplicationId, Decision, KnownTime, LoanId};

use super::DemoError;
use super::cast::Person;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const BATCH: &str = "application/cloudevents-batch+json";
/// How often a request that is told to come back later does so.
const ATTEMPTS: u32 = 60;
/// Longer than any answer takes on a machine that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Cheap to clone; connections are kept and shared.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

/// What the collector said of a batch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Intake {
    pub(crate) accepted: u64,
    pub(crate) duplicate: u64,
    pub(crate) rejected: u64,
}

impl std::ops::AddAssign for Intake {
    fn add_assign(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
    }
}

#[derive(Debug, Deserialize)]
struct EventAnswers {
    results: Vec<EventAnswer>,
}

#[derive(Debug, Deserialize)]
struct EventAnswer {
    status: EventStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventStatus {
    Accepted,
    Duplicate,
    Rejected,
}

#[derive(Debug, Deserialize)]
struct TrialBalance {
    lines: Vec<TrialBalanceLine>,
}

#[derive(Debug, Deserialize)]
struct Rerun {
    equal: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemText {
    code: String,
    detail: String,
}

/// What one loan application says.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) customer: &'a str,
    pub(crate) person: &'a Person,
}

impl Client {
    pub(crate) fn new(base: &str, token: &str) -> Result<Self, DemoError> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| DemoError::Start("the token holds characters that no header may".to_owned()))?;
        bearer.set_sensitive(true);
        let http = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, bearer)]))
            .timeout(PATIENCE)
            .build()
            .map_err(|source| DemoError::Http { what: "the client", source })?;
        Ok(Self { http, base: base.to_owned() })
    }

    /// Whether the platform says that it is ready.
    pub(crate) async fn is_ready(&self) -> bool {
        let asked = self.http.get(format!("{}/readyz", self.base)).timeout(Duration::from_secs(2)).send().await;
        asked.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// Whether everything on the log is folded.
    pub(crate) async fn is_caught_up(&self) -> Result<bool, DemoError> {
        let http = |source| DemoError::Http { what: "reading the metrics", source };
        let answer = self.http.get(format!("{}/metrics", self.base)).send().await.map_err(http)?;
        Ok(answer.text().await.map_err(http)?.lines().any(|line| line == "weir_fold_lag_records 0"))
    }

    pub(crate) async fn move_clock(&self, to: KnownTime) -> Result<(), DemoError> {
        let body = json!({ "to": to });
        self.post::<serde_json::Value, _>("moving the clock", "/admin/clock", &unique_key("clock"), &body).await?;
        Ok(())
    }

    /// Sends events as they lie in `json`, a CloudEvents batch.
    pub(crate) async fn send_events(&self, json: &[u8]) -> Result<Intake, DemoError> {
        let what = "sending events";
        let answers: EventAnswers = self
            .call(what, || {
                let request = self.request(Method::POST, "/v1/events").header(CONTENT_TYPE, BATCH);
                request.body(json.to_vec())
            })
            .await?;
        let mut intake = Intake::default();
        for answer in answers.results {
            match answer.status {
                EventStatus::Accepted => intake.accepted += 1,
                EventStatus::Duplicate => intake.duplicate += 1,
                EventStatus::Rejected => intake.rejected += 1,
            }
        }
        Ok(intake)
    }

    /// The new customer's id.
    pub(crate) async fn register(&self, person: &Person) -> Result<String, DemoError> {
        let identity = &person.identity;
        let body = json!({
            "name": identity.name, "phone": identity.phone, "id_number": identity.id_number, "card": identity.card,
            "email": identity.email, "date_of_birth": identity.date_of_birth, "region": "DE",
        });
        let key = format!("register-{}", person.applicant.row);
        let registered: CustomerRegistered = self.post("registering", "/v1/customers", &key, &body).await?;
        Ok(registered.customer.to_string())
    }

    /// Applies and waits up to two seconds for the decision. The same person's request is the same request each time.
    pub(crate) async fn apply(&self, asked: &Asked<'_>) -> Result<ApplicationAnswer, DemoError> {
        let (applicant, access) = (&asked.person.applicant, &asked.person.access);
        let body = json!({
            "customer": asked.customer, "partner": "demo", "product": "consumer_instalment", "product_version": 1,
            "amount": applicant.amount, "currency": "EUR", "term_months": applicant.term_months,
            "device": access.device, "ip": access.ip, "attributes": applicant.attributes,
        });
        let key = format!("apply-{}", applicant.row);
        self.call("applying", || {
            let request = self.request(Method::POST, "/v1/applications").header(PREFER, "wait=2");
            request.header(IDEMPOTENCY_KEY, &key).json(&body)
        })
        .await
    }

    pub(crate) async fn application(&self, id: &ApplicationId) -> Result<ApplicationAnswer, DemoError> {
        self.get("reading an application", &format!("/v1/applications/{id}")).await
    }

    pub(crate) async fn draw_contract(&self, id: &ApplicationId) -> Result<ContractAnswer, DemoError> {
        let path = format!("/v1/applications/{id}/contract");
        self.post("drawing up a contract", &path, &format!("draw-{id}"), &json!({})).await
    }

    pub(crate) async fn accept(&self, id: &ApplicationId, contract_hash: &str) -> Result<LoanAnswer, DemoError> {
        let path = format!("/v1/applications/{id}/acceptance");
        let body = json!({ "contract_hash": contract_hash });
        self.post("accepting a contract", &path, &format!("accept-{id}"), &body).await
    }

    pub(crate) async fn loan(&self, id: &LoanId) -> Result<LoanAnswer, DemoError> {
        self.get("reading a loan", &format!("/v1/loans/{id}")).await
    }

    /// `repayment` is the payer's own id of it: the same id is the same money.
    pub(crate) async fn repay(&self, loan: &LoanId, repayment: &str, amount: &str) -> Result<LoanAnswer, DemoError> {
        let body = json!({ "repayment": repayment, "amount": amount, "currency": "EUR" });
        self.post("repaying", &format!("/v1/loans/{loan}/repayments"), repayment, &body).await
    }

    pub(crate) async fn trial_balance(&self) -> Result<Vec<TrialBalanceLine>, DemoError> {
        let balance: TrialBalance = self.get("reading the trial balance", "/v1/ledger/trial-balance").await?;
        Ok(balance.lines)
    }

    pub(crate) async fn decision(&self, id: &ApplicationId) -> Result<Decision, DemoError> {
        self.get("reading a decision", &format!("/v1/decisions/{id}")).await
    }

    /// Whether the decision, run again from its record, came out equal to the byte.
    pub(crate) async fn rerun(&self, id: &ApplicationId) -> Result<bool, DemoError> {
        let path = format!("/v1/decisions/{id}/rerun");
        let rerun: Rerun = self.post("running a decision again", &path, &unique_key("rerun"), &json!({})).await?;
        Ok(rerun.equal)
    }

    /// Asks a model in tensors; `document` is how much of the body is no tensor in binary form, where some are.
    pub(crate) async fn infer(&self, model: &str, body: &Bytes, document: Option<usize>) -> Result<Bytes, DemoError> {
        let http = |source| DemoError::Http { what: "asking a model", source };
        let mut request = self.request(Method::POST, &format!("/v2/models/{model}/infer")).body(body.clone());
        if let Some(length) = document {
            request = request.header("inference-header-content-length", length);
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(http)?;
        answer.bytes().await.map_err(http)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> Result<T, DemoError> {
        self.call(what, || self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned, B: Serialize + Sync>(
        &self,
        what: &'static str,
        path: &str,
        key: &str,
        body: &B,
    ) -> Result<T, DemoError> {
        self.call(what, || self.request(Method::POST, path).header(IDEMPOTENCY_KEY, key).json(body)).await
    }

    /// Sends, and sends again what the platform puts off: every request here may come twice.
    async fn call<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<T, DemoError> {
        let mut attempt = 1;
        loop {
            let http = |source| DemoError::Http { what, source };
            let answer = request().send().await.map_err(http)?;
            let status = answer.status();
            if status.is_success() {
                return answer.json().await.map_err(http);
            }
            if status == StatusCode::SERVICE_UNAVAILABLE && attempt < ATTEMPTS {
                tokio::time::sleep(wait(answer.headers())).await;
                attempt += 1;
                continue;
            }
            let problem: ProblemText = answer.json().await.unwrap_or_default();
            return Err(DemoError::Problem {
                what,
                status: status.as_u16(),
                code: problem.code,
                detail: problem.detail,
            });
        }
    }
}

fn wait(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(200), |seconds: u64| Duration::from_secs(seconds.min(5)))
}

/// A key for what may well be done again later.
fn unique_key(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{what}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
