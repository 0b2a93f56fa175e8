//! IDX files that lie: each lie is caught, none is believed with memory.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use longhand_data::idx::{self, IdxError};
use proptest::prelude::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn images(words: [u32; 4], pixels: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    bytes.resize(16 + pixels, 5);
    bytes
}

#[test]
fn sound_files_are_read() {
    let pixels: Vec<u8> = (0..24).collect();
    let bytes = idx::write_images(3, 4, &pixels);
    assert_eq!(bytes, [&images([2051, 2, 3, 4], 0)[..], &pixels].concat());
    let read = idx::parse_images(&bytes).unwrap();
    assert_eq!((read.count, read.height, read.width, read.pixels), (2, 3, 4, &pixels[..]));
    assert_eq!(idx::parse_labels(&idx::write_labels(&[9, 0, 4])).unwrap(), [9, 0, 4]);
    assert_eq!(idx::parse_images(&images([2051, 0, 28, 28], 0)).unwrap().count, 0);
}

#[test]
fn every_lie_in_a_header_is_caught() {
    let huge = u32::MAX;
    let lies = [
        (images([2049, 2, 3, 4], 24), IdxError::Magic { found: 2049, expected: 2051, kind: "images" }),
        (images([0x0803_0000, 2, 3, 4], 24), IdxError::Magic { found: 0x0803_0000, expected: 2051, kind: "images" }),
        (images([2051, 3, 3, 4], 24), IdxError::Short { promised: 36, found: 24 }),
        (images([2051, 1, 3, 4], 24), IdxError::Long { promised: 12, found: 24 }),
        (images([2051, 0, 3, 4], 24), IdxError::Long { promised: 0, found: 24 }),
        (images([2051, 2, 0, 4], 24), IdxError::Sides { height: 0, width: 4 }),
        (images([2051, 2, 3, 0], 0), IdxError::Sides { height: 3, width: 0 }),
        (images([2051, 2, huge, 4], 24), IdxError::Sides { height: huge, width: 4 }),
        (images([2051, huge, 4096, 4096], 24), IdxError::Short { promised: u64::from(huge) << 24, found: 24 }),
        (images([2051, 2, 3, 4], 23), IdxError::Short { promised: 24, found: 23 }),
        (images([2051, 2, 3, 4], 25), IdxError::Long { promised: 24, found: 25 }),
        (images([2051, 2, 3, 4], 0)[..15].to_vec(), IdxError::ShortHeader { needed: 16, found: 15 }),
        (vec![0, 0, 8], IdxError::ShortHeader { needed: 16, found: 3 }),
        (vec![], IdxError::ShortHeader { needed: 16, found: 0 }),
    ];
    for (bytes, lie) in lies {
        assert_eq!(idx::parse_images(&bytes), Err(lie));
    }
    let labels = |bytes: &[u8]| idx::parse_labels(bytes).map(<[u8]>::to_vec);
    let sound = idx::write_labels(&[1, 2, 3]);
    assert_eq!(labels(&sound[..10]), Err(IdxError::Short { promised: 3, found: 2 }));
    assert_eq!(labels(&[&sound[..], &[0]].concat()), Err(IdxError::Long { promised: 3, found: 4 }));
    assert_eq!(labels(&sound[..7]), Err(IdxError::ShortHeader { needed: 8, found: 7 }));
    assert_eq!(labels(&idx::write_labels(&[1, 10])), Err(IdxError::Label { index: 1, label: 10 }));
    let of_images = labels(&images([2051, 2, 3, 4], 24)).unwrap_err();
    assert!(of_images.to_string().contains("this is a file of images"), "{of_images}");
}

#[test]
fn gzip_is_told_by_its_first_bytes_and_may_come_in_several_streams() {
    assert_eq!(idx::uncompress(b"plain", 100).unwrap(), b"plain");
    assert_eq!(idx::uncompress(&gzip(b"packed"), 100).unwrap(), b"packed");
    assert_eq!(idx::uncompress(&[gzip(b"one"), gzip(b"two")].concat(), 100).unwrap(), b"onetwo");
    assert_eq!(idx::uncompress(&[], 100).unwrap(), b"");
}

