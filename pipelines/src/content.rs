//! The versioned content that decisions are made of, loaded and held against each other: views, policy, products and rate
//! caps. Which models decide with it is the lineup's business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_expr::{ColumnType, Columns};
use weir_features::{FeatureViews, Sources, ViewError};
use weir_ingest::RepeatWindow;
use weir_lending::product::{AttributeRule, Product, ProductError};
use weir_lending::rate::{CapError, CapTable};
use weir_scoring::model::Package;
use weir_scoring::{Content as Files, ContentError as FilesError, Engine, EngineError, Policy, PolicyError};

use crate::config;

/// Lies beside the products and is none.
const CAPS_FILE: &str = "rate_caps.toml";

#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("{}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}", path.display())]
    Product { path: PathBuf, source: ProductError },
    #[error("{}", path.display())]
    Caps { path: PathBuf, source: CapError },
    #[error("{}: expected at least one product, found none", path.display())]
    NoProduct { path: PathBuf },
    #[error("{product}: attribute `{name}` is of another type in another product")]
    Attribute { product: String, name: String },
    #[error("content.views")]
    Views(#[from] ViewError),
    #[error(
        "content.views: `{view}` takes events that became known {hours} h after they happened, and repeats are \
             recognised for `limits.repeat_days` = {days}: what comes later would count twice"
    )]
    Lateness { view: String, hours: i64, days: u32 },
    #[error("{one} and {other} both give the column `{name}`")]
    Column { name: String, one: &'static str, other: &'static str },
    #[error("content.policy")]
    Files(#[from] FilesError),
    #[error("content: policy")]
    Policy(#[from] PolicyError),
}

/// Gives columns of vectors. Whatever computes features declares them here.
pub(crate) trait VectorColumns {
    /// What a refusal calls it.
    fn name(&self) -> &'static str;
    /// With the type that each has in a vector.
    fn columns(&self) -> &Columns;
}

impl VectorColumns for FeatureViews {
    fn name(&self) -> &'static str {
        "content.views"
    }

    fn columns(&self) -> &Columns {
        self.columns()
    }
}

/// The columns of all `sources`; no two of them give one of the same name.
pub(crate) fn vector_columns(sources: &[&dyn VectorColumns]) -> Result<Columns, ContentError> {
    let mut given: BTreeMap<&str, &'static str> = BTreeMap::new();
    for source in sources {
        for (name, _) in source.columns().iter() {
            if let Some(one) = given.insert(name, source.name()) {
                return Err(ContentError::Column { name: name.to_owned(), one, other: source.name() });
            }
        }
    }
    Ok(sources.iter().flat_map(|source| source.columns().iter()).collect())
}

/// What one process decides with from start to end.
#[derive(Debug, Clone)]
pub struct Content {
    pub views: Arc<FeatureViews>,
    /// What models and policies may read of a vector.
    pub columns: Arc<Columns>,
    pub policy: Arc<Policy>,
    /// The bytes that `policy` was made of, to be kept with its decisions.
    pub policy_files: Files,
    pub products: Vec<Product>,
    pub caps: CapTable,
}

impl Content {
    pub fn load(paths: &config::Content) -> Result<Self, ContentError> {
        let (products, caps) = (products(&paths.products)?, caps(&paths.products)?);
        let views = FeatureViews::load(&paths.views, &Sources::of_events(&attributes(&products)?))?;
        let policy_files = Files::read_policy(&paths.policy)?;
        let columns = vector_columns(&[&views])?;
        let policy = Policy::load(&policy_files, &columns)?;
        let (views, columns, policy) = (Arc::new(views), Arc::new(columns), Arc::new(policy));
        Ok(Self { views, columns, policy, policy_files, products, caps })
    }

