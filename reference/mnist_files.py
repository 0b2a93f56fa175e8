"""Reads the MNIST training set from its two gzipped IDX files."""

import gzip
import hashlib
from pathlib import Path

import numpy as np

# MD5 of each uncompressed file: what counts is the contents, not how they were compressed.
FINGERPRINTS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
}


def read_verified(folder: Path, name: str) -> bytes:
    """The uncompressed contents of `name`.gz in `folder`."""
    contents = gzip.decompress((folder / f"{name}.gz").read_bytes())
    if hashlib.md5(contents).hexdigest() != FINGERPRINTS[name]:
        raise ValueError(f"{folder / name}.gz is not the MNIST file of that name")
    return contents


def read_training_set(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images, u8 [60000, 28, 28], and labels, u8 [60000], in file order."""
    images = np.frombuffer(read_verified(folder, "train-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(read_verified(folder, "train-labels-idx1-ubyte"), np.uint8, offset=8)
    return images.reshape(-1, 28, 28).copy(), labels.copy()