#[test]
fn unsound_gzip_is_caught() {
    let packed = gzip(b"a row of bytes that is long enough to be packed, packed, packed");
    for end in 2..packed.len() {
        let error = idx::uncompress(&packed[..end], 100).unwrap_err();
        assert!(matches!(error, IdxError::GzipTruncated { .. }), "cut at {end}: {error}");
    }
    for extra in [&b"x"[..], &[0; 20], &[0x1f]] {
        let error = idx::uncompress(&[&packed[..], extra].concat(), 100).unwrap_err();
        let trailing = matches!(error, IdxError::GzipTrailing | IdxError::GzipTruncated { .. });
        assert!(trailing, "{extra:?}: {error}");
    }
    let mut damaged = packed.clone();
    let checksum = packed.len() - 8;
    damaged[checksum] ^= 1;
    assert!(matches!(idx::uncompress(&damaged, 100), Err(IdxError::GzipDamaged { .. })));
}

#[test]
fn a_file_that_swells_is_stopped_at_the_limit() {
    // 64 MiB of zeros in 64 kB; the limit allows 1 MiB.
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 1 << 17);
    assert_eq!(idx::uncompress(&bomb, 1 << 20), Err(IdxError::TooLarge { limit: 1 << 20 }));
    assert_eq!(
        idx::uncompress(&[gzip(&[0; 600]), gzip(&[0; 600])].concat(), 1000),
        Err(IdxError::TooLarge { limit: 1000 })
    );
    assert_eq!(idx::uncompress(&[0; 1001], 1000), Err(IdxError::TooLarge { limit: 1000 }));
    assert_eq!(idx::uncompress(&[0; 1000], 1000).unwrap().len(), 1000);
    assert_eq!(idx::uncompress(&gzip(&[0; 1000]), 1000).unwrap().len(), 1000);
}

proptest! {
    // A failing case is printed; there is no place beside an integration test to keep it.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_images_are_refused_or_consistent(
        count in 0_usize..5, height in 1_usize..5, width in 1_usize..5,
        edits in prop::collection::vec((0_usize..60, any::<u8>()), 1..4),
        keep in 0_usize..200,
    ) {
        let mut bytes = idx::write_images(height, width, &vec![3; count * height * width]);
        let sound = bytes.clone();
        for (place, value) in edits {
            if let Some(byte) = bytes.get_mut(place) {
                *byte = value;
            }
        }
        bytes.truncate(keep);
        match idx::parse_images(&bytes) {
            Ok(read) => {
                prop_assert_eq!(read.count * read.height * read.width, bytes.len() - 16);
                prop_assert_eq!(read.pixels, &bytes[16..]);
                prop_assert_eq!(&bytes[..4], &sound[..4]);
            }
            Err(_) => prop_assert_ne!(bytes, sound),
        }
        let _ = idx::parse_labels(&keep.to_be_bytes());
    }

    #[test]
    fn mutated_labels_are_refused_or_consistent(
        labels in prop::collection::vec(0_u8..10, 0..20), place in 0_usize..30, value: u8, keep in 0_usize..40,
    ) {
        let sound = idx::write_labels(&labels);
        let mut bytes = sound.clone();
        if let Some(byte) = bytes.get_mut(place) {
            *byte = value;
        }
        bytes.truncate(keep);
        match idx::parse_labels(&bytes) {
            Ok(read) => {
                prop_assert!(read.len() == bytes.len() - 8 && read.iter().all(|&label| label < 10));
            }
            Err(_) => prop_assert_ne!(bytes, sound),
        }
    }

    #[test]
    fn any_bytes_at_all_are_survived(bytes: Vec<u8>, packed: bool) {
        let _ = idx::parse_images(&bytes);
        let _ = idx::parse_labels(&bytes);
        let bytes = if packed { [&[0x1f, 0x8b, 8][..], &bytes].concat() } else { bytes };
        let _ = idx::uncompress(&bytes, 1000);
    }

    #[test]
    fn a_flipped_bit_never_passes_for_other_contents(place in 0_usize..80, bit in 0_u32..8) {
        let contents: Vec<u8> = (0..60_u8).map(|i| i.wrapping_mul(37)).collect();
        let mut packed = gzip(&contents);
        let place = place % packed.len();
        packed[place] ^= 1 << bit;
        // Some bits of a gzip header mean nothing for the contents (a date, a system); none may change them. Without
        // gzip's own first two bytes the rest counts as plain, which no IDX header can be.
        if let Ok(read) = idx::uncompress(&packed, 1000) {
            prop_assert!(read == contents || idx::parse_images(&read).is_err());
        }
    }
}
