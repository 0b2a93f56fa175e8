//! Prints the exported data of a network described in TOML on standard input (an empty description is the exercise).

use std::io::Read;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut description = String::new();
    std::io::stdin().read_to_string(&mut description)?;
    let worksheet = longhand_derivation::worksheet::Worksheet::work_out(toml::from_str(&description)?)?;
    println!("{}", serde_json::to_string(&longhand_derivation::export::WorksheetExport::of(&worksheet))?);
    Ok(())
}
