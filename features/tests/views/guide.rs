//! The worked example of `docs/features.md`, run as it stands there.

use std::path::Path;

use weir_features::{Sources, replay};

use crate::recording;

/// The fenced blocks of the guide that are marked `language`, in order.
fn blocks<'a>(guide: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    guide.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_guides_example_gives_the_answers_it_prints() {
    let guide =
        std::fs::read_to_string(Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../docs/features.md"))
            .unwrap();
    let ([view], [events, requests, expected]) = (&blocks(&guide, "toml")[..], &blocks(&guide, "json")[..]) else {
        panic!("the guide shows one view, and events, requests and answers");
    };
    let views = recording::views(&[("card_use.toml", view)], &Sources::inferred(events.as_bytes()).unwrap());
    let mut out = Vec::new();
    replay(&views, events.as_bytes(), requests.as_bytes(), &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), *expected);
}
