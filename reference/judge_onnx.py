"""Judges exported ONNX files: onnx's checker accepts them, and onnxruntime says of every test image what Longhand says.

    python reference/judge_onnx.py --longhand target/release/longhand \
        --answers target/debug/examples/log_probabilities --data DIR RUN...

RUN is a run folder or a model.safetensors, DIR holds MNIST's files (or is `strokes`). Each model is exported four ways
(batch norm kept and folded, raw and normalised input). Exit code 1 when an answer differs: another class, or a
log-probability further off than 1e-4 of the image's largest.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

TOLERANCE = 1e-4
# Images at once: the batch must be free, and the last one is shorter.
BATCH = 768


def check(path: Path, classes: int) -> None:
    """What onnx itself demands, and that every shape follows from the input's."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    [output] = inferred.graph.output
    sizes = [d.dim_param or d.dim_value for d in output.type.tensor_type.shape.dim]
    if sizes != ["batch", classes]:
        raise ValueError(f"{path.name}: its output has the shape {sizes}, not ['batch', {classes}]")


def run(path: Path, images: np.ndarray) -> np.ndarray:
    """What onnxruntime says of all images."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    batches = (images[first : first + BATCH] for first in range(0, len(images), BATCH))
    return np.concatenate([session.run(None, {"image": batch})[0] for batch in batches])


def judge(arguments: argparse.Namespace, model: Path, folder: Path) -> bool:
    """Exports `model` four ways and prints a line on each; whether all are right."""
    weights = model / "model.safetensors" if model.is_dir() else model
    answers = folder / "answers.safetensors"
    subprocess.run([arguments.answers, weights, arguments.data, answers], check=True)
    answers = load_file(answers)
    pixels, wanted = answers["images"].astype(np.float32), answers["log_probabilities"]
    right = True
    for batch_norm in ["kept", "folded"]:
        for given in ["raw", "normalised"]:
            path = folder / "model.onnx"
            command = [arguments.longhand, "export", model, "--to", path, "--input", given, "--json", "--force"]
            command += ["--fold"] if batch_norm == "folded" else []
            report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            check(path, wanted.shape[1])
            scale = {key: np.float32(value) for key, value in report["normalisation"].items()}
            normalised = (pixels / np.float32(255) - scale["mean"]) / scale["std"]
            found = run(path, pixels if given == "raw" else normalised)
            other_class = int((found.argmax(1) != wanted.argmax(1)).sum())
            difference = np.abs(found - wanted).max(1) / np.abs(wanted).max(1)
            worst = float(np.nan_to_num(difference, nan=np.inf).max())
            right_here = found.shape == wanted.shape and other_class == 0 and worst <= TOLERANCE
            right = right and right_here
            print(
                f"{'right' if right_here else 'WRONG'}  {report['recipe']}, batch norm {batch_norm}, {given} input,"
                f" {report['bytes']} bytes: {other_class} of {len(found)} images of another class,"
                f" log-probabilities within {worst:.1e}"
            )
    return right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longhand", type=Path, required=True, help="the program")
    parser.add_argument("--answers", type=Path, required=True, help="the example log_probabilities")
    parser.add_argument("--data", required=True, help="a folder with MNIST's files, or strokes")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    arguments = parser.parse_args()
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        verdicts = [judge(arguments, model, Path(folder)) for model in arguments.runs]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
