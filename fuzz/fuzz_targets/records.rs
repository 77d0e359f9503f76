//! Whatever records there are on the topics and in what is stored, through every stage that reads them.

#![no_main]

use std::path::Path;
use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use weir_expr::ColumnType;
use weir_features::{FeatureViews, Sources};

#[path = "../blocks.rs"]
mod blocks;
#[path = "../../ingest/tests/hostile/collector.rs"]
mod collector;
#[path = "../../features/tests/views/try_out.rs"]
mod features;
#[path = "../../ingest/tests/hostile/records.rs"]
mod ingest;
#[path = "../../lending/tests/hostile/records.rs"]
mod lending;
#[path = "../../ingest/tests/hostile/memory_log.rs"]
mod memory_log;

/// Of what the shipped product asks an applicant, as much as the shipped views read.
const ATTRIBUTES: &[(&str, ColumnType)] = &[
    ("account_status", ColumnType::Text),
    ("credit_history", ColumnType::Text),
    ("purpose", ColumnType::Text),
    ("savings", ColumnType::Text),
    ("employment", ColumnType::Text),
    ("installment_rate", ColumnType::Integer),
    ("other_debtors", ColumnType::Text),
    ("residence_since", ColumnType::Integer),
    ("property", ColumnType::Text),
    ("other_installment_plans", ColumnType::Text),
    ("housing", ColumnType::Text),
    ("existing_credits", ColumnType::Integer),
    ("job", ColumnType::Text),
    ("dependents", ColumnType::Integer),
    ("telephone", ColumnType::Text),
];

static VIEWS: LazyLock<Arc<FeatureViews>> = LazyLock::new(|| {
    let attributes: Vec<_> = ATTRIBUTES.iter().map(|(name, column)| ((*name).to_owned(), *column)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../features/views");
    Arc::new(FeatureViews::load(&folder, &Sources::of_events(&attributes)).expect("the shipped views load"))
});

fuzz_target!(|bytes: &[u8]| {
    ingest::try_out(bytes);
    features::try_out(&VIEWS, bytes);
    lending::try_out(bytes);
});
