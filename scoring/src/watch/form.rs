//! `reference.json`: the form in which a package brings its reference. Everything is checked against the manifest, and what
//! does not add up is refused by column.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Bins, Column, PROBABILITY};
use crate::model::{InputKind, Manifest};

/// More edges than any reader of a chart wants.
const MOST_EDGES: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    rows: u64,
    /// Calibrated, as decisions hold it.
    probability: ColumnForm,
    inputs: BTreeMap<String, ColumnForm>,
}

/// Of a number `edges` with one count more than there are edges; of a text `values` with their counts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnForm {
    edges: Option<Vec<f64>>,
    counts: Option<Vec<u64>>,
    values: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    missing: u64,
}

/// Rows and columns.
pub(super) fn parse(manifest: &Manifest, text: &str) -> Result<(u64, Vec<Column>), String> {
    let Form { rows, probability, mut inputs } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if rows == 0 {
        return Err("rows: expected at least one, found 0".to_owned());
    }
    let mut columns = vec![probability.column(PROBABILITY, &InputKind::Number, rows)?];
    for input in &manifest.inputs {
        let form = inputs.remove(&input.feature).ok_or_else(|| format!("inputs: expected `{}`", input.feature))?;
        columns.push(form.column(&input.feature, &input.kind, rows)?);
    }
    match inputs.into_keys().next() {
        Some(unknown) => Err(format!("inputs: `{unknown}` is no input of model.toml")),
        None => Ok((rows, columns)),
    }
}

impl ColumnForm {
    fn column(self, name: &str, kind: &InputKind, rows: u64) -> Result<Column, String> {
        let wrong = |reason: String| format!("`{name}`: {reason}");
        let (bins, mut counts) = match (kind, self.edges, self.counts, self.values) {
            (InputKind::Number, Some(edges), Some(counts), None) => {
                (Bins::Numbers { edges: ascending(edges).map_err(wrong)? }, counts)
            }
            (InputKind::Text { values: known }, None, None, Some(values)) => {
                if let Some(unknown) = values.keys().find(|value| !known.contains(*value)) {
                    return Err(wrong(format!("`{unknown}` is none of its values in model.toml")));
                }
                let (values, mut counts): (_, Vec<u64>) = values.into_iter().unzip();
                counts.push(0);
                (Bins::Texts { values }, counts)
            }
            (InputKind::Number, ..) => return Err(wrong("expected `edges` and `counts` of a number".to_owned())),
            (InputKind::Text { .. }, ..) => return Err(wrong("expected `values` of a text".to_owned())),
        };
        counts.push(self.missing);
        if counts.len() != bins.len() {
            let (expected, found) = (bins.len() - 1, counts.len() - 1);
            return Err(wrong(format!("expected {expected} counts, one more than edges, found {found}")));
        }
        match counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count)) {
            Some(sum) if sum == rows => Ok(Column { name: name.to_owned(), bins, counts }),
            sum => {
                let found = sum.map_or("too many".to_owned(), |sum| sum.to_string());
                Err(wrong(format!("expected counts that sum to the {rows} rows, found {found}")))
            }
        }
    }
}

fn ascending(edges: Vec<f64>) -> Result<Vec<f64>, String> {
    if edges.len() > MOST_EDGES {
        return Err(format!("expected at most {MOST_EDGES} edges, found {}", edges.len()));
    }
    if edges.is_sorted_by(|one, next| one < next) && edges.iter().all(|edge| edge.is_finite()) {
        return Ok(edges);
    }
    Err("expected finite edges in ascending order".to_owned())
}
