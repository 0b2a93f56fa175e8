//! Joins ES modules into one script.
//!
//! The modules of `web/worksheet` keep to a simple form, so that joining them needs no bundler: imports stand alone on
//! their lines at the top and name only neighbours, exports are `export function`, `export class` and `export const`,
//! and no two modules give the same name to different things at their top level. Tests hold them to it.

/// A module: its file name and its text.
pub(super) type Module = (&'static str, &'static str);

/// The modules of the worksheet page, each behind those that it imports.
pub(super) const WORKSHEET: [Module; 14] = [
    ("number.js", include_str!("../../../../web/worksheet/number.js")),
    ("elements.js", include_str!("../../../../web/worksheet/elements.js")),
    ("graph.js", include_str!("../../../../web/worksheet/graph.js")),
    ("model.js", include_str!("../../../../web/worksheet/model.js")),
    ("formula.js", include_str!("../../../../web/worksheet/formula.js")),
    ("diagram_layout.js", include_str!("../../../../web/worksheet/diagram_layout.js")),
    ("diagram.js", include_str!("../../../../web/worksheet/diagram.js")),
    ("chart.js", include_str!("../../../../web/worksheet/chart.js")),
    ("curves.js", include_str!("../../../../web/worksheet/curves.js")),
    ("controls.js", include_str!("../../../../web/worksheet/controls.js")),
    ("chain.js", include_str!("../../../../web/worksheet/chain.js")),
    ("table.js", include_str!("../../../../web/worksheet/table.js")),
    ("derivation.js", include_str!("../../../../web/worksheet/derivation.js")),
    ("main.js", include_str!("../../../../web/worksheet/main.js")),
];

/// One script out of modules in the order given.
pub(super) fn joined(modules: &[Module]) -> String {
    let mut script = String::new();
    for (name, text) in modules {
        script.push_str("\n// ");
        script.push_str(name);
        script.push('\n');
        for line in text.lines().filter(|line| !line.starts_with("import ")) {
            script.push_str(line.strip_prefix("export ").unwrap_or(line));
            script.push('\n');
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The names that a module declares at its top level: lines that begin with a declaration.
    fn declared(text: &str) -> Vec<String> {
        let declaration = |line: &str| {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let line = line.strip_prefix("async ").unwrap_or(line);
            let rest = ["function ", "class ", "const ", "let "].iter().find_map(|word| line.strip_prefix(word))?;
            let end = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(rest.len());
            Some(rest[..end].to_owned())
        };
        text.lines().filter_map(declaration).collect()
    }

    #[test]
    fn every_import_names_an_earlier_module_and_something_that_it_exports() {
        let mut exports: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for (name, text) in WORKSHEET {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let (names, from) = line
                    .strip_prefix("import { ")
                    .and_then(|rest| rest.strip_suffix("\";"))
                    .and_then(|rest| rest.split_once(" } from \"./"))
                    .unwrap_or_else(|| panic!("{name}: {line} is not `import {{ a, b }} from \"./file.js\";`"));
                let known = exports.get(from).unwrap_or_else(|| panic!("{name} imports {from}, which comes later"));
                for imported in names.split(", ") {
                    assert!(known.contains(imported), "{name} imports {imported}, which {from} does not export");
                }
            }
            let exported: Vec<&str> = text.lines().filter(|line| line.starts_with("export ")).collect();
            exports.insert(name, exported.iter().flat_map(|line| declared(line)).collect());
            assert_eq!(exports[name].len(), exported.len(), "{name}: every export is a declaration on its line");
        }
    }

    #[test]
    fn no_name_is_declared_twice() {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for (name, text) in WORKSHEET {
            for declared in declared(text) {
                if let Some(other) = known.insert(declared.clone(), name) {
                    panic!("{declared} is declared in {other} and in {name}");
                }
            }
        }
    }

    #[test]
    fn joining_leaves_no_import_and_no_export() {
        let script = joined(&WORKSHEET);
        for line in script.lines() {
            assert!(!line.starts_with("import") && !line.starts_with("export"), "{line}");
        }
        assert!(!script.contains("</script"), "would end the script");
    }
}
