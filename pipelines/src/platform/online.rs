//! The latest values for other readers, written by the processes that decide and by those that erase customers.

use std::sync::Arc;

use weir_features::Online;
use weir_messages::Tasks;
use weir_scoring::{CurrentLineup, Engine};

use crate::config::{Config, ConfigError};
use crate::content::Content;

/// In the data folder: erasures that Redis has not taken yet.
const ERASURES: &str = "erasures";

/// `None` where the configuration names no Redis, or this process has nothing for it: it has no lineup.
pub(super) fn open(
    config: &Config,
    content: &Content,
    lineup: Option<&Arc<CurrentLineup>>,
    tasks: &Tasks,
) -> Result<Option<Arc<Online>>, ConfigError> {
    let (Some(redis), Some(lineup)) = (&config.redis, lineup) else { return Ok(None) };
    let (content, lineup) = (content.clone(), Arc::clone(lineup));
    let views = content.views.hash();
    let parameters = move || parameters(&content, &lineup.get().champion);
    let erasures = config.data.join(ERASURES);
    let online = Online::open(redis.settings()?, &erasures, views, parameters, tasks);
    let unopened = |error| ConfigError::Field { field: "data", reason: format!("{}: {error}", erasures.display()) };
    Ok(Some(Arc::new(online.map_err(unopened)?)))
}

/// What decisions are made with, beside the views.
fn parameters(content: &Content, engine: &Engine) -> Vec<(String, String)> {
    let ((model, model_version), (policy, policy_version)) = (engine.model(), engine.policy());
    let (model_hash, policy_hash) = engine.hashes();
    let products: Vec<String> = content.products.iter().map(|product| product.reference.to_string()).collect();
    let products = serde_json::to_string(&products).expect("a list of texts serialises");
    let parameters = [
        ("model", model),
        ("model_version", &model_version.to_string()),
        ("model_hash", model_hash),
        ("policy", policy),
        ("policy_version", &policy_version.to_string()),
        ("policy_hash", policy_hash),
        ("products", &products),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_parameters_name_model_policy_and_products_with_versions_and_hashes() {
        let content = Content::shipped();
        let engine = content.engine(&Content::shipped_model()).unwrap();
        let told: BTreeMap<String, String> = parameters(&content, &engine).into_iter().collect();
        let (model_hash, policy_hash) = engine.hashes();
        assert_eq!((told["model"].as_str(), told["policy"].as_str()), ("german_credit", "consumer"));
        assert_eq!((told["model_hash"].as_str(), told["policy_hash"].as_str()), (model_hash, policy_hash));
        for version in ["model_version", "policy_version"] {
            assert!(told[version].parse::<u32>().is_ok(), "{told:?}");
        }
        assert!(told["products"].starts_with(r#"["consumer"#), "{told:?}");
    }
}
