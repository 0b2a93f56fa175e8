//! `longhand bench`: what this machine can do, and what of it a training step, its kernels and inference reach.

mod scaling;
mod tables;

use longhand_kernels::Isa;
use longhand_training::{Machine, Recipe, bench};
use serde_json::{Value, json};

use super::Exit;
use crate::arguments::BenchArguments;
use crate::printer::{Printer, thousands};
use crate::recipe_source;

/// Training steps timed unless told otherwise.
const STEPS: usize = 200;

/// Measures and prints.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<Exit> {
    let recipe = recipe_source::recipe(&arguments.recipe)?;
    let (isa, threads) = super::train::compute(&arguments.compute)?;
    let asked = Asked { recipe, isa, threads, printer: Printer::new(arguments.json) };
    let machine = Machine::here();
    asked.printer.line(&format!("{}, {threads} threads, {isa}, longhand {}\n", machine.cpu, env!("CARGO_PKG_VERSION")));
    let mut report = json!({
        "machine": machine,
        "threads": threads,
        "isa": isa.name(),
        "version": env!("CARGO_PKG_VERSION"),
        "recipe": asked.recipe.name,
        "batch_size": asked.recipe.batch_size,
    });
    let measured = if arguments.scaling {
        scaling::measure(&asked, arguments.steps.map(usize::from))?
    } else {
        asked.roofline(arguments.steps.map_or(STEPS, usize::from))?
    };
    if let (Value::Object(report), Value::Object(measured)) = (&mut report, measured) {
        report.extend(measured);
    }
    if arguments.json {
        asked.printer.data(&serde_json::to_string_pretty(&report)?);
    }
    Ok(Exit::Done)
}

/// What is to be measured, and where to say it.
struct Asked {
    recipe: Recipe,
    isa: Isa,
    threads: usize,
    printer: Printer,
}

impl Asked {
    /// The machine's peak, kernels alone, a training step by layer, work for more threads, inference.
    fn roofline(&self, steps: usize) -> anyhow::Result<Value> {
        let Asked { recipe, isa, threads, printer } = self;
        let (isa, threads) = (*isa, *threads);
        let data = bench::images(recipe)?;
        let peak = bench::peak_gflops(isa, threads);
        let (read, copy) = (bench::memory_read(threads), bench::cache_copy(threads));
        printer.line(&tables::machine(threads, &peak, &read, &copy));

        let speeds = bench::convolutions(&recipe.network, isa)?;
        printer.line(&tables::kernels(&speeds, peak.one_thread));

        let profile = bench::profile(recipe, &data, isa, threads, steps, peak.all_threads)?;
        let floor = bench::Floor::of(bench::direct_convolution_operations(&recipe.network)?, peak.all_threads);
        printer.line(&tables::parts(&profile, threads));
        let (step, epoch) = (&profile.time, profile.time.seconds_per_epoch());
        printer.line(&format!(
            "\nstep   {:.3} ms (median of {}; quartiles {:.3} and {:.3}; {:.3} to {:.3}), {} images/s",
            step.seconds * 1e3,
            step.steps,
            step.quartiles.0 * 1e3,
            step.quartiles.1 * 1e3,
            step.spread.0 * 1e3,
            step.spread.1 * 1e3,
            thousands((recipe.batch_size as f64 / step.seconds) as usize),
        ));
        let times_floor = (floor.operations_per_image > 0).then(|| epoch / floor.seconds_per_epoch);
        printer.line(&format!(
            "epoch  {epoch:.2} s of training on 60,000 images, batch {}{}",
            recipe.batch_size,
            times_floor.map_or(String::new(), |t| format!("; {t:.2} times the floor")),
        ));
        printer.line(&format!(
            "floor  {:.2} s: {:.1} MFLOP an image of direct convolution at the peak\n",
            floor.seconds_per_epoch,
            floor.operations_per_image as f64 / 1e6,
        ));
        let speed_up = profile.one_thread_seconds / step.seconds;
        printer.line(&tables::work(&profile.work, threads, speed_up));

        let inference = bench::inference(recipe, &data, isa, threads, steps.clamp(3, 100))?;
        printer.line(&tables::inference(&inference));
        Ok(json!({
            "peak_gflops": peak,
            "memory_read": read,
            "cache_copy": copy,
            "convolutions": speeds,
            "step": step,
            "one_thread_step_seconds": profile.one_thread_seconds,
            "seconds_per_epoch": epoch,
            "parts": profile.parts,
            "totals": profile.totals,
            "direct_convolution_operations_per_image": floor.operations_per_image,
            "direct_convolution_floor_seconds": floor.seconds_per_epoch,
            "times_floor": times_floor,
            "work": profile.work,
            "inference": inference,
        }))
    }
}
