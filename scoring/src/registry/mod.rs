//! The registry: immutable versions of models, each sealed by a key that is trusted here, and the log of moves that says
//! which of them is champion, challenger or shadow. It keeps no state and no lock: what must not happen twice is one
//! conditional write to the [`Shelf`].
//!
//! ```text
//! NAME/packages/HASH/{model.toml,…}   written before the seal; nobody reads them without it
//! NAME/seals/00000002.json               version 2: its hash, who sealed it, and the signature
//! NAME/moves/00000005.json               the fifth move; the next is 00000006
//! ```

mod key;
#[cfg(test)]
mod memory;
mod moves;
mod seal;
mod shelf;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use weir_messages::KnownTime;

pub use self::key::{KeyError, SigningKey, TrustedKey};
pub use self::moves::{Alias, Aliases, Author, Move, Order, Refusal};
pub use self::seal::{Seal, SealError, Version};
pub use self::shelf::{Shelf, ShelfError};
use crate::content::{Content, MODEL_FILES, OPTIONAL_FILES};
use crate::gate::Passed;

#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    #[error("{name}: expected a name of small letters, digits, `_` and `-`")]
    Name { name: String },
    #[error("{file}: {reason}")]
    Malformed { file: String, reason: String },
    #[error("{name} version {version}")]
    Seal { name: String, version: u32, source: SealError },
    #[error("{name} version {version}: no such version in the registry")]
    Unknown { name: String, version: u32 },
    #[error("{name} version {version}: is there already, as package {found}; a changed package is another version")]
    Taken { name: String, version: u32, found: String },
    #[error("{name} version {version}: expected package {expected}, found {found}")]
    Package { name: String, version: u32, expected: String, found: String },
    #[error("{name}")]
    Refused { name: String, source: Refusal },
    #[error("{name}: somebody else made a move at the same moment: look at `weir models show {name}` and try again")]
    Overtaken { name: String },
}

#[derive(Debug, Clone)]
pub struct Registry {
    shelf: Arc<dyn Shelf>,
    trusted: Arc<[TrustedKey]>,
}

impl Registry {
    /// What is sealed by another key than these is not there.
    #[must_use]
    pub fn new(shelf: Arc<dyn Shelf>, trusted: &[TrustedKey]) -> Self {
        Self { shelf, trusted: trusted.into() }
    }

    /// Puts a package that passed the gate there and seals it. Of a version there is one package for ever: the same one again
    /// is answered with its first seal.
    pub async fn deploy(
        &self,
        content: &Content,
        passed: &Passed,
        key: &SigningKey,
        author: &str,
        at: KnownTime,
    ) -> Result<Seal, RegistryError> {
        let (name, version) = (checked(&passed.name)?, passed.version);
        let seal = Seal::new(passed, key, author, at);
        let invalid = |source| RegistryError::Seal { name: name.to_owned(), version, source };
        seal.verify(&self.trusted).map_err(invalid)?;
        if let Some(sealed) = self.sealed(name, version).await? {
            return same(sealed, &passed.hash);
        }
        for (file, bytes) in content.files() {
            self.shelf.create(&package_file(name, &passed.hash, file), bytes.to_vec()).await?;
        }
        let json = serde_json::to_vec_pretty(&seal).expect("a seal has string keys");
        if self.shelf.create(&seal_file(name, version), json).await? {
            return Ok(seal);
        }
        let sealed = self.sealed(name, version).await?;
        same(sealed.ok_or(RegistryError::Unknown { name: name.to_owned(), version })?, &passed.hash)
    }

    /// The version's seal, if there is one and it is good.
    pub async fn seal(&self, name: &str, version: u32) -> Result<Seal, RegistryError> {
        let name = checked(name)?;
        let unknown = || RegistryError::Unknown { name: name.to_owned(), version };
        self.sealed(name, version).await?.ok_or_else(unknown)
    }

    /// The package of a sealed version, to the byte.
    pub async fn package(&self, seal: &Seal) -> Result<Content, RegistryError> {
        let (name, version) = (checked(&seal.name)?, seal.version);
        let mut files = Vec::new();
        for file in MODEL_FILES {
            let path = package_file(name, &seal.hash, file);
            let absent = || RegistryError::Malformed { file: path.clone(), reason: "it is not there".to_owned() };
            files.push((file, self.shelf.get(&path).await?.ok_or_else(absent)?));
        }
        // Where one should be there and is not, the hash says so.
        for file in OPTIONAL_FILES {
            let found = self.shelf.get(&package_file(name, &seal.hash, file)).await?;
            files.extend(found.map(|bytes| (file, bytes)));
        }
        let content = Content::of_model(files);
        match content.hash() {
            found if found == seal.hash => Ok(content),
            found => Err(RegistryError::Package { name: name.to_owned(), version, expected: seal.hash.clone(), found }),
        }
    }

