//! What every file must stand: loading, and a call where it is loaded. The fuzz target does the same.

use weir_onnx::{Graph, Kind, Tensor, Values};

/// One row of zeros for each input, where the graph is loaded at all.
pub(crate) fn try_out(bytes: &[u8]) {
    let graph = match Graph::load(bytes) {
        Ok(graph) => graph,
        Err(error) => {
            let error = error.to_string();
            assert!(error.starts_with("model refused: ") && !error.contains('\n'), "{error}");
            return;
        }
    };
    let inputs = graph.inputs().iter().map(|input| {
        let shape: Vec<usize> = input.shape.iter().map(|dim| dim.unwrap_or(1)).collect();
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
    });
    if let Some(inputs) = inputs.collect() {
        drop(graph.run(inputs));
    }
}
