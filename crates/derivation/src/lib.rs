//! Small neural networks worked out by hand: expressions, derivative rules, the chain rule as data, the training table.
//!
//! Pure mathematics: no files, no threads, no output. One [`Graph`](expression::Graph) holds every quantity of a
//! network, forward, backward and updated, and everything that people see (text, LaTeX, MathML, spreadsheet formulas,
//! the table, a page that recomputes itself) is a view of that graph. No number is typed twice.
//!
//! # A walk through it
//!
//! ```
//! use longhand_derivation::document;
//! use longhand_derivation::render::{definition, expression, latex::Latex, spreadsheet, unicode::Unicode};
//! use longhand_derivation::spec::NetworkSpec;
//! use longhand_derivation::worksheet::Worksheet;
//!
//! // The default is the 2-2-2 network of the exercise; any other comes from TOML, see `spec`.
//! let worksheet = Worksheet::work_out(NetworkSpec::default())?;
//! let network = &worksheet.network;
//! let graph = &network.graph;
//!
//! // Quantities are nodes with names; values are looked up by node.
//! let out_h1 = graph.find("out_h1").unwrap();
//! assert_eq!(worksheet.values.get(out_h1), 0.5068745667645342);
//! assert_eq!(definition(graph, out_h1, &Unicode), "1 / (1 + e^(−h1))");
//! assert_eq!(definition(graph, out_h1, &Latex), r"\frac{1}{1 + e^{-h_{1}}}");
//!
//! // A gradient is a quantity like any other. In a spreadsheet, what has a cell is named by it, and the rest is
//! // written out.
//! let cell = |id| match graph.name(id) {
//!     name if name.starts_with("dE_") => None,
//!     name => Some(format!("{}2", name.to_uppercase())),
//! };
//! let gradient = network.parameters[4].gradient;
//! assert_eq!(
//!     spreadsheet::formula(graph, gradient, &cell)?,
//!     "(OUT_O12-T12)*OUT_O12*(1-OUT_O12)*OUT_H12"
//! );
//!
//! // The chain rule is data: paths of factors.
//! let derivation = worksheet.derivation.as_ref().unwrap();
//! let chain = derivation.chains().next().unwrap(); // of w5, the first to be derived
//! let path = &chain.rule.paths[0];
//! let route: Vec<&str> = path.quantities.iter().map(|&id| graph.name(id)).collect();
//! assert_eq!(route, ["E_total", "E1", "out_o1", "o1", "w5"]);
//! assert_eq!(expression(graph, path.factors[1].derivative, &Unicode), "out_o1 − t1");
//! assert_eq!(graph.name(chain.rule.vanishing[0].through), "E2");
//!
//! // The table: one run of rows for each learning rate, with columns that say what they hold.
//! let rate = &worksheet.table.rates[0];
//! assert_eq!((rate.learning_rate, rate.rows()), (0.1, 181));
//! let w5 = worksheet.table.column(graph.find("w5").unwrap()).unwrap();
//! assert_eq!(rate.cell(2, w5), Some(0.3927842927087864));
//!
//! assert!(document::markdown(&worksheet).starts_with("# Back-propagation by hand: a 2-2-2 network"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! | --- | --- |
//! | [`spec`], [`spec_error`] | the description of a network, its defaults and its checks |
//! | [`typed`] | numbers, sizes and samples as people type them |
//! | [`expression`], [`symbol`] | the graph and the names of its quantities |
//! | [`rules`], [`derivative`] | the table of derivative rules; derivatives and gradients as expressions |
//! | [`network`] | a description turned into a graph: neurons, errors, parameters, updates |
//! | [`chain`] | the paths from the error to a parameter, factor by factor |
//! | [`derivation`] | all steps in the order in which a person writes them |
//! | [`evaluation`], [`tape`] | numbers for expressions, once or very often |
//! | [`columns`], [`table`] | the training table |
//! | [`divergence`] | what learning rates that are too large do |
//! | [`render`] | formulas and equations in Unicode, LaTeX, MathML and as spreadsheet formulas |
//! | [`document`], [`mod@export`] | the derivation as Markdown, LaTeX and HTML; everything as data for a page |
//! | [`worksheet`] | all of it for one network |
//!
//! # How the workbook's rows follow from the graph
//!
//! [`columns::columns`] says which quantity stands in which column. In a row, an input, target or fixed bias is what was
//! given (or the cell above); a [`Group::Parameter`](columns::Group::Parameter) is, in the first row, its initial value
//! and below it [`Parameter::updated`](network::Parameter::updated) in terms of the row above; every other column is the
//! [`render::spreadsheet::formula`] of its node in terms of the cells of its own row.
#![forbid(unsafe_code)]

pub mod chain;
pub mod columns;
pub mod derivation;
pub mod derivative;
pub mod divergence;
pub mod document;
pub mod evaluation;
pub mod export;
pub mod expression;
mod naming;
pub mod network;
pub mod number;
pub mod render;
pub mod rules;
mod simplify;
mod softmax_error;
pub mod spec;
pub mod spec_error;
pub mod symbol;
pub mod table;
pub mod tape;
pub mod typed;
pub mod worksheet;
