//! Back-propagation worked out by hand.

use longhand_derivation::document;
use longhand_derivation::worksheet::Worksheet;

use crate::error::{Error, ErrorKind};
use crate::small_network::SmallNetwork;

/// Works a small network out: every derivative, every number, and the training table of each learning rate.
///
/// ```
/// let derivation = longhand::derive(longhand::SmallNetwork::default())?;
/// assert_eq!(derivation.value("out_h1"), Some(0.5068745667645342));
/// assert_eq!(derivation.value("dE_dw5"), Some(0.07215707291213626));
/// # Ok::<(), longhand::Error>(())
/// ```
///
/// # Errors
/// When the description is not sound: the message says what was given, what is allowed and what to do.
pub fn derive(network: SmallNetwork) -> Result<Derivation, Error> {
    let spec = network.into_draft().resolve().map_err(|e| Error::new(ErrorKind::Network, e))?;
    let worksheet = Worksheet::work_out(spec).map_err(|e| Error::new(ErrorKind::Network, e))?;
    Ok(Derivation { worksheet })
}

/// A network worked out by hand, by [`derive()`].
#[derive(Clone, Debug)]
pub struct Derivation {
    worksheet: Worksheet,
}

impl Derivation {
    /// Its shape, such as `2-2-2`.
    pub fn shape(&self) -> String {
        self.worksheet.network.spec.shape()
    }

    /// The derivation, step by step, as Markdown that reads as well without a viewer.
    pub fn to_markdown(&self) -> String {
        document::markdown(&self.worksheet)
    }

    /// The derivation as a whole LaTeX document.
    pub fn to_latex(&self) -> String {
        document::latex(&self.worksheet)
    }

    /// Every formula and every gradient in one line, with its value, as one LaTeX formula between `$$`.
    pub fn to_latex_formulas(&self) -> String {
        document::latex_formulas(&self.worksheet)
    }

    /// The derivation as a piece of HTML with MathML, to stand in a page or a notebook.
    pub fn to_html(&self) -> String {
        document::html(&self.worksheet)
    }

    /// The value, in row 1, of a quantity by the name that the table gives it: `h1`, `out_o2`, `E_total`, `dE_dw5`.
    /// `None` where there is none of that name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.worksheet.network.graph.find(name).map(|node| self.worksheet.values.get(node))
    }

    /// The headings of the table: `learning_rate`, `row`, then what is given, weights, forward quantities, errors,
    /// gradients.
    pub fn columns(&self) -> Vec<&str> {
        self.worksheet.table.headings()
    }

    /// The rows of all learning rates, one after another, each as wide as [`Derivation::columns`].
    ///
    /// Where numbers leave the range of double precision, the table of that learning rate ends with the row in which
    /// they do; those cells are infinite or NaN.
    pub fn rows(&self) -> impl Iterator<Item = Vec<f64>> {
        self.worksheet.table.rates.iter().flat_map(|rate| {
            (1..=rate.rows()).map(move |row| {
                [rate.learning_rate, row as f64].into_iter().chain(rate.row(row).iter().copied()).collect()
            })
        })
    }

    /// One column of the table, the rows of all learning rates one after another; `None` where there is none of that
    /// name.
    pub fn column(&self, name: &str) -> Option<Vec<f64>> {
        let place = self.columns().iter().position(|column| *column == name)?;
        Some(self.rows().map(|row| row[place]).collect())
    }

    /// The table as CSV in full precision; a cell that overflowed says `overflow`.
    pub fn to_csv(&self) -> String {
        self.worksheet.table.csv()
    }
}
