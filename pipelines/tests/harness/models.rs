//! A registry of a site's own: its key, and the shipped package under several version numbers, each with scores of its own.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::people::{application, consents, registration, telemetry};
use super::{BATCH, Site, Weir, answer, output, root, set, weir};

pub const NAME: &str = "german_credit";

pub struct Models {
    pub folder: PathBuf,
    config: PathBuf,
}

impl Models {
    /// Has the site take its model from the registry.
    pub fn new(site: &mut Site) -> Self {
        let folder = site.folder.path().join("models");
        std::fs::create_dir_all(&folder).unwrap();
        let key = output(weir().args(["models", "keygen"]).arg(folder.join("key.pem"))).stdout;
        let key = String::from_utf8(key).unwrap().trim().to_owned();
        set(&mut site.config, "content", "model", format!("registry:{NAME}"));
        set(&mut site.config, "models", "url", format!("file://{}/registry", folder.display()));
        set(&mut site.config, "models", "trusted", vec![key]);
        Self { folder, config: site.write_config() }
    }

    /// The package of a version: its scores are so many points higher than those of the first.
    pub fn package(&self, version: u32) -> PathBuf {
        let (from, to) = (root().join("models").join(NAME), self.folder.join(format!("v{version}")));
        std::fs::create_dir_all(&to).unwrap();
        for file in ["model.onnx", "golden.jsonl"] {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
        let toml = std::fs::read_to_string(from.join("model.toml")).unwrap();
        let toml = toml.replace("version = 1", &format!("version = {version}"));
        let toml = toml.replace("base_score = 600.0", &format!("base_score = {}.0", 599 + version));
        std::fs::write(to.join("model.toml"), toml).unwrap();
        to
    }

    /// `weir models …`, however it ends.
    pub fn asked(&self, arguments: &[&str]) -> Output {
        let mut command = weir();
        command.arg("models").args(arguments).arg("--config").arg(&self.config).env("USER", "ada");
        command.output().unwrap()
    }

    /// `weir models …`, which goes well.
    pub fn ask(&self, arguments: &[&str]) -> String {
        let answered = self.asked(arguments);
        assert!(answered.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&answered.stderr));
        String::from_utf8(answered.stdout).unwrap()
    }

    pub fn deploy(&self, version: u32) {
        let package = self.package(version);
        self.ask(&["deploy", path(&package), "--key", path(&self.folder.join("key.pem"))]);
    }

    pub fn promote(&self, version: u32) {
        self.ask(&["promote", NAME, &version.to_string(), "--why", "it is better"]);
    }

    pub fn rollback(&self) {
        self.ask(&["rollback", NAME, "--why", "it was not"]);
    }
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A site whose registry has so many versions, the first of them champion.
pub fn site(versions: u32) -> (Site, Arc<Models>) {
    let mut site = Site::new("");
    let models = Models::new(&mut site);
    (1..=versions).for_each(|version| models.deploy(version));
    models.promote(1);
    (site, Arc::new(models))
}

/// Registers somebody and has them apply; `None` where the platform is gone.
pub async fn applied(weir: &Weir, number: u32) -> Option<String> {
    let registering = weir.request(Method::POST, "/v1/customers").header("idempotency-key", format!("r{number}"));
    let (status, body) = answer(registering.json(&registration(number))).await?;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    let customer = body["customer"].as_str().unwrap().to_owned();
    let events = json!([consents(&customer), telemetry(&customer, number, 1)].concat()).to_string();
    let sending = weir.request(Method::POST, "/v1/events").header("content-type", BATCH);
    answer(sending.body(events)).await?;
    let applying = weir.request(Method::POST, "/v1/applications").header("idempotency-key", format!("a{number}"));
    let applying = applying.header("prefer", "wait=20").json(&application(&customer, number));
    let (status, body) = answer(applying).await?;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    Some(body["application"].as_str().unwrap().to_owned())
}

/// The decision of somebody who applies now.
pub async fn decided(weir: &Weir, number: u32) -> Value {
    let application = applied(weir, number).await.unwrap();
    weir.get(&format!("/v1/decisions/{application}")).await
}
