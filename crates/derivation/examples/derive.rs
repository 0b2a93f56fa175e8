//! Prints the derivation of a network described in TOML on standard input (an empty description is the exercise), as
//! Markdown, or as LaTeX where the first argument is `latex`.

use std::io::Read;

use longhand_derivation::document;
use longhand_derivation::worksheet::Worksheet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut description = String::new();
    std::io::stdin().read_to_string(&mut description)?;
    let worksheet = Worksheet::work_out(toml::from_str(&description)?)?;
    if std::env::args().nth(1).as_deref() == Some("latex") {
        print!("{}", document::latex(&worksheet));
    } else {
        print!("{}", document::markdown(&worksheet));
        println!("\n{}", worksheet.divergence.caption);
    }
    Ok(())
}
