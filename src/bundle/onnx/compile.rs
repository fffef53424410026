//! From the bytes of an ONNX file to a checked list of steps.
//!
//! The file may come from anywhere, so nothing of it is believed: only the operators, attributes and shapes that
//! [`super::export`] writes are known, every shape is worked out before a row is scored, and a field we do not know
//! shows as a difference when the message is encoded again.

use std::collections::{BTreeMap, HashMap, HashSet};

use prost::Message as _;

use super::attributes::Fallible;
use super::program::{Elem, Op, Program, Shape, Step};
use super::proto::{
    IR_VERSION, ML_DOMAIN, ML_OPSET, ModelProto, NodeProto, OPSET, ROWS, TensorProto, ValueInfo, data_type,
};

pub(super) const MOST_BYTES: usize = 512 << 20;
const MOST_NODES: usize = 200_000;
/// Numbers that all steps together make of one row: a very wide table, not an attack on the memory.
const MOST_CELLS: usize = 16 << 20;

/// A value of the graph that depends on the rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub slot: usize,
    pub elem: Elem,
    pub shape: Shape,
}

/// A value of the graph that does not.
#[derive(Debug)]
pub(super) enum Constant {
    F64(Vec<usize>, Vec<f64>),
    I64(Vec<usize>, Vec<i64>),
    Text(Vec<String>),
}

/// Reads and checks a whole file.
pub(super) fn compile(bytes: &[u8]) -> Fallible<Program> {
    if bytes.len() > MOST_BYTES {
        return Err(format!("it has {} MiB, the limit is {} MiB", bytes.len() >> 20, MOST_BYTES >> 20));
    }
    let model = ModelProto::decode(bytes).map_err(|e| format!("it is not a readable ONNX file ({e})"))?;
    check_header(&model)?;
    if model.encode_to_vec() != bytes {
        return Err("it has fields that Modelwright does not write".to_owned());
    }
    let metadata = metadata(&model);
    let graph = model.graph.ok_or("it has no graph")?;
    if graph.node.len() > MOST_NODES {
        return Err(format!("it has {} operators, the limit is {MOST_NODES}", graph.node.len()));
    }
    let mut compiler = Compiler::default();
    for tensor in graph.initializer {
        compiler.constant(tensor)?;
    }
    let columns: Vec<String> = metadata
        .get("modelwright.columns")
        .and_then(|json| serde_json::from_str(json).ok())
        .ok_or("it does not say which columns it takes")?;
    if columns.len() != graph.input.len() {
        return Err(format!("it names {} columns for {} inputs", columns.len(), graph.input.len()));
    }
    let mut inputs = Vec::with_capacity(columns.len());
    for (column, info) in columns.into_iter().zip(&graph.input) {
        let (name, elem) = per_row(info)?;
        let slot = compiler.n_slots;
        compiler.n_slots += 1;
        compiler.define(name, Known { slot, elem, shape: Shape::Rows })?;
        inputs.push((column, elem));
    }
    for node in &graph.node {
        let op = node.op_type();
        compiler.node(node).map_err(|problem| format!("operator {op}: {problem}"))?;
    }
    let mut outputs = Vec::with_capacity(graph.output.len());
    for info in &graph.output {
        let (name, elem) = per_row(info)?;
        let known = compiler.known.get(name).ok_or_else(|| format!("output `{name}` is never computed"))?;
        if (known.elem, known.shape) != (elem, Shape::Rows) {
            return Err(format!("output `{name}` is not what it is declared as"));
        }
        outputs.push((name.to_owned(), elem, known.slot));
    }
    let Compiler { steps, n_slots, cells_per_row, .. } = compiler;
    Ok(Program { inputs, steps, n_slots, cells_per_row, outputs, metadata })
}

fn check_header(model: &ModelProto) -> Fallible<()> {
    if model.ir_version != Some(IR_VERSION) {
        return Err(format!("its IR version is {}, not {IR_VERSION}", model.ir_version()));
    }
    let opsets: Vec<(&str, i64)> = model.opset_import.iter().map(|o| (o.domain(), o.version())).collect();
    if opsets != [("", OPSET), (ML_DOMAIN, ML_OPSET)] {
        return Err(format!("its operator sets are {opsets:?}"));
    }
    let tensors = model.graph.iter().flat_map(|g| &g.initializer);
    for tensor in tensors {
        if !tensor.external_data.is_empty() || tensor.data_location.is_some() {
            return Err("it keeps data in another file, which Modelwright never opens".to_owned());
        }
    }
    Ok(())
}

