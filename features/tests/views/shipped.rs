//! The views that ship: they load, and give what the shipped models read.

use std::path::Path;

use weir_expr::ColumnType;

use crate::recording;

#[test]
fn the_shipped_views_load_and_explain_themselves() {
    let views = recording::shipped();
    assert!(views.views().len() >= 8);
    for view in views.views() {
        assert!(views.explain(view.name()).unwrap().contains(view.name()));
    }
}

#[test]
fn every_input_of_a_shipped_model_is_a_feature_of_a_fitting_type() {
    let (views, mut inputs) = (recording::shipped(), 0);
    for folder in std::fs::read_dir(Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../models")).unwrap()
    {
        let Ok(text) = std::fs::read_to_string(folder.unwrap().path().join("model.toml")) else { continue };
        let model: toml::Table = text.parse().unwrap();
        for input in model["input"].as_array().unwrap() {
            let feature = input["feature"].as_str().unwrap();
            let found = views.columns().column_type(feature).unwrap_or_else(|| panic!("no view gives {feature}"));
            match input["type"].as_str().unwrap() {
                "text" => assert_eq!(found, ColumnType::Text, "{feature}"),
                "number" => assert!(found.is_numeric(), "{feature} is {found}"),
                other => panic!("{feature}: {other}"),
            }
            inputs += 1;
        }
    }
    assert!(inputs > 80, "{inputs}");
}

#[test]
fn the_applicant_is_known_by_the_names_that_rules_use() {
    let views = recording::shipped();
    for (name, expected) in [
        ("amount", ColumnType::Number),
        ("age", ColumnType::Integer),
        ("term_months", ColumnType::Integer),
        ("region", ColumnType::Text),
        ("partner", ColumnType::Text),
        ("device", ColumnType::Text),
        ("ip", ColumnType::Text),
        ("phone", ColumnType::Text),
        ("customer", ColumnType::Text),
    ] {
        assert_eq!(views.columns().column_type(&format!("applicant__{name}")), Some(expected), "{name}");
    }
}
