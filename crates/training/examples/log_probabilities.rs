//! Writes what a model makes of every test image into a safetensors file: `log_probabilities`, F32 `[images, classes]`.
//!
//! ```text
//! cargo run --example log_probabilities -- MODEL.safetensors DIR OUT.safetensors
//! ```
//!
//! `reference/check_pytorch_page.py` holds PyTorch's numbers against these.

use std::error::Error;
use std::path::Path;

use longhand_kernels::{Isa, LANES};
use longhand_model_files::{Model, read_model};
use safetensors::tensor::{Dtype, TensorView};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder, out] = &arguments[..] else {
        return Err("three arguments are needed: MODEL.safetensors DIR OUT.safetensors".into());
    };
    let Model { network, normalisation, .. } = read_model(Path::new(model))?;
    let images = longhand_data::mnist::load_folder(Path::new(folder))?.test;
    let table = normalisation.table();
    let inference = network.inference();
    let mut group = network.inference_group();
    let mut bytes = Vec::new();
    for first in (0..images.len()).step_by(LANES) {
        let active = LANES.min(images.len() - first);
        group.set_active(active);
        for lane in 0..active {
            group.set_image(lane, images.image(first + lane).iter().map(|&p| table[p as usize]));
        }
        inference.infer(Isa::detect(), &mut group);
        for lane in 0..active {
            bytes.extend(group.log_probabilities(lane).flat_map(f32::to_le_bytes));
        }
    }
    let view = TensorView::new(Dtype::F32, vec![images.len(), network.classes()], &bytes)?;
    std::fs::write(out, safetensors::serialize([("log_probabilities", view)], None)?)?;
    Ok(())
}
