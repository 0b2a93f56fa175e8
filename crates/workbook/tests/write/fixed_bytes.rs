//! The same network gives the same file.

use std::time::{Duration, Instant};

use zip::{DateTime, ZipArchive};

use crate::networks::{ALL, EXERCISE, work_out, written};

#[test]
fn the_same_network_gives_the_same_bytes() {
    for (what, text) in ALL {
        let (first, second) = (written(&work_out(text)), written(&work_out(text)));
        assert!(first == second, "{what} differs from one time to the next");
    }
}

#[test]
fn no_part_carries_the_time_of_writing() {
    let bytes = written(&work_out(EXERCISE));
    let mut archive = ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    for place in 0..archive.len() {
        let entry = archive.by_index(place).unwrap();
        assert_eq!(entry.last_modified(), Some(DateTime::default()), "{:?}", entry.name());
    }
    let properties = String::from_utf8(crate::zip_edit::entries(&bytes).remove("docProps/core.xml").unwrap()).unwrap();
    assert!(properties.contains(">2026-01-01T00:00:00Z</dcterms:created>"), "{properties}");
}

#[test]
fn the_exercise_is_written_in_a_moment() {
    let worksheet = work_out(EXERCISE);
    let fastest = (0..3)
        .map(|_| {
            let start = Instant::now();
            written(&worksheet);
            start.elapsed()
        })
        .min()
        .unwrap();
    // Far above what it takes (about 0.1 s), so that a busy machine does not fail it.
    assert!(fastest < Duration::from_secs(10), "{fastest:?}");
}
