//! What each input contributed to an answer, for who asks in tensors: the values that a decision gets, row by row.

use weir_scoring::model::{InputValue, Model as _, ModelError, Tensor, Values};

use super::served::ServedModel;

/// The contributions, [rows, inputs] in the order of the manifest. With the base they sum to the log-odds of the probability
/// that the graph gives.
pub(super) fn contributions(model: &ServedModel, rows: &[Vec<InputValue>]) -> Result<Tensor, ModelError> {
    let answers = model.package().answer(rows, true)?;
    let values = answers.into_iter().filter_map(|answer| answer.contributions).flatten().collect();
    let width = model.manifest().inputs.len();
    Tensor::new(vec![rows.len(), width], Values::Float64(values))
        .ok_or_else(|| failed(format!("expected {width} contributions for each row")))
}

/// What contributions stand beside: the same for every row.
pub(super) fn base(model: &ServedModel, rows: usize) -> Tensor {
    let base = model.manifest().output.base_log_odds;
    Tensor::new(vec![rows, 1], Values::Float64(vec![base; rows])).expect("one value a row")
}

/// The rows of tensors that the graph takes, with their values in the order of the manifest.
pub(super) fn rows(model: &ServedModel, tensors: &[Tensor]) -> Result<Vec<Vec<InputValue>>, ModelError> {
    let (_, order) = model.package().graph();
    let height = height(tensors);
    let mut rows = vec![vec![InputValue::Number(f32::NAN); order.len()]; height];
    let columns = tensors.iter().flat_map(|tensor| {
        let width = tensor.shape().get(1).copied().unwrap_or_default();
        (0..width).map(move |column| (tensor.values(), column, width))
    });
    for ((values, column, width), place) in columns.zip(order) {
        for (at, row) in rows.iter_mut().enumerate() {
            let value = value(values, at * width + column);
            row[*place] = value.ok_or_else(|| failed("expected numbers of FP32 or texts".to_owned()))?;
        }
    }
    Ok(rows)
}

/// How many rows the tensors hold.
pub(super) fn height(tensors: &[Tensor]) -> usize {
    tensors.first().and_then(|tensor| tensor.shape().first()).copied().unwrap_or_default()
}

fn value(values: &Values, at: usize) -> Option<InputValue> {
    match values {
        Values::Float32(values) => values.get(at).copied().map(InputValue::Number),
        Values::Text(values) => values.get(at).cloned().map(InputValue::Text),
        Values::Float64(_) | Values::Int64(_) | Values::Int32(_) | Values::Int16(_) | Values::Bool(_) => None,
    }
}

const fn failed(reason: String) -> ModelError {
    ModelError::Failed { reason }
}