    /// Refuses a view that would take an event after its repeats are forgotten.
    pub fn check_lateness(&self, window: RepeatWindow) -> Result<(), ContentError> {
        match self.views.longest_lateness() {
            Some((view, lateness)) if lateness > window.micros() => {
                let (view, hours) = (view.to_owned(), lateness / 3_600_000_000);
                Err(ContentError::Lateness { view, hours, days: window.days() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// With the model of this package, which is proven now.
    pub fn engine(&self, model: &Files) -> Result<Engine, EngineError> {
        Engine::of(Arc::new(Package::of(model)?), Arc::clone(&self.policy), &self.columns)
    }

    /// What comes with the sources.
    #[cfg(test)]
    pub(crate) fn shipped() -> Self {
        let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let root = Path::new(&package).parent().unwrap();
        Self::load(&config::Content::under(root)).unwrap()
    }

    #[cfg(test)]
    pub(crate) fn shipped_model() -> Files {
        let package = std::env::var("CARGO_MANIFEST_DIR").unwrap();
        let root = Path::new(&package).parent().unwrap();
        Files::read_model(&root.join("models/german_credit")).unwrap()
    }
}

/// The columns of every event type, with what the products in `folder` make applicants declare.
pub fn event_sources(folder: &Path) -> Result<Sources, ContentError> {
    Ok(Sources::of_events(&attributes(&products(folder)?)?))
}

fn products(folder: &Path) -> Result<Vec<Product>, ContentError> {
    let unread = |source| ContentError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unread)?.collect::<Result<Vec<_>, _>>().map_err(unread)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml") && !path.ends_with(CAPS_FILE));
    paths.sort();
    let product = |path: PathBuf| {
        let text =
            std::fs::read_to_string(&path).map_err(|source| ContentError::Read { path: path.clone(), source })?;
        Product::parse(&text).map_err(|source| ContentError::Product { path, source })
    };
    let products = paths.into_iter().map(product).collect::<Result<Vec<_>, _>>()?;
    if products.is_empty() { Err(ContentError::NoProduct { path: folder.to_owned() }) } else { Ok(products) }
}

fn caps(folder: &Path) -> Result<CapTable, ContentError> {
    let path = folder.join(CAPS_FILE);
    let text = std::fs::read_to_string(&path).map_err(|source| ContentError::Read { path: path.clone(), source })?;
    CapTable::parse(&text).map_err(|source| ContentError::Caps { path, source })
}

/// What all products ask for: columns of the application.
fn attributes(products: &[Product]) -> Result<Vec<(String, ColumnType)>, ContentError> {
    let mut columns: Vec<(String, ColumnType)> = Vec::new();
    for product in products {
        for (name, rule) in &product.attributes {
            let column = match rule {
                AttributeRule::Text { .. } => ColumnType::Text,
                AttributeRule::Integer { .. } => ColumnType::Integer,
                AttributeRule::Bool => ColumnType::Bool,
            };
            match columns.iter().find(|(known, _)| known == name) {
                None => columns.push((name.clone(), column)),
                Some((_, known)) if *known == column => {}
                Some(_) => {
                    let product = product.reference.name.clone();
                    return Err(ContentError::Attribute { product, name: name.clone() });
                }
            }
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_views_give_what_the_shipped_model_and_policy_read() {
        let content = Content::shipped();
        assert!(!content.columns.is_empty() && content.engine(&Content::shipped_model()).is_ok());
    }

    struct Links(Columns);

    impl VectorColumns for Links {
        fn name(&self) -> &'static str {
            "links"
        }

        fn columns(&self) -> &Columns {
            &self.0
        }
    }

    #[test]
    fn columns_of_several_sources_are_joined_and_none_twice() {
        let content = Content::shipped();
        let links = |name: &str| Links([(name.to_owned(), ColumnType::Integer)].into_iter().collect());
        let own = links("rings__size");
        let joined = vector_columns(&[&*content.views, &own]).unwrap();
        assert_eq!(joined.len(), content.columns.len() + 1);
        let taken = links("device_sharing__customers_1d");
        let error = vector_columns(&[&*content.views, &taken]).unwrap_err().to_string();
        assert_eq!(error, "content.views and links both give the column `device_sharing__customers_1d`");
    }

    #[test]
    fn a_view_that_outlasts_the_memory_of_repeats_is_refused() {
        let content = Content::shipped();
        assert!(content.check_lateness(RepeatWindow::default()).is_ok());
        let error = content.check_lateness(RepeatWindow::of_days(6).unwrap()).unwrap_err().to_string();
        assert!(error.contains("168 h after they happened") && error.contains("repeat_days` = 6"), "{error}");
    }
}
