//! Every engine that ever decided here, kept by its hashes: model, policy, and the features they were held against. So
//! a decision can be run again after model and policy have moved on.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};
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
    #[error("proving a kept engine panicked")]
    Panicked(#[source] JoinError),
}

/// Those in force, and those of decisions that were lately run again. Beyond it the one that was asked for longest ago is
/// loaded again when it is needed.
const MAX_LOADED_ENGINES: usize = 16;

#[derive(Debug)]
pub struct Engines {
    folder: PathBuf,
    loaded: Mutex<Loaded>,
    /// One engine is proven at a time, so that many who ask do not take every processor.
    proving: Semaphore,
}

#[derive(Debug, Default)]
struct Loaded {
    /// By name, with the count of asks at the last one.
    engines: HashMap<Arc<str>, (u64, Arc<Engine>)>,
    asked: u64,
}

impl Loaded {
    fn get(&mut self, name: &str) -> Option<Arc<Engine>> {
        self.asked += 1;
        let (asked, engine) = self.engines.get_mut(name)?;
        *asked = self.asked;
        Some(Arc::clone(engine))
    }

    fn insert(&mut self, engine: &Arc<Engine>) {
        self.asked += 1;
        self.engines.insert(Arc::clone(engine.name()), (self.asked, Arc::clone(engine)));
        while self.engines.len() > MAX_LOADED_ENGINES
            && let Some(oldest) = self.engines.iter().min_by_key(|(_, (asked, _))| *asked).map(|(name, _)| name.clone())
        {
            self.engines.remove(&oldest);
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> EnginesError {
    let path = path.to_owned();
    move |source| EnginesError::File { path, source }
}

impl Engines {
    pub fn open(folder: &Path) -> Result<Self, EnginesError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        Ok(Self { folder: folder.to_owned(), loaded: Mutex::default(), proving: Semaphore::new(1) })
    }

    /// Keeps the files of an engine of `content` under its name, before it decides; nothing where they are kept. Blocks.
    pub fn keep(&self, name: &str, model: &Files, content: &Content) -> Result<(), EnginesError> {
        let kept = self.folder.join(name);
        if kept.is_dir() {
            return Ok(());
        }
        // Under another name until it is whole: a crash leaves no half engine.
        let unfinished = self.folder.join(format!("{name}{UNFINISHED}"));
        if unfinished.is_dir() {
            fs::remove_dir_all(&unfinished).map_err(at(&unfinished))?;
        }
        model.write(&unfinished.join("model"))?;
        content.policy_files.write(&unfinished.join("policy"))?;
        let columns = unfinished.join(COLUMNS);
        fs::write(&columns, written(&content.columns)).map_err(at(&columns))?;
        fs::rename(&unfinished, &kept).map_err(at(&kept))
    }

    /// A proven engine, so that who asks for it next finds it.
    pub fn remember(&self, engine: &Arc<Engine>) {
        self.held().insert(engine);
    }

    pub fn is_kept(&self, name: &str) -> bool {
        self.folder.join(name).is_dir()
    }

    /// The engine of that name if it was lately proven or asked for.
    pub fn loaded(&self, name: &str) -> Option<Arc<Engine>> {
        self.held().get(name)
    }

    /// The engine of that name, loaded and proven beside the runtime's threads where it is not at hand.
    pub async fn engine(self: &Arc<Self>, name: &str) -> Result<Arc<Engine>, EnginesError> {
        if let Some(engine) = self.loaded(name) {
            return Ok(engine);
        }
        let _turn = self.proving.acquire().await.expect("it is never closed");
        if let Some(engine) = self.loaded(name) {
            return Ok(engine);
        }
        let (engines, name) = (Arc::clone(self), name.to_owned());
        spawn_blocking(move || engines.read(&name)).await.map_err(EnginesError::Panicked)?
    }

    fn read(&self, name: &str) -> Result<Arc<Engine>, EnginesError> {
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
        self.remember(&engine);
        Ok(engine)
    }

    /// It is a cache: whoever panicked with it in hand left it usable.
    fn held(&self) -> MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[tokio::test]
    async fn an_engine_is_read_back_as_it_decided() {
        let folder = tempfile::tempdir().unwrap();
        let (content, model) = (Content::shipped(), Content::shipped_model());
        let engine = Arc::new(content.engine(&model).unwrap());
        Engines::open(folder.path()).unwrap().keep(engine.name(), &model, &content).unwrap();
        // Another process, whose own engine is the same but was not loaded from here.
        let engines = Arc::new(Engines::open(folder.path()).unwrap());
        assert!(engines.loaded(engine.name()).is_none());
        let read = engines.engine(engine.name()).await.unwrap();
        assert_eq!(read.hashes(), engine.hashes());
        let columns: Vec<_> = content.columns.iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
        let kept = super::read(&written(&content.columns)).unwrap();
        assert_eq!(kept.iter().map(|(name, kind)| (name.to_owned(), kind)).collect::<Vec<_>>(), columns);
    }

    #[tokio::test]
    async fn a_name_that_was_never_kept_is_refused_wherever_it_points() {
        let folder = tempfile::tempdir().unwrap();
        let engines = Arc::new(Engines::open(folder.path()).unwrap());
        for name in ["", "../model", "ab-cd"] {
            assert!(matches!(engines.engine(name).await, Err(EnginesError::Unknown(_))), "{name}");
        }
    }

    #[test]
    fn of_many_engines_the_one_asked_for_longest_ago_is_forgotten() {
        let (content, model) = (Content::shipped(), Content::shipped_model());
        let engine = Arc::new(content.engine(&model).unwrap());
        let mut loaded = Loaded::default();
        for number in 0..MAX_LOADED_ENGINES {
            loaded.engines.insert(number.to_string().into(), (number as u64, Arc::clone(&engine)));
        }
        loaded.asked = MAX_LOADED_ENGINES as u64;
        assert!(loaded.get("0").is_some());
        loaded.insert(&engine);
        assert_eq!(loaded.engines.len(), MAX_LOADED_ENGINES);
        assert!(loaded.get("0").is_some() && loaded.get("1").is_none());
    }
}
