//! MNIST's files, gzipped or plain: what is taken for images or labels is written again to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_data::idx;

/// The program's own limit is 128 MiB; a small one is reached by small inputs.
const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Ok(bytes) = idx::uncompress(data, LIMIT) else { return };
    assert!(bytes.len() <= LIMIT, "{} bytes of at most {LIMIT}", bytes.len());
    if let Ok(images) = idx::parse_images(&bytes) {
        assert_eq!(images.pixels.len(), images.count * images.height * images.width);
        assert_eq!(idx::write_images(images.height, images.width, images.pixels), bytes);
    }
    if let Ok(labels) = idx::parse_labels(&bytes) {
        assert_eq!(idx::write_labels(labels), bytes);
    }
});
