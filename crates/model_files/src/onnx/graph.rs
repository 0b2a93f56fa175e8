//! Steps as ONNX nodes.

use longhand_nn::Shape;

use super::proto::{
    Attribute, AttributeType, Dimension, Extent, FLOAT, Graph, INT64, Node, Tensor, TensorShape, TensorType, Type,
    ValueInfo,
};
use super::{BATCH, INPUT, OUTPUT};
use crate::fingerprint::little_endian;
use crate::inference_steps::{Operation, ScaleShift, Step, Weights, singles};

/// The graph of `steps`, from [`INPUT`] to [`OUTPUT`].
pub fn graph(steps: &[Step], name: &str, input: &str, output: &str) -> Graph {
    let first = steps.first().expect("a network has layers").input;
    let classes = steps.last().expect("a network has layers").output;
    let mut builder = Builder { graph: Graph::default(), value: INPUT.into(), layout: Layout::Map, shape: first };
    for step in steps {
        builder.add(step);
    }
    let mut graph = builder.graph;
    // The last value is the output, not one on the way.
    graph.value_info.pop();
    graph.name = name.into();
    graph.doc_string = format!("{input}\n{output}");
    graph.input = vec![value_info(INPUT, first, Layout::Map, input)];
    graph.output = vec![value_info(OUTPUT, classes, Layout::Vector, output)];
    graph
}

/// How an activation lies in ONNX: batch × channels × rows × columns, or batch × elements.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Map,
    Vector,
}

/// A graph with everything up to one value.
struct Builder {
    graph: Graph,
    value: String,
    layout: Layout,
    shape: Shape,
}

impl Builder {
    fn add(&mut self, step: &Step) {
        let name = &step.name;
        self.need(match step.operation {
            Operation::Convolution { .. } | Operation::MaxPool | Operation::GlobalAveragePool => Layout::Map,
            Operation::Linear { .. } | Operation::LogSoftmax => Layout::Vector,
            _ => self.layout,
        });
        self.shape = step.output;
        match &step.operation {
            Operation::Normalise { mean, std } => {
                // In the network's own order and precision, so that it sees the same bits.
                for (op_type, verb, what, value) in [
                    ("Div", "divide_by", "white", 255.0),
                    ("Sub", "subtract", "mean", *mean),
                    ("Div", "divide_by", "std", *std),
                ] {
                    let constant = self.constant(&format!("{name}.{what}"), &[], &[value]);
                    self.node(op_type, &format!("{name}.{verb}_{what}"), vec![constant], vec![]);
                }
            }
            Operation::Convolution { weights, kernel, padding, depthwise } => {
                let groups = if *depthwise { step.input.channels } else { 1 };
                let shape = [step.output.channels, step.input.channels / groups, *kernel, *kernel];
                let inputs = self.weights(name, &shape, weights);
                let mut attributes =
                    vec![ints("kernel_shape", &[*kernel; 2]), ints("pads", &[*padding; 4]), ints("strides", &[1; 2])];
                if *depthwise {
                    attributes.push(int("group", groups as i64));
                }
                self.node("Conv", name, inputs, attributes);
            }
            Operation::Relu { floor: None } => self.node("Relu", name, vec![], vec![]),
            Operation::Relu { floor: Some(floor) } => {
                let floor = self.per_channel(&format!("{name}.floor"), floor);
                self.node("Max", name, vec![floor], vec![]);
                self.graph.node.last_mut().expect("just added").doc_string =
                    "ReLU, and the batch norm behind it: what cut at 0 cuts at the batch norm's shift".into();
            }
            Operation::BatchNorm { gamma, beta, mean, var, eps } => {
                let tensors = [("weight", gamma), ("bias", beta), ("running_mean", mean), ("running_var", var)];
                let shape = [step.input.channels];
                let mut inputs = Vec::new();
                for (what, values) in tensors {
                    inputs.push(self.constant(&format!("{name}.{what}"), &shape, &singles(values)));
                }
                let epsilon = Attribute { f: Some(*eps as f32), ..attribute("epsilon", AttributeType::Float) };
                self.node("BatchNormalization", name, inputs, vec![epsilon]);
            }
            Operation::ScaleShift(ScaleShift { scale, shift }) => {
                let scale = self.per_channel(&format!("{name}.scale"), scale);
                self.node("Mul", &format!("{name}.multiply"), vec![scale], vec![]);
                let shift = self.per_channel(&format!("{name}.shift"), shift);
                self.node("Add", &format!("{name}.add"), vec![shift], vec![]);
            }
            Operation::MaxPool => {
                let attributes = vec![ints("kernel_shape", &[2; 2]), ints("strides", &[2; 2])];
                self.node("MaxPool", name, vec![], attributes);
            }
            Operation::GlobalAveragePool => self.node("GlobalAveragePool", name, vec![], vec![]),
            Operation::Linear { weights } => {
                let inputs = self.weights(name, &[step.output.channels, step.input.elements()], weights);
                self.node("Gemm", name, inputs, vec![int("transB", 1)]);
            }
            Operation::LogSoftmax => {
                self.node("LogSoftmax", name, vec![], vec![int("axis", 1)]);
                let last = self.graph.node.last_mut().expect("just added");
                last.output = vec![OUTPUT.into()];
            }
        }
    }

