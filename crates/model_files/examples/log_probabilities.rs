//! Writes what a model says of every test image, for other programs to be held against.
//!
//! ```text
//! cargo run -p longhand-model-files --example log_probabilities -- MODEL.safetensors DATA OUT.safetensors
//! ```
//!
//! `DATA` is a folder with MNIST's files, or `strokes`. `OUT` gets `images` (u8, images × channels × rows × columns) and
//! `log_probabilities` (f32, images × classes).

use std::error::Error;
use std::path::Path;

use longhand_data::{DataRequest, locate};
use longhand_kernels::Isa;
use longhand_model_files::read_model;
use safetensors::tensor::{Dtype, TensorView};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, data, out] = &arguments[..] else {
        return Err("usage: log_probabilities MODEL.safetensors DATA OUT.safetensors".into());
    };
    let model = read_model(Path::new(model))?;
    let request = DataRequest { choice: data.parse()?, ..DataRequest::default() };
    let test = locate(&request, &mut |_| std::ops::ControlFlow::Continue(()))?.dataset.test;
    let (input, found) = (model.network.spec().input, [1, test.height(), test.width()]);
    if input != found {
        return Err(format!("the model takes images of {input:?} and the data hold {found:?}").into());
    }
    let table = model.normalisation.table();
    let mut network = model.network.one_image();
    let mut answers = Vec::new();
    for n in 0..test.len() {
        let pixels = test.image(n).iter().map(|&p| table[p as usize]);
        answers.extend_from_slice(network.log_probabilities(Isa::detect(), pixels));
    }
    let answers: Vec<u8> = answers.iter().flat_map(|v| v.to_le_bytes()).collect();
    let [channels, height, width] = input;
    let tensors = [
        ("images", TensorView::new(Dtype::U8, vec![test.len(), channels, height, width], test.pixels())?),
        ("log_probabilities", TensorView::new(Dtype::F32, vec![test.len(), model.network.classes()], &answers)?),
    ];
    std::fs::write(out, safetensors::serialize(tensors, None)?)?;
    Ok(())
}
