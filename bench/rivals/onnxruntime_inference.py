"""Times onnxruntime on the seed network's forward pass on the CPU, on a batch and on one image.

    python bench/rivals/onnxruntime_inference.py --threads 2

PyTorch exports the network in evaluation mode with a batch of any size; onnxruntime's log-probabilities are held
against PyTorch's, on the batch and on one image, before the timing. Prints one JSON object.
"""

import argparse
import contextlib
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from measuring import made_up_digits, network_for_inference, print_report, time_inference
from seed_network import normalise

TOLERANCE = 1e-4


def export(network: torch.nn.Module, path: Path) -> None:
    """Writes the network to `path`, its first dimension left open."""
    # The exporter prints its progress; standard output is kept for the report.
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Two images, because an example of one would be taken for a dimension that is always one.
        torch.onnx.export(
            network, (torch.zeros(2, 1, 28, 28),), path, dynamo=True, verbose=False, input_names=["images"],
            output_names=["log_probabilities"], dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False,
        )
    onnx.checker.check_model(onnx.load(path))


def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU with all graph optimisations and `threads` threads within each operator."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=40, help="batches to time; one image is timed ten times as often")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    network = network_for_inference()
    images = normalise(made_up_digits(arguments.batch, seed=1000)[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seed_network.onnx"
        export(network, path)
        session = open_session(path, arguments.threads)

    def run(batch: torch.Tensor) -> np.ndarray:
        return session.run(None, {"images": batch.numpy()})[0]

    with torch.inference_mode():
        worst = max(float(np.abs(run(batch) - network(batch).numpy()).max()) for batch in (images, images[:1]))
    if not worst <= TOLERANCE:
        raise SystemExit(f"log-probabilities differ from PyTorch's by {worst}, more than {TOLERANCE}")

    print_report(
        "onnxruntime", arguments.threads, {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__},
        f"log-probabilities within {worst:.1e} of PyTorch's", time_inference(run, images, arguments.runs),
    )


if __name__ == "__main__":
    main()
