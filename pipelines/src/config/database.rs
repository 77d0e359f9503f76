//! Where lending keeps everything: a file of SQLite's, or a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};
use weir_lending::store::{self, PostgresDatabase};

use super::{ConfigError, field};

/// The file in the data folder, where nothing is said.
const FILE: &str = "lending.sqlite";
const EXPECTED: &str = "expected a path, sqlite:… or postgres://user:password@host:5432/database";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// A path, `sqlite:…` or `postgres://…`; `lending.sqlite` in the data folder when absent. A relative path is taken from
    /// the configuration file's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<DatabaseUrl>,
    /// A PostgreSQL that follows the one in `url`, for reads that may lag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_url: Option<DatabaseUrl>,
    /// Connections to PostgreSQL for reading, to each of the two; writing, listening and taking turns hold three more.
    pub max_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, replica_url: None, max_connections: 8 }
    }
}

impl Database {
    pub(super) fn resolve_path(&mut self, folder: &Path) {
        if let Some(url) = &mut self.url
            && let Some(path) = url.path()
            && path.is_relative()
        {
            url.0 = folder.join(path).display().to_string();
        }
    }

    /// As lending takes it.
    pub(crate) fn database(&self, data: &Path) -> Result<store::Database, ConfigError> {
        if !(1..=1_000).contains(&self.max_connections) {
            let reason = format!("expected 1 to 1000, found {}", self.max_connections);
            return Err(field("database.max_connections", reason));
        }
        let url = match &self.url {
            Some(url) if url.is_postgres() => url,
            Some(_) | None if self.replica_url.is_some() => {
                return Err(field("database.replica_url", "expected only beside a postgres:// database.url"));
            }
            Some(url) => {
                return url.path().map(store::Database::Sqlite).ok_or_else(|| field("database.url", EXPECTED));
            }
            None => return Ok(store::Database::Sqlite(data.join(FILE))),
        };
        let invalid = |name| move |error: store::InvalidDatabase| field(name, error.to_string());
        let postgres = PostgresDatabase::new(&url.0).map_err(invalid("database.url"))?;
        let postgres = match &self.replica_url {
            Some(replica) => postgres.with_replica(&replica.0).map_err(invalid("database.replica_url"))?,
            None => postgres,
        };
        Ok(store::Database::Postgres(Box::new(postgres.with_connections(self.max_connections))))
    }
}

/// Shows stars in the place of a password.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// With its password.
    pub(super) fn exposed(&self) -> &str {
        &self.0
    }

    fn is_postgres(&self) -> bool {
        self.0.starts_with("postgres://") || self.0.starts_with("postgresql://")
    }

    /// Of a file; `None` where the text names something else.
    fn path(&self) -> Option<PathBuf> {
        let path = self.0.strip_prefix("sqlite://").or_else(|| self.0.strip_prefix("sqlite:")).unwrap_or(&self.0);
        (!path.is_empty() && !path.contains("://") && !path.starts_with(':')).then(|| path.into())
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str(&self.0) };
        let (address, settings) = rest.split_once('?').map_or((rest, None), |(address, all)| (address, Some(all)));
        let (who, place) = address.rsplit_once('@').map_or((None, address), |(who, place)| (Some(who), place));
        write!(f, "{scheme}://")?;
        match who.map(|who| who.split_once(':')) {
            Some(Some((user, _))) => write!(f, "{user}:********@")?,
            Some(None) => write!(f, "{}@", who.unwrap_or_default())?,
            None => {}
        }
        f.write_str(place)?;
        for (place, setting) in settings.into_iter().flat_map(|all| all.split('&')).enumerate() {
            let (name, _) = setting.split_once('=').unwrap_or((setting, ""));
            let shown = if name == "password" { "password=********" } else { setting };
            write!(f, "{}{shown}", if place == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(text: &str) -> Result<store::Database, String> {
        let mut database: Database = toml::from_str(text).unwrap();
        database.resolve_path(Path::new("/etc/weir"));
        database.database(Path::new("/data")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_database_is_a_file_in_the_data_folder_a_file_elsewhere_or_a_server() {
        for (text, shown) in [
            ("", "/data/lending.sqlite"),
            ("url = '/var/books.sqlite'", "/var/books.sqlite"),
            ("url = 'sqlite:books.sqlite'", "/etc/weir/books.sqlite"),
            ("url = 'sqlite:///var/books.sqlite'", "/var/books.sqlite"),
            ("url = 'postgres://weir:s3cret@db/books'", "postgres://weir@db:5432/books"),
            ("url = 'postgresql://weir@db:5433/books?sslmode=require'", "postgres://weir@db:5433/books"),
        ] {
            assert_eq!(configured(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_wrong_value_is_named_and_no_password_repeated() {
        for (text, said) in [
            ("url = 'mysql://weir:s3cret@db/books'", "database.url: expected a path"),
            ("url = 'sqlite::memory:'", "database.url: expected a path"),
            ("url = 'postgres://weir:s3cret@db:port/books'", "database.url: expected an address"),
            ("replica_url = 'postgres://db/books'", "database.replica_url: expected only beside"),
            ("url = 'postgres://db/books'\nreplica_url = 'elsewhere'", "database.replica_url: expected an address"),
            ("max_connections = 0", "database.max_connections: expected 1 to 1000, found 0"),
        ] {
            let error = configured(text).unwrap_err();
            assert!(error.starts_with(said) && !error.contains("s3cret"), "{text}: {error}");
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("postgres://weir:s3:cr@t@db:5432/books", "postgres://weir:********@db:5432/books"),
            ("postgres://weir@db/books?sslmode=require", "postgres://weir@db/books?sslmode=require"),
            ("postgres://db/books?password=s3cret&user=weir", "postgres://db/books?password=********&user=weir"),
            ("/var/books.sqlite", "/var/books.sqlite"),
        ] {
            let url = DatabaseUrl(url.to_owned());
            assert_eq!((url.to_string(), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
    }
}
