//! A small network with every kind of layer that has parameters, and files made of pieces.

use longhand_nn::{Initialisation, LayerSpec, Network, NetworkSpec};

/// Two convolutions, two batch norms and a linear layer.
pub fn spec() -> NetworkSpec {
    let batch_norm = LayerSpec::BatchNorm { momentum: 0.1, eps: 1e-5 };
    let layers = vec![
        LayerSpec::Conv { channels: 3, kernel: 3, padding: 1, bias: true },
        LayerSpec::Relu {},
        batch_norm.clone(),
        LayerSpec::MaxPool {},
        LayerSpec::Conv { channels: 5, kernel: 3, padding: 0, bias: false },
        batch_norm,
        LayerSpec::Relu {},
        LayerSpec::GlobalAveragePool {},
        LayerSpec::Linear { features: 10, bias: true },
        LayerSpec::LogSoftmax {},
    ];
    NetworkSpec { input: [1, 28, 28], layers }
}

/// The network of [`spec`].
pub fn small() -> Network {
    Network::new(&spec(), Initialisation::He, 1).unwrap()
}

/// A safetensors file: the length of `header`, `header`, `data`.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// The state of [`small`] as a file without metadata, each name changed by `rename`, each value by `change`.
#[allow(dead_code, reason = "not every test file needs it")]
pub fn state_dict(rename: impl Fn(&str) -> String, change: impl Fn(&str, usize, f32) -> f32) -> Vec<u8> {
    let network = small();
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in network.state() {
        let begin = data.len();
        data.extend(values.iter().enumerate().flat_map(|(i, &v)| change(&name, i, v).to_le_bytes()));
        let claim = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert(rename(&name), claim);
    }
    file(&serde_json::Value::Object(header).to_string(), &data)
}
