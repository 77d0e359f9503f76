//! The world: a platform, its customers, and the days that pass over them.

use fastrand::Rng;

use crate::calendar::Day;
use crate::customer::{Customer, Plan};
use crate::harness::ready::PATIENCE;
use crate::harness::{Site, Weir, events};
use crate::measure::Measured;
use crate::upheaval::{self, Content};
use crate::verdict;

/// Of the payment channel.
const FAULTS: &str = "late=10,paid-unanswered=20,unpaid=20,twice=20,error-after=20,declined=30";
/// Customers whose taps go into one request.
const TELLING: usize = 200;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) months: u32,
    pub(crate) customers: u32,
}

impl Scale {
    /// Months of thirty days.
    pub(crate) fn days(self) -> u64 {
        u64::from(self.months) * 30
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) rng: Rng,
    pub(crate) site: Site,
    pub(crate) weir: Weir,
    pub(crate) content: Content,
    pub(crate) today: Day,
    pub(crate) customers: Vec<Customer>,
    /// One a month.
    pub(crate) measured: Vec<Measured>,
}

impl World {
    /// From the first day to the verdict.
    pub(crate) async fn live(seed: u64, scale: Scale) {
        let mut site = Site::new(&format!("{FAULTS},seed={seed}"));
        let content = Content::new(&mut site);
        upheaval::bounds(&mut site.config);
        let weir = site.start(&[]).await;
        let (rng, today) = (Rng::with_seed(seed), Day::first());
        let mut world = Self { seed, rng, site, weir, content, today, customers: Vec::new(), measured: Vec::new() };
        for day in 1..=scale.days() {
            world.today = Day::first().after(day);
            world.pass_day(day, scale).await;
            if day % 7 == 0 {
                upheaval::weekly(&mut world, day / 7).await;
            }
            if day % 30 == 0 {
                world.close_month(day / 30).await;
            }
        }
        verdict::speak(world, scale).await;
    }

    async fn pass_day(&mut self, day: u64, scale: Scale) {
        self.weir.move_clock(&self.today.at(9, 0)).await;
        self.failed_payouts().await;
        self.taps().await;
        for customer in &mut self.customers {
            customer.pay(&self.weir, self.today).await;
        }
        self.newcomers(day, scale).await;
        self.leavers().await;
    }

    /// The operator orders a payout that failed again, and now and then calls the loan off.
    async fn failed_payouts(&mut self) {
        let listed = self.weir.get("/v1/loans?state=payout_failed&limit=1000").await;
        for failed in listed["loans"].as_array().unwrap() {
            let loan = failed["loan"].as_str().unwrap();
            let owned = |one: &&mut Customer| one.loan.as_ref().is_some_and(|own| own.id == loan);
            let customer = self.customers.iter_mut().find(owned).unwrap();
            if self.rng.u8(0..4) == 0 && customer.plan != Plan::Overpays {
                customer.call_off(&self.weir).await;
            } else {
                customer.order_again(&self.weir, self.today).await;
            }
        }
    }

    /// Whoever has a loan to pay opens the app every day.
    async fn taps(&self) {
        let paying = self.customers.iter().filter(|one| one.loan.as_ref().is_some_and(|loan| !loan.due.is_empty()));
        let paying: Vec<_> = paying.collect();
        for some in paying.chunks(TELLING) {
            let taps: Vec<_> = some.iter().flat_map(|customer| customer.taps(self.today)).collect();
            for answer in events::insist(&self.weir, &taps, PATIENCE).await {
                assert_eq!(answer["status"], "accepted", "{answer}");
            }
        }
    }

    /// So many that all have come by the last day, each with an application.
    async fn newcomers(&mut self, day: u64, scale: Scale) {
        let due = u64::from(scale.customers) * day / scale.days();
        while (self.customers.len() as u64) < due {
            let number = u32::try_from(self.customers.len()).unwrap();
            let mut customer = Customer::arrive(&self.weir, number, self.today, &mut self.rng).await;
            let product = self.content.product();
            let answer = customer.apply(&self.weir, product, self.rng.u16(3..9)).await;
            if answer["state"] == "approved" {
                self.take_offer(&mut customer).await;
            }
            self.customers.push(customer);
        }
    }

    async fn take_offer(&mut self, customer: &mut Customer) {
        match customer.plan {
            Plan::WalksAway => {}
            Plan::WithdrawsOffer => customer.withdraw(&self.weir).await,
            Plan::PaysOnTime
            | Plan::PaysLate
            | Plan::Overpays
            | Plan::Reversed
            | Plan::StopsPaying
            | Plan::ClosesAndLeaves => customer.sign(&self.weir).await,
        }
    }

    /// Who has paid everything and wants to go is erased; whose credit stands gets it back.
    async fn leavers(&mut self) {
        for customer in self.customers.iter_mut().filter(|one| !one.settled) {
            let Some(loan) = &customer.loan else { continue };
            if !loan.due.is_empty() {
                continue;
            }
            customer.settled = true;
            match customer.plan {
                Plan::ClosesAndLeaves => customer.leave(&self.weir).await,
                Plan::Overpays => customer.take_credit(&self.weir, 0).await,
                Plan::PaysOnTime
                | Plan::PaysLate
                | Plan::Reversed
                | Plan::StopsPaying
                | Plan::WithdrawsOffer
                | Plan::WalksAway => {}
            }
        }
    }

    async fn close_month(&mut self, month: u64) {
        self.weir.books_balance().await;
        let measured = Measured::of(self).await;
        println!("seed {} month {month}: {measured}", self.seed);
        self.measured.push(measured);
    }
}
