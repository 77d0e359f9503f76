//! The steps that bring a database to the form this version reads, in order. They are listed by hand: sqlx's macro, which
//! would find them, builds sqlx and SQLite a second time for the compiler.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// What a step does, and its SQL, whose bytes never change once it was released.
type Step = (&'static str, &'static str);

const SQLITE: [Step; 2] = [
    ("first", include_str!("../../migrations/sqlite/0001_first.sql")),
    ("parked and answers", include_str!("../../migrations/sqlite/0002_parked_and_answers.sql")),
];

const POSTGRES: [Step; 2] = [
    ("first", include_str!("../../migrations/postgres/0001_first.sql")),
    ("parked and answers", include_str!("../../migrations/postgres/0002_parked_and_answers.sql")),
];

pub(super) fn sqlite() -> Migrator {
    migrator(&SQLITE)
}

pub(super) fn postgres() -> Migrator {
    migrator(&POSTGRES)
}

fn migrator(steps: &[Step]) -> Migrator {
    let numbered = (1..).zip(steps);
    let migration = |(version, &(name, sql)): (i64, &Step)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(numbered.map(migration).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// As sqlx itself reads the folder, to the checksum that it compares with the database's.
    #[tokio::test]
    async fn every_file_of_the_folders_is_listed() {
        for (folder, listed) in [("migrations/sqlite", sqlite()), ("migrations/postgres", postgres())] {
            let found = Migrator::new(Path::new(folder)).await.unwrap();
            let told = |migrator: &Migrator| {
                let told = migrator.iter().map(|step| (step.version, step.description.clone(), step.checksum.clone()));
                told.collect::<Vec<_>>()
            };
            assert_eq!(told(&listed), told(&found), "{folder}");
        }
    }
}
