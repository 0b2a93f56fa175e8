//! Contact sheets: a sound PNG that holds what it says.

use longhand_data::contact_sheet::{ContactSheetOptions, contact_sheet};
use longhand_data::{AugmentationSpec, ImageSet, strokes};

/// Width, height and grey pixels of a PNG.
fn decode(bytes: &[u8]) -> (usize, usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
    (info.width as usize, info.height as usize, pixels)
}

#[test]
fn every_sample_stands_in_the_row_of_its_digit() {
    // Images of one grey each: digit d has 100 + 10 d everywhere, so the sheet tells which digit stands where.
    let labels: Vec<u8> = (0..40).map(|index| index % 10).collect();
    let pixels = labels.iter().flat_map(|label| [100 + 10 * label; 16]).collect();
    let set = ImageSet::new(4, 4, pixels, labels).unwrap();
    let options = ContactSheetOptions { columns: 3, scale: 5, title: "greys".to_owned(), ..Default::default() };
    let (width, _, pixels) = decode(&contact_sheet(&set, &options).unwrap());
    let rows_with = |grey: u8| -> Vec<usize> {
        (0..pixels.len() / width).filter(|row| pixels[row * width..(row + 1) * width].contains(&grey)).collect()
    };
    let mut end = 0;
    for digit in 0..10 {
        let grey = 100 + 10 * digit;
        assert_eq!(pixels.iter().filter(|&&pixel| pixel == grey).count(), 3 * 20 * 20, "digit {digit}");
        let rows = rows_with(grey);
        assert!(rows.len() == 20 && rows[0] >= end, "digit {digit} fills rows {rows:?}");
        end = rows[19] + 1;
    }
}

#[test]
fn the_second_block_is_augmented() {
    let set = strokes::generate(0, 100, 0).train;
    let plain = ContactSheetOptions { columns: 5, ..Default::default() };
    let shifted = AugmentationSpec { shift: 3.0, ..Default::default() };
    let with =
        |augmentation| decode(&contact_sheet(&set, &ContactSheetOptions { augmentation, ..plain.clone() }).unwrap());
    let ((narrow, ..), (wide, _, shifted), (_, _, same)) =
        (with(None), with(Some(shifted)), with(Some(AugmentationSpec::default())));
    assert!(wide > 2 * narrow - 60, "{wide} of {narrow}");
    assert_ne!(shifted, same);
}

#[test]
fn few_samples_leave_room_and_nonsense_is_refused() {
    let set = strokes::generate(0, 13, 0).train;
    decode(&contact_sheet(&set, &ContactSheetOptions::default()).unwrap());
    decode(&contact_sheet(&set.subset(0..0), &ContactSheetOptions { columns: 0, ..Default::default() }).unwrap());
    let nonsense = AugmentationSpec { rotation: f32::NAN, ..Default::default() };
    let options = ContactSheetOptions { augmentation: Some(nonsense), ..Default::default() };
    assert!(contact_sheet(&set, &options).unwrap_err().to_string().contains("NaN"));
}
