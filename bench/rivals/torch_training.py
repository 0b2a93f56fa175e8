"""Times PyTorch's training step of the seed recipe on the CPU: draw a batch, forward, backward, SGD with momentum.

    python bench/rivals/torch_training.py --threads 2
    python bench/rivals/torch_training.py --threads 2 --channels-last --bf16 --mnist DIR

Images are normalised beforehand and held in memory. Before the timing, the variant's first loss is held against eager
float32's on the same weights, and the warm-up must bring the loss down. Prints one JSON object.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F

from measuring import made_up_digits, print_report, seconds_of, spread
from mnist_files import read_training_set
from seed_network import SeedNetwork, normalise


class Trainer:
    """The seed network, its optimiser and the images it learns."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, batch: int, dropout: float, channels_last: bool,
                 bf16: bool):
        torch.manual_seed(0)
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.images, self.labels, self.batch = images.contiguous(memory_format=self.memory_format), labels, batch
        self.bf16 = bf16
        self.network = SeedNetwork(dropout).to(memory_format=self.memory_format).train()
        self.optimiser = torch.optim.SGD(self.network.parameters(), lr=0.01, momentum=0.9)
        self.order: list[torch.Tensor] = []
        self.losses: list[torch.Tensor] = []

    def loss(self, chosen: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return F.nll_loss(self.network(self.images[chosen]), self.labels[chosen])

    def step(self) -> None:
        if not self.order:
            # A new epoch; its last batch, if smaller, is left out, so that all steps are of one size.
            self.order = [b for b in torch.randperm(len(self.images)).split(self.batch) if len(b) == self.batch]
        self.optimiser.zero_grad()
        loss = self.loss(self.order.pop())
        loss.backward()
        self.optimiser.step()
        self.losses.append(loss.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=100, help="steps to time")
    parser.add_argument("--warmup-steps", type=int, default=30, help="steps taken before")
    parser.add_argument("--dropout", type=float, default=0.01)
    parser.add_argument("--channels-last", action="store_true", help="activations lie as [N][H][W][C] in memory")
    parser.add_argument("--bf16", action="store_true", help="convolutions in bfloat16, by autocast")
    parser.add_argument("--mnist", type=Path, metavar="DIR", help="MNIST's gzipped IDX files; without: made-up images")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    if arguments.mnist:
        pixels, labels = (torch.from_numpy(values) for values in read_training_set(arguments.mnist))
    else:
        pixels, labels = made_up_digits(20_000)
    images, labels = normalise(pixels), labels.long()

    def trainer(dropout: float, channels_last: bool, bf16: bool) -> Trainer:
        return Trainer(images, labels, arguments.batch, dropout, channels_last, bf16)

    first = torch.arange(arguments.batch)
    eager = trainer(0.0, False, False).loss(first).item()
    variant = trainer(0.0, arguments.channels_last, arguments.bf16).loss(first).item()
    tolerance = 2e-2 if arguments.bf16 else 1e-5
    if not abs(variant - eager) <= tolerance * eager:
        raise SystemExit(f"the first loss is {variant}, eager float32's is {eager}: not the same network")

    timed = trainer(arguments.dropout, arguments.channels_last, arguments.bf16)
    seconds_of(timed.step, 0, warm_up=arguments.warmup_steps)
    # The mean of several losses, for a single one says little.
    few = max(1, arguments.warmup_steps // 4)
    before, after = (torch.stack(part).mean().item() for part in (timed.losses[:few], timed.losses[-few:]))
    if not after < before:
        raise SystemExit(f"the loss did not fall ({before:.4f} to {after:.4f}): this would time something else")
    seconds = seconds_of(timed.step, arguments.steps, warm_up=0)

    layout = "channels-last" if arguments.channels_last else "eager"
    print_report(
        f"PyTorch {layout}{' bf16' if arguments.bf16 else ''}", arguments.threads, {},
        f"first loss {variant:.6f}, eager float32's {eager:.6f}; loss {before:.4f} to {after:.4f} while warming up",
        {"step": {"images": arguments.batch, "seconds": spread(seconds)},
         "data": "MNIST" if arguments.mnist else "made-up images"},
    )


if __name__ == "__main__":
    main()
