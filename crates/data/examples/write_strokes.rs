//! Writes the built-in stroke digits as four IDX files: `write_strokes FOLDER [TRAIN TEST SEED]`.

use std::path::PathBuf;
use std::time::Instant;

use longhand_data::{idx, strokes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = PathBuf::from(arguments.first().ok_or("name a folder")?);
    let number = |index: usize, default: u64| arguments.get(index).map_or(Ok(default), |text| text.parse());
    let start = Instant::now();
    let dataset =
        strokes::generate(number(3, strokes::SEED)?, number(1, 60_000)? as usize, number(2, 10_000)? as usize);
    eprintln!("{} and {} images in {:.2} s", dataset.train.len(), dataset.test.len(), start.elapsed().as_secs_f64());
    std::fs::create_dir_all(&folder)?;
    for (prefix, set) in [("train", &dataset.train), ("t10k", &dataset.test)] {
        let images = idx::write_images(set.height(), set.width(), set.pixels());
        std::fs::write(folder.join(format!("{prefix}-images-idx3-ubyte")), images)?;
        std::fs::write(folder.join(format!("{prefix}-labels-idx1-ubyte")), idx::write_labels(set.labels()))?;
    }
    println!("{}", dataset.fingerprint);
    Ok(())
}
