//! The names of cells in formulas.

use longhand_derivation::symbol::Symbol;

/// The name under which the cell of a quantity is known in formulas: its own name, except where that would be read as
/// the address of a cell. `w5` is column W, row 5, so the weight is called `w_5`; `out_h1` and `E_total` stay.
///
/// ```
/// use longhand_derivation::symbol::Symbol;
/// use longhand_workbook::write::cell_name;
/// assert_eq!(cell_name(&Symbol::new("w5")), "w_5");
/// assert_eq!(cell_name(&Symbol::new("out_h1")), "out_h1");
/// ```
pub fn cell_name(symbol: &Symbol) -> String {
    let name = symbol.name();
    let letters = name.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(name.len());
    let (column, row) = name.split_at(letters);
    let is_address = !row.is_empty() && row.bytes().all(|byte| byte.is_ascii_digit());
    if is_address { format!("{column}_{row}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use longhand_derivation::network::Network;
    use rust_xlsxwriter::utility::check_name;

    use super::*;

    #[test]
    fn every_quantity_has_a_name_of_its_own_that_is_no_address() {
        let networks = [
            "",
            "layers = [3, 4, 2]\nbiases = { per_neuron = [] }",
            "layers = [2, 3, 3, 1]\nbiases = { per_layer = [] }",
            "samples = [{ inputs = [1, -1], targets = [0, 1] }, { inputs = [-2, 3], targets = [0.5, 0.25] }]",
        ];
        for text in networks {
            let network = Network::build(toml::from_str(text).unwrap()).unwrap();
            let mut names = BTreeSet::new();
            for node in network.graph.nodes() {
                if let Some(symbol) = &node.symbol {
                    let name = cell_name(symbol);
                    check_name(&name).unwrap();
                    // Spreadsheets do not tell capitals from small letters.
                    assert!(names.insert(name.to_lowercase()), "{name} is taken");
                }
            }
        }
    }
}
