//! Derivations, for Python and its notebooks.

use longhand::SmallNetwork;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::of_f64;
use crate::error::{LonghandError, refused};

/// A small network worked out by hand, by `derive`. In a notebook it shows itself: every formula, with numbers in place.
///
/// Example:
///     >>> derivation = longhand.derive([2, 2, 2])
///     >>> derivation.value("dE_dw5")
///     0.07215707291213626
#[pyclass(module = "longhand", frozen)]
pub struct Derivation(longhand::Derivation);

/// Works a small fully connected network out: every derivative, every number, and its training table.
///
/// What is left out is as in the well-known 2-2-2 exercise.
///
/// Args:
///     layers: layer sizes, inputs first, outputs last.
///     hidden_activation, output_activation: "sigmoid", "tanh", "relu" or "identity".
///     loss: "squared_error" or "softmax_cross_entropy".
///     biases: "none", "per_layer" (fixed) or "per_neuron" (trained).
///     bias_values: their values, layer by layer.
///     samples: a list of (inputs, targets); the error is summed over them.
///     weights: by layer, then by the neuron they lead into, then by where they come from.
///     learning_rates: a table for each.
///     rows: rows of each table.
///
/// Example:
///     >>> longhand.derive([2, 3, 1], hidden_activation="tanh", samples=[([0, 1], [1]), ([1, 1], [0])])
///     Derivation(2-3-1)
#[pyfunction]
#[pyo3(signature = (layers=None, *, hidden_activation=None, output_activation=None, loss=None, biases=None,
    bias_values=None, samples=None, weights=None, learning_rates=None, rows=None))]
#[allow(clippy::too_many_arguments)]
pub fn derive(
    py: Python<'_>,
    layers: Option<Vec<usize>>,
    hidden_activation: Option<&str>,
    output_activation: Option<&str>,
    loss: Option<&str>,
    biases: Option<&str>,
    bias_values: Option<Vec<f64>>,
    samples: Option<Vec<(Vec<f64>, Vec<f64>)>>,
    weights: Option<Vec<f64>>,
    learning_rates: Option<Vec<f64>>,
    rows: Option<usize>,
) -> PyResult<Derivation> {
    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> PyResult<T> {
        text.parse().map_err(|e: T::Err| wrong(e.to_string()))
    }
    let mut network = layers.map_or_else(SmallNetwork::default, SmallNetwork::new);
    if let Some(activation) = hidden_activation {
        network = network.hidden_activation(parsed(activation)?);
    }
    if let Some(activation) = output_activation {
        network = network.output_activation(parsed(activation)?);
    }
    if let Some(loss) = loss {
        network = network.loss(parsed(loss)?);
    }
    network = match (biases, bias_values) {
        (None | Some("none"), None) => network,
        (None | Some("none"), Some(_)) => {
            return Err(wrong("bias_values needs biases=\"per_layer\" or \"per_neuron\"".to_owned()));
        }
        (Some("per_layer"), values) => network.biases_per_layer(values.unwrap_or_default()),
        (Some("per_neuron"), values) => network.biases_per_neuron(values.unwrap_or_default()),
        (Some(other), _) => {
            return Err(wrong(format!("biases is {other:?}; choose \"none\", \"per_layer\" or \"per_neuron\"")));
        }
    };
    if samples.as_ref().is_some_and(Vec::is_empty) {
        return Err(wrong("samples is empty; give at least one (inputs, targets), or leave it out".to_owned()));
    }
    for (inputs, targets) in samples.into_iter().flatten() {
        network = network.sample(inputs, targets);
    }
    if let Some(weights) = weights {
        network = network.weights(weights);
    }
    if let Some(learning_rates) = learning_rates {
        network = network.learning_rates(learning_rates);
    }
    if let Some(rows) = rows {
        network = network.rows(rows);
    }
    py.detach(|| longhand::derive(network)).map(Derivation).map_err(refused)
}

fn wrong(message: String) -> PyErr {
    Python::attach(|py| {
        let error = LonghandError::new_err(message);
        error.value(py).setattr("kind", "network").map_or_else(|instead| instead, |()| error)
    })
}

#[pymethods]
impl Derivation {
    /// The shape, such as "2-2-2".
    #[getter]
    fn shape(&self) -> String {
        self.0.shape()
    }

    /// The table: a dict of float64 arrays, one for each column (`learning_rate`, `row`, `w1`, …, `E_total`, …,
    /// `dE_dw8`), the rows of all learning rates one after another. `pandas.DataFrame(derivation.table)` takes it.
    ///
    /// Example:
    ///     >>> table = longhand.derive().table
    ///     >>> table["E_total"][table["learning_rate"] == 0.5][-1]
    ///     0.014226828485761022
    #[getter]
    fn table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); self.0.columns().len()];
        for row in self.0.rows() {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let table = PyDict::new(py);
        for (name, column) in self.0.columns().into_iter().zip(columns) {
            table.set_item(name, of_f64(py, &column)?)?;
        }
        Ok(table)
    }

    /// The value, in row 1, of the quantity of that name: "h1", "out_o2", "E_total", "dE_dw5"; None where there is none.
    ///
    /// Example:
    ///     >>> longhand.derive().value("out_h1")
    ///     0.5068745667645342
    fn value(&self, name: &str) -> Option<f64> {
        self.0.value(name)
    }

    /// The derivation, step by step, as Markdown that reads as well without a viewer.
    ///
    /// Example:
    ///     >>> print(longhand.derive().to_markdown())
    fn to_markdown(&self) -> String {
        self.0.to_markdown()
    }

    /// The derivation as a whole LaTeX document.
    ///
    /// Example:
    ///     >>> pathlib.Path("derivation.tex").write_text(longhand.derive().to_latex())
    fn to_latex(&self) -> String {
        self.0.to_latex()
    }

    /// The derivation as a piece of HTML with MathML.
    ///
    /// Example:
    ///     >>> longhand.derive().to_html()[:22]
    ///     '<div class="longhand">'
    fn to_html(&self) -> String {
        self.0.to_html()
    }

    /// The table as CSV in full precision.
    ///
    /// Example:
    ///     >>> longhand.derive().to_csv().splitlines()[0][:21]
    ///     'learning_rate,row,i1,'
    fn to_csv(&self) -> String {
        self.0.to_csv()
    }

    fn _repr_html_(&self) -> String {
        self.0.to_html()
    }

    fn _repr_latex_(&self) -> String {
        self.0.to_latex_formulas()
    }

    fn __repr__(&self) -> String {
        format!("Derivation({})", self.0.shape())
    }
}
