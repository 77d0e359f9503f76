//! Every task that runs as long as its process ends the process when it ends, with its name and why.

use std::path::Path;
use std::time::Duration;

use weir_pipelines::{TASKS, TASKS_ON_SERVERS};

use crate::harness::fleet::Fleet;
use crate::harness::models::Models;
use crate::harness::people::registration;
use crate::harness::{Site, Weir, set};

const PATIENCE: Duration = Duration::from_secs(60);

fn ends_with_its_name(weir: &Weir, task: &str, cause: &str, log: &Path) {
    let status = weir.wait(PATIENCE).unwrap_or_else(|| panic!("the process outlives its task {task}"));
    let last = last_words(log);
    assert!(!status.success(), "{task}: {status}");
    assert!(last.starts_with(&format!("weir: the task `{task}` ended: {cause}")), "{task} {cause}: {last}");
}

/// The line with which the process says why it ends; all of its log where there is none.
fn last_words(log: &Path) -> String {
    let said = std::fs::read_to_string(log).unwrap();
    said.lines().rfind(|line| line.starts_with("weir: ")).unwrap_or(&said).to_owned()
}

#[tokio::test]
async fn a_task_that_ends_ends_its_process_with_its_name() {
    let mut site = Site::new("");
    let models = Models::new(&mut site);
    models.deploy(1);
    models.promote(1);
    // Nobody is there: the writer waits for it.
    set(&mut site.config, "redis", "url", "redis://127.0.0.1:1");
    for task in TASKS {
        for (fault, cause) in [("panics", "it panicked: the fail point"), ("returns", "it returned")] {
            std::fs::remove_file(site.log_file()).ok();
            let weir = site.spawn(&[("WEIR_FAIL_AT", &format!("{task}:{fault}"))]);
            ends_with_its_name(&weir, task, cause, &site.log_file());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_on_servers_that_ends_ends_its_process_with_its_name() {
    let Some(fleet) = Fleet::new("a_task_on_servers_that_ends_ends_its_process_with_its_name", "").await else {
        return;
    };
    for (task, fault) in TASKS_ON_SERVERS.iter().zip(["panics", "returns"].into_iter().cycle()) {
        let cause = if fault == "panics" { "it panicked: the fail point" } else { "it returned" };
        let armed = format!("{task}:{fault}");
        let weir = fleet.spawn_with(task, "ingest,features,scoring,lending", &[("WEIR_FAIL_AT", &armed)]);
        ends_with_its_name(&weir, task, cause, &fleet.log_file(task));
    }
}

/// The store was open by then; that its writer ended is not all that is said.
#[tokio::test]
async fn keys_that_do_not_fit_are_said_at_the_start() {
    let mut site = Site::new("");
    let weir = site.start(&[]).await;
    let (status, body) = weir.post("/v1/customers", "r1", &registration(1)).await;
    assert!(status.is_success(), "{body}");
    weir.stop();
    set(&mut site.config, "keys", "token", "5".repeat(64));
    let weir = site.spawn(&[]);
    let status = weir.wait(PATIENCE).expect("it does not start");
    let last = last_words(&site.log_file());
    assert!(
        !status.success() && last.starts_with("weir: ") && last.contains("`keys.token` does not find customer"),
        "{last}"
    );
}

/// The log and the store that were open by then close too, which is not what was wrong.
#[tokio::test]
async fn a_start_that_is_refused_tells_the_refusal() {
    for (file, said) in [("state", "weir: the fold cannot start"), ("lending.sqlite/x", "weir: database.url: ")] {
        let site = Site::new("");
        let path = site.data().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "in the way").unwrap();
        let weir = site.spawn(&[]);
        let status = weir.wait(PATIENCE).expect("it does not start");
        let last = last_words(&site.log_file());
        assert!(!status.success() && last.starts_with(said), "{file}: {last}");
    }
}
