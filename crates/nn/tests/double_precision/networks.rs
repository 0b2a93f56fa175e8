//! The networks whose every gradient is checked: small, and between them every way in which layers can meet.

use std::collections::BTreeSet;

use longhand_nn::{LayerSpec, NetworkSpec};

/// A network and the batch it is checked on.
pub struct Witnessed {
    pub name: &'static str,
    pub spec: NetworkSpec,
    pub batch: usize,
    pub label_smoothing: f64,
}

/// Layers in one line: `c3p1x4` is a convolution 3×3 with padding 1 and 4 channels (`n` after it: no bias), `w3p1` a
/// depthwise one, `r` ReLU, `b` batch norm, `m` max pool, `d` dropout, `g` global average pool, `l6` linear with 6 features (`n`: no bias);
/// log-softmax follows by itself.
fn network(name: &'static str, input: [usize; 3], layers: &str, batch: usize, label_smoothing: f64) -> Witnessed {
    let mut toml = format!("input = {input:?}\nlayers = [\n");
    for layer in layers.split_whitespace() {
        let (bias, short) = match layer.strip_suffix('n') {
            Some(short) => (", bias = false", short),
            None => ("", layer),
        };
        let line = match (short.chars().next(), &short[1..]) {
            (Some('c'), settings) => {
                let (kernel, rest) = settings.split_once('p').expect("a padding");
                let (padding, channels) = rest.split_once('x').expect("channels");
                format!("type = \"conv\", kernel = {kernel}, padding = {padding}, channels = {channels}{bias}")
            }
            (Some('w'), settings) => {
                let (kernel, padding) = settings.split_once('p').expect("a padding");
                format!("type = \"depthwise_conv\", kernel = {kernel}, padding = {padding}{bias}")
            }
            (Some('l'), features) => format!("type = \"linear\", features = {features}{bias}"),
            (Some('r'), "") => "type = \"relu\"".to_owned(),
            (Some('b'), "") => "type = \"batch_norm\"".to_owned(),
            (Some('b'), "'") => "type = \"batch_norm\", momentum = 0.4, eps = 0.01".to_owned(),
            (Some('m'), "") => "type = \"max_pool\"".to_owned(),
            (Some('d'), "") => "type = \"dropout\", rate = 0.3".to_owned(),
            (Some('g'), "") => "type = \"global_average_pool\"".to_owned(),
            _ => panic!("{name}: what is `{layer}`?"),
        };
        toml += &format!("    {{ {line} }},\n");
    }
    toml += "    { type = \"log_softmax\" },\n]\n";
    let spec = toml::from_str(&toml).unwrap_or_else(|e| panic!("{name}: {e}\n{toml}"));
    Witnessed { name, spec, batch, label_smoothing }
}

