//! The configuration as an operator meets it: the file, the environment over it, and what is printed of it.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod harness;

use harness::{Site, output, weir};

#[test]
fn the_environment_overrides_the_file_and_no_secret_is_printed() {
    let site = Site::new("");
    let mut print = weir();
    print.args(["config", "print", "--config"]).arg(site.write_config());
    print.env("WEIR__SERVER__LISTEN", "127.0.0.1:4711").env("WEIR__LIMITS__MAX_LAG", "12");
    let printed = String::from_utf8(output(&mut print).stdout).unwrap();
    assert!(printed.contains("listen = \"127.0.0.1:4711\"") && printed.contains("max_lag = 12"), "{printed}");
    for (section, name) in [("server", "token"), ("keys", "token"), ("payments", "secret")] {
        assert!(!printed.contains(site.config[section][name].as_str().unwrap()), "{section}.{name} is printed");
    }
}

#[test]
fn a_wrong_value_ends_with_exit_code_2_and_one_line_that_names_it() {
    let mut site = Site::new("");
    harness::set(&mut site.config, "keys", "token", "short");
    let checked = weir().args(["config", "check", "--config"]).arg(site.write_config()).output().unwrap();
    let said = String::from_utf8(checked.stderr).unwrap();
    assert_eq!(checked.status.code(), Some(2), "{said}");
    assert!(said.contains("keys.token") && said.lines().count() == 1 && checked.stdout.is_empty(), "{said}");
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let mut site = Site::new("");
    harness::set(&mut site.config, "database", "url", "postgres://weir:s3cret@127.0.0.1:1/books");
    let config = site.write_config();
    let mut print = weir();
    let printed = String::from_utf8(output(print.args(["config", "print", "--config"]).arg(&config)).stdout).unwrap();
    assert!(printed.contains("postgres://weir:********@127.0.0.1:1/books") && !printed.contains("s3cret"), "{printed}");
    let ran = weir().args(["run", "--config"]).arg(&config).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(!ran.status.success(), "{said}");
    assert!(said.contains("database.url: postgres://weir@127.0.0.1:1/books cannot be opened"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}
