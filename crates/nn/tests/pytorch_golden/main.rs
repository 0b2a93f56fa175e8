//! Every layer, the optimiser and the schedules against what PyTorch computed in double precision from the same numbers.
//!
//! `reference/golden_layers.py` made `golden/layers.safetensors`. Every case of the file is run and every tensor of it
//! looked at. Differences are relative to the tensor's largest magnitude.

#[path = "../witness/batch_norm_passes.rs"]
mod batch_norm_passes;
#[path = "../witness/golden_file.rs"]
mod golden_file;
#[path = "../witness/lane_packing.rs"]
mod lane_packing;
#[path = "../witness/worst_difference.rs"]
mod worst_difference;

mod averaging;
mod batch_norm;
mod convolution;
mod cross_entropy;
mod depthwise_convolution;
mod linear;
mod optimiser;
mod pooling;
mod schedule;

use golden_file::{GoldenFile, GoldenTensor};
use longhand_kernels::Geometry;
use serde::de::DeserializeOwned;
use worst_difference::WorstDifferences;

/// Sums of up to a few hundred single-precision products, rounded to 6·10⁻⁸ each, of which many cancel.
const SUMS: f64 = 2e-6;
/// One rounding of one number: 2⁻²⁴ and the golden file's own.
const ROUNDING: f64 = 1.3e-7;

/// One case of the file on its way through a check.
struct Case<'a> {
    file: &'a GoldenFile,
    name: &'a str,
    differences: &'a mut WorstDifferences,
}

impl Case<'_> {
    /// The parameters that stand in the metadata.
    fn parameters<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.file.metadata()[self.name]).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    fn path(&self, tensor: &str) -> String {
        format!("{}/{tensor}", self.name)
    }

    fn f32(&self, tensor: &str) -> GoldenTensor<f32> {
        self.file.f32(&self.path(tensor))
    }

    fn f64(&self, tensor: &str) -> GoldenTensor<f64> {
        self.file.f64(&self.path(tensor))
    }

    fn u8(&self, tensor: &str) -> GoldenTensor<u8> {
        self.file.u8(&self.path(tensor))
    }

    /// The tensor, if the case has it.
    fn optional_f32(&self, tensor: &str) -> Option<GoldenTensor<f32>> {
        self.file.has(&self.path(tensor)).then(|| self.f32(tensor))
    }

    /// Compares what we found with the golden tensor.
    fn compare(&mut self, kind: &str, tensor: &str, found: &[f64], limit: f64) {
        let wanted = doubles(&self.f32(tensor).values);
        self.differences.compare(&format!("{kind} {tensor}"), &self.path(tensor), found, &wanted, limit);
    }
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

/// Images and geometry of a tensor of shape `[image, channel, row, column]`.
fn geometry(tensor: &GoldenTensor<f32>, border: usize) -> (usize, Geometry) {
    let [images, channels, height, width] = tensor.shape[..] else { panic!("four dimensions, not {:?}", tensor.shape) };
    (images, Geometry::new(channels, height, width, border))
}

#[test]
fn every_case_agrees_with_pytorch() {
    #[derive(serde::Deserialize)]
    struct Kind {
        layer: String,
    }
    let file = GoldenFile::open("layers.safetensors");
    let mut differences = WorstDifferences::default();
    for name in file.metadata().keys().filter(|name| *name != "about") {
        let mut case = Case { file: &file, name, differences: &mut differences };
        match case.parameters::<Kind>().layer.as_str() {
            "convolution" => convolution::check(&mut case),
            "depthwise_convolution" => depthwise_convolution::check(&mut case),
            "relu" => pooling::check_relu(&mut case),
            "batch_norm" => batch_norm::check(&mut case),
            "max_pool" => pooling::check_max_pool(&mut case),
            "global_average_pool" => pooling::check_global_average_pool(&mut case),
            "linear" => linear::check(&mut case),
            "cross_entropy" => cross_entropy::check(&mut case),
            "sgd" => optimiser::check_sgd(&mut case),
            "adamw" => optimiser::check_adamw(&mut case),
            "averaging" => averaging::check(&mut case),
            "schedule" => schedule::check(&mut case),
            other => panic!("{name}: no check for layer `{other}`"),
        }
    }
    differences.finish();
    file.assert_all_used(&[]);
}
