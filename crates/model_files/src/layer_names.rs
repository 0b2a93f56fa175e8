//! The names that PyTorch's users give their layers, brought to ours: `conv1`, `batch_norm1`, `linear1`.

use std::collections::{BTreeMap, BTreeSet};

/// Kinds of layers, each under our name and those that it commonly goes by.
const KINDS: [(&str, &[&str]); 3] =
    [("conv", &["conv"]), ("batch_norm", &["batch_norm", "batchnorm", "bn"]), ("linear", &["linear", "fc"])];

/// Our name for each tensor, given as name and number of dimensions, in the order given.
///
/// A wrapper that all names begin with goes (`module.`, `_orig_mod.`, `net.`). Layers named by number, as `nn.Sequential`
/// does, are counted by kind, which the dimensions of the weight tell. `fc`, `bn1` and the like are known; a number left
/// out is 1. Every other name stays as it is; so does one whose new name another tensor has.
pub(crate) fn ours(tensors: &[(&str, usize)]) -> Vec<String> {
    let mut names: Vec<&str> = tensors.iter().map(|(name, _)| *name).collect();
    while let Some(inner) = without_wrapper(&names) {
        names = inner;
    }
    let numbered = numbered_layers(&names, tensors);
    let mut taken: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut rename = |name: &str| {
        let (layer, rest) = name.split_once('.')?;
        let renamed = match layer.parse::<usize>() {
            Ok(number) => numbered.get(&number)?.clone(),
            Err(_) => {
                let kind = layer.trim_end_matches(|c: char| c.is_ascii_digit());
                let (ours, _) = KINDS.iter().find(|(_, known)| known.contains(&kind))?;
                let number = &layer[kind.len()..];
                format!("{ours}{}", if number.is_empty() { "1" } else { number })
            }
        };
        let renamed = format!("{renamed}.{rest}");
        taken.insert(renamed.clone()).then_some(renamed)
    };
    names.iter().map(|name| rename(name).unwrap_or_else(|| (*name).to_owned())).collect()
}

/// The names without their first part, where that is the same in all and a layer's name still follows it.
fn without_wrapper<'a>(names: &[&'a str]) -> Option<Vec<&'a str>> {
    let (wrapper, _) = names.first()?.split_once('.')?;
    let inner = |name: &'a str| name.strip_prefix(wrapper)?.strip_prefix('.').filter(|inner| inner.contains('.'));
    names.iter().map(|name| inner(name)).collect()
}

/// The layers that are called by a number, counted within their kind: `0`, `2`, `3` become `conv1`, `batch_norm1`, `conv2`.
fn numbered_layers(names: &[&str], tensors: &[(&str, usize)]) -> BTreeMap<usize, String> {
    let layers: BTreeMap<usize, &str> = names
        .iter()
        .zip(tensors)
        .filter_map(|(name, (_, dimensions))| {
            let (layer, rest) = name.split_once('.')?;
            let kind = match (rest, dimensions) {
                ("weight", 4) => "conv",
                ("weight", 2) => "linear",
                ("weight", 1) => "batch_norm",
                _ => return None,
            };
            Some((layer.parse().ok()?, kind))
        })
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = |kind| {
        let n = counts.entry(kind).or_default();
        *n += 1;
        format!("{kind}{n}")
    };
    layers.into_iter().map(|(layer, kind)| (layer, count(kind))).collect()
}

#[cfg(test)]
mod tests {
    use super::ours;

    #[test]
    fn what_pytorch_users_write_comes_to_our_names() {
        let check = |given: &[(&str, usize)], wanted: &[&str]| assert_eq!(ours(given), wanted, "{given:?}");
        check(&[("conv1.weight", 4), ("linear.bias", 1)], &["conv1.weight", "linear1.bias"]);
        check(
            &[("module._orig_mod.conv1.weight", 4), ("module._orig_mod.fc.weight", 2)],
            &["conv1.weight", "linear1.weight"],
        );
        check(&[("bn2.running_var", 1), ("batchnorm.bias", 1)], &["batch_norm2.running_var", "batch_norm1.bias"]);
        check(&[("linear1.weight", 2)], &["linear1.weight"]);
        // Numbers sort as numbers; layers without tensors leave gaps.
        check(
            &[
                ("net.0.weight", 4),
                ("net.10.weight", 2),
                ("net.2.weight", 1),
                ("net.2.running_mean", 1),
                ("net.9.weight", 4),
            ],
            &["conv1.weight", "linear1.weight", "batch_norm1.weight", "batch_norm1.running_mean", "conv2.weight"],
        );
    }

    #[test]
    fn what_is_not_common_to_all_or_would_clash_stays() {
        let check = |given: &[(&str, usize)], wanted: &[&str]| assert_eq!(ours(given), wanted, "{given:?}");
        check(&[("a.conv1.weight", 4), ("b.conv1.bias", 1)], &["a.conv1.weight", "b.conv1.bias"]);
        check(&[("fc1.weight", 2), ("linear1.weight", 2)], &["fc1.weight", "linear1.weight"]);
        check(&[("fc.weight", 2), ("linear.weight", 2)], &["linear1.weight", "linear.weight"]);
        check(&[("head.weight", 2), ("", 0), ("conv", 1)], &["head.weight", "", "conv"]);
        check(&[], &[]);
    }
}
