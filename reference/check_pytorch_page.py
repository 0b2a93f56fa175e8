"""Runs docs/pytorch.md as it stands, and holds PyTorch's outputs for models of ours against Longhand's.

    cargo build --release && cargo build --release -p longhand-model-files --example log_probabilities
    target/release/longhand train seed --epochs 1 --data DIR
    python reference/check_pytorch_page.py --longhand target/release/longhand --mnist DIR --model runs/…/model.safetensors

Every block of the page that is marked `python` is run in order in one folder, as a reader would; so is every line of its
`console` blocks that begins with `$ longhand`. Then the page's module and its general reader load that model, and the reader
one of an odd network that is trained for it: on MNIST's 10,000 test images they must make as many errors as
`longhand evaluate` says, and give the log-probabilities that the example `log_probabilities` writes, to 1e-4 of the larger
of 1 and their size.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from mnist_files import read_test_set

PAGE = Path(__file__).resolve().parent.parent / "docs" / "pytorch.md"
LIMIT = 1e-4
# Of every kind of layer, in places where nobody would put them.
ODD = Path(__file__).resolve().parent / "odd_network.toml"


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and contents of every fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_page(longhand: Path, mnist: Path) -> dict:
    """Runs the page's blocks in the present folder; the names that its Python leaves."""
    names: dict = {"__name__": "page"}
    environment = {**os.environ, "LONGHAND_DATA": str(mnist), "PATH": f"{longhand.parent}:{os.environ['PATH']}"}
    os.environ.update(environment)
    for language, text in blocks(PAGE.read_text()):
        if language == "python":
            exec(compile(text, "docs/pytorch.md", "exec"), names)
        elif language == "console":
            for line in re.findall(r"^\$ (longhand .*)$", text, re.MULTILINE):
                print(f"$ {line}")
                subprocess.run(shlex.split(line), check=True, env=environment, stdout=subprocess.DEVNULL)
        else:
            raise SystemExit(f"a block of {language} is not run")
    return names


@torch.no_grad()
def compare(what: str, network: torch.nn.Module, inputs: torch.Tensor, labels: torch.Tensor, wanted: torch.Tensor,
            wanted_errors: int) -> None:
    """Holds `network` against Longhand's log-probabilities and errors, and says how near they are."""
    outputs = torch.cat([network.eval()(part) for part in inputs.split(1000)])
    errors = int((outputs.argmax(1) != labels).sum())
    difference = (outputs - wanted).abs()
    relative = float((difference / wanted.abs().clamp(min=1)).max())
    print(f"{what}: {errors} errors in PyTorch, {wanted_errors} in Longhand; log-probabilities {float(difference.max()):.1e} "
          f"apart at most, {relative:.1e} relative to those above 1")
    if errors != wanted_errors or relative > LIMIT:
        raise SystemExit("they disagree")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--longhand", type=Path, required=True, metavar="BINARY")
    parser.add_argument("--mnist", type=Path, required=True, metavar="DIR", help="folder with the gzipped IDX files")
    parser.add_argument("--model", type=Path, required=True, metavar="FILE", help="a model of the seed's network")
    arguments = parser.parse_args()
    model = arguments.model.resolve()
    longhand, mnist = arguments.longhand.resolve(), arguments.mnist.resolve()
    pixels, labels = map(torch.from_numpy, read_test_set(mnist))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("model.safetensors").write_bytes(model.read_bytes())
        subprocess.run([longhand, "train", ODD, "--data", mnist, "--json"], check=True, capture_output=True)
        models = {"seed": Path("model.safetensors"), "odd": next(Path("runs").glob("*-odd-*/model.safetensors"))}
        page = run_page(longhand, mnist)
        for recipe, model in models.items():
            command = [longhand, "evaluate", model, "--data", mnist, "--json"]
            wanted_errors = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["test_errors"]
            subprocess.run([longhand.parent / "examples" / "log_probabilities", model, mnist, "out"], check=True)
            wanted = load_file("out")["log_probabilities"]
            network, normalise = page["read_longhand"](model)
            compare(recipe, network, normalise(pixels), labels, wanted, wanted_errors)
            if recipe == "seed":
                module = page["Seed"]()
                module.load_state_dict(load_file(model))
                compare("seed, the page's module", module, normalise(pixels), labels, wanted, wanted_errors)
    print("every block of docs/pytorch.md runs")


if __name__ == "__main__":
    main()
