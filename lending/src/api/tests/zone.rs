//! The business day is that of the lender's zone: ages, contracts, due dates and the end of a day follow it.

use super::*;

async fn desk_in(folder: &Path, zone: &str) -> Desk {
    let database = Database::Sqlite(folder.join("lending.db"));
    let zone = zone.parse().unwrap();
    let products = vec![Product::consumer_instalment()];
    Desk::in_zone(database, Arc::new(Channel::default()), products, zone).await
}

fn at(desk: &Desk, time: &str) {
    desk.clock.move_to(KnownTime::parse(time).unwrap());
}

#[tokio::test]
async fn half_past_midnight_in_berlin_is_the_next_day_for_ages_and_contracts() {
    for (zone, age, day) in [("UTC", 33, "2024-05-16"), ("Europe/Berlin", 34, "2024-05-17")] {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk_in(folder.path(), zone).await;
        at(&desk, "2024-05-16T22:30:00Z");
        assert_eq!(desk.lending.business_date().to_string(), day);
        let loan = desk.signed().await;
        assert_eq!(desk.lending.customer(&loan.customer).await.unwrap().age, age, "the birthday is 17 May");
        let shown = desk.lending.contract(&loan.application).await.unwrap();
        assert_eq!(shown.cost.starts_on.to_string(), day);
        let statement = desk.lending.ledger_statement(&"house:bank:EUR".parse().unwrap(), 0, 9).await.unwrap();
        assert_eq!(statement[0].booked_on.to_string(), day);
    }
}

#[tokio::test]
async fn an_installment_falls_due_when_its_day_is_over_in_the_zone() {
    for (zone, last_moment, over) in [
        ("UTC", "2024-02-15T23:59:59Z", "2024-02-16T00:00:00Z"),
        ("Europe/Berlin", "2024-02-15T22:59:59Z", "2024-02-15T23:00:00Z"),
        ("America/New_York", "2024-02-16T04:59:59Z", "2024-02-16T05:00:00Z"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let desk = desk_in(folder.path(), zone).await;
        at(&desk, "2024-01-15T12:00:00Z");
        let loan = desk.signed().await.loan;
        desk.until(&loan, LoanStatus::Active).await;
        at(&desk, last_moment);
        assert_eq!(desk.lending.close_days().await.unwrap().loans, 0, "{zone}");
        assert_eq!(desk.lending.loan(&loan).await.unwrap().days_past_due, 0);
        at(&desk, over);
        assert_eq!(desk.lending.close_days().await.unwrap().loans, 1, "{zone}");
        assert_eq!(desk.lending.loan(&loan).await.unwrap().days_past_due, 1);
        desk.assert_books_balance().await;
    }
}

#[tokio::test]
async fn days_of_23_and_of_25_hours_end_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk_in(folder.path(), "Europe/Berlin").await;
    let mut seen = Vec::new();
    for (first, hours) in [("2024-03-30T12:00:00Z", 48), ("2024-10-26T12:00:00Z", 48)] {
        let start = KnownTime::parse(first).unwrap().micros();
        for hour in 0..hours {
            desk.clock.move_to(KnownTime::from_micros(start + hour * 3_600_000_000));
            let today = desk.lending.business_date();
            if seen.last() != Some(&today) {
                seen.push(today);
            }
        }
    }
    let days: Vec<_> = seen.iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2024-03-30", "2024-03-31", "2024-04-01", "2024-10-26", "2024-10-27", "2024-10-28"]);
}
