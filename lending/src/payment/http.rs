//! The payment channel over signed HTTP: `PUT /v1/payouts/{id}` orders, `GET /v1/payouts/{id}` asks. An answer is
//! `{"outcome":"succeeded"}`, `{"outcome":"failed","reason":…}` or `{"outcome":"pending"}`; 404 to a question means that
//! the id was never seen. Everything else, and silence, is an unknown outcome. A `reason` that is one of `FailureCode`, such
//! as `account_closed`, is told to callers; any other is `other` to them.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use weir_messages::Clock;

use super::{Asked, Outcome, PaymentChannel, PayoutOrder, SIGNATURE, Signer, TIMESTAMP};
use crate::loan::{FailureReason, PaymentId};

#[derive(Debug)]
pub struct HttpPaymentChannel {
    client: Client,
    /// Without a trailing slash.
    base: String,
    signer: Signer,
    clock: Arc<dyn Clock>,
    silent_since: Mutex<Option<Instant>>,
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Answer {
    Succeeded,
    Failed { reason: String },
    Pending,
}

impl HttpPaymentChannel {
    /// After `timeout` without an answer an outcome is unknown.
    pub fn new(base: &str, signer: Signer, timeout: Duration, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let client = Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build()?;
        let base = base.trim_end_matches('/').to_owned();
        Ok(Self { client, base, signer, clock, silent_since: Mutex::default() })
    }

    /// `None` where no complete answer came.
    async fn send(&self, method: Method, payment: &PaymentId, body: Vec<u8>) -> Option<(StatusCode, Vec<u8>)> {
        let path = format!("/v1/payouts/{payment}");
        let timestamp = self.clock.now().micros().to_string();
        let signature = self.signer.sign(method.as_str(), &path, &timestamp, &body);
        let request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header(TIMESTAMP, timestamp)
            .header(SIGNATURE, signature)
            .header("content-type", "application/json")
            .body(body);
        let answer = match request.send().await {
            Ok(response) => {
                let status = response.status();
                response.bytes().await.map(|bytes| (status, bytes.to_vec()))
            }
            Err(error) => Err(error),
        };
        answer.inspect_err(|error| tracing::warn!(%payment, failure = failure(error), "no answer")).ok()
    }

    fn outcome(&self, body: &[u8]) -> Outcome {
        let Some(outcome) = answer(body) else { return self.unknown() };
        *self.silent_since() = None;
        outcome
    }

    /// No answer came that reads.
    fn unknown(&self) -> Outcome {
        self.silent_since().get_or_insert_with(Instant::now);
        Outcome::Unknown
    }

    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().expect("no holder panics")
    }
}

/// What went wrong, without the address, which a log does not need.
fn failure(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "could not connect"
    } else {
        "broke off"
    }
}

#[async_trait]
impl PaymentChannel for HttpPaymentChannel {
    async fn pay_out(&self, order: &PayoutOrder) -> Outcome {
        let body = json!({
            "amount": order.amount.amount(),
            "currency": order.amount.currency().code(),
            "card": order.card.expose(),
        });
        match self.send(Method::PUT, &order.payment, body.to_string().into_bytes()).await {
            Some((StatusCode::OK, body)) => self.outcome(&body),
            Some(_) | None => self.unknown(),
        }
    }

    async fn ask(&self, payment: &PaymentId) -> Asked {
        match self.send(Method::GET, payment, Vec::new()).await {
            Some((StatusCode::OK, body)) => Asked::Known(self.outcome(&body)),
            Some((StatusCode::NOT_FOUND, body)) if is_not_known(&body) => {
                *self.silent_since() = None;
                Asked::NotKnown
            }
            Some(_) | None => Asked::Known(self.unknown()),
        }
    }

    fn silent_for(&self) -> Option<Duration> {
        self.silent_since().map(|since| since.elapsed())
    }
}

/// `None` where the answer does not read.
fn answer(body: &[u8]) -> Option<Outcome> {
    Some(match serde_json::from_slice(body).ok()? {
        Answer::Succeeded => Outcome::Succeeded,
        Answer::Failed { reason } => Outcome::Failed { reason: FailureReason::given(&reason) },
        Answer::Pending => Outcome::Unknown,
    })
}

/// The channel's own 404, and not that of a proxy before it.
fn is_not_known(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct NotKnown {
        code: String,
    }
    serde_json::from_slice::<NotKnown>(body).is_ok_and(|answer| answer.code == "payout_not_known")
}

#[cfg(test)]
mod tests {
    use weir_messages::SystemClock;

    use super::*;

    fn channel() -> HttpPaymentChannel {
        let signer = Signer::new("secret");
        // Nothing listens there.
        HttpPaymentChannel::new("http://127.0.0.1:1", signer, Duration::from_secs(1), Arc::new(SystemClock)).unwrap()
    }

    #[test]
    fn an_answer_that_does_not_read_is_an_unknown_outcome() {
        let channel = channel();
        assert_eq!(channel.outcome(br#"{"outcome":"succeeded"}"#), Outcome::Succeeded);
        for body in ["", "ok", r#"{"outcome":"perhaps"}"#, r#"{"outcome":"failed"}"#] {
            assert_eq!(channel.outcome(body.as_bytes()), Outcome::Unknown, "{body}");
            assert!(channel.silent_for().is_some(), "{body}");
            assert_eq!(channel.outcome(br#"{"outcome":"pending"}"#), Outcome::Unknown);
            assert_eq!(channel.silent_for(), None, "it says that it does not know yet");
        }
    }

    #[tokio::test]
    async fn a_channel_that_nobody_reaches_is_silent_since_the_first_call() {
        let channel = channel();
        assert_eq!(channel.silent_for(), None, "nobody has asked");
        assert_eq!(channel.ask(&PaymentId::new("p")).await, Asked::Known(Outcome::Unknown));
        let first = channel.silent_for().unwrap();
        channel.ask(&PaymentId::new("p")).await;
        assert!(channel.silent_for().unwrap() > first);
    }

    #[test]
    fn no_card_number_in_a_reason_comes_in() {
        let body = br#"{"outcome":"failed","reason":"declined: card 4000001234567899 is not accepted"}"#;
        let Some(Outcome::Failed { reason }) = answer(body) else { panic!("expected a failure") };
        assert_eq!(reason.text, "declined: card ################ is not accepted");
    }

    #[test]
    fn a_404_of_something_else_does_not_mean_that_the_id_is_not_known() {
        assert!(is_not_known(br#"{"code":"payout_not_known"}"#));
        assert!(!is_not_known(b"<h1>404</h1>"));
    }
}
