//! Trains a network of one's own on drawn digits, shows how it goes, and stops once it is good enough.
//!
//! `cargo run -p longhand --example train_with_a_callback`

use std::ops::ControlFlow;

use longhand::{Data, Ended, Network, Recipe, Training};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // MNIST would be `Data::find()?`. These digits are drawn, so that the example needs no file.
    let data = Data::strokes(4_000, 500);
    let network = Network::new(28, 28)
        .conv(8)
        .relu()
        .batch_norm()
        .max_pool()
        .conv(16)
        .relu()
        .batch_norm()
        .max_pool()
        .global_average_pool()
        .linear(10);
    println!("{} parameters", network.parameters()?);
    let recipe = Recipe::named("sprint")?
        .with_network(&network)?
        .set("epochs", 8)?
        .set("averaging.decay", 0.98)?
        .set("augmentation.rotation", 10)?;

    let run = Training::new(recipe)
        .hold_out(500)
        .on_step(|step| {
            if step.step % 20 == 0 {
                eprint!("\repoch {}/{}  step {}/{}", step.epoch, step.epochs, step.step, step.steps);
            }
            ControlFlow::Continue(())
        })
        .on_epoch(|epoch| {
            println!(
                "\repoch {}: loss {:.4}, {:.1} % of the images held out",
                epoch.epoch,
                epoch.train_loss,
                100.0 * epoch.accuracy
            );
            if epoch.accuracy > 0.85 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .run(&data)?;

    match run.ended {
        Ended::Stopped { epoch, .. } => println!("good enough after epoch {epoch}"),
        Ended::Diverged { epoch, .. } => println!("diverged in epoch {epoch}: lower the learning rate"),
        _ => println!("all epochs done"),
    }
    let found = run.model.evaluate(data.test())?;
    println!("{:.1} % of {} test images", 100.0 * found.accuracy(), found.images);
    Ok(())
}