fn metadata(model: &ModelProto) -> BTreeMap<String, String> {
    model.metadata_props.iter().map(|e| (e.key().to_owned(), e.value().to_owned())).collect()
}

/// Name and type of an input or output of shape `[N]`.
fn per_row(info: &ValueInfo) -> Fallible<(&str, Elem)> {
    let name = info.name();
    let tensor = info.kind.as_ref().and_then(|k| k.tensor.as_ref());
    let shape = tensor.and_then(|t| t.shape.as_ref()).ok_or_else(|| format!("`{name}` has no shape"))?;
    match shape.dim.as_slice() {
        [dim] if dim.param.as_deref() == Some(ROWS) && dim.value.is_none() => {}
        _ => return Err(format!("`{name}` does not have one value per row")),
    }
    let elem = match tensor.map_or(0, |t| t.elem_type()) {
        data_type::DOUBLE => Elem::F64,
        data_type::STRING => Elem::Text,
        other => return Err(format!("`{name}` has element type {other}")),
    };
    Ok((name, elem))
}

#[derive(Default)]
pub(super) struct Compiler {
    names: HashSet<String>,
    known: HashMap<String, Known>,
    /// Those not used yet: a constant serves one operator (but for the whole numbers of a shape), so that a small file
    /// cannot make a large program.
    pub(super) constants: HashMap<String, Constant>,
    steps: Vec<Step>,
    n_slots: usize,
    cells_per_row: usize,
}

