//! Every engine that ever decided here, kept by its hashes: model, policy, and the features they were held against. So
//! a decision can be run again after model and policy have moved on.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use weir_expr::{ColumnType, Columns};
use weir_scoring::{Content as Files, ContentError as FilesError, Engine, EngineError};

use crate::content::Content;

const COLUMNS: &str = "columns.json";
/// How the folder of an engine ends until it is whole.
pub(crate) const UNFINISHED: &str = ".unfinished";

#[derive(Debug, thiserror::Error)]
pub enum EnginesError {
    #[error("{}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("a kept engine's files")]
    Files(#[from] FilesError),
    #[error("a kept engine")]
    Engine(#[from] EngineError),
    #[error("{}: expected names and kinds of features", path.display())]
    Columns { path: PathBuf },
    #[error("no engine `{0}` was ever kept here")]
    Unknown(String),
}

#[derive(Debug)]
pub struct Engines {
    folder: PathBuf,
    loaded: Mutex<HashMap<String, Arc<Engine>>>,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> EnginesError {
    let path = path.to_owned();
    move |source| EnginesError::File { path, source }
}

impl Engines {
    pub fn open(folder: &Path) -> Result<Self, EnginesError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        Ok(Self { folder: folder.to_owned(), loaded: Mutex::default() })
    }

    /// Keeps an engine of `content` before it decides, with the files of its model; nothing where it is kept.
    pub fn keep(&self, engine: &Arc<Engine>, model: &Files, content: &Content) -> Result<(), EnginesError> {
        let (name, kept) = (engine.name().to_string(), self.folder.join(&**engine.name()));
        if !kept.is_dir() {
            // Under another name until it is whole: a crash leaves no half engine.
            let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
            if unfinished.is_dir() {
                fs::remove_dir_all(&unfinished).map_err(at(&unfinished))?;
            }
            model.write(&unfinished.join("model"))?;
            content.policy_files.write(&unfinished.join("policy"))?;
            let columns = unfinished.join(COLUMNS);
            fs::write(&columns, written(content.views.columns())).map_err(at(&columns))?;
            fs::rename(&unfinished, &kept).map_err(at(&kept))?;
        }
        self.loaded.lock().expect("no holder panics").insert(name, Arc::clone(engine));
        Ok(())
    }

    pub fn is_kept(&self, name: &str) -> bool {
        self.folder.join(name).is_dir()
    }

    /// The engine of that name if it has been kept or asked for since the start.
    pub fn loaded(&self, name: &str) -> Option<Arc<Engine>> {
        self.loaded.lock().expect("no holder panics").get(name).cloned()
    }

    /// The engine of that name, loaded when it is first asked for.
    pub fn engine(&self, name: &str) -> Result<Arc<Engine>, EnginesError> {
        let mut loaded = self.loaded.lock().expect("no holder panics");
        if let Some(engine) = loaded.get(name) {
            return Ok(Arc::clone(engine));
        }
        let folder = self.folder.join(name);
        let is_name = name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if name.is_empty() || !is_name || !folder.is_dir() {
            return Err(EnginesError::Unknown(name.chars().take(160).collect()));
        }
        let path = folder.join(COLUMNS);
        let text = fs::read_to_string(&path).map_err(|source| EnginesError::File { path: path.clone(), source })?;
        let columns = read(&text).ok_or(EnginesError::Columns { path })?;
        let model = Files::read_model(&folder.join("model"))?;
        let policy = Files::read_policy(&folder.join("policy"))?;
        let engine = Arc::new(Engine::load(&model, &policy, &columns)?);
        loaded.insert(name.to_owned(), Arc::clone(&engine));
        Ok(engine)
    }
}

const KINDS: [(&str, ColumnType); 5] = [
    ("bool", ColumnType::Bool),
    ("integer", ColumnType::Integer),
    ("number", ColumnType::Number),
    ("text", ColumnType::Text),
    ("time", ColumnType::Time),
];

fn written(columns: &Columns) -> String {
    let kind = |column| KINDS.iter().find(|(_, kind)| *kind == column).map_or("text", |(name, _)| *name);
    let named: Vec<(&str, &str)> = columns.iter().map(|(name, column)| (name, kind(column))).collect();
    serde_json::to_string(&named).expect("pairs of text serialise")
}

fn read(text: &str) -> Option<Columns> {
    let named: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    let column = |(name, kind): (String, String)| {
        KINDS.iter().find(|(known, _)| *known == kind).map(|(_, column)| (name, *column))
    };
    named.into_iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_read_back_as_it_decided() {
        let folder = tempfile::tempdir().unwrap();
        let (content, model) = (Content::shipped(), Content::shipped_model());
        let engine = Arc::new(content.engine(&model).unwrap());
        Engines::open(folder.path()).unwrap().keep(&engine, &model, &content).unwrap();
        // Another process, whose own engine is the same but was not loaded from here.
        let engines = Engines::open(folder.path()).unwrap();
        assert!(engines.loaded(engine.name()).is_none());
        let read = engines.engine(engine.name()).unwrap();
        assert_eq!(read.hashes(), engine.hashes());
        let columns: Vec<_> = content.views.columns().iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
        let kept = super::read(&written(content.views.columns())).unwrap();
        assert_eq!(kept.iter().map(|(name, kind)| (name.to_owned(), kind)).collect::<Vec<_>>(), columns);
    }

    #[test]
    fn a_name_that_was_never_kept_is_refused_wherever_it_points() {
        let folder = tempfile::tempdir().unwrap();
        let engines = Engines::open(folder.path()).unwrap();
        for name in ["", "../model", "ab-cd"] {
            assert!(matches!(engines.engine(name), Err(EnginesError::Unknown(_))), "{name}");
        }
    }
}
