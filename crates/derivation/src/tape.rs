//! A graph flattened for speed: one straight list of instructions over one array of numbers.

use crate::evaluation::apply;
use crate::expression::{Graph, NodeId, Op};

/// One instruction: the slot it writes is named in it, so that inputs come first.
#[derive(Debug, Clone, Copy)]
struct Instruction {
    op: Op,
    /// The slots of the first two operands (the second repeats the first where there is one only).
    x: u32,
    y: u32,
    /// Where more than two operands are needed: their range in `Tape::many`.
    many: (u32, u32),
    slot: u32,
}

/// The part of a graph that some outputs need, ready to be evaluated many times with different inputs.
#[derive(Debug, Clone)]
pub struct Tape {
    inputs: usize,
    constants: Vec<(u32, f64)>,
    instructions: Vec<Instruction>,
    many: Vec<u32>,
    outputs: Vec<u32>,
    slots: usize,
}

impl Tape {
    /// Flattens what `outputs` need. Panics where they need a variable that is not among `inputs`.
    pub fn compile(graph: &Graph, inputs: &[NodeId], outputs: &[NodeId]) -> Self {
        let needed = graph.needed_by(outputs);
        let mut slot_of: Vec<Option<u32>> = vec![None; graph.nodes().len()];
        for (slot, input) in inputs.iter().enumerate() {
            slot_of[input.index()] = Some(slot as u32);
        }
        let mut slots = inputs.len() as u32;
        let (mut constants, mut instructions, mut many) = (Vec::new(), Vec::new(), Vec::new());
        for id in graph.ids().filter(|id| needed[id.index()]) {
            if slot_of[id.index()].is_some() {
                continue;
            }
            let node = graph.node(id);
            let slot = slots;
            slots += 1;
            slot_of[id.index()] = Some(slot);
            let operands: Vec<u32> =
                node.operands.iter().map(|operand| slot_of[operand.index()].expect("operands come first")).collect();
            match (node.op, operands.as_slice()) {
                (Op::Constant(value), _) => constants.push((slot, value)),
                (Op::Variable, _) => panic!("{} is needed but no input", graph.name(id)),
                (op @ Op::Softmax(_), _) => {
                    let start = many.len() as u32;
                    many.extend(&operands);
                    let range = (start, many.len() as u32);
                    instructions.push(Instruction { op, x: 0, y: 0, many: range, slot });
                }
                (op, operands) => {
                    let (x, y) = (operands[0], operands[operands.len() - 1]);
                    instructions.push(Instruction { op, x, y, many: (0, 0), slot });
                }
            }
        }
        let outputs = outputs.iter().map(|id| slot_of[id.index()].expect("outputs are needed")).collect();
        Tape { inputs: inputs.len(), constants, instructions, many, outputs, slots: slots as usize }
    }

    /// The number of inputs.
    pub fn input_count(&self) -> usize {
        self.inputs
    }

    /// The number of outputs.
    pub fn output_count(&self) -> usize {
        self.outputs.len()
    }

    /// The number of operations that one evaluation takes.
    pub fn operations(&self) -> usize {
        self.instructions.len()
    }

    /// Evaluates once and overwrites `outputs`; `memory` is kept between calls to save allocations and may start empty.
    /// Panics where a slice has another length than was compiled.
    pub fn evaluate(&self, inputs: &[f64], memory: &mut Vec<f64>, outputs: &mut [f64]) {
        assert_eq!((inputs.len(), outputs.len()), (self.input_count(), self.output_count()), "inputs and outputs");
        memory.resize(self.slots, 0.0);
        memory[..inputs.len()].copy_from_slice(inputs);
        for &(slot, value) in &self.constants {
            memory[slot as usize] = value;
        }
        let mut operands = Vec::new();
        for instruction in &self.instructions {
            let (x, y) = (memory[instruction.x as usize], memory[instruction.y as usize]);
            memory[instruction.slot as usize] = match instruction.op {
                Op::Softmax(_) => {
                    let (start, end) = instruction.many;
                    operands.clear();
                    operands.extend(self.many[start as usize..end as usize].iter().map(|slot| memory[*slot as usize]));
                    apply(instruction.op, &operands)
                }
                op => apply(op, &[x, y]),
            };
        }
        for (output, slot) in outputs.iter_mut().zip(&self.outputs) {
            *output = memory[*slot as usize];
        }
    }
}
