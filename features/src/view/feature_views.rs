//! The set of views that a process runs with: loaded from one folder, held against the events there are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use weir_expr::{ColumnType, Columns};
use weir_messages::Name;

use super::definition::Definition;
use super::error::FieldFault;
use super::{FeatureView, ViewError, explain, plan};
use crate::source::{Reader, Sources, Unfit};

/// Entities that an application may leave to what was last seen of its customer.
pub(crate) const LATEST: [&str; 3] = ["device", "ip", "phone"];

#[derive(Debug)]
pub struct FeatureViews {
    views: Vec<FeatureView>,
    columns: Columns,
    /// By event type.
    readers: BTreeMap<String, Reader>,
    hash: String,
}

impl FeatureViews {
    /// Every `*.toml` of `folder`. A view that is wrong in any way refuses the whole folder.
    pub fn load(folder: &Path, sources: &Sources) -> Result<Self, ViewError> {
        let (mut views, mut digest) = (Vec::<FeatureView>::new(), Sha256::new());
        for path in files(folder)? {
            let text =
                std::fs::read_to_string(&path).map_err(|source| ViewError::Read { path: path.clone(), source })?;
            let view = parse(&text, sources).map_err(|fault| fault.in_file(path.clone()))?;
            if views.iter().any(|other| other.name == view.name) {
                let reason = format!("another file gives `{}` too", view.name);
                return Err(FieldFault::form("name", reason).in_file(path));
            }
            add(&mut digest, &path, &text, &view);
            views.push(view);
        }
        if views.is_empty() {
            return Err(ViewError::Empty { path: folder.to_owned() });
        }
        let readers = readers(&views, sources);
        let columns = views.iter().flat_map(outputs).collect();
        Ok(Self { views, columns, readers, hash: hex::encode(digest.finalize()) })
    }

    /// Every feature of a vector, with the type of its value there: a time is text, in RFC 3339.
    #[must_use]
    pub const fn columns(&self) -> &Columns {
        &self.columns
    }

    /// SHA-256, in hex, over the files and the types of the columns they read.
    #[must_use]
    pub fn hash(&self) -> String {
        self.hash.clone()
    }

    /// How far back a row may lie that any answer is made of, in microseconds.
    #[must_use]
    pub fn reach(&self) -> i64 {
        self.views.iter().map(FeatureView::reach).max().unwrap_or_default()
    }

    /// In the order of their files' names.
    pub fn views(&self) -> impl ExactSizeIterator<Item = &FeatureView> {
        self.views.iter()
    }

    /// The view that takes the latest events of all, and how much later than they happened they may become known, in
    /// microseconds.
    #[must_use]
    pub fn longest_lateness(&self) -> Option<(&str, i64)> {
        self.views.iter().map(|view| (view.name(), view.lateness.micros())).max_by_key(|(_, lateness)| *lateness)
    }

    /// What `view` reads, how it is planned, what it costs and keeps; `None` when there is no such view.
    #[must_use]
    pub fn explain(&self, view: &str) -> Option<String> {
        self.views.iter().find(|known| known.name == view).map(explain::explain)
    }

    /// Features of a vector that come from the histories of `entity`.
    pub(crate) fn outputs_of(&self, entity: &str) -> Vec<Name> {
        let views = self.views.iter().filter(|view| view.entity == entity);
        views.flat_map(|view| view.features.iter().cloned()).collect()
    }

    pub(crate) fn view(&self, at: usize) -> &FeatureView {
        &self.views[at]
    }

    pub(crate) fn reader(&self, event_type: &str) -> Option<&Reader> {
        self.readers.get(event_type)
    }
}

fn outputs(view: &FeatureView) -> impl Iterator<Item = (String, ColumnType)> {
    let in_vector = |column| if column == ColumnType::Time { ColumnType::Text } else { column };
    view.features.iter().map(ToString::to_string).zip(view.output_types().map(in_vector))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ViewError> {
    let unread = |source| ViewError::Read { path: folder.to_owned(), source };
    let entries = std::fs::read_dir(folder).map_err(unread)?.collect::<Result<Vec<_>, _>>().map_err(unread)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    Ok(paths)
}

pub(super) fn parse(text: &str, sources: &Sources) -> Result<FeatureView, FieldFault> {
    let broken = |error: toml::de::Error| FieldFault::form("toml", one_line(error.message()));
    let form = toml::Deserializer::parse(text).map_err(broken)?;
    let definition: Definition = serde_path_to_error::deserialize(form).map_err(|error| {
        let field = error.path().to_string();
        FieldFault::form(if field == "." { "view".to_owned() } else { field }, one_line(error.inner().message()))
    })?;
    let view = plan::plan(definition, sources)?;
    Ok(FeatureView { hash: hash(text, &view.columns), ..view })
}

/// Lengths are part of it, so that no two views have one hash.
fn hash(text: &str, columns: &Columns) -> String {
    let digest = [text, &typed(columns)]
        .into_iter()
        .fold(Sha256::new(), |digest, part| digest.chain_update(part.len().to_be_bytes()).chain_update(part));
    hex::encode(digest.finalize())
}

fn typed(columns: &Columns) -> String {
    columns.iter().map(|(name, column)| format!("{name}: {column}")).collect::<Vec<_>>().join(", ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lengths are part of it, so that no two folders have one hash.
fn add(digest: &mut Sha256, path: &Path, text: &str, view: &FeatureView) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for part in [&*name, text, &typed(&view.columns)] {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
}

/// For each event type, what some view reads of it, and the ids that an application or a view may go by.
fn readers(views: &[FeatureView], sources: &Sources) -> BTreeMap<String, Reader> {
    let named = views.iter().flat_map(|view| view.sources.iter().map(String::as_str));
    let types: std::collections::BTreeSet<&str> = sources.names().chain(named).collect();
    let reader = |event_type: &str| {
        let columns = sources.columns(&[event_type.to_owned()]).unwrap_or_else(|unfit| match unfit {
            Unfit::UnknownType(_) | Unfit::Differs { .. } => BTreeMap::new(),
        });
        let entities = views.iter().map(|view| view.entity.as_str()).chain(LATEST).chain(["customer"]);
        let ids: Vec<&str> = entities.collect();
        let listed = || views.iter().filter(|view| view.sources.iter().any(|name| name == event_type));
        let read = |name: &str| ids.contains(&name) || listed().any(|view| view.columns.position(name).is_some());
        Reader::of(columns.into_iter().filter(|(name, _)| read(name)).collect())
    };
    types.into_iter().map(|event_type| (event_type.to_owned(), reader(event_type))).collect()
}
