//! What a process does for the platform. Several processes share the roles, and each role its topics' partitions.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    /// Telemetry, over HTTP and from `weir.intake`
    Ingest,
    /// Feature computation: customers' and entities' partitions
    Features,
    /// Vectors to decisions
    Scoring,
    /// Customers, loans and the ledger, over HTTP
    Lending,
}

/// The roles of one process.
#[derive(Debug, Clone)]
pub(crate) struct Roles(pub Vec<Role>);

impl Roles {
    pub(crate) fn run(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub(crate) fn are_all(&self) -> bool {
        Role::value_variants().iter().all(|role| self.run(*role))
    }
}
