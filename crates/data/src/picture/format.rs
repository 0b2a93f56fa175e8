//! What a file is by its first bytes, and whether a JPEG file has its end.

use super::PictureError;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
}

/// First bytes of what people mistake for a picture that is read here.
const OTHERS: [(&[u8], &str); 14] = [
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\x01\0", "an icon file"),
    (b"\0\0\x08\x03", "an IDX file, as MNIST's images are"),
];

impl Format {
    /// The format of the file that `bytes` begin.
    pub(super) fn of(bytes: &[u8]) -> Result<Format, PictureError> {
        let after = |start: usize, wanted: &[u8]| bytes.get(start..).is_some_and(|b| b.starts_with(wanted));
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        if after(0, b"\x89PNG\r\n\x1a\n") {
            return Ok(Format::Png);
        }
        if after(0, b"\xff\xd8\xff") {
            return Ok(Format::Jpeg);
        }
        if after(0, b"RIFF") && after(8, b"WEBP") {
            return Err(PictureError::Unsupported("a WebP"));
        }
        if after(4, b"ftyp") {
            let film = !["avif", "heic", "heix", "mif1", "msf1"].iter().any(|kind| after(8, kind.as_bytes()));
            return Err(PictureError::Unsupported(if film { "a film" } else { "an AVIF or HEIC" }));
        }
        if let Some((_, name)) = OTHERS.iter().find(|(first, _)| after(0, first)) {
            return Err(PictureError::Unsupported(name));
        }
        let first = &bytes[..bytes.len().min(8)];
        let is_text = first.iter().all(|b| (b' '..0x7f).contains(b) || b"\t\r\n".contains(b));
        Err(PictureError::NotAPicture(if is_text {
            format!("the text {:?}", String::from_utf8_lossy(first))
        } else {
            let bytes: Vec<String> = first.iter().map(|b| format!("{b:02x}")).collect();
            format!("the bytes {}", bytes.join(" "))
        }))
    }
}

/// Whether the JPEG file has its end marker after the last scan.
///
/// Segments are walked, not searched: a thumbnail inside has an end of its own, and cameras write on after the end.
pub(super) fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xd9 => return true,
            // A fill byte, or markers without a length.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
                if marker == 0xda {
                    // Coded data: every 0xff in it is followed by 0 or is a restart marker.
                    let rest = bytes.get(at..).unwrap_or_default();
                    let next = rest.windows(2).position(|p| p[0] == 0xff && !matches!(p[1], 0 | 0xd0..=0xd7 | 0xff));
                    let Some(next) = next else { return false };
                    at += next;
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_seems_to_be() {
        let message = |bytes: &[u8]| Format::of(bytes).unwrap_err().to_string();
        assert!(message(b"GIF89a").contains("it is a GIF"));
        assert!(message(b"RIFF\x10\0\0\0WEBPVP8 ").contains("it is a WebP"));
        assert!(message(b"\0\0\0\x18ftypheic").contains("HEIC"));
        assert!(message(b"\0\0\0\x18ftypisom").contains("film"));
        assert!(message(b"hello, world").contains("the text \"hello, w\""));
        assert!(message(&[1, 2]).contains("the bytes 01 02"));
        assert!(message(b"").contains("nothing in it"));
    }

    #[test]
    fn the_end_of_a_jpeg_is_found_by_walking() {
        let start = b"\xff\xd8\xff\xe1\x00\x06\xff\xd9\xff\xd9\xff\xda\x00\x02\x12\xff\x00\x34\xff\xd0\x56";
        assert!(!jpeg_is_whole(start), "the end inside a segment is not the file's");
        let whole = [&start[..], b"\xff\xd9"].concat();
        assert!(jpeg_is_whole(&whole));
        assert!(jpeg_is_whole(&[&whole[..], b"a film after it"].concat()));
        assert!((0..whole.len()).all(|end| !jpeg_is_whole(&whole[..end])));
    }
}
