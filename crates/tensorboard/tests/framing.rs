//! The frames of an event file.

mod frames;

use std::panic;

use longhand_tensorboard::proto::{Kind, Value};
use longhand_tensorboard::{EventFile, EventWriter, masked_crc};

fn scalar(tag: &str, number: f32) -> Value {
    Value { tag: tag.to_owned(), metadata: None, kind: Some(Kind::Scalar(number)) }
}

fn two_scalars() -> Vec<u8> {
    let mut writer = EventWriter::new(Vec::new(), 1.5).unwrap();
    writer.summary(2.5, 1, vec![scalar("a", 0.5)]).unwrap();
    writer.summary(3.5, 2, vec![scalar("a", 0.25)]).unwrap();
    writer.into_inner()
}

#[test]
fn checksums_are_those_of_the_format() {
    // The length 24 as TensorFlow frames it at the head of nearly every event file.
    assert_eq!(masked_crc(&24u64.to_le_bytes()), u32::from_le_bytes([0xa3, 0x7f, 0x4b, 0x22]));
}

#[test]
fn the_bytes_are_these() {
    let hex: Vec<String> = two_scalars().chunks(16).map(|c| c.iter().map(|b| format!("{b:02x}")).collect()).collect();
    // As TensorBoard's own writer makes them of the same three events.
    insta::assert_snapshot!(hex.join("\n"), @r"
    1800000000000000a37f4b2209000000
    000000f83f1a0d627261696e2e457665
    6e743a322a28646c1700000000000000
    e7cef81e09000000000000044010012a
    0a0a080a0161150000003fd4cbe13617
    00000000000000e7cef81e0900000000
    00000c4010022a0a0a080a0161150000
    803e622d3e4b
    ");
}

#[test]
fn a_file_cut_short_anywhere_can_be_read_up_to_there() {
    let whole = two_scalars();
    let (events, _) = frames::events(&whole);
    assert_eq!(events.len(), 3);
    let mut most = 0;
    // The first event is 24 bytes in a frame of 16.
    for length in 40..whole.len() {
        let (read, left_over) = frames::events(&whole[..length]);
        assert_eq!(read, events[..read.len()]);
        assert!(left_over > 0 || read.len() > most || length == 40, "{length} bytes");
        most = most.max(read.len());
    }
    assert_eq!(most, 2);
}

#[test]
fn a_changed_byte_is_noticed() {
    let whole = two_scalars();
    let mut unnoticed = 0;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        unnoticed += usize::from(panic::catch_unwind(|| frames::events(&changed)).is_ok());
    }
    assert_eq!(unnoticed, 0);
}

#[test]
fn a_file_that_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    EventFile::create(folder.path(), 7.0).unwrap();
    let error = EventFile::create(folder.path(), 7.9).unwrap_err().to_string();
    assert!(error.starts_with("cannot begin the TensorBoard events ") && error.contains("0000000007"), "{error}");
}
