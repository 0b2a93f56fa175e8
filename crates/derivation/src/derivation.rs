//! The whole derivation in the order in which a person writes it, as data.
//!
//! Forward (h, out_h, o, out_o, E), the gradients of the output layer, those of the hidden layers from the last to the
//! first, the update. Each [`Step`] is about one quantity and says in words what is done, and in equations how; the
//! documents, the page and the workbook's reading sheet are views of these steps.

use crate::chain::{ChainRule, Factor};
use crate::expression::NodeId;
use crate::network::{Network, Role};
use crate::render::equation::{Equation, Side};
use crate::softmax_error::{SumGradient, shortened, sum_gradients};
use crate::spec::{Activation, Loss};

/// The most quantities that a sentence names one by one.
const FEW_NAMES: usize = 4;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inline {
    /// Plain words.
    Text(String),
    /// Something in mathematical notation.
    Math(Side),
}

/// A sentence, or several.
pub type Sentence = Vec<Inline>;

/// The derivation of one network.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Derivation {
    /// Forward, one layer of gradients after another, update.
    pub sections: Vec<Section>,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// From the inputs to the error, for one sample (from 0).
    Forward(usize),
    /// The sum of the errors of several samples.
    TotalError,
    /// The gradients of the parameters that lead into a layer (0 is the first behind the input).
    Gradients(usize),
    /// One step of gradient descent.
    Update,
}

/// A heading and the steps below it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Section {
    /// What it is about.
    pub topic: Topic,
    /// The heading.
    pub heading: Sentence,
    /// What is about to be done.
    pub introduction: Sentence,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// One step: the words and the work for one quantity.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Step {
    /// The quantity that this step finds: `h1`, `dE_dw5`, `w5_new`.
    pub quantity: NodeId,
    /// What is done and why.
    pub explanation: Sentence,
    /// Whether the step before or an earlier one explained the same about another neuron, so that a document read from
    /// top to bottom need not say it again.
    pub explained_before: bool,
    /// How.
    pub work: Work,
}

/// The mathematics of a step.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Formula, formula with numbers in place, value.
    Formula(Equation),
    /// A gradient by the chain rule.
    Chain(Chain),
}

/// The chain rule for one parameter, with the equations that work it out.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Chain {
    /// The paths and factors as data.
    pub rule: ChainRule,
    /// For each path: ∂E_total/∂E1 · ∂E1/∂out_o1 · …, the values of the factors multiplied, and the product.
    pub paths: Vec<Equation>,
    /// The sum over the paths, where there are several: values added, and the gradient.
    pub sum: Option<Equation>,
    /// The gradient over forward quantities where it is shorter than as back-propagation has it: behind softmax and
    /// cross-entropy, of which `out_o1 − t1` is left. What paths have in common stands in it once.
    pub short: Option<NodeId>,
    /// The gradient as one formula over forward quantities, with numbers in place, and its value.
    pub in_one_line: Equation,
}

/// The equation of a factor: as it comes from the rules (where that is different), simplified, with numbers in place,
/// and its value.
pub fn factor_equation(factor: &Factor) -> Equation {
    let mut right: Vec<Side> = factor.working.into_iter().map(Side::Expression).collect();
    right.extend([
        Side::Expression(factor.derivative),
        Side::ExpressionInNumbers(factor.derivative),
        Side::Value(factor.derivative),
    ]);
    Equation { left: Side::Partial { of: factor.upper, by: factor.lower }, right }
}

impl Derivation {
    /// Writes the derivation of a network and adds the expressions that it needs to the network's graph.
    ///
    /// Meant for networks that can be read, see [`Network::is_readable`]: the number of paths grows with every layer.
    pub fn write(network: &mut Network) -> Self {
        let mut sections: Vec<Section> = (0..network.samples.len()).map(|sample| forward(network, sample)).collect();
        if network.samples.len() > 1 {
            sections.push(total_error(network));
        }
        let sums = sum_gradients(network);
        for layer in (0..network.spec.layers.len() - 1).rev() {
            sections.push(layer_gradients(network, layer, &sums));
        }
        sections.push(update(network));
        Derivation { sections }
    }

