"""Neural networks worked out by hand, and tiny convolutional ones trained fast on an ordinary CPU."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Buffer

__all__ = [
    "Derivation",
    "LonghandError",
    "Model",
    "Run",
    "TrainingInterrupted",
    "__version__",
    "derive",
    "load_data",
    "read_picture",
    "recipes",
    "train",
]

__version__: str

_Path = str | PathLike[str]
_Labelled = tuple[Buffer, ArrayLike]
_Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]

class LonghandError(ValueError):
    """What could not be done, in a sentence that names the offending value and what to do about it."""

    kind: Literal["recipe", "data", "images", "model", "network", "training", "output"]

class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C stopped a training; `run` holds what was learned until then."""

    run: Run

class Epoch(TypedDict):
    """An epoch that is done and judged. Exists for type checkers only: at run time it is a dict."""

    epoch: int
    epochs: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    judged_on: Literal["test", "held_out"]
    loss: float
    accuracy: float
    errors: int
    train_seconds: float

class Step(TypedDict):
    """Where a training stands after a step. Exists for type checkers only: at run time it is a dict."""

    epoch: int
    epochs: int
    step: int
    steps: int
    images: int
    loss: float

class Evaluation(TypedDict):
    """What `Model.evaluate` found. Exists for type checkers only: at run time it is a dict."""

    accuracy: float
    errors: int
    images: int
    loss: float
    confusion: NDArray[np.int64]

@final
class Run:
    """What a training leaves: the model, a line for each epoch, and how it ended."""

    @property
    def model(self) -> Model: ...
    @property
    def history(self) -> list[Epoch]: ...
    @property
    def ended(self) -> Literal["finished", "stopped", "diverged"]: ...
    @property
    def ending(self) -> str: ...
    @property
    def recipe(self) -> str: ...

@final
class Model:
    """A trained network: asked, judged, saved, loaded. Images are uint8, N×28×28, N×1×28×28, or 28×28 for one."""

    @staticmethod
    def load(path: _Path) -> Model: ...
    @staticmethod
    def from_bytes(data: bytes) -> Model: ...
    def to_bytes(self) -> bytes: ...
    def save(self, path: _Path) -> None: ...
    def to_onnx(self, path: _Path, *, fold_batch_norm: bool = False, normalised_input: bool = False) -> None: ...
    def to_c_header(self, path: _Path, *, name: str = "model") -> None: ...
    def predict(self, images: Buffer) -> Any: ...
    def predict_proba(self, images: Buffer) -> NDArray[np.float32]: ...
    def evaluate(self, images: Buffer, labels: ArrayLike) -> Evaluation: ...
    @property
    def recipe(self) -> str: ...
    @property
    def parameters(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def image_size(self) -> tuple[int, int]: ...
    @property
    def weights_sha256(self) -> str: ...
    def __reduce__(self) -> tuple[Callable[[bytes], Model], tuple[bytes]]: ...

@final
class Derivation:
    """A small network worked out by hand. In a notebook it shows itself: every formula, with numbers in place."""

    @property
    def shape(self) -> str: ...
    @property
    def table(self) -> dict[str, NDArray[np.float64]]: ...
    def value(self, name: str) -> float | None: ...
    def to_markdown(self) -> str: ...
    def to_latex(self) -> str: ...
    def to_html(self) -> str: ...
    def to_csv(self) -> str: ...
    def _repr_html_(self) -> str: ...
    def _repr_latex_(self) -> str: ...

def train(
    recipe: _Path | None = None,
    *,
    data: _Path | _Labelled | None = None,
    test: _Labelled | None = None,
    hold_out: int | None = None,
    on_epoch: Callable[[Epoch], object] | None = None,
    on_step: Callable[[Step], object] | None = None,
    threads: int | None = None,
    **overrides: bool | int | float | str,
) -> Run:
    """Trains a network and returns a `Run`; a callback that returns False ends the training."""

def recipes() -> dict[str, str]:
    """The names of the built-in recipes, each with a sentence about it."""

def read_picture(picture: _Path | bytes) -> NDArray[np.uint8]:
    """A PNG or JPEG picture of a digit as models take it: uint8, 28×28."""

def load_data(data: _Path | None = None) -> tuple[_Arrays, _Arrays]:
    """The data that `train` trains on: ((train_images, train_labels), (test_images, test_labels))."""

def derive(
    layers: Sequence[int] | None = None,
    *,
    hidden_activation: str | None = None,
    output_activation: str | None = None,
    loss: str | None = None,
    biases: Literal["none", "per_layer", "per_neuron"] | None = None,
    bias_values: Sequence[float] | None = None,
    samples: Sequence[tuple[Sequence[float], Sequence[float]]] | None = None,
    weights: Sequence[float] | None = None,
    learning_rates: Sequence[float] | None = None,
    rows: int | None = None,
) -> Derivation:
    """Works a small fully connected network out: every derivative, every number, and its training table."""
