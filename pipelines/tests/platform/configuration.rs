//! The configuration as an operator meets it: the file, the environment over it, and what is printed of it.

use crate::harness::{self, Site, output, weir};

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
fn what_is_written_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.toml");
    let init = || {
        let mut init = weir();
        init.args(["config", "init", "--output"]).arg(&file);
        init.output().unwrap()
    };
    let written = init();
    assert!(written.status.success() && written.stdout.is_empty(), "{written:?}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = String::from_utf8(init().stderr).unwrap();
    assert!(again.contains("--output") && again.contains("exists"), "keys are never written over: {again}");
}

#[tokio::test]
async fn the_data_folder_is_its_users_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new("");
    // As an earlier version made it.
    std::fs::create_dir(site.data()).unwrap();
    std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
    site.start(&[]).await.stop();
    let mut folders = vec![site.data()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o077, 0, "{}", folder.display());
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            seen += 1;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
            folders.extend(path.is_dir().then_some(path));
        }
    }
    assert!(seen > 10, "log, state, engines and the database are there");
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
