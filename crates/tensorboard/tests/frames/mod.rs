//! Reading event files back: what TensorBoard does, checksums and all.

use longhand_tensorboard::masked_crc;
use longhand_tensorboard::proto::{Event, What};
use prost::Message;

/// The events of the whole records in `bytes`, and how many bytes of a last one that is cut short are left over.
///
/// # Panics
/// When a checksum is wrong, or a record is no event.
pub fn events(mut bytes: &[u8]) -> (Vec<Event>, usize) {
    let mut events = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(12) {
        let word = |four: &[u8]| u32::from_le_bytes(four.try_into().unwrap());
        assert_eq!(masked_crc(&head[..8]), word(&head[8..]), "the checksum of the length of event {}", events.len());
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        if rest.len() < length + 4 {
            break;
        }
        let event = &rest[..length];
        assert_eq!(masked_crc(event), word(&rest[length..length + 4]), "the checksum of event {}", events.len());
        events.push(Event::decode(event).unwrap());
        bytes = &rest[length + 4..];
    }
    assert_eq!(events[0].what, Some(What::FileVersion("brain.Event:2".into())), "the first event names the format");
    (events, bytes.len())
}
