//! `longhand bench`: kernels against this machine's measured peak, and the time of an epoch.

use longhand_data::strokes;
use longhand_training::{Machine, bench};
use serde_json::json;

use super::Exit;
use crate::arguments::BenchArguments;
use crate::printer::{Printer, percent, table, table_text, thousands};
use crate::recipe_source;

/// Training steps timed.
const STEPS: usize = 60;

/// Measures and prints.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<Exit> {
    let recipe = recipe_source::recipe(&arguments.recipe)?;
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let printer = Printer::new(arguments.json);
    let machine = Machine::here();
    printer.line(&format!("{}, {threads} threads, {isa}, longhand {}\n", machine.cpu, env!("CARGO_PKG_VERSION")));

    let one = bench::peak_gflops(isa, 1);
    let all = bench::peak_gflops(isa, threads);
    printer.line(&format!("peak of fused multiply-adds: {one:.1} GFLOP/s on one thread, {all:.1} on {threads}\n"));

    let speeds = bench::convolutions(&recipe.network, isa)?;
    let mut kernels = table(&["convolution", "direction", "MFLOP/image", "GFLOP/s", "of peak"], &[2, 3, 4]);
    for s in &speeds {
        kernels.add_row([
            s.layer.clone(),
            s.direction.replace('_', " "),
            format!("{:.3}", s.flop_per_image as f64 / 1e6),
            format!("{:.1}", s.gflop_per_second),
            percent(s.gflop_per_second / one),
        ]);
    }
    printer.line(&table_text(&kernels));

    // The first convolution needs no input gradient.
    let needed = speeds.iter().enumerate().filter(|(i, s)| *i > 2 || s.direction != "grad_input");
    let flop: usize = needed.map(|(_, s)| s.flop_per_image).sum();
    let floor = flop as f64 * 60_000.0 / (all * 1e9);

    let images = strokes::generate(recipe.seed, recipe.batch_size * 8, 1);
    let step = bench::training_step(&recipe, &images.train, isa, threads, STEPS)?;
    let epoch = step.seconds_per_epoch();
    let mut shares = table(&["part of a training step", "share"], &[1]);
    for (part, share) in &step.shares {
        shares.add_row([part.clone(), percent(*share)]);
    }
    printer.line(&format!("\n{}", table_text(&shares)));
    printer.line(&format!(
        "\nstep   {:.3} ms (median of {}; {:.3} to {:.3}), {} images/s",
        step.seconds * 1e3,
        step.steps,
        step.spread.0 * 1e3,
        step.spread.1 * 1e3,
        thousands((recipe.batch_size as f64 / step.seconds) as usize),
    ));
    printer.line(&format!("epoch  {epoch:.2} s of training on 60,000 images, batch {}", recipe.batch_size));
    printer.line(&format!(
        "floor  {floor:.2} s: {:.1} MFLOP an image of direct convolution at the peak",
        flop as f64 / 1e6
    ));
    if arguments.json {
        let report = json!({
            "machine": machine,
            "threads": threads,
            "isa": isa.name(),
            "version": env!("CARGO_PKG_VERSION"),
            "recipe": recipe.name,
            "batch_size": recipe.batch_size,
            "peak_gflops": { "one_thread": one, "all_threads": all },
            "convolutions": speeds,
            "step": step,
            "seconds_per_epoch": epoch,
            "direct_convolution_floor_seconds": floor,
        });
        printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}
