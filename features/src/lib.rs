//! Events to feature vectors: views in TOML and SQL, the stage that folds events and answers applications, replay with
//! the same engine, and the latest values in Redis for other readers. Knows neither models nor decisions; expressions are
//! `weir-expr`'s.

mod aggregate;
mod decimal;
mod engine;
mod online;
mod replay;
mod source;
mod stage;
mod view;

pub use online::{InvalidRedis, Online, OnlineCounts, RedisSettings};
pub use replay::{ReplayError, replay};
pub use source::{SourceError, Sources};
pub use stage::{
    CustomerStage, DEFAULT_PART_WAIT_SECONDS, EntityStage, FeatureStage, FromCustomer, Refolds, RowsOfLive,
    VectorStage, rows_apart,
};
pub use view::{FeatureView, FeatureViews, ViewError};
