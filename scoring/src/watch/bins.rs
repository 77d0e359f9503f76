//! Bins of one column: each value falls into exactly one, whatever it is.

use weir_messages::FeatureValue;

/// How many bins of a number have as many rows each, where values allow it.
const DECILES: usize = 10;

/// The last bin holds what is missing. Among texts the one before it holds values that the reference does not know.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// Ascending: a value falls into the first bin whose edge is not below it, and beyond the last edge into one more.
    Numbers { edges: Vec<f64> },
    /// In order.
    Texts { values: Vec<String> },
}

impl Bins {
    /// Between the deciles of finite `numbers`. Equal deciles are one edge, and the greatest number is none: beyond it lies
    /// only what was never seen.
    pub(super) fn deciles(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let decile = |part: usize| numbers.get((part * numbers.len()).div_ceil(DECILES).saturating_sub(1)).copied();
        let mut edges: Vec<f64> = (1..DECILES).filter_map(decile).collect();
        edges.dedup();
        if edges.last() == numbers.last() {
            edges.pop();
        }
        Self::Numbers { edges }
    }

    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Numbers { edges } => edges.len() + 2,
            Self::Texts { values } => values.len() + 2,
        }
    }

    /// The place of a value's bin. What the model cannot read as its kind is missing to it.
    pub(super) fn place(&self, value: &FeatureValue) -> usize {
        let missing = self.len() - 1;
        match (self, value) {
            #[allow(clippy::cast_precision_loss, reason = "edges are doubles")]
            (Self::Numbers { edges }, FeatureValue::Integer(whole)) => below(edges, *whole as f64),
            (Self::Numbers { edges }, FeatureValue::Number(number)) if number.is_finite() => below(edges, *number),
            (Self::Texts { values }, FeatureValue::Text(text)) => {
                values.binary_search(text).unwrap_or(missing.saturating_sub(1))
            }
            (
                Self::Numbers { .. },
                FeatureValue::Null
                | FeatureValue::Bool(_)
                | FeatureValue::Number(_)
                | FeatureValue::Text(_)
                | FeatureValue::List(_),
            )
            | (
                Self::Texts { .. },
                FeatureValue::Null
                | FeatureValue::Bool(_)
                | FeatureValue::Integer(_)
                | FeatureValue::Number(_)
                | FeatureValue::List(_),
            ) => missing,
        }
    }

    /// What a reader calls each bin, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names = match self {
            Self::Numbers { edges } => ranges(edges),
            Self::Texts { values } => values.iter().cloned().chain(["never seen".to_owned()]).collect(),
        };
        names.push("missing".to_owned());
        names
    }
}

/// How many edges are below.
fn below(edges: &[f64], number: f64) -> usize {
    edges.partition_point(|edge| *edge < number)
}

fn ranges(edges: &[f64]) -> Vec<String> {
    let Some(last) = edges.last() else { return vec!["any".to_owned()] };
    let first = std::iter::once(format!("to {}", edges[0]));
    let between = edges.windows(2).map(|pair| format!("{} to {}", pair[0], pair[1]));
    first.chain(between).chain([format!("over {last}")]).collect()
}
