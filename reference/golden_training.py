"""Makes golden/first_losses.safetensors: the first 30 training losses of the seed network, dropout off, by PyTorch.

    python reference/golden_training.py --mnist DIR

SGD with momentum 0.9, batches of 128 in order (batch k is images 128 k to 128 k + 127), a loss being the batch's mean
negative log-likelihood before its step. Two sets of 3,840 images: the first ones of MNIST's training set, and *formula
images*, which any program can make again. Pixel (row, column) of formula image n, label c = n mod 10, is

    along  = row if c < 5 else column
    stripe = 160 if (along + floor(n / 10)) mod (3 + c mod 5) < 2 else 16
    h      = 1664525 * (784 n + 28 row + column) + 1013904223
    h      = 1664525 * (h xor (h >> 16)) + 1013904223
    pixel  = stripe + (h >> 26)

where h is an unsigned 32-bit number that wraps around. So a class is the direction and the period of its stripes.

Each training is done from the same float32 initial weights in float32, as a user of PyTorch does it, and in float64,
which is the truth that both PyTorch and Longhand approach. The float64 losses do not depend on the machine; the
float32 ones may differ from one processor to another.

How close can two float32 programs come? Rounding makes them differ by 1e-7, until some activation lies so near to
zero (ReLU), or two so near to each other (max pool), that they take different branches. That changes a gradient by a
single element's share, which moves the weights, which flips more branches. At the seed's learning rate of 0.01 the
losses of two correct programs drift apart by as much as 1 % within 30 steps, PyTorch's own two precisions included; at
0.0003 (*slow*) they stay within 1e-4. So both rates are recorded, and `losses_spread` says for each step how far the
loss moves when the arithmetic is float32 or when the initial weights are nudged by about a float32 rounding error.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from golden_file import write_golden
from mnist_files import read_training_set
from seed_network import SeedNetwork, normalise

BATCH, STEPS = 128, 30
IMAGES = BATCH * STEPS
MOMENTUM = 0.9
LEARNING_RATES = {"seed": 0.01, "slow": 0.0003}
NUDGES = 8  # trainings from nudged initial weights
NUDGE = 2.0**-24  # standard deviation of a nudge, relative: half a unit in the last place of a float32


def formula_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """The images of the module's formula, u8 [count, 28, 28], and their labels, u8 [count]."""
    n, row, column = np.meshgrid(np.arange(count), np.arange(28), np.arange(28), indexing="ij")
    c = n % 10
    along = np.where(c < 5, row, column)
    stripe = np.where((along + n // 10) % (3 + c % 5) < 2, 160, 16)
    h = (784 * n + 28 * row + column).astype(np.uint32)
    h = np.uint32(1664525) * h + np.uint32(1013904223)
    h = np.uint32(1664525) * (h ^ (h >> 16)) + np.uint32(1013904223)
    return (stripe + (h >> 26)).astype(np.uint8), (np.arange(count) % 10).astype(np.uint8)


def train(initial: dict, images: np.ndarray, labels: np.ndarray, dtype: torch.dtype,
          learning_rate: float) -> dict[str, object]:
    """Takes the 30 steps in `dtype`: the losses, the first batch's gradients, and the state after the last step."""
    network = SeedNetwork().to(dtype)
    network.load_state_dict(initial)
    inputs, targets = normalise(torch.from_numpy(images), dtype), torch.from_numpy(labels).long()
    optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate, momentum=MOMENTUM)
    losses, first_gradient = [], {}
    for batch_inputs, batch_targets in zip(inputs.split(BATCH), targets.split(BATCH), strict=True):
        optimiser.zero_grad()
        loss = F.nll_loss(network(batch_inputs), batch_targets)
        loss.backward()
        if not losses:
            first_gradient = {name: parameter.grad.clone() for name, parameter in network.named_parameters()}
        optimiser.step()
        losses.append(loss.item())
    final = {name: values for name, values in network.state_dict().items() if "num_batches" not in name}
    return {"losses": np.array(losses), "first_gradient": first_gradient, "final": final}


def nudged(initial: dict, seed: int) -> dict:
    """`initial` in float64, every number multiplied by 1 + NUDGE times a standard normal one."""
    generator = torch.Generator().manual_seed(seed)
    moved = {}
    for name, values in initial.items():
        if values.is_floating_point():
            normal = torch.randn(values.shape, generator=generator, dtype=torch.float64)
            values = values.double() * (1 + NUDGE * normal)
        moved[name] = values
    return moved


def sum_and_norm(values: torch.Tensor) -> np.ndarray:
    """The sum and the Euclidean norm of all elements."""
    return np.array([values.sum().item(), values.square().sum().sqrt().item()])


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, required=True, metavar="DIR", help="folder with the gzipped IDX files")
    parser.add_argument("--out", type=Path, default=here.parent / "golden" / "first_losses.safetensors")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # float32 sums, and so their last digits, depend on how they are shared out
    torch.use_deterministic_algorithms(True)

    torch.manual_seed(0)
    initial = SeedNetwork().state_dict()
    mnist_images, mnist_labels = read_training_set(arguments.mnist)
    sets = {
        "formula": formula_images(IMAGES),
        "mnist": (mnist_images[:IMAGES], mnist_labels[:IMAGES]),
    }
    tensors = {f"initial/{name}": values.numpy() for name, values in initial.items() if "num_batches" not in name}
    tensors["formula/first_images"] = sets["formula"][0][:10]
    metadata = {
        "command": "python reference/golden_training.py --mnist DIR",
        "numpy": np.__version__,
        "torch": torch.__version__,
        "recipe": json.dumps({"batch_size": BATCH, "steps": STEPS, "momentum": MOMENTUM,
                              "learning_rates": LEARNING_RATES, "initial_weights": "torch.manual_seed(0)",
                              "mean": 0.1307, "standard_deviation": 0.3081}),
    }
    for name, (images, labels) in sets.items():
        metadata[f"{name}/images_sha256"] = hashlib.sha256(images.tobytes()).hexdigest()
        metadata[f"{name}/labels_sha256"] = hashlib.sha256(labels.tobytes()).hexdigest()
        for rate, learning_rate in LEARNING_RATES.items():
            single = train(initial, images, labels, torch.float32, learning_rate)
            double = train(initial, images, labels, torch.float64, learning_rate)
            others = [train(nudged(initial, seed), images, labels, torch.float64, learning_rate)["losses"]
                      for seed in range(NUDGES)]
            losses = double["losses"]
            departures = np.abs(np.array([single["losses"], *others]) / losses - 1)
            spread = np.maximum.accumulate(departures.max(axis=0))
            print(f"{name}, {rate}: losses {losses[0]:.6f} .. {losses[-1]:.6f}; relative departure of float32 "
                  f"{departures[0].max():.1e}, of {NUDGES} nudged trainings {departures[1:].max():.1e}")
            if rate == "slow" and spread[-1] > 3e-5:
                raise SystemExit("a tolerance of 1e-4 is too tight for a slow training that departs by more than 3e-5")
            tensors[f"{name}/{rate}/losses_f32"] = single["losses"].astype(np.float32)
            tensors[f"{name}/{rate}/losses_f64"] = losses
            tensors[f"{name}/{rate}/losses_spread"] = spread
            for parameter, values in double["final"].items():
                tensors[f"{name}/{rate}/final/{parameter}"] = sum_and_norm(values)
        if name == "formula":
            for parameter, values in double["first_gradient"].items():
                tensors[f"{name}/first_gradient/{parameter}"] = values.numpy().astype(np.float32)
    write_golden(arguments.out, tensors, metadata)


if __name__ == "__main__":
    main()
