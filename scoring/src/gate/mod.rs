//! The gate: what a package shows before it may be promoted. Hashes and golden rows hold at every load and are the
//! package's own; here stand the checks that are made once: rows at the edges, the time of an answer, and whether the
//! views give what the model reads.

mod edges;
mod latency;
mod recorded;
#[cfg(test)]
mod tests;

use serde::Serialize;
use weir_expr::Columns;

pub use self::edges::Edges;
pub use self::latency::Latency;
pub use self::recorded::Recorded;
use crate::MOST_TOLD;
use crate::content::{Content, EDGES};
use crate::model::{GoldenReport, Model, Package};

/// What helps where a number that views can give has no answer.
const REMEDY: &str =
    "mend the graph, or give the input a `minimum` or `maximum`, beyond which an application goes to review";

/// Characters of a reason.
const LONGEST_REASON: usize = 1_200;

/// What was found. A package may be promoted if there is no reason why not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub promotable: bool,
    /// Of a package that was loaded: hashes and golden rows hold.
    #[serde(flatten)]
    pub loaded: Option<Loaded>,
    /// Why it may not be promoted, all of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Loaded {
    pub name: String,
    pub version: u32,
    pub hash: String,
    pub golden: GoldenReport,
    pub edges: Edges,
    /// The package's own edge rows; `None` where it brings none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// What ONNX Runtime is known to get wrong in this graph, and this one with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_faults: Vec<String>,
    pub latency: Latency,
    /// Whether views were there to be held against.
    pub held_against_views: bool,
}

/// A package that passed: nothing else makes one, so what is deployed has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) hash: String,
}

impl Report {
    #[must_use]
    pub fn refused(reason: String) -> Self {
        Self { promotable: false, loaded: None, reasons: vec![plain(&reason)] }
    }

    #[must_use]
    pub fn passed(&self) -> Option<Passed> {
        let Loaded { name, version, hash, .. } = self.loaded.as_ref().filter(|_| self.promotable)?;
        Some(Passed { name: name.clone(), version: *version, hash: hash.clone() })
    }
}

/// Looks at all of it. `available` are the features that views give; without them that is left open, and the report says so.
#[must_use]
pub fn examine(content: &Content, available: Option<&Columns>) -> Report {
    let package = match Package::of(content) {
        Ok(package) => package,
        Err(error) => return Report::refused(crate::one_line(&error)),
    };
    let unfit = package.manifest().columns().filter_map(|column| column.fits(available?).err());
    let mut reasons: Vec<String> = unfit.map(|unfit| format!("features: {unfit}")).collect();
    let usual = package.usual();
    let edges = edges::ask(&package, usual, package.thresholds());
    let latency = latency::measure(&package, usual);
    reasons.extend(edges.reason());
    let recorded = match content.has(EDGES).then(|| held_against_recorded(&package, content)).transpose() {
        Ok(recorded) => recorded,
        Err(reason) => {
            reasons.push(reason);
            Some(Recorded::default())
        }
    };
    reasons.extend(recorded.as_ref().and_then(Recorded::reason));
    reasons.extend(latency.reason());
    let (manifest, hash) = (package.manifest(), package.hash().to_owned());
    let (name, version, golden) = (manifest.name.clone(), manifest.version, package.report().clone());
    let held_against_views = available.is_some();
    let known_faults = package.known_faults().to_vec();
    let reasons: Vec<String> = reasons.iter().map(|reason| plain(reason)).collect();
    let loaded = Loaded { name, version, hash, golden, edges, recorded, known_faults, latency, held_against_views };
    Report { promotable: reasons.is_empty(), loaded: Some(loaded), reasons }
}

/// Counts a failure, and tells it where it is among the first.
fn fail(failed: &mut usize, told: &mut Vec<String>, failure: String) {
    *failed += 1;
    if told.len() < MOST_TOLD {
        told.push(failure);
    }
}

/// On one line and no longer than a reader follows: names and values come from the package.
fn plain(reason: &str) -> String {
    let mut shown = String::new();
    for (at, character) in reason.chars().enumerate() {
        if at == LONGEST_REASON {
            shown.push('…');
            break;
        }
        if character.is_control() { shown.extend(character.escape_default()) } else { shown.push(character) }
    }
    shown
}

fn held_against_recorded(package: &Package, content: &Content) -> Result<Recorded, String> {
    let golden = package.golden_rows(content)?;
    recorded::compare(package, &golden, content.text(EDGES).map_err(|error| error.to_string())?)
}
