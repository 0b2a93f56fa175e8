"""Reads MNIST's training and test sets from their gzipped IDX files."""

import gzip
import hashlib
from pathlib import Path

import numpy as np

# MD5 of each uncompressed file: what counts is the contents, not how they were compressed.
FINGERPRINTS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def read_verified(folder: Path, name: str) -> bytes:
    """The uncompressed contents of `name`.gz in `folder`."""
    contents = gzip.decompress((folder / f"{name}.gz").read_bytes())
    if hashlib.md5(contents).hexdigest() != FINGERPRINTS[name]:
        raise ValueError(f"{folder / name}.gz is not the MNIST file of that name")
    return contents


def read_set(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, u8 [N, 28, 28], and labels, u8 [N], of the two files that begin with `prefix`, in file order."""
    images = np.frombuffer(read_verified(folder, f"{prefix}-images-idx3-ubyte"), np.uint8, offset=16)
    labels = np.frombuffer(read_verified(folder, f"{prefix}-labels-idx1-ubyte"), np.uint8, offset=8)
    return images.reshape(-1, 28, 28).copy(), labels.copy()


def read_training_set(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The 60,000 training images and their labels."""
    return read_set(folder, "train")


def read_test_set(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The 10,000 test images and their labels."""
    return read_set(folder, "t10k")