    /// Names of models, in order.
    pub async fn names(&self) -> Result<Vec<String>, RegistryError> {
        let files = self.shelf.list("").await?;
        let mut names: Vec<String> =
            files.iter().filter_map(|file| Some(file.split_once("/seals/")?.0.to_owned())).collect();
        names.dedup();
        Ok(names)
    }

    /// The seals of a model in order of version; each with what is wrong with it.
    pub async fn seals(&self, name: &str) -> Result<Vec<(u32, Result<Seal, RegistryError>)>, RegistryError> {
        let folder = format!("{}/seals/", checked(name)?);
        let mut seals = Vec::new();
        for file in self.shelf.list(&folder).await? {
            if let Some(version) = number(&file, &folder) {
                seals.push((version, self.seal(name, version).await));
            }
        }
        Ok(seals)
    }

    /// The moves from `first` on, in order: one read that finds nothing where there is none.
    pub async fn moves(&self, name: &str, first: u32) -> Result<Vec<Move>, RegistryError> {
        let (name, mut moves) = (checked(name)?, Vec::new());
        for number in first.. {
            let file = move_file(name, number);
            let Some(bytes) = self.shelf.get(&file).await? else { break };
            let malformed = |error: serde_json::Error| RegistryError::Malformed { file, reason: error.to_string() };
            moves.push(serde_json::from_slice(&bytes).map_err(malformed)?);
        }
        Ok(moves)
    }

    pub async fn aliases(&self, name: &str) -> Result<Aliases, RegistryError> {
        Ok(Aliases::of(&self.moves(name, 1).await?))
    }

    /// The next move, if the order stands, its version is sealed, and nobody makes another at the same moment.
    pub async fn make(&self, name: &str, order: Order, author: Author) -> Result<Move, RegistryError> {
        let aliases = self.aliases(name).await?;
        let refused = |source| RegistryError::Refused { name: name.to_owned(), source };
        let next = aliases.next(order, author).map_err(refused)?;
        if let Some(to) = &next.to {
            self.is_sealed(name, to).await?;
        }
        let json = serde_json::to_vec_pretty(&next).expect("a move has string keys");
        let file = move_file(name, aliases.moves + 1);
        // A bucket that is asked again after a lost answer finds what it wrote itself.
        if self.shelf.create(&file, json.clone()).await? || self.shelf.get(&file).await? == Some(json) {
            return Ok(next);
        }
        Err(RegistryError::Overtaken { name: name.to_owned() })
    }

    async fn is_sealed(&self, name: &str, version: &Version) -> Result<(), RegistryError> {
        let Seal { version: number, hash: found, .. } = self.seal(name, version.version).await?;
        if found == version.hash {
            return Ok(());
        }
        let (name, expected) = (name.to_owned(), version.hash.clone());
        Err(RegistryError::Package { name, version: number, expected, found })
    }

    async fn sealed(&self, name: &str, version: u32) -> Result<Option<Seal>, RegistryError> {
        let file = seal_file(name, version);
        let Some(bytes) = self.shelf.get(&file).await? else { return Ok(None) };
        let malformed = |error: serde_json::Error| RegistryError::Malformed { file, reason: error.to_string() };
        let seal: Seal = serde_json::from_slice(&bytes).map_err(malformed)?;
        let invalid = |source| RegistryError::Seal { name: name.to_owned(), version, source };
        seal.is_of(name, version).and_then(|()| seal.verify(&self.trusted)).map_err(invalid)?;
        Ok(Some(seal))
    }
}

fn same(seal: Seal, hash: &str) -> Result<Seal, RegistryError> {
    let Seal { name, version, hash: found, .. } = &seal;
    if found == hash {
        return Ok(seal);
    }
    Err(RegistryError::Taken { name: name.clone(), version: *version, found: found.clone() })
}

/// A name is a folder's name, wherever it points.
fn checked(name: &str) -> Result<&str, RegistryError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
        return Ok(name);
    }
    Err(RegistryError::Name { name: name.chars().take(80).collect() })
}

fn package_file(name: &str, hash: &str, file: &str) -> String {
    format!("{name}/packages/{hash}/{file}")
}

fn seal_file(name: &str, version: u32) -> String {
    format!("{name}/seals/{version:08}.json")
}

fn move_file(name: &str, number: u32) -> String {
    format!("{name}/moves/{number:08}.json")
}

fn number(file: &str, folder: &str) -> Option<u32> {
    file.strip_prefix(folder)?.strip_suffix(".json")?.parse().ok()
}