    /// The chain rule of every parameter, in the order in which they are derived.
    pub fn chains(&self) -> impl Iterator<Item = &Chain> {
        self.sections.iter().flat_map(|section| &section.steps).filter_map(|step| match &step.work {
            Work::Chain(chain) => Some(chain),
            Work::Formula(_) => None,
        })
    }
}

/// Builds sentences out of words and quantities.
#[derive(Default)]
struct Words(Sentence);

impl Words {
    fn text(mut self, text: impl Into<String>) -> Self {
        self.0.push(Inline::Text(text.into()));
        self
    }

    fn name(mut self, id: NodeId) -> Self {
        self.0.push(Inline::Math(Side::Name(id)));
        self
    }

    fn partial(mut self, of: NodeId, by: NodeId) -> Self {
        self.0.push(Inline::Math(Side::Partial { of, by }));
        self
    }
}

fn say(text: impl Into<String>) -> Words {
    Words::default().text(text)
}

fn forward(network: &Network, sample: usize) -> Section {
    let nodes = &network.samples[sample];
    let formula = |quantity, place: usize, words: Words| Step {
        quantity,
        explanation: words.0,
        explained_before: place > 0 || sample > 0,
        work: Work::Formula(Equation::of_quantity(quantity)),
    };
    let mut steps = Vec::new();
    let output_layer = nodes.layers.len() - 1;
    for (layer, neurons) in nodes.layers.iter().enumerate() {
        let has_bias = network.fixed_biases.iter().any(|bias| bias.layer == layer)
            || network.parameters.iter().any(|parameter| parameter.role == Role::Bias { layer, to: 0 });
        let enters = match has_bias {
            true => ": each number that comes in, times its weight, all added up, and the bias.",
            false => ": each number that comes in, times its weight, all added up.",
        };
        for (place, neuron) in neurons.iter().enumerate() {
            steps.push(formula(neuron.net, place, say("What enters neuron ").name(neuron.net).text(enters)));
            if (layer, network.spec.loss) != (output_layer, Loss::SoftmaxCrossEntropy) {
                let is_output = layer == output_layer;
                let activation =
                    if is_output { network.spec.output_activation } else { network.spec.hidden_activation };
                let passes = format!(" passes on {}", activation_words(activation));
                steps.push(formula(neuron.out, place, say("Neuron ").name(neuron.net).text(passes)));
            }
        }
        if (layer, network.spec.loss) == (output_layer, Loss::SoftmaxCrossEntropy) {
            for (place, neuron) in neurons.iter().enumerate() {
                let words = say("Softmax: e to the power of ").name(neuron.net);
                let words = words.text(", as a share of the sum of all of them.");
                steps.push(formula(neuron.out, place, words));
            }
        }
    }
    let outputs = &nodes.layers[output_layer];
    for (place, &error) in nodes.errors.iter().enumerate() {
        let (neuron, target) = (outputs[place], nodes.targets[place]);
        let words = match network.spec.loss {
            Loss::SquaredError => {
                say("Half the square of how far ").name(neuron.out).text(" is from its target ").name(target).text(".")
            }
            Loss::SoftmaxCrossEntropy => {
                say("Cross-entropy: the target ").name(target).text(" times −ln of ").name(neuron.out).text(".")
            }
        };
        steps.push(formula(error, place, words));
    }
    let words = match nodes.errors.len() {
        1 => say("There is only one output, so this is the whole error."),
        _ => say("The errors of the outputs, added up."),
    };
    steps.push(formula(nodes.error, 0, words));
    let several = network.samples.len() > 1;
    Section {
        topic: Topic::Forward(sample),
        heading: match several {
            true => say(format!("Forward, sample {}: from the inputs to the error", sample + 1)).0,
            false => say("Forward: from the inputs to the error").0,
        },
        introduction: say("Every neuron adds up what comes in and passes on the result of its activation.").0,
        steps,
    }
}

