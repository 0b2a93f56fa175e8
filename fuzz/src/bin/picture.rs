//! A picture and the digit in it: what comes out is in MNIST's form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_data::{MNIST_SIDE, Picture, grey_png, mnist_form};

fuzz_target!(|data: &[u8]| {
    let Ok(picture) = Picture::decode(data) else { return };
    let Ok(pixels) = mnist_form(&picture) else { return };
    assert_eq!(pixels.iter().max(), Some(&255), "the digit is stretched to full contrast");
    // What was made of it is itself a picture of a digit.
    let png = grey_png::encode(MNIST_SIDE, MNIST_SIDE, &pixels).expect("28 × 28 pixels");
    Picture::decode(&png).expect("what was written is a picture");
});
