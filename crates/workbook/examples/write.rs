//! Writes the workbook of a network: `write OUT.xlsx [NETWORK.toml]`.

use std::error::Error;
use std::time::Instant;

use longhand_derivation::spec::NetworkSpec;
use longhand_derivation::worksheet::Worksheet;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("where to? write OUT.xlsx [NETWORK.toml]")?;
    let spec: NetworkSpec = match arguments.next() {
        Some(path) => toml::from_str(&std::fs::read_to_string(path)?)?,
        None => NetworkSpec::default(),
    };
    let worksheet = Worksheet::work_out(spec)?;
    let start = Instant::now();
    let bytes = longhand_workbook::write::worksheet_workbook(&worksheet)?;
    println!("{} bytes in {:.0} ms", bytes.len(), start.elapsed().as_secs_f64() * 1e3);
    std::fs::write(out, bytes)?;
    Ok(())
}
