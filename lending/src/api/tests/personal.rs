//! Personal data: masked when read, sealed where it lies, gone when erased.

use super::*;

const ID_NUMBER: &str = "L01X00T471";

#[tokio::test]
async fn a_customer_is_shown_masked() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer(ID_NUMBER).await;
    let shown = desk.lending.customer(&customer).await.unwrap();
    assert_eq!(shown.phone.unwrap().to_string(), "138****8000");
    assert_eq!((shown.card.unwrap().to_string().as_str(), shown.age), ("****1111", 33));
}

#[tokio::test]
async fn an_id_number_is_registered_once_and_the_refusal_tells_nobody_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer(ID_NUMBER).await;
    let error = desk.lending.register_customer(registration("l01x00t471"), &request("k2", b"")).await.unwrap_err();
    assert_eq!((error.code(), error.field()), ("customer_registered", Some("id_number")));
    assert!(!error.to_string().contains(customer.as_str()) && !error.to_string().to_uppercase().contains(ID_NUMBER));
}

#[tokio::test]
async fn no_clear_value_is_in_the_database_files() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let loan = desk.signed().await.loan;
    desk.until(&loan, LoanStatus::Active).await;
    desk.lending.close().await;
    let mut searched = 0;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        searched += bytes.len();
        for clear in [PHONE, CARD, NAME, EMAIL, ID_NUMBER, "203.0.113.77", "d-clear-device", "1990-05-17"] {
            let found = bytes.windows(clear.len()).any(|window| window.eq_ignore_ascii_case(clear.as_bytes()));
            assert!(!found, "{clear} lies in clear");
        }
        assert!(!bytes.is_empty());
    }
    assert!(searched > 10_000, "the files were read");
}

#[tokio::test]
async fn an_erased_customer_cannot_be_read_and_the_id_number_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path()).await;
    let customer = desk.customer(ID_NUMBER).await;
    let before = desk.lending.store.personal(&customer).await.unwrap().unwrap();
    let applied = desk.submit(&customer, "k1").await.unwrap().value().application;
    let open = desk.lending.erase_customer(&customer, &request("k2", b"")).await.unwrap_err();
    assert_eq!(open.code(), "customer_not_settled");
    let declined = decision(&applied, &customer, Decided::Decline, None);
    desk.lending.apply_decision(&declined, RECORD).await.unwrap();
    desk.lending.erase_customer(&customer, &request("k3", b"")).await.unwrap();
    assert_eq!(desk.lending.customer(&customer).await.unwrap_err().code(), "not_found");
    assert_eq!(desk.submit(&customer, "k4").await.unwrap_err().code(), "not_found");
    let again = desk.lending.register_customer(registration(ID_NUMBER), &request("k5", b"")).await.unwrap();
    assert_ne!(again.value().customer, customer);
    // A copy of the sealed fields from a backup does not open under the new key.
    let mut stale = desk.lending.store.personal(&again.value().customer).await.unwrap().unwrap();
    stale.fields = before.fields;
    let opened = desk.lending.vault.open(stale).unwrap();
    assert!(opened.clear(crate::vault::Field::Card).is_err());
}