fn activation_words(activation: Activation) -> &'static str {
    match activation {
        Activation::Sigmoid => "the sigmoid of what enters, a number between 0 and 1.",
        Activation::Tanh => "the hyperbolic tangent of what enters, a number between −1 and 1.",
        Activation::Relu => "what enters where that is above 0, else 0.",
        Activation::Identity => "what enters, unchanged.",
    }
}

fn total_error(network: &Network) -> Section {
    let quantity = network.total_error;
    let explanation = say("The errors of the samples, added up.").0;
    let work = Work::Formula(Equation::of_quantity(quantity));
    Section {
        topic: Topic::TotalError,
        heading: say("The error of all samples").0,
        introduction: say("Training lowers the errors of all samples together.").0,
        steps: vec![Step { quantity, explanation, explained_before: false, work }],
    }
}

fn layer_gradients(network: &mut Network, layer: usize, sums: &[SumGradient]) -> Section {
    let parameters: Vec<_> =
        network.parameters.iter().filter(|parameter| parameter.role.layer() == layer).copied().collect();
    let layers = network.spec.layers.len() - 1;
    let mut heading = say(match (layer + 1 == layers, layers) {
        (true, _) => "The output layer: the gradients by ".to_owned(),
        (false, 2) => "The hidden layer: the gradients by ".to_owned(),
        (false, _) => format!("Hidden layer {}: the gradients by ", layer + 1),
    });
    for (place, parameter) in parameters.iter().enumerate() {
        let joint = if place + 1 == parameters.len() { " and " } else { ", " };
        heading = if place > 0 { heading.text(joint) } else { heading }.name(parameter.node);
    }
    let introduction = match (layer + 1 == layers, network.spec.loss) {
        (true, Loss::SquaredError) => {
            say("Each of these stands in the sum of one output neuron, so the error hears of it through that neuron.")
        }
        (true, Loss::SoftmaxCrossEntropy) => say(
            "Each of these stands in the sum of one output neuron, and softmax passes that sum on to every output. So first \
             what the error hears of such a sum, along all ways together: with that every path begins.",
        ),
        (false, loss) => {
            let every_path = say(
                "Each of these stands in the sum of one hidden neuron, and what that neuron passes on reaches every \
                 neuron of the next layer: the error hears of it along every path there is, and the paths are added up.",
            );
            match loss {
                Loss::SquaredError => every_path,
                Loss::SoftmaxCrossEntropy => every_path.text(
                    " What it hears of the sum of an output was found above, so that is the first factor of each path.",
                ),
            }
        }
    };
    let mut steps = if layer + 1 == layers { sum_steps(sums) } else { Vec::new() };
    let known: Vec<Factor> = sums.iter().map(|sum| sum.factor.clone()).collect();
    steps.extend(parameters.into_iter().map(|parameter| {
        let (graph, of) = (&mut network.graph, network.total_error);
        let rule = match known.as_slice() {
            [] => ChainRule::write(graph, of, parameter.node),
            known => ChainRule::through(graph, of, parameter.node, known),
        };
        let explanation = chain_words(&rule, &known).0;
        let short = (!sums.is_empty()).then(|| shortened(&mut network.graph, parameter.gradient, sums));
        let work = Work::Chain(chain_equations(rule, parameter.gradient, short));
        Step { quantity: parameter.gradient, explanation, explained_before: false, work }
    }));
    Section { topic: Topic::Gradients(layer), heading: heading.0, introduction: introduction.0, steps }
}

/// What is left of softmax and cross-entropy, for each output's sum.
fn sum_steps(sums: &[SumGradient]) -> Vec<Step> {
    let words = |sum: &SumGradient| {
        Words::default()
            .name(sum.factor.upper)
            .text(" adds up the errors of the outputs, and each of them hears of ")
            .name(sum.factor.lower)
            .text(
                " through its own output: a product for each, by the rules for logarithm and softmax. What stands below the \
                 fractions cancels, and the targets add up to 1: of softmax and cross-entropy ",
            )
            .name(sum.out)
            .text(" − ")
            .name(sum.target)
            .text(" is left, what the output is too large by.")
    };
    let step = |(place, sum): (usize, &SumGradient)| Step {
        quantity: sum.gradient,
        explanation: words(sum).0,
        explained_before: place > 0,
        work: Work::Formula(sum.equation.clone()),
    };
    sums.iter().enumerate().map(step).collect()
}

