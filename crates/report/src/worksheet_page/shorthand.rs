//! Formulas told shortly: `{12}` for the name of node 12, `{=12}` for its value, `{(12}` for its value in parentheses
//! where it is negative.

use longhand_derivation::export::NodeExport;

/// Knows the names that formulas use.
pub(super) struct Shorthand {
    /// The name of each node in MathML.
    names: Vec<Option<String>>,
}

impl Shorthand {
    /// For the formulas of these nodes.
    pub fn new(nodes: &[NodeExport]) -> Self {
        Shorthand { names: nodes.iter().map(|node| node.mathml.clone()).collect() }
    }

    /// Shortens a formula, or a sentence with formulas in it. What is not understood stays as it is.
    pub fn of(&self, mathml: &str) -> String {
        let mut short = String::with_capacity(mathml.len() / 3);
        let mut rest = mathml;
        while let Some(at) = rest.find('<') {
            short.push_str(&rest[..at]);
            rest = &rest[at..];
            match self.leaf(rest) {
                Some((leaf, behind)) => {
                    short.push_str(&leaf);
                    rest = behind;
                }
                None => {
                    short.push('<');
                    rest = &rest[1..];
                }
            }
        }
        short.push_str(rest);
        short
    }

    /// The leaf that `text` begins with, shortened, and the text behind it.
    fn leaf<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        if let Some(rest) = text.strip_prefix("<mrow data-node=\"") {
            let (node, rest) = rest.split_once("\">")?;
            let name = self.names.get(node.parse::<usize>().ok()?)?.as_ref()?;
            let behind = rest.strip_prefix(name.as_str())?.strip_prefix("</mrow>")?;
            return Some((format!("{{{node}}}"), behind));
        }
        let rest = text.strip_prefix("<mn data-node=\"")?;
        let (node, rest) = rest.split_once('"')?;
        let (mark, rest) = match rest.strip_prefix(" data-wrap=\"\">") {
            Some(rest) => ('(', rest),
            None => ('=', rest.strip_prefix('>')?),
        };
        let (_, behind) = rest.split_once("</mn>")?;
        Some((format!("{{{mark}{node}}}"), behind))
    }
}

#[cfg(test)]
mod tests {
    use longhand_derivation::export::WorksheetExport;
    use longhand_derivation::spec::NetworkSpec;
    use longhand_derivation::worksheet::Worksheet;

    use super::*;

    #[test]
    fn leaves_are_shortened_and_the_rest_stays() {
        let export = WorksheetExport::of(&Worksheet::work_out(NetworkSpec::default()).unwrap());
        let shorthand = Shorthand::new(&export.nodes);
        assert_eq!(
            shorthand
                .of("Neuron <math><mrow data-node=\"16\"><msub><mi>h</mi><mtext>1</mtext></msub></mrow></math> sums."),
            "Neuron <math>{16}</math> sums."
        );
        let value = "<mn data-node=\"28\" data-wrap=\"\">(−0.5)</mn><mo>·</mo><mn data-node=\"2\">0.01</mn><mn>1</mn>";
        assert_eq!(shorthand.of(value), "{(28}<mo>·</mo>{=2}<mn>1</mn>");

        // Every leaf of the exercise's derivation is understood.
        let step = export.sections.unwrap().remove(2).steps.remove(0);
        for stage in step.chain.unwrap().in_one_line.right {
            assert!(!shorthand.of(&stage.mathml).contains("data-node"), "{}", stage.mathml);
        }
    }
}
