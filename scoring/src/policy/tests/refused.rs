//! Policies that are refused, by the name and field of what is wrong.

use super::*;

#[test]
fn a_list_that_no_rule_reads_or_that_is_not_there_is_refused() {
    let rules = rule("fraud", "it", "device__seen > 3", "review");
    let unread = content(&rules, BANDS).with("lists/phones.csv", LIST.into());
    let error = Policy::load(&unread, &available()).unwrap_err().to_string();
    assert_eq!(error, "policy.toml: list: no rule reads lists/phones.csv");
    assert_eq!(
        refusal(&listed("applicant__phone", "phones"), BANDS),
        "policy.toml: rule `listed`: list: there is no lists/phones.csv"
    );
    let error = refusal(&listed("applicant__fax", "phones"), BANDS);
    assert_eq!(error, "policy.toml: rule `listed`: feature: reads feature `applicant__fax`, which no view gives");
    let error = refusal(&listed("applicant__age", "phones"), BANDS);
    assert_eq!(error, "policy.toml: rule `listed`: feature: reads feature `applicant__age` as text, found an integer");
}

#[test]
fn a_bad_rule_is_refused_by_name_and_field() {
    for (section, code, when, outcome, expected) in [
        ("fraud", "it", "device__sen > 3", "review", "rule `it`: when: unknown column `device__sen`"),
        ("fraud", "it", "device__seen + 1", "review", "rule `it`: when: expected a truth value"),
        ("fraud", "it", "device__seen >", "review", "rule `it`: when: expected a SQL expression"),
        ("fraud", "it", "device__seen > 'x'", "review", "rule `it`: when: "),
        ("fraud", "it", "1 = 1", "decline", "rule `it`: when: reads no feature"),
        ("fraud", "it", "device__seen > 3", "approve", "rule `it`: outcome: expected decline or review"),
        ("fraud", "It is", "device__seen > 3", "review", "rule `It is`: code: expected small letters"),
        ("fraud", "missing_input", "device__seen > 3", "review", "rule `missing_input`: code: comes twice, or is one"),
        ("review", "it", "device__seen > 3", "decline", "rule `it`: outcome: a review rule leads to review"),
        (
            "fraud",
            "it",
            "taps__pace < 1 and device__rooted",
            "decline",
            "rule `it`: outcome: reads `taps__pace`, and behaviour never declines",
        ),
    ] {
        let error = refusal(&rule(section, code, when, outcome), BANDS);
        assert!(error.starts_with(&format!("policy.toml: {expected}")), "{error}");
    }
    let twice = rule("fraud", "it", "device__seen > 3", "review").repeat(2);
    assert!(refusal(&twice, BANDS).contains("rule `it`: code: comes twice"));
    let silent = rule("fraud", "it", "device__seen > 3", "review").replace("Because.", " ");
    assert!(refusal(&silent, BANDS).contains("rule `it`: text: expected what the applicant is told"));
}

#[test]
fn an_unknown_field_is_refused_wherever_it_stands() {
    let rules = rule("fraud", "it", "device__seen > 3", "review");
    for (rules, bands) in [
        (format!("{rules}weight = 3\n"), BANDS.to_owned()),
        (rules.clone(), format!("{BANDS}weight = 3\n")),
        (format!("weight = 3\n{rules}"), BANDS.to_owned()),
    ] {
        let error = refusal(&rules, &bands);
        assert!(error.starts_with("policy.toml: unknown field `weight`"), "{error}");
    }
    let without = refusal(&rules.replace("outcome = \"review\"\n", ""), BANDS);
    assert!(without.contains("missing field `outcome`"), "{without}");
}

#[test]
fn a_behaviour_view_that_gives_nothing_is_refused() {
    let text = format!("{TOP}{BANDS}").replace("[\"taps\"]", "[\"tap\"]");
    let error = Policy::load(&content("", "").with("policy.toml", text.into_bytes()), &available()).unwrap_err();
    assert_eq!(error.to_string(), "policy.toml: behaviour_views: no feature lies in a view `tap`");
}

#[test]
fn bad_bands_are_refused_by_name_and_field() {
    for (from, to, expected) in [
        ("min_score = 500", "", "band `good`: min_score: expected one"),
        ("name = \"bad\"", "name = \"bad\"\nmin_score = 1", "band `bad`: min_score: the last band"),
        ("name = \"bad\"", "name = \"good\"", "band `good`: name: comes twice"),
        ("limit = \"1000.00\"", "", "band `good`: limit: expected one: this band approves"),
        ("limit = \"1000.00\"", "limit = \"1e3\"", "band `good`: limit: expected a decimal"),
        ("limit = \"1000.00\"", "limit = \"0.00\"", "band `good`: limit: expected more than 0"),
        ("\"EUR\"", "\"eur\"", "band `good`: currency: expected three capital letters"),
        ("\"0.12\"", "\"12 %\"", "band `good`: annual_rate: expected a decimal fraction"),
        ("\"0.12\"", "\"12\"", "band `good`: annual_rate: expected less than 1"),
        (
            "outcome = \"decline\"",
            "outcome = \"decline\"\nlimit = \"1.00\"",
            "band `bad`: limit: only a band that approves",
        ),
        ("\"No offer\"", "\"\"", "band `bad`: text: expected what the applicant is told"),
    ] {
        assert!(BANDS.contains(from), "{from}");
        let error = refusal("", &BANDS.replacen(from, to, 1));
        assert!(error.starts_with(&format!("policy.toml: {expected}")), "{error}");
    }
    let upper = BANDS.split("[[band]]\nname = \"bad\"").next().unwrap();
    let equal = BANDS.replace(
        "[[band]]\nname = \"bad\"",
        &format!("{}[[band]]\nname = \"bad\"", upper.trim_start().replace("good", "also")),
    );
    assert!(refusal("", &equal).contains("band `also`: min_score: expected less than"), "{}", refusal("", &equal));
    let upside_down = BANDS
        .replace("\"decline\"", "\"review\"")
        .replace("\"approve\"\nlimit = \"1000.00\"\ncurrency = \"EUR\"\nannual_rate = \"0.12\"", "\"decline\"");
    assert!(refusal("", &upside_down).contains("band `bad`: outcome: is better than that of the band above"));
    assert!(refusal("", "band = []").contains("band: expected at least one"));
}
