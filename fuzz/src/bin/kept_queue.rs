//! The queue that an earlier web app left: written again it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longhand_server::kept_queue_again;

fuzz_target!(|data: &[u8]| {
    if let Ok(written) = kept_queue_again(data) {
        assert_eq!(kept_queue_again(&written).as_ref(), Ok(&written), "{}", String::from_utf8_lossy(&written));
    }
});
