"""Writes a golden safetensors file whose bytes depend on its contents alone."""

import json
from pathlib import Path

import numpy as np
import safetensors.numpy


def write_golden(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Writes `tensors` and string `metadata` to `path`, and says what was written.

    The library writes metadata in an order that changes from run to run; here the header is written again with the
    metadata sorted, so that making a file afresh shows up in version control only when a number has changed.
    """
    contiguous = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    for name, values in contiguous.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a value that is not finite")
    data = safetensors.numpy.save(contiguous, metadata=metadata)
    header_length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + header_length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + header_length :])
    print(f"{path}: {len(contiguous)} tensors, {path.stat().st_size / 1000:.1f} kB")
