"""Makes the golden pair golden/pytorch_model.safetensors and golden/pytorch_model_outputs.safetensors, by PyTorch.

    python reference/golden_model.py --mnist DIR

The seed network, trained for one epoch of MNIST as a user of PyTorch does it: SGD with momentum 0.9, learning rate 0.01,
batches of 128 in a random order, dropout 0.01, float32. The first file is its state dict exactly as `save_file` writes
it: PyTorch's names, nothing in the metadata. The second says what PyTorch makes of it:

    images           u8 [48, 28, 28], the formula images of golden_training.py (no pixel is MNIST's)
    log_probs_f32    of those images, computed in float32
    log_probs_f64    the same in float64, from the same float32 weights: what both programs approach
    test_errors      (metadata) how many of MNIST's 10,000 test images it takes for something else

An error count is a whole number that two correct programs must agree on unless an image lies on the edge between two
classes; the script refuses to write the pair if float32 and float64 disagree, and `test_margin` (metadata) is the
smallest distance between the two largest log-probabilities of any test image.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from golden_file import write_golden
from golden_training import formula_images
from mnist_files import read_test_set, read_training_set
from seed_network import SeedNetwork, normalise

BATCH, LEARNING_RATE, MOMENTUM, DROPOUT = 128, 0.01, 0.9, 0.01
IMAGES = 48


def train(images: torch.Tensor, labels: torch.Tensor) -> SeedNetwork:
    """One epoch from PyTorch's own initial weights."""
    torch.manual_seed(0)
    network = SeedNetwork(DROPOUT)
    optimiser = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)
    for batch in torch.randperm(len(images)).split(BATCH):
        optimiser.zero_grad()
        F.nll_loss(network(normalise(images[batch])), labels[batch].long()).backward()
        optimiser.step()
    return network.eval()


@torch.no_grad()
def log_probs(network: SeedNetwork, images: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Log-probabilities [N, 10] of u8 images, computed in `dtype`."""
    network.to(dtype)
    outputs = torch.cat([network(normalise(part, dtype)) for part in images.split(1000)])
    network.float()
    return outputs


def main() -> None:
    golden = Path(__file__).resolve().parent.parent / "golden"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, required=True, metavar="DIR", help="folder with the gzipped IDX files")
    parser.add_argument("--out", type=Path, default=golden, metavar="DIR")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # float32 sums, and so the weights' last digits, depend on how they are shared out
    torch.use_deterministic_algorithms(True)

    network = train(*map(torch.from_numpy, read_training_set(arguments.mnist)))
    model = arguments.out / "pytorch_model.safetensors"
    save_file(network.state_dict(), model)
    print(f"{model}: {model.stat().st_size / 1000:.1f} kB")

    test_images, test_labels = map(torch.from_numpy, read_test_set(arguments.mnist))
    errors = {}
    for dtype in (torch.float32, torch.float64):
        outputs = log_probs(network, test_images, dtype)
        errors[dtype] = int((outputs.argmax(1) != test_labels).sum())
        largest = outputs.topk(2, dim=1).values
        margin = float((largest[:, 0] - largest[:, 1]).min())
    print(f"errors on the test images: {errors}, smallest margin {margin:.1e}")
    if len(set(errors.values())) != 1:
        raise SystemExit("an image lies on the edge between two classes: train from another seed")

    images = torch.from_numpy(formula_images(IMAGES)[0])
    tensors = {
        "images": images.numpy(),
        "log_probs_f32": log_probs(network, images, torch.float32).numpy(),
        "log_probs_f64": log_probs(network, images, torch.float64).numpy(),
    }
    single, double = tensors["log_probs_f32"], tensors["log_probs_f64"]
    print(f"float32 against float64 on the formula images: {np.abs(single - double).max():.1e}")
    metadata = {
        "command": "python reference/golden_model.py --mnist DIR",
        "numpy": np.__version__,
        "torch": torch.__version__,
        "test_errors": str(errors[torch.float32]),
        "test_margin": f"{margin:.3e}",
        "training": json.dumps({"epochs": 1, "batch_size": BATCH, "learning_rate": LEARNING_RATE,
                                "momentum": MOMENTUM, "dropout": DROPOUT, "seed": "torch.manual_seed(0)",
                                "mean": 0.1307, "standard_deviation": 0.3081}),
    }
    write_golden(arguments.out / "pytorch_model_outputs.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
