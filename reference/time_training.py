"""Times PyTorch's eager training of the seed recipe on the CPU.

    python reference/time_training.py --mnist DIR --threads 2 --epochs 5
    python reference/time_training.py --mnist DIR --threads 2 --steps 40

An epoch is 60,000 images in a fresh random order, taken from tensors normalised beforehand and held in memory; its
time covers the drawing of batches, forward, backward and update, and no evaluation. `--steps N` times N single steps
and multiplies their median by the number of steps in an epoch, for comparisons taken in turn with another program.
Prints one line for each measurement and the median; `--json` prints one JSON object instead.
"""

import argparse
import json
import math
import platform
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F

from mnist_files import read_training_set
from seed_network import SeedNetwork, normalise


def batches(images: torch.Tensor, labels: torch.Tensor, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """One epoch's batches in a random order; the last may be smaller."""
    for chosen in torch.randperm(len(images)).split(size):
        yield images[chosen], labels[chosen]


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", type=Path, required=True, metavar="DIR", help="folder with the gzipped IDX files")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3, help="epochs to time")
    parser.add_argument("--steps", type=int, help="time this many steps instead of epochs")
    parser.add_argument("--warmup-steps", type=int, default=10, help="steps taken before any timing")
    parser.add_argument("--dropout", type=float, default=0.01)
    parser.add_argument("--channels-last", action="store_true", help="keep activations as [N][H][W][C] in memory")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    memory_format = torch.channels_last if arguments.channels_last else torch.contiguous_format
    pixels, labels = (torch.from_numpy(values) for values in read_training_set(arguments.mnist))
    images, labels = normalise(pixels).contiguous(memory_format=memory_format), labels.long()
    network = SeedNetwork(arguments.dropout).to(memory_format=memory_format).train()
    optimiser = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    steps_per_epoch = math.ceil(len(images) / arguments.batch)
    losses: list[torch.Tensor] = []

    def step(batch_images: torch.Tensor, batch_labels: torch.Tensor) -> None:
        optimiser.zero_grad()
        loss = F.nll_loss(network(batch_images), batch_labels)
        loss.backward()
        optimiser.step()
        losses.append(loss.detach())

    def timed_steps(count: int) -> Iterator[float]:
        """The seconds of each of `count` steps, the drawing of its batch included."""
        while count > 0:
            source = batches(images, labels, arguments.batch)
            for _ in range(min(count, steps_per_epoch)):
                start = time.perf_counter()
                step(*next(source))
                yield time.perf_counter() - start
                count -= 1

    def report(line: str) -> None:
        if not arguments.json:
            print(line, flush=True)

    warm_up = list(timed_steps(arguments.warmup_steps))
    if arguments.steps:
        seconds = list(timed_steps(arguments.steps))
        epoch_seconds = [statistics.median(seconds) * steps_per_epoch]
        spread = [min(seconds) * steps_per_epoch, max(seconds) * steps_per_epoch]
        report(f"{arguments.steps} steps: median {statistics.median(seconds) * 1e3:.2f} ms, "
               f"{min(seconds) * 1e3:.2f} to {max(seconds) * 1e3:.2f}")
    else:
        epoch_seconds = []
        for epoch in range(1, arguments.epochs + 1):
            start = time.perf_counter()
            for batch in batches(images, labels, arguments.batch):
                step(*batch)
            epoch_seconds.append(time.perf_counter() - start)
            report(f"epoch {epoch}: {epoch_seconds[-1]:.2f} s")
        spread = [min(epoch_seconds), max(epoch_seconds)]

    first, last = losses[0].item(), torch.stack(losses[-10:]).mean().item()
    if not last < first:
        raise SystemExit(f"the loss did not fall ({first:.4f} to {last:.4f}): this times something else than training")
    median = statistics.median(epoch_seconds)
    report(f"median {median:.2f} s/epoch; {arguments.threads} threads, batch {arguments.batch}, "
           f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {processor()}; "
           f"loss {first:.3f} to {last:.3f}")
    if arguments.json:
        print(json.dumps({
            "seconds_per_epoch": median, "seconds_per_epoch_range": spread, "epoch_seconds": epoch_seconds,
            "timed": "steps" if arguments.steps else "epochs", "steps": arguments.steps, "warmup_steps": len(warm_up),
            "threads": arguments.threads, "batch_size": arguments.batch, "dropout": arguments.dropout,
            "channels_last": arguments.channels_last, "seed": arguments.seed, "train_images": len(images),
            "first_loss": first, "last_loss": last, "torch": torch.__version__, "python": platform.python_version(),
            "isa": torch.backends.cpu.get_cpu_capability(), "processor": processor(),
        }))


if __name__ == "__main__":
    main()
