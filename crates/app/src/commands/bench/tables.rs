//! The tables of `longhand bench`, each within 100 columns.

use longhand_training::bench::{
    Bandwidth, Both, Class, ClassTotal, InferenceSpeed, KernelSpeed, Part, StepProfile, Work,
};

use crate::printer::{table, table_text, thousands};

/// Rows with a smaller share of the step are shown as one.
const SMALL: f64 = 0.001;

/// What the machine can do.
pub fn machine(threads: usize, peak: &Both, read: &Bandwidth, copy: &Bandwidth) -> String {
    let all = format!("{threads} threads");
    let mut rows = table(&["at most", "one thread", &all], &[1, 2]);
    let mut row = |what: String, figures: &Both, unit: &str| {
        let figure = |f: f64| format!("{f:.1} {unit}");
        rows.add_row([what, figure(figures.one_thread), figure(figures.all_threads)]);
    };
    let mebibytes = |bytes: f64| bytes / (1 << 20) as f64;
    let whole = mebibytes(read.bytes_per_thread.one_thread);
    row("fused multiply-adds, two operations each".into(), peak, "GFLOP/s");
    row(format!("reading memory, {whole:.0} MiB in all"), &read.gb_per_second, "GB/s");
    let each = copy.bytes_per_thread.one_thread / 1024.0;
    row(format!("copying in the cache, {each:.0} KiB a thread"), &copy.gb_per_second, "GB/s");
    format!("{}\n", table_text(&rows))
}

/// Kernels alone.
pub fn kernels(speeds: &[KernelSpeed], peak: f64) -> String {
    let header = ["kernel alone, one thread", "direction", "way", "MFLOP/image", "GFLOP/s", "of peak"];
    let mut rows = table(&header, &[3, 4, 5]);
    for s in speeds {
        rows.add_row([
            s.layer.clone(),
            s.direction.replace('_', " "),
            s.way.to_owned(),
            format!("{:.3}", s.flop_per_image as f64 / 1e6),
            format!("{:.1}", s.gflop_per_second),
            share(s.gflop_per_second / peak),
        ]);
    }
    format!("{}\n", table_text(&rows))
}

/// The step by layer and direction.
pub fn parts(profile: &StepProfile, threads: usize) -> String {
    let header = ["layer", "direction", "MFLOP", "MB", "ms", "GFLOP/s", "of peak", "GB/s", "share"];
    let mut rows = table(&header, &[2, 3, 4, 5, 6, 7, 8]);
    let (shown, small): (Vec<&Part>, Vec<&Part>) = profile.parts.iter().partition(|p| p.share_of_step >= SMALL);
    for part in shown {
        rows.add_row(line(&part.layer, part.direction, &Figures::of_part(part)));
    }
    if !small.is_empty() {
        let name = format!("{} more, below {} each", small.len(), share(SMALL));
        rows.add_row(line(&name, "", &Figures::together(&small)));
    }
    for total in &profile.totals {
        let name = match total.class {
            Class::Convolutions => "all convolutions",
            Class::EverythingElse => "everything else",
        };
        rows.add_row(line(name, "", &Figures::of_total(total)));
    }
    format!(
        "{}\n\
         MFLOP: operations of a step by definition, of direct convolution, two a multiply-add; Winograd's\n\
         way takes fewer, so a layer may pass the peak. MB: activations, gradients and parameters read and\n\
         written. ms: time of all threads / {threads}, mean of the steps between the quartiles. again:\n\
         activations that were not kept, made once more.",
        table_text(&rows)
    )
}

/// The numbers of a line.
struct Figures {
    operations: f64,
    bytes: f64,
    seconds: f64,
    gflop_per_second: Option<f64>,
    share_of_peak: Option<f64>,
    share_of_step: f64,
}

impl Figures {
    fn of_part(p: &Part) -> Self {
        Figures {
            operations: p.operations,
            bytes: p.bytes,
            seconds: p.seconds,
            gflop_per_second: p.gflop_per_second,
            share_of_peak: p.share_of_peak,
            share_of_step: p.share_of_step,
        }
    }

    fn of_total(t: &ClassTotal) -> Self {
        Figures {
            operations: t.operations,
            bytes: t.bytes,
            seconds: t.seconds,
            gflop_per_second: t.gflop_per_second,
            share_of_peak: t.share_of_peak,
            share_of_step: t.share_of_step,
        }
    }

    fn together(parts: &[&Part]) -> Self {
        let sum = |of: fn(&Part) -> f64| parts.iter().map(|p| of(p)).sum();
        Figures {
            operations: sum(|p| p.operations),
            bytes: sum(|p| p.bytes),
            seconds: sum(|p| p.seconds),
            gflop_per_second: None,
            share_of_peak: None,
            share_of_step: sum(|p| p.share_of_step),
        }
    }
}

fn line(layer: &str, direction: &str, f: &Figures) -> [String; 9] {
    let unless_none = |n: f64, digits: usize| if n == 0.0 { String::new() } else { format!("{n:.digits$}") };
    [
        layer.to_owned(),
        direction.to_owned(),
        unless_none(f.operations / 1e6, 1),
        unless_none(f.bytes / 1e6, 2),
        format!("{:.3}", f.seconds * 1e3),
        f.gflop_per_second.map_or(String::new(), |g| format!("{g:.1}")),
        f.share_of_peak.map_or(String::new(), share),
        unless_none(if f.seconds > 0.0 { f.bytes / f.seconds / 1e9 } else { 0.0 }, 1),
        share(f.share_of_step),
    ]
}

/// Work for more threads.
pub fn work(work: &Work, threads: usize, measured: f64) -> String {
    let mut rows = table(&["stretch", "work items", "ms, one thread", "longest ms"], &[1, 2, 3]);
    let milliseconds = |seconds: f64| format!("{:.3}", seconds * 1e3);
    for s in &work.stretches {
        rows.add_row([s.name.clone(), s.items.to_string(), milliseconds(s.seconds), milliseconds(s.longest_seconds)]);
    }
    let serial = milliseconds(work.serial_seconds);
    rows.add_row(["meetings, optimiser".to_owned(), "1".to_owned(), serial.clone(), serial]);
    let items: usize = 1 + work.stretches.iter().map(|s| s.items).sum::<usize>();
    let (total, longest) = (milliseconds(work.total_seconds), milliseconds(work.longest_chain_seconds));
    rows.add_row(["a step; its longest chain".to_owned(), items.to_string(), total, longest]);
    let at_most: Vec<String> = work.speed_up.iter().map(|s| format!("{:.2} on {}", s.at_most, s.threads)).collect();
    let found = if threads > 1 { format!("\nmeasured: {measured:.2} on {threads}") } else { String::new() };
    format!("{}\ntimes as fast as one thread, at most: {}{found}\n", table_text(&rows), at_most.join(", "))
}

/// Many images and one.
pub fn inference(speed: &InferenceSpeed) -> String {
    let rate = |r: f64| thousands(r as usize);
    format!(
        "inference  {} images/s, {} at once (median of {}; {} to {})\none image  {:.1} µs on one thread (median of {}; \
         {:.1} to {:.1}); images normalised, in memory",
        rate(speed.images_per_second),
        thousands(speed.batch),
        speed.runs,
        rate(speed.spread.0),
        rate(speed.spread.1),
        speed.one_image.seconds * 1e6,
        speed.one_image.runs,
        speed.one_image.spread.0 * 1e6,
        speed.one_image.spread.1 * 1e6,
    )
}

/// A share of 1 in percent with one decimal.
fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
