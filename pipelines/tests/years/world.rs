//! The world: a platform, its customers, and the days that pass over them.

use fastrand::Rng;

use crate::calendar::Day;
use crate::customer::{Customer, Plan};
use crate::harness::{Site, Weir};
use crate::measure::Measured;
use crate::upheaval::{self, Content};
use crate::verdict;

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
        let mut site = Site::new(&format!("late=10,paid-unanswered=20,unpaid=20,twice=20,error-after=20,seed={seed}"));
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
        for customer in &mut self.customers {
            customer.pay(&self.weir, self.today).await;
        }
        self.newcomers(day, scale).await;
        self.leavers().await;
    }

    /// So many that all have come by the last day, each with an application.
    async fn newcomers(&mut self, day: u64, scale: Scale) {
        let due = u64::from(scale.customers) * day / scale.days();
        while (self.customers.len() as u64) < due {
            let number = u32::try_from(self.customers.len()).unwrap();
            let mut customer = Customer::arrive(&self.weir, number, self.today, &mut self.rng).await;
            let product = self.content.product();
            let answer = customer.apply(&self.weir, product, self.rng.u16(3..9)).await;
            assert_ne!(answer["state"], "submitted", "seed {}: {answer}", self.seed);
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
                Plan::Overpays => customer.take_credit(&self.weir).await,
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
