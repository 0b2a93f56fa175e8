//! A checkpoint: what is taken is written to a file that reads the same, to the bit. The checksum over all of it lets only
//! whole ones by, so that a second door puts the right one in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_training::{Checkpoint, CheckpointFault};

fuzz_target!(|data: &[u8]| {
    read(data);
    if let Some(mended) = Checkpoint::with_right_checksum(data) {
        assert_ne!(read(&mended), Some(CheckpointFault::Damaged));
    }
});

fn read(data: &[u8]) -> Option<CheckpointFault> {
    match Checkpoint::from_bytes(data) {
        Ok(checkpoint) => {
            let written = checkpoint.to_bytes();
            let again = Checkpoint::from_bytes(&written).expect("what was written is a checkpoint");
            assert_eq!(again.to_bytes(), written);
            None
        }
        Err(fault) => {
            assert!(!fault.to_string().is_empty());
            Some(fault)
        }
    }
}
