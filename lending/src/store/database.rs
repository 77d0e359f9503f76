//! Which database lending keeps everything in, as it is configured. None of this prints a password.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// Connections for reading, where nothing is said.
const CONNECTIONS: u32 = 8;
/// How often a process looks for changes of others whose notification it may have missed.
const POLL_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// The file.
    Sqlite(PathBuf),
    Postgres(Box<PostgresDatabase>),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(postgres) => postgres.primary.fmt(f),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresDatabase {
    pub(super) primary: Server,
    /// Answers what may lag.
    pub(super) replica: Option<Server>,
    /// For reading. Writing, listening and taking turns hold one more each.
    pub(super) max_connections: u32,
    /// Between two looks for changes whose notification was missed.
    pub(super) poll_every: Duration,
}

#[derive(Debug, thiserror::Error)]
#[error("expected an address such as postgres://user:password@host:5432/database")]
pub struct InvalidDatabase(#[source] sqlx::Error);

impl PostgresDatabase {
    pub fn new(url: &str) -> Result<Self, InvalidDatabase> {
        let primary = Server::parse(url)?;
        Ok(Self { primary, replica: None, max_connections: CONNECTIONS, poll_every: POLL_EVERY })
    }

    pub fn with_replica(self, url: &str) -> Result<Self, InvalidDatabase> {
        Ok(Self { replica: Some(Server::parse(url)?), ..self })
    }

    /// At least one.
    #[must_use]
    pub fn with_connections(self, max_connections: u32) -> Self {
        Self { max_connections: max_connections.max(1), ..self }
    }

    /// Notifications alone tell of other processes' changes.
    #[cfg(test)]
    pub(crate) fn without_polling(self) -> Self {
        Self { poll_every: Duration::from_secs(3_600), ..self }
    }
}

/// A database server's address and what opens it.
#[derive(Clone)]
pub(super) struct Server {
    url: String,
    pub(super) options: PgConnectOptions,
}

impl Server {
    fn parse(url: &str) -> Result<Self, InvalidDatabase> {
        Ok(Self { url: url.to_owned(), options: url.parse().map_err(InvalidDatabase)? })
    }
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Server {}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, host, port) = (self.options.get_username(), self.options.get_host(), self.options.get_port());
        write!(f, "postgres://{user}@{host}:{port}/{}", self.options.get_database().unwrap_or(user))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_prints_no_password_however_it_was_given() {
        for url in ["postgres://weir:s3cret@db:5433/books", "postgres://weir@db:5433/books?password=s3cret"] {
            let database = PostgresDatabase::new(url).unwrap().with_replica(url).unwrap();
            let database = Database::Postgres(Box::new(database));
            assert_eq!(database.to_string(), "postgres://weir@db:5433/books");
            assert!(!format!("{database:?}").contains("s3cret"));
        }
    }

    #[test]
    fn an_address_that_cannot_be_read_is_refused_without_repeating_it() {
        let error = PostgresDatabase::new("postgres://weir:s3cret@db:port/books").unwrap_err();
        assert!(!format!("{error} {:?}", std::error::Error::source(&error)).contains("s3cret"), "{error}");
    }
}
