//! Draws a contact sheet of the stroke digits, or of the MNIST folder named: `contact_sheet OUT.png [FOLDER]`.

use std::path::Path;

use longhand_data::contact_sheet::{ContactSheetOptions, contact_sheet};
use longhand_data::{AugmentationSpec, mnist, strokes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("name the picture to write")?;
    let dataset = match arguments.next() {
        Some(folder) => mnist::load_folder(Path::new(&folder))?,
        None => strokes::generate(strokes::SEED, 10_000, 0),
    };
    let options = ContactSheetOptions {
        title: format!("{}, training images", dataset.name),
        augmentation: Some(AugmentationSpec {
            rotation: 10.0,
            scale: 0.1,
            shear: 0.1,
            shift: 2.0,
            ..Default::default()
        }),
        ..ContactSheetOptions::default()
    };
    std::fs::write(out, contact_sheet(&dataset.train, &options)?)?;
    Ok(())
}