impl Compiler {
    fn constant(&mut self, tensor: TensorProto) -> Fallible<()> {
        let name = tensor.name().to_owned();
        let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&d| usize::try_from(d).ok()).collect();
        let dims = dims.ok_or_else(|| format!("constant `{name}` has a negative dimension"))?;
        let size = dims.iter().try_fold(1_usize, |size, &d| size.checked_mul(d));
        let size = size.ok_or_else(|| format!("constant `{name}` is too large"))?;
        let (length, constant) = match tensor.data_type() {
            data_type::DOUBLE => (tensor.double_data.len(), Constant::F64(dims, tensor.double_data)),
            data_type::INT64 => (tensor.int64_data.len(), Constant::I64(dims, tensor.int64_data)),
            data_type::STRING if dims.len() == 1 => {
                let texts: Result<Vec<String>, _> = tensor.string_data.into_iter().map(String::from_utf8).collect();
                let texts = texts.map_err(|_| format!("constant `{name}` is not UTF-8"))?;
                (texts.len(), Constant::Text(texts))
            }
            other => return Err(format!("constant `{name}` has element type {other}")),
        };
        if length != size {
            return Err(format!("constant `{name}` declares {size} values and holds {length}"));
        }
        self.name(&name)?;
        self.constants.insert(name, constant);
        Ok(())
    }

    fn name(&mut self, name: &str) -> Fallible<()> {
        if name.is_empty() || !self.names.insert(name.to_owned()) {
            return Err(format!("`{name}` is defined twice"));
        }
        Ok(())
    }

    pub(super) fn define(&mut self, name: &str, known: Known) -> Fallible<()> {
        self.name(name)?;
        self.known.insert(name.to_owned(), known);
        Ok(())
    }

    pub(super) fn value(&self, name: &str) -> Fallible<Known> {
        self.known.get(name).copied().ok_or_else(|| format!("`{name}` is not known before it"))
    }

    /// The matrix of doubles called `name` and its width.
    pub(super) fn wide(&self, name: &str, elem: Elem) -> Fallible<(usize, usize)> {
        match self.value(name)? {
            Known { slot, elem: e, shape: Shape::Wide(width) } if e == elem => Ok((slot, width)),
            other => Err(format!("`{name}` is {:?} {:?}, not a matrix of {elem:?}", other.elem, other.shape)),
        }
    }

    pub(super) fn rows(&self, name: &str, elem: Elem) -> Fallible<usize> {
        match self.value(name)? {
            Known { slot, elem: e, shape: Shape::Rows } if e == elem => Ok(slot),
            other => Err(format!("`{name}` is {:?} {:?}, not a column of {elem:?}", other.elem, other.shape)),
        }
    }

    pub(super) fn ints(&self, name: &str) -> Fallible<(&[usize], &[i64])> {
        match self.constants.get(name) {
            Some(Constant::I64(dims, values)) => Ok((dims, values)),
            _ => Err(format!("`{name}` is not a constant of whole numbers")),
        }
    }

    pub(super) fn push(
        &mut self,
        node: &NodeProto,
        op: Op,
        inputs: Vec<usize>,
        elem: Elem,
        shape: Shape,
    ) -> Fallible<()> {
        self.push_as(&node.output[0], op, inputs, elem, shape).map(drop)
    }

    /// As `push`, under another name than the operator's first output; gives the slot.
    pub(super) fn push_as(
        &mut self,
        name: &str,
        op: Op,
        inputs: Vec<usize>,
        elem: Elem,
        shape: Shape,
    ) -> Fallible<usize> {
        let width = if let Shape::Wide(width) = shape { width } else { 1 };
        self.cells_per_row = self.cells_per_row.saturating_add(width);
        if self.cells_per_row > MOST_CELLS {
            return Err("its result is too wide".to_owned());
        }
        let slot = self.n_slots;
        self.n_slots += 1;
        self.define(name, Known { slot, elem, shape })?;
        self.steps.push(Step { op, inputs, output: slot });
        Ok(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::{AttributeProto, GraphProto, StringEntry};
    use super::*;
    use crate::bundle::onnx::{OnnxModel, export};
    use crate::bundle::samples::{later_samples, samples};

    fn model_of(name: &str) -> ModelProto {
        let sample = samples(1).into_iter().chain(later_samples(1)).find(|s| s.name == name).unwrap();
        ModelProto::decode(export(&sample.model).unwrap().as_slice()).unwrap()
    }

    fn tree_model() -> ModelProto {
        model_of("tree_binary")
    }

    fn problem(change: impl FnOnce(&mut ModelProto)) -> String {
        problem_of("tree_binary", change)
    }

    fn problem_of(name: &str, change: impl FnOnce(&mut ModelProto)) -> String {
        let mut model = model_of(name);
        change(&mut model);
        compile(&model.encode_to_vec()).unwrap_err()
    }

    fn graph(model: &mut ModelProto) -> &mut GraphProto {
        model.graph.as_mut().unwrap()
    }

    fn attribute<'a>(model: &'a mut ModelProto, op: &str, name: &str) -> &'a mut AttributeProto {
        let node = graph(model).node.iter_mut().find(|n| n.op_type() == op).unwrap();
        node.attribute.iter_mut().find(|a| a.name() == name).unwrap()
    }

    const TREE: &str = "TreeEnsembleRegressor";

    #[test]
    fn data_in_another_file_is_refused() {
        let location = StringEntry { key: Some("location".into()), value: Some("../../etc/passwd".into()) };
        let expected = "it keeps data in another file, which Modelwright never opens";
        assert_eq!(problem(|m| graph(m).initializer[0].external_data.push(location)), expected);
        assert_eq!(problem(|m| graph(m).initializer[0].data_location = Some(1)), expected);
    }

    #[test]
    fn fields_we_do_not_know_are_refused() {
        // Field 25, `functions`, with an empty message.
        let bytes = [tree_model().encode_to_vec(), vec![0xca, 0x01, 0x00]].concat();
        assert_eq!(compile(&bytes).unwrap_err(), "it has fields that Modelwright does not write");
    }

    #[test]
    fn foreign_operators_versions_and_attributes_are_refused() {
        let first = |m: &mut ModelProto, op: &str| graph(m).node[0].op_type = Some(op.to_owned());
        assert!(problem(|m| first(m, "Loop")).starts_with("operator Loop: `:Loop`"));
        assert!(problem(|m| m.opset_import[0].version = Some(21)).starts_with("its operator sets are"));
        assert!(problem(|m| m.ir_version = Some(9)).starts_with("its IR version is 9"));
        assert!(problem(|m| attribute(m, TREE, "post_transform").s = Some(b"LOGISTIC".to_vec())).contains("NONE"));
        assert!(problem(|m| attribute(m, TREE, "n_targets").name = Some("base_values".into())).contains("attributes"));
    }

    #[test]
    fn trees_with_circles_or_holes_are_refused() {
        for (attribute_name, value) in
            [("nodes_truenodeids", 0), ("nodes_falsenodeids", 1 << 40), ("nodes_truenodeids", -1)]
        {
            let says = problem(|m| attribute(m, TREE, attribute_name).ints[0] = value);
            assert!(says.contains("node 0 of its tree has a child out of order"), "{says}");
        }
        assert!(problem(|m| attribute(m, TREE, "nodes_featureids").ints[0] = 99).contains("column out of range"));
        assert!(problem(|m| attribute(m, TREE, "target_nodeids").ints[0] = 1).contains("neither a split nor a leaf"));
        assert!(problem(|m| attribute(m, TREE, "nodes_values").floats.truncate(3)).contains("differ in length"));
        let tracks = "nodes_missing_value_tracks_true";
        assert!(problem(|m| attribute(m, TREE, tracks).ints[0] = 2).contains("neither to the left nor to the right"));
    }

    #[test]
    fn forests_whose_trees_are_mixed_up_are_refused() {
        let says = |change: &dyn Fn(&mut ModelProto)| problem_of("forest_binary", change);
        let set = |m: &mut ModelProto, name: &str, at: usize, value: i64| attribute(m, TREE, name).ints[at] = value;
        assert!(says(&|m| set(m, "nodes_treeids", 3, 1)).contains("not numbered in order"));
        assert!(says(&|m| set(m, "nodes_treeids", 3, i64::MIN)).contains("not numbered in order"));
        assert!(says(&|m| set(m, "nodes_nodeids", 3, 7)).contains("not numbered in order"));
        assert!(says(&|m| set(m, "target_ids", 0, 1)).contains("answers into output 1"));
        assert!(says(&|m| set(m, "target_nodeids", 0, 5000)).contains("does not exist"));
        assert!(says(&|m| set(m, "nodes_truenodeids", 0, 5000)).contains("child out of order"));
        assert!(says(&|m| attribute(m, TREE, "n_targets").i = Some(1 << 40)).contains("n_targets is 1099511627776"));
    }

    #[test]
    fn neighbours_beyond_the_stored_rows_are_refused() {
        let says = |k: i64| {
            problem_of("knn_binary", |m| {
                let name = graph(m).node.iter().find(|n| n.op_type() == "TopK").unwrap().input[1].clone();
                let k_of = graph(m).initializer.iter_mut().find(|t| t.name() == name).unwrap();
                k_of.int64_data = vec![k];
            })
        };
        for k in [0, -1, 251, i64::MAX] {
            assert!(says(k).contains("it does not ask for 1 to 250 of 250"), "{}", says(k));
        }
    }

    #[test]
    fn constants_that_lie_about_their_size_are_refused() {
        let dims = |m: &mut ModelProto, dims: &[i64]| graph(m).initializer[1].dims = dims.to_vec();
        assert!(problem(|m| dims(m, &[1 << 31, 1 << 31, 1 << 31])).contains("is too large"));
        assert!(problem(|m| dims(m, &[-1])).contains("negative dimension"));
        assert!(problem(|m| dims(m, &[1 << 40])).contains("declares 1099511627776 values"));
    }

    #[test]
    fn a_small_file_cannot_make_a_wide_matrix() {
        let says = problem(|m| {
            let matrix = graph(m).node.iter().find(|n| n.op_type() == "Concat").unwrap().clone();
            let at = graph(m).node.iter().position(|n| n.output == matrix.output).unwrap();
            let mut wide = matrix.output[0].clone();
            for nth in 0..40 {
                let output = format!("wide{nth}");
                let (input, output_names) = (vec![wide.clone(), wide], vec![output.clone()]);
                graph(m).node.insert(at + 1 + nth, NodeProto { input, output: output_names, ..matrix.clone() });
                wide = output;
            }
        });
        assert_eq!(says, "operator Concat: its result is too wide");
    }

    #[test]
    fn names_defined_twice_or_too_late_are_refused() {
        assert!(problem(|m| graph(m).node.reverse()).contains("is not known before it"));
        assert!(
            problem(|m| {
                let node = graph(m).node[0].clone();
                graph(m).node.push(node);
            })
            .contains("is defined twice")
        );
    }

    #[test]
    fn changed_bytes_are_refused_or_harmless_but_never_a_panic() {
        let chosen = ["logistic", "tree_binary", "baseline_regression"];
        let later = ["stumps_regression", "category_tree_multiclass", "bayes_gaps_multiclass", "knn_near_binary"];
        let samples = samples(5).into_iter().filter(|s| chosen.contains(&s.name)).map(|sample| (sample, 7));
        let later = later_samples(5).into_iter().filter(|s| later.contains(&s.name)).map(|sample| (sample, 31));
        for (sample, step) in samples.chain(later) {
            let good = export(&sample.model).unwrap();
            for at in (0..good.len()).step_by(step) {
                for bit in [0x01, 0x80] {
                    let mut bad = good.clone();
                    bad[at] ^= bit;
                    if let Ok(model) = OnnxModel::parse(&bad) {
                        let _ = model.run(&sample.raw);
                    }
                }
            }
            for length in (0..good.len()).step_by(61) {
                let _ = OnnxModel::parse(&good[..length]);
            }
        }
    }
}
