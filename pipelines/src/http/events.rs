//! `POST /v1/events`: CloudEvents in, one answer for each, after they are durable.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use weir_ingest::collector::{Answer, CollectError, Content};

use super::App;
use super::problem::Problem;
