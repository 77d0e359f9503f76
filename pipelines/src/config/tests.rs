//! The configuration as a whole: what loads, what is refused by name, and what is never shown.

use super::*;

fn written(edit: impl Fn(String) -> String) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let root = Path::new(&package).parent().unwrap();
    let path = folder.path().join("weir.toml");
    std::fs::write(&path, edit(template(root, folder.path()))).unwrap();
    (folder, path)
}

#[test]
fn a_fresh_template_loads_on_loopback() {
    let (_folder, path) = written(|text| text);
    assert!(Config::load(&path).unwrap().server.listen.ip().is_loopback());
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let (_folder, path) = written(|text| text.replace("[server]", "[server]\nlisten_on = 1"));
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.contains("listen_on"), "{error}");
}

#[test]
fn the_zone_is_utc_unless_named_and_an_unknown_one_is_refused() {
    let named = |zone: &str| written(move |text| text.replace("zone = \"UTC\"\n", zone));
    let (_folder, path) = named("");
    assert_eq!(Config::load(&path).unwrap().zone().unwrap(), BusinessZone::UTC);
    let (_folder, path) = named("zone = \"Europe/Berlin\"\n");
    assert_eq!(Config::load(&path).unwrap().zone().unwrap().to_string(), "Europe/Berlin");
    let (_folder, path) = named("zone = \"Europe/Atlantis\"\n");
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.starts_with("lender.zone: expected a name of the IANA"), "{error}");
}

#[test]
fn a_filter_of_log_lines_that_does_not_read_is_refused_by_name() {
    let (_folder, path) = written(|text| text.replace("filter = \"info\"", "filter = \"info,weir=loud\""));
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.starts_with("log.filter: "), "{error}");
}

#[test]
fn a_short_key_is_named_and_not_shown() {
    let (_folder, path) = written(|text| {
        text.lines()
            .map(|l| {
                if l.starts_with("token = ") && !l.contains('_') {
                    "token = \"abcabcabcabcabcabc\"\n".into()
                } else {
                    format!("{l}\n")
                }
            })
            .collect()
    });
    let error = Config::load(&path).unwrap_err().to_string();
    assert!(error.contains("keys.token") && !error.contains("abcabc"), "{error}");
}

#[test]
fn a_printed_configuration_shows_no_secret() {
    let (_folder, path) = written(|text| text);
    let config = Config::load(&path).unwrap();
    let printed = toml::to_string(&config).unwrap();
    assert!(printed.contains("********"));
    for secret in [&config.server.token, &config.keys.token, &config.payments.secret] {
        assert!(!printed.contains(secret.expose()) && !format!("{config:?}").contains(secret.expose()));
    }
}