/// The vanishing paths in words, and how many are left; behind softmax, that their first factors are `known`.
fn chain_words(rule: &ChainRule, known: &[Factor]) -> Words {
    let (of, by) = (rule.of, rule.with_respect_to);
    let mut words = Words::default();
    for vanishing in &rule.vanishing {
        words = words.name(vanishing.through).text(" receives nothing through ").name(by).text(", so ");
        words = words.partial(vanishing.through, by).text(" = 0. ");
    }
    words = known_words(words, rule, known);
    words = match rule.paths.len() {
        0 => words.text("No path leads from ").name(of).text(" to ").name(by).text("."),
        1 if rule.vanishing.is_empty() => words.text("One path leads from "),
        1 => words.text("One path is left, from "),
        2 => words.text("Two paths lead from "),
        3 => words.text("Three paths lead from "),
        4 => words.text("Four paths lead from "),
        many => words.text(format!("{many} paths lead from ")),
    };
    if !rule.paths.is_empty() {
        words = words.name(of).text(" to ").name(by);
        words = words.text(if rule.paths.len() == 1 { ":" } else { "; the gradient is their sum:" });
    }
    words
}

/// That the gradients with which the paths begin are known, where they are.
fn known_words(words: Words, rule: &ChainRule, known: &[Factor]) -> Words {
    let is_passed = |factor: &&Factor| rule.paths.iter().any(|path| path.factors[0].lower == factor.lower);
    let passed: Vec<NodeId> = known.iter().filter(is_passed).map(|factor| factor.lower).collect();
    match passed.as_slice() {
        [] => words,
        &[sum] => words.partial(rule.of, sum).text(" is known. "),
        [first, between @ .., last] if passed.len() <= FEW_NAMES => {
            let words = words.text("The gradients by ").name(*first);
            let words = between.iter().fold(words, |words, sum| words.text(", ").name(*sum));
            words.text(" and ").name(*last).text(" are known. ")
        }
        _ => words.text("The gradients by the sums of the outputs are known. "),
    }
}

fn chain_equations(rule: ChainRule, gradient: NodeId, short: Option<NodeId>) -> Chain {
    let (of, by) = (rule.of, rule.with_respect_to);
    let left = Side::Partial { of, by };
    let several = rule.paths.len() > 1;
    let paths = rule
        .paths
        .iter()
        .map(|path| {
            let factors = path.factors.iter().map(|factor| factor.derivative).collect();
            let right = vec![Side::ProductOfValues(factors), Side::Value(path.product)];
            Equation { left: Side::PartialsAlong(path.quantities.clone()), right }
        })
        .collect();
    let sum = several.then(|| Equation {
        left: left.clone(),
        right: vec![Side::SumOfValues(rule.paths.iter().map(|path| path.product).collect()), Side::Value(rule.sum)],
    });
    let right = match short {
        Some(short) => vec![Side::Expression(short), Side::ExpressionInNumbers(short), Side::Value(gradient)],
        None => vec![Side::Gradient(gradient), Side::GradientInNumbers(gradient), Side::Value(gradient)],
    };
    Chain { rule, paths, sum, short, in_one_line: Equation { left, right } }
}

fn update(network: &Network) -> Section {
    let steps = network
        .parameters
        .iter()
        .map(|parameter| Step {
            quantity: parameter.updated,
            explanation: Vec::new(),
            explained_before: false,
            work: Work::Formula(Equation::of_quantity(parameter.updated)),
        })
        .collect();
    let introduction = say("Each parameter goes a little way against its gradient, ")
        .name(network.learning_rate)
        .text(" times as far. All gradients above were taken at the old values, so all parameters change at once.");
    Section { topic: Topic::Update, heading: say("The update").0, introduction: introduction.0, steps }
}
