//! Pictures of digits, brought into the form that models take.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use longhand_data::{MAX_PICTURE_BYTES, Picture, mnist_form};

use crate::error::{Error, ErrorKind};

/// Reads the PNG or JPEG file whose bytes these are, and brings the digit in it into MNIST's form: 28×28 pixels `[row][column]`, 0 black
/// to 255 white ink, the digit fitted into 20×20 and centred by mass.
///
/// The picture may be of any size up to 50 million pixels, in colour, dark on light or light on dark, and off-centre. What
/// comes back is what a network sees, and goes into [`Model::class`](crate::Model::class) and its like.
///
/// ```no_run
/// let model = longhand::Model::load("model.safetensors")?;
/// let seen = longhand::read_picture_file("seven.jpg")?;
/// println!("a {}", model.class(&seen)?);
/// # Ok::<(), longhand::Error>(())
/// ```
///
/// # Errors
/// When the bytes are no such picture, are damaged or too large, or nothing in the picture stands out.
pub fn read_picture(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let picture = Picture::decode(bytes).map_err(|e| Error::new(ErrorKind::Images, e))?;
    mnist_form(&picture).map(|pixels| pixels.to_vec()).map_err(|e| Error::new(ErrorKind::Images, e))
}

/// [`read_picture`] of the file `path`, no more of which is read than a picture may have.
///
/// # Errors
/// As [`read_picture`], and when the file cannot be read.
pub fn read_picture_file(path: impl AsRef<Path>) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PICTURE_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| Error::new(ErrorKind::Images, format!("cannot read {}: {e}", path.display())))?;
    read_picture(&bytes).map_err(|e| Error::new(ErrorKind::Images, format!("{}: {e}", path.display())))
}
