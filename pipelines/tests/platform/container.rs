//! The container's configuration: what the image ships and `ops/keys` makes is complete together.

use std::process::Command;

use crate::harness::{output, root, weir};

/// Name and value of each line that `ops/keys` prints.
fn fresh_keys() -> Vec<(String, String)> {
    let printed = output(Command::new("sh").arg(root().join("ops/keys"))).stdout;
    let line = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    String::from_utf8(printed).unwrap().lines().map(line).collect()
}

#[test]
fn the_images_configuration_wants_nothing_but_fresh_keys_and_a_payment_channel() {
    // As in the image, it lies beside its content.
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("weir.toml");
    std::fs::copy(root().join("ops/weir.toml"), &config).unwrap();
    for folder in ["features", "models", "lending"] {
        std::os::unix::fs::symlink(root().join(folder), home.path().join(folder)).unwrap();
    }
    let mut check = weir();
    check.args(["config", "check", "--config"]).arg(&config).env("WEIR__PAYMENTS__URL", "http://payments:8090");
    assert!(!check.output().unwrap().status.success(), "without keys it must not run");
    let clear_text = check.envs(fresh_keys()).output().unwrap();
    assert!(String::from_utf8_lossy(&clear_text.stderr).contains("payments.allow_http"), "{clear_text:?}");
    // As docker-compose.yml says, for the network of its containers.
    output(check.env("WEIR__PAYMENTS__ALLOW_HTTP", "true"));
}

#[test]
fn keys_are_made_anew_each_time() {
    let (once, again) = (fresh_keys(), fresh_keys());
    assert!(once.len() == 4 && once.iter().all(|key| !again.contains(key)), "{:?}", once.len());
}

#[test]
fn compose_hands_over_each_key_that_is_made() {
    let compose = std::fs::read_to_string(root().join("docker-compose.yml")).unwrap();
    for (name, _) in fresh_keys() {
        assert!(compose.contains(&format!("{name}: ${{{name}:?")), "docker-compose.yml does not demand {name}");
    }
}
