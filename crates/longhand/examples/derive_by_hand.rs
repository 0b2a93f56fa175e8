//! Works out the well-known 2-2-2 exercise and a network of one's own.
//!
//! `cargo run -p longhand --example derive_by_hand`

use longhand::{Activation, Derivation, SmallNetwork, derive};

fn main() -> Result<(), longhand::Error> {
    let exercise = derive(SmallNetwork::default())?;
    println!("{}", exercise.to_markdown());

    let own = derive(
        SmallNetwork::new([2, 3, 1])
            .hidden_activation(Activation::Tanh)
            .output_activation(Activation::Sigmoid)
            .sample([0.0, 1.0], [1.0])
            .sample([1.0, 1.0], [0.0])
            .learning_rates([0.5, 2.0])
            .rows(500),
    )?;
    println!("A {} network that learns the opposite of its first input:", own.shape());
    print_error(&own)
}

/// The error in the first and the last row of every learning rate.
fn print_error(derivation: &Derivation) -> Result<(), longhand::Error> {
    let column = |name| derivation.column(name).expect("every table has it");
    let (rates, rows, errors) = (column("learning_rate"), column("row"), column("E_total"));
    for place in 0..rows.len() {
        let is_last = place + 1 == rows.len() || rates[place + 1] != rates[place];
        if rows[place] == 1.0 || is_last {
            println!("rate {:>4}  row {:>4}  error {:.6}", rates[place], rows[place], errors[place]);
        }
    }
    Ok(())
}
