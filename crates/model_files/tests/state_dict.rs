//! State dicts without this program's metadata: whose network they are, by names and shapes.

mod small_model;

use longhand_model_files::safetensors::{self, NotAModel};
use longhand_model_files::{DoesNotFit, Misfit, StateDict, weights_sha256};
use longhand_nn::LayerSpec;
use small_model::{small, spec, state_dict};

fn renamed(rename: impl Fn(&str) -> String) -> StateDict {
    StateDict::read(&state_dict(rename, |_, _, v| v)).unwrap()
}

#[test]
fn the_names_that_pytorch_users_give_lead_to_the_same_weights() {
    let wanted = weights_sha256(&small());
    let sequential = |name: &str| {
        let places = [("conv1", 0), ("batch_norm1", 2), ("conv2", 4), ("batch_norm2", 5), ("linear1", 10)];
        let (layer, rest) = name.split_once('.').unwrap();
        format!("{}.{rest}", places.iter().find(|(l, _)| *l == layer).unwrap().1)
    };
    let renamings: [&dyn Fn(&str) -> String; 7] = [
        &str::to_owned,
        &|name| format!("module.{name}"),
        &|name| format!("_orig_mod.module.{name}"),
        &|name| name.replace("linear1", "linear"),
        &|name| name.replace("linear1", "fc").replace("batch_norm", "bn"),
        &sequential,
        &|name| format!("net.{}", sequential(name)),
    ];
    for rename in renamings {
        let state = renamed(rename);
        assert!(state.fits(&spec()), "{}", rename("linear1.weight"));
        assert_eq!(weights_sha256(&state.network(&spec()).unwrap()), wanted, "{}", rename("linear1.weight"));
    }
    // Where only some have the prefix, it is part of a name.
    let some = renamed(|name| if name.starts_with("conv1") { format!("module.{name}") } else { name.to_owned() });
    assert!(!some.fits(&spec()));
}

#[test]
fn what_does_not_fit_is_named_with_both_shapes() {
    let state = renamed(|name| name.replace("linear1", "fc"));
    let mut other = spec();
    let LayerSpec::Linear { features, .. } = &mut other.layers[8] else { panic!("the ninth layer is linear") };
    *features = 12;
    let error = state.network(&other).unwrap_err();
    let wanted = |name: &str, found: &str, wanted: Vec<usize>| Misfit::Shape {
        name: format!("fc.{name}"),
        ours: format!("linear1.{name}"),
        found: found.to_owned(),
        wanted,
    };
    let misfits = vec![wanted("weight", "[10, 5]", vec![12, 5]), wanted("bias", "[10]", vec![12])];
    assert_eq!(error, DoesNotFit::Tensors(misfits));
    let text = "tensor `fc.weight` (`linear1.weight` here) has shape [10, 5] and this network wants [12, 5], and 1 more \
                does not fit";
    assert_eq!(error.to_string(), text);

    // A layer more and a layer less than there is.
    let mut deeper = spec();
    deeper.layers.insert(5, LayerSpec::Conv { channels: 5, kernel: 1, padding: 0, bias: false });
    let error = renamed(str::to_owned).network(&deeper).unwrap_err().to_string();
    assert_eq!(error, "tensor `conv3.weight` is missing");
    let mut flatter = spec();
    flatter.layers.remove(5);
    let error = renamed(str::to_owned).network(&flatter).unwrap_err().to_string();
    assert!(
        error.starts_with("tensor `batch_norm2.bias` is not one of this network's, and 3 more do not fit"),
        "{error}"
    );
    let error = renamed(|name| name.replace("conv2", "second")).network(&spec()).unwrap_err().to_string();
    assert_eq!(error, "tensor `conv2.weight` is missing, and the network has no place for `second.weight`");
}

#[test]
fn a_state_dict_alone_is_no_model_and_says_what_to_do() {
    let error = safetensors::read(&state_dict(str::to_owned, |_, _, v| v)).unwrap_err();
    assert_eq!(error, NotAModel::NoNetwork);
    assert!(error.to_string().contains("--recipe seed --weights FILE"), "{error}");
}

#[test]
fn names_from_a_file_are_shown_short_and_without_what_a_terminal_obeys() {
    let state = renamed(|name| name.replace("conv1", &format!("\u{1b}[2J{}", "x".repeat(5000))));
    let error = state.network(&spec()).unwrap_err().to_string();
    assert!(error.len() < 400 && !error.contains('\u{1b}') && error.contains("\\u{1b}[2Jxxx"), "{error}");
}
