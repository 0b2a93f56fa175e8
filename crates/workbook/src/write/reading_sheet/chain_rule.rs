//! The chain rule of one parameter on the reading sheet: paths, factors, products, their sum, and one formula for all.

use longhand_derivation::chain::{Factor, Path};
use longhand_derivation::derivation::{Chain, Step};
use longhand_derivation::evaluation::Values;
use longhand_derivation::expression::{Graph, NodeId, Op};
use longhand_derivation::render::equation::{Equation, Side};
use longhand_derivation::render::spreadsheet;

use super::page::{Line, Page};
use crate::write::cell_name::cell_name;
use crate::write::live_text::quoted;
use crate::write::workbook_error::WorkbookError;

/// A number in a cell.
#[derive(Debug, Clone)]
struct InCell {
    address: String,
    value: f64,
}

/// Writes the chain rule of one parameter.
pub fn write(page: &mut Page, step: &Step, chain: &Chain) -> Result<(), WorkbookError> {
    let symbol = page.symbol(step.quantity).unicode();
    let words = page.sentence(&step.explanation);
    page.chain_heading(&symbol, &words)?;
    let several = chain.rule.paths.len() > 1;
    let mut products = Vec::new();
    for (place, path) in chain.rule.paths.iter().enumerate() {
        let label = if several { format!("Path {}: ", place + 1) } else { String::new() };
        let route: Vec<String> = path.quantities.iter().map(|&id| page.symbol(id).unicode()).collect();
        page.path(&format!("{label}{}", route.join(" → ")))?;
        products.push(write_path(page, path)?);
    }
    let total = match products.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        _ => {
            let (formula, value) = combined(Op::Add, &products);
            let nodes: Vec<NodeId> = chain.rule.paths.iter().map(|path| path.product).collect();
            let line = Line {
                symbol: "sum over the paths".to_owned(),
                formula: (1..=products.len()).map(|path| format!("path {path}")).collect::<Vec<_>>().join(" + "),
                numbers: page.live_over(&Side::SumOfValues(nodes.clone()), &|id| address_of(id, &nodes, &products)),
                why: String::new(),
                is_result: false,
            };
            let address = page.computed(&formula, value, line)?;
            Some(InCell { address, value })
        }
    };
    in_one_line(page, step.quantity, chain.short, total)
}

/// Writes a derivative that is made smaller step by step: every step, and the last one live.
pub fn write_formula(page: &mut Page, step: &Step, equation: &Equation) -> Result<(), WorkbookError> {
    let is_in_letters = |side: &&Side| matches!(side, Side::PartialsAlongEach(_) | Side::Expression(_));
    let stages: Vec<&Side> = equation.right.iter().filter(is_in_letters).collect();
    let Some(&&Side::Expression(last)) = stages.last() else { panic!("a formula ends with an expression") };
    let graph = &page.worksheet.network.graph;
    let cell = |id: NodeId| graph.symbol(id).map(cell_name);
    let formula = page.formulas.formula(last, &cell)?;
    let line = Line {
        symbol: page.written(&equation.left),
        formula: stages.iter().map(|stage| page.written(stage)).collect::<Vec<_>>().join(" = "),
        numbers: page.live(&Side::ExpressionInNumbers(last)),
        why: if step.explained_before { String::new() } else { page.sentence(&step.explanation) },
        is_result: false,
    };
    page.computed(&formula, page.worksheet.values.get(last), line).map(drop)
}

/// Writes a line for each factor and one for their product.
fn write_path(page: &mut Page, path: &Path) -> Result<InCell, WorkbookError> {
    let mut cells = Vec::new();
    for factor in &path.factors {
        cells.push(write_factor(page, factor)?);
    }
    let (formula, value) = combined(Op::Multiply, &cells);
    let nodes: Vec<NodeId> = path.factors.iter().map(|factor| factor.derivative).collect();
    let line = Line {
        symbol: "product".to_owned(),
        formula: page.written(&Side::PartialsAlong(path.quantities.clone())),
        numbers: page.live_over(&Side::ProductOfValues(nodes.clone()), &|id| address_of(id, &nodes, &cells)),
        why: "what the error receives along this path".to_owned(),
        is_result: false,
    };
    let address = page.computed(&formula, value, line)?;
    Ok(InCell { address, value })
}