pub fn networks() -> Vec<Witnessed> {
    vec![
        network("the seed's order, small", [1, 9, 9], "c3p1x3 r b d c3p1x4 r b m d c3p1x3 r b m d g l4", 37, 0.0),
        network("conv, batch norm, ReLU", [2, 9, 8], "c3p1x3 b r m c3p1x3 m r c1p0x4 r g c1p0x3", 16, 0.1),
        network("conv upon conv behind batch norm", [1, 6, 6], "c3p1x3 r b c3p1x3 r c3p0x2 r b l3", 37, 0.0),
        network("small conv upon conv behind batch norm", [1, 6, 5], "c3p1x3 b c3p1x3 r c1p0x3 r c3p1x3 b l3", 37, 0.0),
        network("large conv upon conv behind batch norm", [1, 6, 6], "c3p1x3 r b d c3p1x3 r c5p0x2 r b l3", 37, 0.0),
        network("dropout between ReLU and batch norm", [1, 5, 6], "c3p1x3 r d b' l6 r b l4", 37, 0.0),
        network("conv upon conv, no ReLU", [2, 4, 5], "c3p2x3 c1p0x2n c3p1x2 d r d b l3n", 5, 0.1),
        network("ReLU first", [2, 5, 5], "r c3p0x4 c3p0x3 r r l5 r l3", 16, 0.0),
        network("batch norm first", [2, 4, 4], "b c3p1x3 d r l6 b g", 37, 0.0),
        network("dropout first, pooling upon pooling", [2, 13, 14], "d m b b m m d d l4 d l3 l3", 5, 0.0),
        network(
            "max pool first, linear before conv",
            [1, 8, 9],
            "m c3p1x3 l6 c1p0x4 b c1p0x3 g c3p1x3 r c1p0x3 g r",
            16,
            0.1,
        ),
        network("global average pool first", [3, 4, 3], "g c1p0x4 r r", 16, 0.0),
        network("linear first, batch norm last", [2, 3, 3], "l5n g g b", 37, 0.1),
        network("one image, no batch norm", [1, 7, 7], "c5p2x3 r m c3p1x3 r d g l3", 1, 0.0),
        network("conv 5×5, padding 0 and 4", [1, 6, 7], "c5p0x3 c5p4x2 r m l3", 5, 0.1),
        network("conv 5×5, padding 1 and 3", [2, 5, 6], "c5p1x3 r b c5p3x2 m l3", 16, 0.0),
        network("pooled to one pixel", [2, 4, 4], "c3p0x4 m", 16, 0.0),
        network("pooling, average, dropout last", [3, 5, 5], "c3p1x4n m g d", 37, 0.1),
        network("a row that pooling leaves out, behind batch norm", [3, 5, 9], "b c1p0x4 m c3p2x1 w3p0n l4n", 37, 0.05),
        network("conv upon one pixel", [4, 1, 1], "c1p0x5 r c3p1x4 b c1p0x3n", 37, 0.0),
        network(
            "depthwise separable, as in `under6k`",
            [1, 9, 8],
            "c3p1x3n r b w3p1n b c1p0x4n r b m w3p1n b c1p0x5n r b w3p1n b c1p0x4n r b m g l3",
            37,
            0.1,
        ),
        // Five by five is kept, not made again, and its gradient may lie over the activation behind it.
        network("depthwise kept, with a pointwise behind", [1, 7, 6], "c3p1x3 r b w5p2n c1p0x4n r b g l3", 37, 0.0),
        network("depthwise kept, with batch norm behind", [2, 6, 6], "c3p1x3 b w5p2 r b g l3", 37, 0.1),
        network("depthwise first", [2, 6, 5], "w3p1 c1p0x3 w5p2 r b w3p1n m w3p1 b r w3p1 l3", 16, 0.0),
        network("depthwise upon depthwise", [2, 5, 6], "c1p0x3 w3p1 w3p2n d w5p1 d b w1p0 g w1p0 l4 w3p1", 37, 0.1),
        network("pooling an odd side before linear", [2, 7, 5], "c3p1x3 b m l3", 5, 0.0),
    ]
}

/// Whether a 2×2 max pool can follow a layer of this kind: after these there is one row and one column left.
fn leaves_one_pixel(kind: &str) -> bool {
    matches!(kind, "global_average_pool" | "linear")
}

#[test]
fn every_layer_meets_every_other() {
    let kinds = [
        "conv",
        "depthwise_conv",
        "relu",
        "batch_norm",
        "max_pool",
        "dropout",
        "global_average_pool",
        "linear",
        "log_softmax",
    ];
    let (mut met, mut kernels, mut batches) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for Witnessed { spec, batch, .. } in networks() {
        let mut before = "input";
        for layer in &spec.layers {
            met.insert((before, layer.type_name()));
            before = layer.type_name();
            if let LayerSpec::Conv { kernel, padding, .. } = *layer {
                kernels.insert((kernel, padding));
            }
        }
        batches.insert(batch);
    }
    let possible = |before: &str, kind: &str| {
        let nothing_to_train = (before, kind) == ("input", "log_softmax");
        let nothing_to_pool = kind == "max_pool" && leaves_one_pixel(before);
        !nothing_to_train && !nothing_to_pool
    };
    let mut missing = Vec::new();
    for before in ["input"].iter().chain(&kinds[..8]) {
        missing.extend(
            kinds
                .iter()
                .filter(|kind| possible(before, kind) && !met.contains(&(*before, **kind)))
                .map(|kind| (before, kind)),
        );
    }
    assert!(missing.is_empty(), "these never meet: {missing:?}");
    let all: BTreeSet<(usize, usize)> = [1, 3, 5].iter().flat_map(|&size| (0..size).map(move |p| (size, p))).collect();
    assert_eq!(kernels, all, "kernels and paddings");
    assert_eq!(batches, BTreeSet::from([1, 5, 16, 37]));
}
