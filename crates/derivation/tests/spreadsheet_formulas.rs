//! Spreadsheet formulas, read back with a spreadsheet's own order of operations (a sign binds before a power).

use longhand_derivation::columns::columns;
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::network::Network;
use longhand_derivation::render::spreadsheet::formula;

/// Reads a formula as Excel does: comparison, then sums, products, powers (from the left), signs, atoms.
struct Reader<'a> {
    rest: &'a str,
    cell: &'a dyn Fn(&str) -> f64,
}

impl Reader<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn comparison(&mut self) -> f64 {
        let left = self.sum();
        if self.take(">") { f64::from(u8::from(left > self.sum())) } else { left }
    }

    fn sum(&mut self) -> f64 {
        let mut total = self.product();
        loop {
            if self.take("+") {
                total += self.product();
            } else if self.take("-") {
                total -= self.product();
            } else {
                return total;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut total = self.power();
        loop {
            if self.take("*") {
                total *= self.power();
            } else if self.take("/") {
                total /= self.power();
            } else {
                return total;
            }
        }
    }

    fn power(&mut self) -> f64 {
        let mut base = self.signed();
        while self.take("^") {
            base = base.powf(self.signed());
        }
        base
    }

    fn signed(&mut self) -> f64 {
        if self.take("-") { -self.signed() } else { self.atom() }
    }

    fn atom(&mut self) -> f64 {
        if self.take("(") {
            let inner = self.comparison();
            assert!(self.take(")"), "a closing parenthesis before {:?}", self.rest);
            return inner;
        }
        let end =
            self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if !self.take("(") {
            return word.parse().unwrap_or_else(|_| (self.cell)(word));
        }
        let mut arguments = vec![self.comparison()];
        while self.take(",") {
            arguments.push(self.comparison());
        }
        assert!(self.take(")"), "a closing parenthesis before {:?}", self.rest);
        match word {
            "EXP" => arguments[0].exp(),
            "LN" => arguments[0].ln(),
            "TANH" => arguments[0].tanh(),
            "SQRT" => arguments[0].sqrt(),
            "MAX" => arguments.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            "IF" => {
                if arguments[0] != 0.0 {
                    arguments[1]
                } else {
                    arguments[2]
                }
            }
            other => panic!("no function {other}"),
        }
    }
}

fn read(text: &str, cell: &dyn Fn(&str) -> f64) -> f64 {
    let mut reader = Reader { rest: text, cell };
    let value = reader.comparison();
    assert!(reader.rest.is_empty(), "{:?} is left of {text}", reader.rest);
    value
}

#[test]
fn every_column_of_every_network_reads_back_as_its_value() {
    let networks = [
        "",
        "biases = { per_layer = [] }\nhidden_activation = \"tanh\"\nweights = [-1, 2, -3, 0.5, -0.25, 1, -2, 3]",
        "layers = [2, 3, 3, 1]\nhidden_activation = \"relu\"\noutput_activation = \"identity\"\nbiases = { per_neuron = [] }",
        "layers = [3, 4, 3]\nloss = \"softmax_cross_entropy\"\nhidden_activation = \"tanh\"",
        "samples = [{ inputs = [1, -1], targets = [0, 1] }, { inputs = [-2, 3], targets = [0.5, 0.25] }]",
    ];
    for text in networks {
        let network = Network::build(toml::from_str(text).unwrap()).unwrap();
        let values = network.initial_values();
        let columns = columns(&network);
        // A cell for each column, and one for the learning rate.
        let cells: Vec<(NodeId, String)> = columns
            .iter()
            .map(|column| column.node)
            .chain([network.learning_rate])
            .enumerate()
            .map(|(place, node)| (node, format!("C{place}")))
            .collect();
        let cell = |id: NodeId| cells.iter().find(|(node, _)| *node == id).map(|(_, name)| name.clone());
        let content = |name: &str| {
            let (node, _) = cells.iter().find(|(_, cell)| cell == name).unwrap_or_else(|| panic!("no cell {name}"));
            values.get(*node)
        };
        let updated = network.parameters.iter().map(|parameter| parameter.updated);
        let computed = columns.iter().map(|column| column.node).filter(|id| network.graph.node(*id).op != Op::Variable);
        for node in computed.chain(updated) {
            let text = formula(&network.graph, node, &cell).unwrap();
            let (found, expected) = (read(&text, &content), values.get(node));
            let name = network.graph.name(node);
            assert!(
                (found - expected).abs() <= 1e-13 * expected.abs().max(1e-3),
                "{name} = {text}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn a_gradient_is_written_out_over_the_cells_that_there_are() {
    let network = Network::build(Default::default()).unwrap();
    let forward_only = |id: NodeId| {
        let name = network.graph.name(id);
        if name.starts_with("dE_") { None } else { Some(name.to_owned()) }
    };
    let gradient = |place: usize| formula(&network.graph, network.parameters[place].gradient, &forward_only).unwrap();
    assert_eq!(gradient(4), "(out_o1-t1)*out_o1*(1-out_o1)*out_h1");
    assert_eq!(gradient(2), "((out_o1-t1)*out_o1*(1-out_o1)*w6+(out_o2-t2)*out_o2*(1-out_o2)*w8)*out_h2*(1-out_h2)*i1");
}

#[test]
fn a_variable_without_a_cell_is_an_error() {
    let network = Network::build(Default::default()).unwrap();
    let error = formula(&network.graph, network.total_error, &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "the formula of E_total needs t1, which has no cell; give every variable a cell");
}

#[test]
fn signs_and_powers_keep_their_parentheses() {
    let mut graph = Graph::new();
    let (x, y) = (graph.variable("x"), graph.variable("y"));
    let square = graph.power(x, 2);
    let product = graph.multiply(square, y);
    let negative = graph.negate(product);
    let minus_three = graph.constant(-3.0);
    let cube = graph.exactly(Op::Power(3), vec![minus_three]);
    let quotient = graph.divide(y, product);
    let reciprocal = graph.power(x, -2);
    let difference = graph.subtract(x, negative);
    let nested = graph.exactly(Op::Subtract, vec![x, difference]);
    let cell = |id: NodeId| Some(graph.name(id).to_owned());
    let cases = [
        (negative, "-(x^2*y)", -12.0),
        (cube, "(-3)^3", -27.0),
        (quotient, "y/(x^2*y)", 0.25),
        (reciprocal, "x^(-2)", 0.25),
        (difference, "x+x^2*y", 14.0),
        (nested, "x-(x+x^2*y)", -12.0),
    ];
    for (node, text, value) in cases {
        let found = formula(&graph, node, &cell).unwrap();
        assert_eq!(found, text);
        assert_eq!(read(&found, &|name| if name == "x" { 2.0 } else { 3.0 }), value);
    }
}
