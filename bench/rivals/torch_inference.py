"""Times PyTorch on the trained seed network's forward pass on the CPU, on a batch and on one image.

    python bench/rivals/torch_inference.py --threads 2
    python bench/rivals/torch_inference.py --threads 2 --channels-last --bf16

The variant's log-probabilities are held against eager float32's before the timing. Prints one JSON object.
"""

import argparse
import copy

import torch

from measuring import made_up_digits, network_for_inference, print_report, time_inference
from seed_network import normalise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=40, help="batches to time; one image is timed ten times as often")
    parser.add_argument("--channels-last", action="store_true", help="activations lie as [N][H][W][C] in memory")
    parser.add_argument("--bf16", action="store_true", help="convolutions in bfloat16, by autocast")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    memory_format = torch.channels_last if arguments.channels_last else torch.contiguous_format
    eager = network_for_inference()
    variant = copy.deepcopy(eager).to(memory_format=memory_format)
    images = normalise(made_up_digits(arguments.batch, seed=1000)[0])
    laid_out = images.contiguous(memory_format=memory_format)

    with torch.inference_mode():
        def run(batch: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
                return variant(batch)

        worst = (run(laid_out).float() - eager(images)).abs().max().item()
        tolerance = 0.2 if arguments.bf16 else 1e-4
        if not worst <= tolerance:
            raise SystemExit(f"log-probabilities differ from eager float32's by {worst}, more than {tolerance}")
        timed = time_inference(run, laid_out, arguments.runs)

    layout = "channels-last" if arguments.channels_last else "eager"
    print_report(
        f"PyTorch {layout}{' bf16' if arguments.bf16 else ''}", arguments.threads, {},
        f"log-probabilities within {worst:.1e} of eager float32's", timed,
    )


if __name__ == "__main__":
    main()
