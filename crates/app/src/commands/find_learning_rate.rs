//! `longhand train --find-learning-rate`.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use longhand_kernels::Isa;
use longhand_nn::Network;
use longhand_report::learning_rate_chart;
use longhand_training::{
    RatePoint, RateRange, RateTest, RateTestEnd, Recipe, Split, find_learning_rate, find_learning_rate_from,
    write_atomically,
};

use super::Exit;
use crate::data_source;
use crate::printer::{Printer, table, table_text, thousands};

/// Rows of the table.
const ROWS: usize = 16;

/// What the test is to be made on.
pub struct Asked<'a> {
    pub recipe: &'a Recipe,
    /// The network to begin from, where that is not a random one.
    pub network: Option<Network>,
    pub split: &'a Split<'a>,
    pub isa: Isa,
    pub threads: usize,
}

/// Makes the test, shows it, and draws its curve into the present folder.
pub fn run(asked: Asked, interrupted: Arc<AtomicBool>, printer: Printer, json: bool) -> anyhow::Result<Exit> {
    let Asked { recipe, network, split, isa, threads } = asked;
    let range = RateRange::default();
    let of = format!(
        "{}, {}, batch {}, seed {}",
        recipe.name,
        split.data.name,
        thousands(recipe.batch_size.min(split.train.len())),
        recipe.seed
    );
    printer.line(&format!("data  {}", data_source::describe(split.data)));
    printer.line(&format!("test  {of}: {} steps at rates from {} to {}\n", range.steps, range.from, range.to));
    let bar = printer.bar(range.steps as u64, "{wide_bar} {pos}/{len} steps  {msg}");
    let mut watch = |step: usize, point: RatePoint| {
        bar.set_position(step as u64);
        bar.set_message(format!("rate {:.2e}  loss {:.3}", point.learning_rate, point.loss));
        if interrupted.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let test = match network {
        Some(network) => find_learning_rate_from(network, recipe, split, isa, threads, range, &mut watch),
        None => find_learning_rate(recipe, split, isa, threads, range, &mut watch),
    };
    bar.finish_and_clear();
    let test = test?;
    printer.line(&rows(&test));
    let picture = learning_rate_chart(&test, &of).draw();
    for (name, bytes) in [("learning-rate.svg", picture.svg().into_bytes()), ("learning-rate.png", picture.png(2.0))] {
        write_atomically(Path::new(name), &bytes).with_context(|| format!("cannot write {name}"))?;
    }
    printer.line(&format!("\n{}\ncurve       learning-rate.svg, learning-rate.png", words(&test)));
    if json {
        printer.data(&serde_json::to_string_pretty(&test)?);
    }
    Ok(if test.ended == RateTestEnd::Interrupted { Exit::Interrupted } else { Exit::Done })
}

/// Some of the points, evenly over the test, and the lowest.
fn rows(test: &RateTest) -> String {
    let mut rows = table(&["rate", "loss", "smoothed", ""], &[0, 1, 2]);
    let last = test.points.len().saturating_sub(1);
    let every = last.div_ceil(ROWS).max(1);
    for (index, point) in test.points.iter().enumerate() {
        let is_lowest = test.lowest == Some(point.learning_rate);
        if index % every == 0 || index == last || is_lowest {
            rows.add_row([
                format!("{:.2e}", point.learning_rate),
                format!("{:.3}", point.loss),
                format!("{:.3}", point.smoothed_loss),
                if is_lowest { "lowest".to_owned() } else { String::new() },
            ]);
        }
    }
    table_text(&rows)
}

fn words(test: &RateTest) -> String {
    let ended = match test.ended {
        RateTestEnd::Diverged => "the loss ran away".to_owned(),
        RateTestEnd::RangeDone => "no rate made the loss run away".to_owned(),
        RateTestEnd::Interrupted => "stopped before all rates were tried".to_owned(),
    };
    let suggestion = match test.suggestion {
        Some(rate) if test.range_too_low() => {
            format!("at least {rate:.2e}: the loss was still falling at the highest rate tried")
        }
        Some(rate) => format!("--learning-rate {rate:.1e}, a tenth of where the smoothed loss is lowest"),
        None => "none: the loss fell at no rate".to_owned(),
    };
    format!("ended       {ended}\nsuggestion  {suggestion}")
}
