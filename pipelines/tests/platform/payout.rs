//! Payouts through the HTTP adapter to the simulated channel, a real server, with every fault it has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use weir_lending::loan::PaymentId;
use weir_lending::payment::{Asked, HttpPaymentChannel, Outcome, PaymentChannel, PayoutOrder, Signer};
use weir_messages::{KnownTime, ManualClock};
use weir_money::{Currency, Money};
use weir_pipelines::simulator::{Fault, Faults, Payouts, Simulator, serve};

const PATIENCE: Duration = Duration::from_millis(200);

async fn channel(faults: Faults, secret: &str) -> (HttpPaymentChannel, Arc<Simulator>) {
    let simulator = Arc::new(Simulator {
        signer: Signer::new("shared secret"),
        faults,
        payouts: Payouts::default(),
        lateness: PATIENCE * 3,
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, Arc::clone(&simulator)));
    let clock = Arc::new(ManualClock::starting_at(KnownTime::from_micros(1)));
    (HttpPaymentChannel::new(&base, Signer::new(secret), PATIENCE, clock).unwrap(), simulator)
}

fn order(id: &str, minor_units: i64) -> PayoutOrder {
    PayoutOrder {
        payment: PaymentId::new(id),
        amount: Money::from_minor_units(minor_units, Currency::EUR),
        card: "4111111111111111".to_owned().into(),
    }
}

fn always(fault: Fault) -> Faults {
    Faults::seeded(vec![(fault, 1_000)], 7)
}

#[tokio::test]
async fn an_order_is_paid_once_however_often_it_is_sent() {
    let (channel, simulator) = channel(Faults::none(), "shared secret").await;
    assert_eq!(channel.ask(&PaymentId::new("p1")).await, Asked::NotKnown);
    for _ in 0..3 {
        assert_eq!(channel.pay_out(&order("p1", 500)).await, Outcome::Succeeded);
    }
    assert_eq!(channel.ask(&PaymentId::new("p1")).await, Asked::Known(Outcome::Succeeded));
    assert_eq!(channel.pay_out(&order("p1", 501)).await, Outcome::Unknown, "another order under the same id");
    let paid: Vec<_> = simulator.payouts.statement().into_iter().map(|one| (one.id, one.amount)).collect();
    assert_eq!(paid, [("p1".to_owned(), "5.00".to_owned())]);
}

#[tokio::test]
async fn whatever_is_no_clear_answer_is_an_unknown_outcome_and_asking_tells_the_truth() {
    for (fault, outcome, asked) in [
        (Fault::Late, Outcome::Unknown, Asked::Known(Outcome::Succeeded)),
        (Fault::PaidUnanswered, Outcome::Unknown, Asked::Known(Outcome::Succeeded)),
        (Fault::Unpaid, Outcome::Unknown, Asked::NotKnown),
        (Fault::Twice, Outcome::Succeeded, Asked::Known(Outcome::Succeeded)),
        (Fault::ErrorBefore, Outcome::Unknown, Asked::NotKnown),
        (Fault::ErrorAfter, Outcome::Unknown, Asked::Known(Outcome::Succeeded)),
    ] {
        let (channel, simulator) = channel(always(fault), "shared secret").await;
        assert_eq!(channel.pay_out(&order("p1", 500)).await, outcome, "{fault:?}");
        assert_eq!(channel.ask(&PaymentId::new("p1")).await, asked, "{fault:?}");
        let paid = usize::from(asked != Asked::NotKnown);
        assert_eq!(simulator.payouts.statement().len(), paid, "{fault:?}");
    }
}

#[tokio::test]
async fn a_hundred_orders_over_a_bad_line_are_each_paid_once() {
    let faults = "late=100,paid-unanswered=100,unpaid=100,twice=100,error-before=100,error-after=100,seed=11";
    let (channel, simulator) = channel(faults.parse().unwrap(), "shared secret").await;
    let mut running = tokio::task::JoinSet::new();
    let channel = Arc::new(channel);
    for number in 0..100 {
        let channel = Arc::clone(&channel);
        running.spawn(async move {
            let order = order(&format!("p{number}"), 100 + number);
            let mut outcome = channel.pay_out(&order).await;
            while outcome == Outcome::Unknown {
                outcome = match channel.ask(&order.payment).await {
                    Asked::Known(outcome) => outcome,
                    Asked::NotKnown => channel.pay_out(&order).await,
                };
            }
            assert_eq!(outcome, Outcome::Succeeded);
        });
    }
    running.join_all().await;
    let paid: BTreeMap<_, _> = simulator.payouts.statement().into_iter().map(|one| (one.id, one.amount)).collect();
    assert_eq!(paid.len(), 100);
    assert!((0..100).all(|number| paid[&format!("p{number}")] == format!("1.{number:02}")));
}

#[tokio::test]
async fn a_wrong_signature_pays_nothing() {
    let (channel, simulator) = channel(Faults::none(), "another secret").await;
    assert_eq!(channel.pay_out(&order("p1", 500)).await, Outcome::Unknown);
    assert_eq!(channel.ask(&PaymentId::new("p1")).await, Asked::Known(Outcome::Unknown));
    assert!(simulator.payouts.statement().is_empty());
}
