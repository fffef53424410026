//! A small builder for ONNX graphs: constants, operators and fresh names for what lies between them.

use prost::Message as _;

use super::proto::{
    AttributeProto, Dimension, GraphProto, IR_VERSION, ML_DOMAIN, ML_OPSET, ModelProto, NodeProto, OPSET,
    OperatorSetId, ROWS, ShapeProto, StringEntry, TensorProto, TensorType, TypeProto, ValueInfo, attribute_type,
    data_type,
};

/// An attribute of an operator.
pub(super) enum Attr {
    Float(f32),
    Int(i64),
    Text(&'static str),
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
    Ints(Vec<i64>),
    Texts(Vec<Vec<u8>>),
}

/// The name of a value in the graph.
pub(super) type Value = String;

pub(super) struct GraphBuilder {
    graph: GraphProto,
    prefix: String,
    made: usize,
}

impl GraphBuilder {
    /// `public` are the names of all inputs and outputs: no value in between may share one.
    pub fn new(public: &[&str]) -> Self {
        let mut prefix = "mw".to_owned();
        while public.iter().any(|name| name.starts_with(&prefix)) {
            prefix.push('_');
        }
        Self { graph: GraphProto { name: Some("modelwright".into()), ..Default::default() }, prefix, made: 0 }
    }

    fn fresh(&mut self, what: &str) -> Value {
        self.made += 1;
        format!("{}{}_{what}", self.prefix, self.made)
    }

    /// An input of shape `[N]`.
    pub fn input(&mut self, name: &str, elem_type: i32) {
        self.graph.input.push(per_row(name, elem_type));
    }

    /// Declares a value already made as an output of shape `[N]`.
    pub fn output(&mut self, name: &str, elem_type: i32) {
        self.graph.output.push(per_row(name, elem_type));
    }

    pub fn doubles(&mut self, dims: &[usize], double_data: Vec<f64>) -> Value {
        self.constant(dims, TensorProto { data_type: Some(data_type::DOUBLE), double_data, ..Default::default() })
    }

    pub fn ints(&mut self, dims: &[usize], int64_data: Vec<i64>) -> Value {
        self.constant(dims, TensorProto { data_type: Some(data_type::INT64), int64_data, ..Default::default() })
    }

    pub fn texts(&mut self, texts: &[String]) -> Value {
        let string_data = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
        self.constant(
            &[texts.len()],
            TensorProto { data_type: Some(data_type::STRING), string_data, ..Default::default() },
        )
    }

    fn constant(&mut self, dims: &[usize], tensor: TensorProto) -> Value {
        let name = self.fresh("const");
        let dims = dims.iter().map(|&d| d as i64).collect();
        self.graph.initializer.push(TensorProto { name: Some(name.clone()), dims, ..tensor });
        name
    }

    /// An operator of the standard set; gives its only output.
    pub fn op(&mut self, op: &str, inputs: &[&Value], attrs: Vec<(&str, Attr)>) -> Value {
        let output = self.fresh(op);
        self.node("", op, inputs, &output, attrs);
        output
    }

    /// As `op`, with a given name for the result.
    pub fn op_as(&mut self, output: &str, op: &str, inputs: &[&Value], attrs: Vec<(&str, Attr)>) {
        self.node("", op, inputs, output, attrs);
    }

    /// An operator of `ai.onnx.ml`.
    pub fn ml_op(&mut self, op: &str, inputs: &[&Value], attrs: Vec<(&str, Attr)>) -> Value {
        let output = self.fresh(op);
        self.node(ML_DOMAIN, op, inputs, &output, attrs);
        output
    }

    /// As `op`, for an operator with two outputs.
    pub fn op_two(&mut self, op: &str, inputs: &[&Value], attrs: Vec<(&str, Attr)>) -> (Value, Value) {
        let first = self.op(op, inputs, attrs);
        let second = self.fresh(op);
        if let Some(node) = self.graph.node.last_mut() {
            node.output.push(second.clone());
        }
        (first, second)
    }

    fn node(&mut self, domain: &str, op: &str, inputs: &[&Value], output: &str, attrs: Vec<(&str, Attr)>) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).clone()).collect(),
            output: vec![output.to_owned()],
            name: Some(format!("{op}_{}", self.graph.node.len())),
            op_type: Some(op.to_owned()),
            attribute: attrs.into_iter().map(|(name, attr)| attribute(name, attr)).collect(),
            domain: Some(domain.to_owned()),
        });
    }

    /// The finished file.
    pub fn finish(self, metadata: &[(&str, String)]) -> Vec<u8> {
        let opset = |domain: &str, version| OperatorSetId { domain: Some(domain.to_owned()), version: Some(version) };
        let entry = |(key, value): &(&str, String)| StringEntry {
            key: Some(format!("modelwright.{key}")),
            value: Some(value.clone()),
        };
        let model = ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("modelwright".to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(self.graph),
            opset_import: vec![opset("", OPSET), opset(ML_DOMAIN, ML_OPSET)],
            metadata_props: metadata.iter().map(entry).collect(),
        };
        model.encode_to_vec()
    }
}

fn per_row(name: &str, elem_type: i32) -> ValueInfo {
    let rows = Dimension { value: None, param: Some(ROWS.to_owned()) };
    let tensor = TensorType { elem_type: Some(elem_type), shape: Some(ShapeProto { dim: vec![rows] }) };
    ValueInfo { name: Some(name.to_owned()), kind: Some(TypeProto { tensor: Some(tensor) }) }
}

fn attribute(name: &str, attr: Attr) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.to_owned()), ..Default::default() };
    let kind = match attr {
        Attr::Float(value) => {
            proto.f = Some(value);
            attribute_type::FLOAT
        }
        Attr::Int(value) => {
            proto.i = Some(value);
            attribute_type::INT
        }
        Attr::Text(value) => {
            proto.s = Some(value.as_bytes().to_vec());
            attribute_type::STRING
        }
        Attr::Bytes(value) => {
            proto.s = Some(value);
            attribute_type::STRING
        }
        Attr::Floats(values) => {
            proto.floats = values;
            attribute_type::FLOATS
        }
        Attr::Ints(values) => {
            proto.ints = values;
            attribute_type::INTS
        }
        Attr::Texts(values) => {
            proto.strings = values;
            attribute_type::STRINGS
        }
    };
    proto.kind = Some(kind);
    proto
}
