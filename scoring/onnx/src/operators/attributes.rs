//! Reading a node's attributes: what is not honoured is refused, and what is absent has the default of the operator's
//! definition.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Of one node; every refusal names the attribute.
pub(crate) struct Attributes<'a> {
    node: &'a NodeProto,
}

impl<'a> Attributes<'a> {
    /// `honoured` are all the attributes that the operator knows.
    pub(crate) fn new(node: &'a NodeProto, honoured: &[&str]) -> TractResult<Self> {
        let mut names = std::collections::HashSet::new();
        for attribute in &node.attribute {
            let name = attribute.name.as_str();
            ensure!(honoured.contains(&name), "attribute `{name}` is not supported");
            ensure!(names.insert(name), "attribute `{name}` comes twice");
        }
        Ok(Self { node })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.attribute.iter().any(|attribute| attribute.name == name)
    }

    pub(crate) fn text(&self, name: &str, default: &str) -> TractResult<String> {
        Ok(self.node.get_attr_opt::<String>(name)?.unwrap_or_else(|| default.to_owned()))
    }

    pub(crate) fn integer(&self, name: &str, default: i64) -> TractResult<i64> {
        Ok(self.node.get_attr_opt::<i64>(name)?.unwrap_or(default))
    }

    pub(crate) fn float(&self, name: &str, default: f32) -> TractResult<f32> {
        Ok(self.node.get_attr_opt::<f32>(name)?.unwrap_or(default))
    }

    pub(crate) fn integers(&self, name: &str) -> TractResult<Vec<i64>> {
        Ok(self.node.get_attr_opt_slice::<i64>(name)?.unwrap_or_default().to_vec())
    }

    pub(crate) fn floats(&self, name: &str) -> TractResult<Vec<f32>> {
        Ok(self.node.get_attr_opt_slice::<f32>(name)?.unwrap_or_default().to_vec())
    }

    /// Floats of which none is NaN or infinite.
    pub(crate) fn finite(&self, name: &str) -> TractResult<Vec<f32>> {
        let floats = self.floats(name)?;
        ensure!(floats.iter().all(|value| value.is_finite()), "attribute `{name}` is not finite");
        Ok(floats)
    }

    pub(crate) fn texts(&self, name: &str) -> TractResult<Vec<String>> {
        let texts = self.node.get_attr_opt_slice::<Vec<u8>>(name)?.unwrap_or_default();
        let texts = texts.iter().map(|text| match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => bail!("attribute `{name}` is no UTF-8"),
        });
        texts.collect()
    }

    pub(crate) fn tensor(&self, name: &str) -> TractResult<Option<Tensor>> {
        let Some(proto) = self.node.get_attr_opt::<&tract_onnx::pb::TensorProto>(name)? else { return Ok(None) };
        let nothing_outside = tract_onnx::data_resolver::MmapDataResolver;
        let tensor = tract_onnx::tensor::load_tensor(&nothing_outside, proto, None);
        tensor.map(Some).with_context(|| format!("attribute `{name}`"))
    }

    /// The version of ONNX-ML that the file speaks; one where it does not say.
    pub(crate) fn version_of(context: &ParsingContext) -> i64 {
        let imports = &context.model.opset_import;
        imports.iter().find(|import| import.domain == "ai.onnx.ml").map_or(1, |import| import.version)
    }
}

/// The values of a tensor of `T`.
pub(crate) fn values<T: Datum>(tensor: &Tensor, name: &str) -> TractResult<Vec<T>> {
    let (expected, found) = (T::datum_type(), tensor.datum_type());
    ensure!(expected == found, "attribute `{name}`: expected {expected:?}, found {found:?}");
    Ok(tensor.try_as_plain_ram()?.as_slice::<T>()?.to_vec())
}
