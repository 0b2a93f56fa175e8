//! Prints the page of a network described in TOML on standard input (an empty description is the exercise).

use std::io::Read;

use longhand_derivation::worksheet::Worksheet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut description = String::new();
    std::io::stdin().read_to_string(&mut description)?;
    let worksheet = Worksheet::work_out(toml::from_str(&description)?)?;
    print!("{}", longhand_report::worksheet_page(&worksheet));
    Ok(())
}