/// Writes one factor: ∂upper/∂lower, as it comes from the rules and simplified.
fn write_factor(page: &mut Page, factor: &Factor) -> Result<InCell, WorkbookError> {
    let graph = &page.worksheet.network.graph;
    let simplified = page.written(&Side::Expression(factor.derivative));
    let formula = match factor.working {
        Some(working) => format!("{} = {simplified}", page.written(&Side::Expression(working))),
        None => simplified,
    };
    let line = Line {
        symbol: page.written(&Side::Partial { of: factor.upper, by: factor.lower }),
        formula,
        numbers: page.live(&Side::ExpressionInNumbers(factor.derivative)),
        why: match factor.rules.as_slice() {
            [] => String::new(),
            [rule] => format!("rule: {rule}"),
            rules => format!("rules: {}", rules.join(", ")),
        },
        is_result: false,
    };
    let cell = |id: NodeId| graph.symbol(id).map(cell_name);
    let formula = match graph.symbol(factor.derivative) {
        // The derivative may be a quantity itself, ∂o1/∂w5 = out_h1.
        Some(symbol) => cell_name(symbol),
        None => page.formulas.formula(factor.derivative, &cell)?,
    };
    let value = page.worksheet.values.get(factor.derivative);
    let address = page.computed(&formula, value, line)?;
    Ok(InCell { address, value })
}

/// The gradient as one formula over forward quantities, under its name, held against the paths.
fn in_one_line(
    page: &mut Page,
    gradient: NodeId,
    short: Option<NodeId>,
    total: Option<InCell>,
) -> Result<(), WorkbookError> {
    let graph = &page.worksheet.network.graph;
    let forward = |id: NodeId| {
        let symbol = graph.symbol(id)?;
        symbol.gradient_with_respect_to().is_none().then(|| cell_name(symbol))
    };
    let (whole, in_numbers) = match short {
        Some(short) => (Side::Expression(short), Side::ExpressionInNumbers(short)),
        None => (Side::Gradient(gradient), Side::GradientInNumbers(gradient)),
    };
    let (formula, words) = match (page.formulas.formula(short.unwrap_or(gradient), &forward), &total) {
        (Ok(formula), _) => (formula, page.written(&whole)),
        // Too long for a cell: the paths say the same.
        (Err(WorkbookError::FormulaTooLong { .. }), Some(total)) => (total.address.clone(), "as above".to_owned()),
        (Err(error), _) => return Err(error),
    };
    let line = Line {
        symbol: page.symbol(gradient).unicode(),
        formula: words,
        numbers: page.live(&in_numbers),
        why: String::new(),
        is_result: true,
    };
    page.named(gradient, &formula, line)?;
    if let Some(total) = total {
        let name = page.name(gradient);
        let (agrees, differs) = ("in one line; agrees with the paths", "DIFFERS from the paths");
        let InCell { address, value } = total;
        let verdict = format!(
            "IF(ABS({name}-{address})<=1E-12*(ABS({name})+ABS({address}))+1E-15,{},{})",
            quoted(agrees),
            quoted(differs)
        );
        let gradient = page.worksheet.values.get(gradient);
        let is_same = (gradient - value).abs() <= 1e-12 * (gradient.abs() + value.abs()) + 1e-15;
        page.verdict_on_line_before(&verdict, if is_same { agrees } else { differs })?;
    }
    Ok(())
}

/// The address of the cell that holds the value of `id`: nodes and cells go together.
fn address_of(id: NodeId, nodes: &[NodeId], cells: &[InCell]) -> String {
    let place = nodes.iter().position(|node| *node == id).expect("a value that stands in a cell");
    cells[place].address.clone()
}

/// The product or sum of several cells, from the first to the last: its formula and its value.
fn combined(op: Op, cells: &[InCell]) -> (String, f64) {
    let mut graph = Graph::new();
    let variables: Vec<NodeId> = (0..cells.len()).map(|k| graph.variable(format!("x{k}"))).collect();
    let all = variables[1..].iter().fold(variables[0], |left, &right| graph.exactly(op, vec![left, right]));
    let given: Vec<(NodeId, f64)> = variables.iter().zip(cells).map(|(&id, cell)| (id, cell.value)).collect();
    if cells.len() == 1 {
        return (cells[0].address.clone(), cells[0].value);
    }
    let address = |id: NodeId| variables.iter().position(|known| *known == id).map(|k| cells[k].address.clone());
    let formula = spreadsheet::formula(&graph, all, &address).expect("every variable has a cell");
    (formula, Values::of(&graph, &given).get(all))
}
