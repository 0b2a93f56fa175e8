//! Draws the loss curves of a network described in TOML on standard input (an empty description is the exercise) into
//! the folder named by the first argument.

use std::io::Read;
use std::path::PathBuf;

use longhand_derivation::worksheet::Worksheet;
use longhand_report::curves;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to draw into")?);
    let mut description = String::new();
    std::io::stdin().read_to_string(&mut description)?;
    let worksheet = Worksheet::work_out(toml::from_str(&description)?)?;
    let mut charts = vec![
        ("curves".to_owned(), curves::all_rates(&worksheet)),
        ("divergence".to_owned(), curves::divergence(&worksheet)),
    ];
    for rate in &worksheet.table.rates {
        charts.push((format!("curve-{}", rate.learning_rate), curves::of_rate(&worksheet, rate)));
    }
    std::fs::create_dir_all(&folder)?;
    for (name, chart) in charts {
        let picture = chart.draw();
        std::fs::write(folder.join(format!("{name}.svg")), picture.svg())?;
        std::fs::write(folder.join(format!("{name}.png")), picture.png(2.0))?;
    }
    Ok(())
}
