//! What every file must stand: loading, and calls of one row and of many where it is loaded; and where it is compiled, the
//! answers are those of the graph. The fuzz target does the same.

use weir_onnx::{Graph, GraphInput, Kind, Scorer, Tensor, Values};

/// More than are walked together.
const MANY: usize = 17;

/// Rows of zeros for each input, where the graph is loaded at all.
pub(crate) fn try_out(bytes: &[u8]) {
    let scorer = match Scorer::load(bytes) {
        Ok(scorer) => scorer,
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with("model refused: ") && !error.contains('\n'), "{error}");
            return;
        }
    };
    let graph = scorer.is_compiled().then(|| Graph::load(bytes).expect("what compiles was loaded"));
    for rows in [1, MANY] {
        let zeros = || scorer.inputs().iter().map(|input| zeros(input, rows)).collect::<Option<Vec<_>>>();
        let Some(inputs) = zeros() else { return };
        let answer = scorer.run(inputs);
        if let (Some(graph), Ok(answer), Some(inputs)) = (&graph, answer, zeros())
            && let Ok(expected) = graph.run(inputs)
        {
            // Shown, as no NaN is equal to another.
            assert_eq!(format!("{answer:?}"), format!("{expected:?}"));
        }
    }
}

/// `None` where they would take too much.
fn zeros(input: &GraphInput, rows: usize) -> Option<Tensor> {
    let shape: Vec<usize> = input.shape.iter().map(|dim| dim.unwrap_or(rows)).collect();
    let volume = shape.iter().try_fold(1_usize, |volume, dim| volume.checked_mul(*dim));
    let volume = volume.filter(|volume| *volume < 1 << 20)?;
    let values = match input.kind {
        Kind::Float32 => Values::Float32(vec![0.0; volume]),
        Kind::Float64 => Values::Float64(vec![0.0; volume]),
        Kind::Int64 => Values::Int64(vec![0; volume]),
        Kind::Int32 => Values::Int32(vec![0; volume]),
        Kind::Int16 => Values::Int16(vec![0; volume]),
        Kind::Bool => Values::Bool(vec![false; volume]),
        Kind::Text => Values::Text(vec![String::new(); volume]),
    };
    Tensor::new(shape, values)
}
