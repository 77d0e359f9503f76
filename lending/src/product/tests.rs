//! The shipped product, and definitions that are refused.

use std::collections::BTreeMap;

use weir_messages::events::AttributeValue;
use weir_money::{Currency, Money};

use super::Product;

const SHIPPED: &str = include_str!("../../products/consumer_instalment.toml");
/// The applicants whom the shipped models were trained on.
const GERMAN_CREDIT: &str = include_str!("../../../models/german_credit/german_credit.csv");

/// The first applicant of the German Credit data.
fn declared() -> BTreeMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    [
        ("account_status", text("... < 0 DM")),
        ("credit_history", text("critical account/ other credits existing (not at this bank)")),
        ("purpose", text("radio/television")),
        ("savings", text("unknown/ no savings account")),
        ("employment", text("... >= 7 years")),
        ("installment_rate", AttributeValue::Integer(4)),
        ("other_debtors", text("none")),
        ("residence_since", AttributeValue::Integer(4)),
        ("property", text("real estate")),
        ("other_installment_plans", text("none")),
        ("housing", text("own")),
        ("existing_credits", AttributeValue::Integer(2)),
        ("job", text("skilled employee / official")),
        ("dependents", AttributeValue::Integer(1)),
        ("telephone", text("yes, registered under the customers name")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn refusal(name: &str, value: Option<AttributeValue>) -> String {
    let mut declared = declared();
    match value {
        Some(value) => declared.insert(name.to_owned(), value),
        None => declared.remove(name),
    };
    Product::consumer_instalment().check_attributes(&declared).unwrap_err().to_string()
}

#[test]
fn the_shipped_product_admits_the_german_applicants_range() {
    let product = Product::consumer_instalment();
    for (amount, months) in [("250.00", 4), ("18424.00", 72)] {
        product.admits(Money::parse(amount, Currency::EUR).unwrap(), months).unwrap();
    }
    product.check_attributes(&declared()).unwrap();
}

#[test]
fn every_german_applicant_is_within_the_shipped_product() {
    let product = Product::consumer_instalment();
    let mut applicants = 0;
    for row in GERMAN_CREDIT.lines().skip(1) {
        let fields = fields(row);
        let amount = Money::parse(fields[4], Currency::EUR).unwrap();
        product.admits(amount, fields[1].parse().unwrap()).unwrap_or_else(|error| panic!("{row}: {error}"));
        let columns = [
            ("account_status", 0),
            ("credit_history", 2),
            ("purpose", 3),
            ("savings", 5),
            ("employment", 6),
            ("installment_rate", 7),
            ("other_debtors", 9),
            ("residence_since", 10),
            ("property", 11),
            ("other_installment_plans", 13),
            ("housing", 14),
            ("existing_credits", 15),
            ("job", 16),
            ("dependents", 17),
            ("telephone", 18),
        ];
        let declared = columns
            .map(|(name, column)| {
                let text = fields[column];
                let value =
                    text.parse().map_or_else(|_| AttributeValue::Text(text.to_owned()), AttributeValue::Integer);
                (name.to_owned(), value)
            })
            .into();
        product.check_attributes(&declared).unwrap_or_else(|error| panic!("{row}: {error}"));
        applicants += 1;
    }
    assert_eq!(applicants, 1_000);
}

/// The fields of a row of CSV in which a quoted field holds no quote.
fn fields(row: &str) -> Vec<&str> {
    let mut quoted = false;
    row.split(|character: char| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .map(|field| field.trim_matches('"'))
    .collect()
}

#[test]
fn an_attribute_out_of_its_rule_is_refused_by_name_and_without_its_value() {
    let text = |text: &str| Some(AttributeValue::Text(text.to_owned()));
    for (name, value, expected) in [
        ("job", None, "attributes.job: expected text of 1 to 80 characters, found none"),
        ("job", text(&"x".repeat(81)), "attributes.job: expected text of 1 to 80 characters, found other text"),
        ("job", text(""), "attributes.job: expected text of 1 to 80 characters, found other text"),
        (
            "job",
            Some(AttributeValue::Integer(3)),
            "attributes.job: expected text of 1 to 80 characters, found another integer",
        ),
        ("dependents", text("two"), "attributes.dependents: expected an integer from 0 to 100, found other text"),
        (
            "dependents",
            Some(AttributeValue::Integer(-1)),
            "attributes.dependents: expected an integer from 0 to 100, found another integer",
        ),
        (
            "dependents",
            Some(AttributeValue::Number(1.5)),
            "attributes.dependents: expected an integer from 0 to 100, found a number with a fraction",
        ),
        ("age", Some(AttributeValue::Integer(30)), "attributes.age: the product has no such attribute"),
    ] {
        assert_eq!(refusal(name, value), expected);
    }
    assert!(Product::consumer_instalment().check_attributes(&declared()).is_ok());
}

#[test]
fn a_listed_value_is_one_of_its_list() {
    let listed = SHIPPED.replace(
        r#"housing                 = { type = "text" }"#,
        r#"housing                 = { type = "text", allowed = ["own", "rent"] }"#,
    );
    let product = Product::parse(&listed).unwrap();
    assert!(product.check_attributes(&declared()).is_ok());
    let mut other = declared();
    other.insert("housing".to_owned(), AttributeValue::Text("castle".to_owned()));
    let error = product.check_attributes(&other).unwrap_err().to_string();
    assert_eq!(error, "attributes.housing: expected one of own, rent, found other text");
}

#[test]
fn a_definition_that_cannot_be_meant_is_refused_by_field() {
    for (from, to, field) in [
        (r#"min_amount  = "200.00""#, r#"min_amount  = "0.00""#, "min_amount"),
        (r#"min_amount  = "200.00""#, r#"min_amount  = "20000.01""#, "min_amount"),
        (r#"max_amount  = "20000.00""#, r#"max_amount  = "20000.001""#, "max_amount"),
        ("min_months  = 3", "min_months  = 0", "min_months"),
        ("min_months  = 3", "min_months  = 73", "min_months"),
        ("payout_within_days = 5", "payout_within_days = 15", "payout_within_days"),
        (r#"currency    = "EUR""#, r#"currency    = "EURO""#, "EURO"),
        ("version     = 1", "", "version"),
        ("version     = 1", "version     = 1\nfees        = 2", "fees"),
    ] {
        let definition = SHIPPED.replace(from, to);
        assert_ne!(definition, SHIPPED, "{from} is not in the definition");
        let error = Product::parse(&definition).unwrap_err().to_string();
        assert!(error.contains(field), "{error}");
    }
}