    /// Sees to it that the value lies as the next node wants it.
    fn need(&mut self, layout: Layout) {
        if self.layout == layout {
            return;
        }
        self.layout = layout;
        let from = self.value.clone();
        match layout {
            Layout::Vector => {
                self.shape = Shape::vector(self.shape.elements());
                self.node("Flatten", &format!("{from}.flatten"), vec![], vec![int("axis", 1)]);
            }
            // Every vector is one row and one column of channels.
            Layout::Map => {
                let axes = format!("{from}.axes");
                let rows_and_columns = [2i64, 3].iter().flat_map(|axis| axis.to_le_bytes()).collect();
                self.initializer(&axes, &[2], INT64, rows_and_columns);
                self.node("Unsqueeze", &format!("{from}.unsqueeze"), vec![axes], vec![]);
            }
        }
    }

    /// Adds the node that reads the present value, then `inputs`, and writes a new one, with its name.
    fn node(&mut self, op_type: &str, name: &str, inputs: Vec<String>, attribute: Vec<Attribute>) {
        let output = format!("{name}.output");
        let value = std::mem::replace(&mut self.value, output.clone());
        self.graph.node.push(Node {
            input: [value].into_iter().chain(inputs).collect(),
            output: vec![output.clone()],
            name: name.into(),
            op_type: op_type.into(),
            attribute,
            doc_string: String::new(),
        });
        self.graph.value_info.push(value_info(&output, self.shape, self.layout, ""));
    }

    fn weights(&mut self, name: &str, shape: &[usize], weights: &Weights) -> Vec<String> {
        let mut inputs = vec![self.constant(&format!("{name}.weight"), shape, &singles(&weights.weight))];
        if let Some(bias) = &weights.bias {
            inputs.push(self.constant(&format!("{name}.bias"), &shape[..1], &singles(bias)));
        }
        inputs
    }

    /// A constant with a value for each channel, in the shape that broadcasts over the present value.
    fn per_channel(&mut self, name: &str, values: &[f64]) -> String {
        let shape: &[usize] = if self.layout == Layout::Map { &[values.len(), 1, 1] } else { &[values.len()] };
        self.constant(name, shape, &singles(values))
    }

    fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.initializer(name, shape, FLOAT, little_endian(values));
        name.into()
    }

    fn initializer(&mut self, name: &str, shape: &[usize], data_type: i32, bytes: Vec<u8>) {
        let dims = shape.iter().map(|&n| n as i64).collect();
        self.graph.initializer.push(Tensor { dims, data_type, name: name.into(), raw_data: Some(bytes) });
    }
}

fn value_info(name: &str, shape: Shape, layout: Layout, doc_string: &str) -> ValueInfo {
    let sizes = match layout {
        Layout::Map => vec![shape.channels, shape.height, shape.width],
        Layout::Vector => vec![shape.elements()],
    };
    let batch = Extent::Parameter(BATCH.into());
    let extents = [batch].into_iter().chain(sizes.into_iter().map(|n| Extent::Value(n as i64)));
    let dim = extents.map(|extent| Dimension { extent: Some(extent) }).collect();
    let tensor = TensorType { elem_type: FLOAT, shape: Some(TensorShape { dim }) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor_type: Some(tensor) }), doc_string: doc_string.into() }
}

fn attribute(name: &str, kind: AttributeType) -> Attribute {
    Attribute { name: name.into(), kind: kind.into(), ..Attribute::default() }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute { i: Some(value), ..attribute(name, AttributeType::Int) }
}

fn ints(name: &str, values: &[usize]) -> Attribute {
    Attribute { ints: values.iter().map(|&v| v as i64).collect(), ..attribute(name, AttributeType::Ints) }
}
