"""What every rival script shares: the reference network, timing a call many times, and the report of it."""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# The network, its input and the data files are the ones that the golden vectors are made with.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "reference"))

import torch  # noqa: E402
from seed_network import SeedNetwork, normalise  # noqa: E402

CLASSES = 10


def made_up_digits(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with a bright band whose height tells the label: pixels, u8 [count, 28, 28], and labels [count].

    Stands in for MNIST where only the time counts, which does not depend on what the images show.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (count,), generator=generator)
    pixels = torch.randint(128, (count, 28, 28), generator=generator, dtype=torch.uint8)
    rows = 2 * labels[:, None] + 4 + torch.arange(2)
    pixels[torch.arange(count)[:, None], rows] += 127
    return pixels, labels


def network_for_inference(seed: int = 0) -> SeedNetwork:
    """The seed network in evaluation mode, its running statistics those of a few batches."""
    torch.manual_seed(seed)
    network = SeedNetwork().train()
    with torch.no_grad():
        for batch in range(10):
            network(normalise(made_up_digits(100, seed + batch)[0]))
    return network.eval()


def seconds_of(call: Callable[[], object], times: int, warm_up: int) -> list[float]:
    """The seconds of each of `times` calls, after `warm_up` calls that are not counted."""
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return seconds


def spread(seconds: list[float]) -> dict[str, float | int]:
    """Median, quartiles and extremes of what was measured."""
    lower, median, upper = statistics.quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else seconds * 3
    return {
        "median": median, "lower_quartile": lower, "upper_quartile": upper,
        "min": min(seconds), "max": max(seconds), "n": len(seconds),
    }


def time_inference(run: Callable[[torch.Tensor], object], batch: torch.Tensor, runs: int) -> dict:
    """Times `run` on the whole `batch` and, ten times as often, on its first image alone."""
    one = batch[:1].clone()
    return {
        "batch": {"images": len(batch), "seconds": spread(seconds_of(lambda: run(batch), runs, max(2, runs // 10)))},
        "one_image": {"images": 1, "seconds": spread(seconds_of(lambda: run(one), 10 * runs, runs))},
    }


def print_report(subject: str, threads: int, versions: dict[str, str], verified: str, timed: dict) -> None:
    """Prints the one JSON object of a rival script."""
    print(json.dumps({
        "subject": subject, "threads": threads,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, **versions},
        "isa": torch.backends.cpu.get_cpu_capability(), "verified": verified, **timed,
    }))
