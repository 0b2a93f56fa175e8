"""Makes golden/layers.safetensors: every layer's forward and backward pass as PyTorch computes it.

    python reference/golden_layers.py

Tensors are named `case/tensor`; the metadata hold, under the name of each case, its parameters as JSON, and under
`about` what made the file. PyTorch works in float64; inputs are float32 values, so that both sides start from exactly
the same numbers, and results are rounded to float32 once: the file holds the true values, not the rounding errors of
one library. Schedules and the optimiser's trajectories stay float64. Each case draws its inputs from a generator seeded
by the case's name, so that a new case leaves the others as they are.
"""

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from golden_file import write_golden

tensors: dict[str, np.ndarray] = {}
metadata: dict[str, str] = {}


class Case:
    """One named group of tensors and its parameters."""

    def __init__(self, name: str, **parameters):
        self.name = name
        self.generator = np.random.default_rng(zlib.crc32(name.encode()))
        metadata[name] = json.dumps(parameters)

    def normal(self, *shape: int, mean: float = 0.0, deviation: float = 1.0) -> torch.Tensor:
        """Normally distributed float32 values, held in float64, that record gradients."""
        values = (mean + deviation * self.generator.standard_normal(shape)).astype(np.float32)
        return torch.from_numpy(values.astype(np.float64)).requires_grad_()

    def store(self, dtype=np.float32, **named) -> None:
        """Stores tensors under this case's name."""
        for name, values in named.items():
            if isinstance(values, torch.Tensor):
                values = values.detach().numpy()
            tensors[f"{self.name}/{name}"] = np.array(values, dtype=dtype)

    def store_backward(self, output: torch.Tensor, **leaves: torch.Tensor | None) -> None:
        """Stores `output`, a random gradient of it, every leaf, and every leaf's gradient."""
        grad_output = self.normal(*output.shape)
        output.backward(grad_output.detach())
        self.store(output=output, grad_output=grad_output)
        for name, leaf in leaves.items():
            if leaf is not None:
                self.store(**{name: leaf, f"grad_{name}": leaf.grad})


def convolution(name: str, images: int, channels: tuple[int, int], sides: tuple[int, int], kernel: int, padding: int,
                bias: bool) -> None:
    """Cross-correlation with stride 1 and zero padding, weight [output channel][input channel][row][column]."""
    case = Case(name, layer="convolution", kernel=kernel, padding=padding, bias=bias,
                in_channels=channels[0], out_channels=channels[1])
    input = case.normal(images, channels[0], *sides)
    weight = case.normal(channels[1], channels[0], kernel, kernel, deviation=0.3)
    offset = case.normal(channels[1]) if bias else None
    output = F.conv2d(input, weight, offset, padding=padding)
    case.store_backward(output, input=input, weight=weight, bias=offset)


def depthwise_convolution(name: str, images: int, channels: int, sides: tuple[int, int], kernel: int, padding: int,
                          bias: bool) -> None:
    """Each channel by a kernel of its own: groups = channels, weight [channel][1][row][column]."""
    case = Case(name, layer="depthwise_convolution", kernel=kernel, padding=padding, bias=bias, channels=channels)
    input = case.normal(images, channels, *sides)
    weight = case.normal(channels, 1, kernel, kernel, deviation=0.3)
    offset = case.normal(channels) if bias else None
    output = F.conv2d(input, weight, offset, padding=padding, groups=channels)
    case.store_backward(output, input=input, weight=weight, bias=offset)


def relu() -> None:
    """max(0, x), whose derivative at exactly 0 is 0; a quarter of the inputs are exactly 0."""
    case = Case("relu", layer="relu")
    input = case.normal(5, 3, 7, 9)
    with torch.no_grad():
        input.flatten()[::4] = 0.0
    case.store_backward(F.relu(input), input=input)


def batch_norm(name: str, images: int, channels: int, sides: tuple[int, int], momentum: float, eps: float,
               mean: float = 0.0, deviation: float = 1.0, dead_channel: int | None = None) -> None:
    """Normalises by the biased variance; the running variance takes the unbiased one: r += momentum * (batch - r)."""
    case = Case(name, layer="batch_norm", momentum=momentum, eps=eps, dead_channel=dead_channel)
    input = case.normal(images, channels, *sides, mean=mean, deviation=deviation)
    if dead_channel is not None:
        with torch.no_grad():
            input[:, dead_channel] = 0.0
    weight = case.normal(channels, mean=1.0, deviation=0.3)
    bias = case.normal(channels)
    running_mean = case.normal(channels).detach()
    running_var = case.normal(channels).detach().abs() + 0.5
    running_var = running_var.float().double()
    case.store(running_mean_before=running_mean, running_var_before=running_var)
    output = F.batch_norm(input, running_mean, running_var, weight, bias, training=True, momentum=momentum, eps=eps)
    case.store_backward(output, input=input, weight=weight, bias=bias)
    case.store(running_mean_after=running_mean, running_var_after=running_var)
    stored_mean, stored_var = running_mean.float().double(), running_var.float().double()
    case.store(eval_output=F.batch_norm(input, stored_mean, stored_var, weight, bias, training=False, eps=eps))


def max_pool(name: str, sides: tuple[int, int], ties: bool) -> None:
    """2x2 windows, stride 2; an odd last row or column is dropped; of equal values the first in row order wins."""
    case = Case(name, layer="max_pool", size=2, ties=ties)
    input = case.normal(5, 3, *sides)
    if ties:
        with torch.no_grad():
            input.copy_(input.round().clamp(min=0.0))
    case.store_backward(F.max_pool2d(input, 2), input=input)


def global_average_pool() -> None:
    """The mean of each channel's plane: [N, C, H, W] to [N, C, 1, 1]."""
    case = Case("global_average_pool", layer="global_average_pool")
    input = case.normal(5, 7, 3, 5)
    case.store_backward(F.adaptive_avg_pool2d(input, 1), input=input)


def linear(name: str, input_shape: tuple[int, ...], outputs: int, bias: bool = True) -> None:
    """x Wᵀ + b with weight [output][input]; an image is flattened in the order channel, row, column."""
    case = Case(name, layer="linear", outputs=outputs, bias=bias)
    input = case.normal(5, *input_shape)
    weight = case.normal(outputs, int(np.prod(input_shape)), deviation=0.3)
    offset = case.normal(outputs) if bias else None
    case.store_backward(F.linear(input.flatten(1), weight, offset), input=input, weight=weight, bias=offset)


def cross_entropy(name: str, images: int, label_smoothing: float, deviation: float = 2.0) -> None:
    """Log-softmax and mean negative log-likelihood; `loss` has one element, `labels` are u8."""
    case = Case(name, layer="cross_entropy", label_smoothing=label_smoothing)
    logits = case.normal(images, 10, deviation=deviation)
    labels = case.generator.integers(0, 10, images)
    loss = F.cross_entropy(logits, torch.from_numpy(labels), label_smoothing=label_smoothing)
    loss.backward()
    case.store(logits=logits, log_probabilities=F.log_softmax(logits, 1), loss=loss.reshape(1), grad_logits=logits.grad)
    case.store(dtype=np.uint8, labels=labels)


def sgd(name: str, learning_rates: list[float], momentum: float = 0.0, nesterov: bool = False,
        weight_decay: float = 0.0) -> None:
    """Five steps of torch.optim.SGD (dampening 0) with given gradients; row t of `weight` is after step t."""
    case = Case(name, layer="sgd", momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
    weight = torch.nn.Parameter(case.normal(7).detach())
    gradients = case.normal(len(learning_rates), 7).detach()
    case.store(weight_before=weight, grad_weight=gradients)
    optimiser = torch.optim.SGD([weight], lr=1.0, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay)
    weights, velocities = [], []
    for learning_rate, gradient in zip(learning_rates, gradients, strict=True):
        optimiser.param_groups[0]["lr"] = learning_rate
        weight.grad = gradient.clone()
        optimiser.step()
        weights.append(weight.detach().numpy().copy())
        if momentum:
            velocities.append(optimiser.state[weight]["momentum_buffer"].numpy().copy())
    case.store(dtype=np.float64, learning_rates=learning_rates, weight=weights)
    if momentum:
        case.store(dtype=np.float64, velocity=velocities)


def adamw(name: str, learning_rates: list[float], betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
          weight_decay: float = 0.0) -> None:
    """Steps of torch.optim.AdamW with given gradients; row t of `weight`, `mean` and `mean_square` is after step t."""
    case = Case(name, layer="adamw", betas=betas, eps=eps, weight_decay=weight_decay)
    weight = torch.nn.Parameter(case.normal(7).detach())
    gradients = case.normal(len(learning_rates), 7).detach()
    case.store(weight_before=weight, grad_weight=gradients)
    optimiser = torch.optim.AdamW([weight], lr=1.0, betas=betas, eps=eps, weight_decay=weight_decay)
    weights, means, mean_squares = [], [], []
    for learning_rate, gradient in zip(learning_rates, gradients, strict=True):
        optimiser.param_groups[0]["lr"] = learning_rate
        weight.grad = gradient.clone()
        optimiser.step()
        weights.append(weight.detach().numpy().copy())
        means.append(optimiser.state[weight]["exp_avg"].numpy().copy())
        mean_squares.append(optimiser.state[weight]["exp_avg_sq"].numpy().copy())
    case.store(dtype=np.float64, learning_rates=learning_rates, weight=weights, mean=means, mean_square=mean_squares)


def averaging(name: str, decay: float, warm_up: bool, updates: int = 12) -> None:
    """AveragedModel with get_ema_multi_avg_fn; with a warm-up, update t (from 1) has min(decay, (1 + t) / (10 + t))."""
    case = Case(name, layer="averaging", decay=decay, warm_up=warm_up)
    model = torch.nn.Module()
    model.weight = torch.nn.Parameter(torch.zeros(14, dtype=torch.float64))
    weights = case.normal(updates, 14).detach()
    averaged = torch.optim.swa_utils.AveragedModel(model)
    averages = []
    for t, weight in enumerate(weights):
        model.weight.data.copy_(weight)
        rate = min(decay, (1 + t) / (10 + t)) if warm_up else decay
        averaged.multi_avg_fn = torch.optim.swa_utils.get_ema_multi_avg_fn(rate)
        averaged.update_parameters(model)
        averages.append(averaged.module.weight.detach().numpy().copy())
    case.store(weight=weights)
    case.store(dtype=np.float64, average=averages)


def schedule(name: str, make_scheduler, base: float, count: int, **parameters) -> None:
    """The learning rate of each of `count` epochs under one of PyTorch's schedulers."""
    case = Case(name, layer="schedule", kind=make_scheduler.__name__, base=base, **parameters)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler = make_scheduler(optimiser, **parameters)
    learning_rates = []
    for _ in range(count):
        learning_rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    case.store(dtype=np.float64, learning_rates=learning_rates)


def one_cycle(name: str, steps: int, start: float, peak: float, end: float, warm_up: float) -> None:
    """Straight up from `start` to `peak` in the first `warm_up` of the steps, straight down to `end` at the last.

    With w = warm_up * steps (not rounded), step t of 0..steps has start + (peak - start) * t / w while t < w, and then
    peak + (end - peak) * (t - w) / (steps - 1 - w). PyTorch has no such schedule; this is the formula itself.
    """
    case = Case(name, layer="schedule", kind="one_cycle", steps=steps, start=start, peak=peak, end=end, warm_up=warm_up)
    w, t = warm_up * steps, np.arange(steps, dtype=np.float64)
    rising = start + (peak - start) * t / w
    falling = peak + (end - peak) * (t - w) / (steps - 1 - w)
    case.store(dtype=np.float64, learning_rates=np.where(t < w, rising, falling))


def one_cycle_cosine(name: str, steps: int, start: float, peak: float, end: float, warm_up: float) -> None:
    """As one_cycle on the way up; the way down is PyTorch's CosineAnnealingLR, step by step. warm_up * steps is whole."""
    case = Case(name, layer="schedule", kind="one_cycle", steps=steps, start=start, peak=peak, end=end, warm_up=warm_up,
                anneal="cosine")
    w = int(warm_up * steps)
    assert w == warm_up * steps
    learning_rates = [start + (peak - start) * t / w for t in range(w)]
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps - 1 - w, eta_min=end)
    for _ in range(w, steps):
        learning_rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    case.store(dtype=np.float64, learning_rates=learning_rates)


def make_cases() -> None:
    convolution("conv_3x3_padding_1", 5, (3, 2), (7, 9), kernel=3, padding=1, bias=True)
    convolution("conv_3x3_padding_0", 5, (1, 3), (5, 5), kernel=3, padding=0, bias=True)
    convolution("conv_3x3_padding_2", 5, (2, 3), (3, 3), kernel=3, padding=2, bias=True)
    convolution("conv_3x3_no_bias", 5, (5, 7), (5, 5), kernel=3, padding=1, bias=False)
    convolution("conv_3x3_two_groups", 19, (1, 3), (5, 5), kernel=3, padding=1, bias=True)
    convolution("conv_3x3_one_pixel_out", 5, (3, 2), (3, 3), kernel=3, padding=0, bias=True)
    convolution("conv_1x1", 5, (5, 7), (3, 3), kernel=1, padding=0, bias=True)
    convolution("conv_1x1_no_bias", 5, (3, 2), (7, 9), kernel=1, padding=0, bias=False)
    convolution("conv_1x1_padding_1", 5, (1, 3), (3, 3), kernel=1, padding=1, bias=True)
    convolution("conv_5x5_padding_2", 5, (3, 2), (7, 9), kernel=5, padding=2, bias=True)
    convolution("conv_5x5_padding_1", 5, (1, 3), (5, 5), kernel=5, padding=1, bias=True)
    convolution("conv_5x5_padding_0_no_bias", 5, (3, 2), (7, 9), kernel=5, padding=0, bias=False)
    convolution("conv_5x5_larger_than_image", 5, (2, 3), (3, 3), kernel=5, padding=2, bias=True)
    depthwise_convolution("depthwise_3x3_padding_1", 5, 4, (7, 9), kernel=3, padding=1, bias=True)
    depthwise_convolution("depthwise_3x3_padding_0_no_bias", 5, 3, (5, 5), kernel=3, padding=0, bias=False)
    depthwise_convolution("depthwise_3x3_two_groups", 19, 2, (5, 5), kernel=3, padding=2, bias=True)
    depthwise_convolution("depthwise_1x1", 5, 5, (3, 3), kernel=1, padding=0, bias=True)
    depthwise_convolution("depthwise_5x5_padding_2", 5, 3, (6, 7), kernel=5, padding=2, bias=True)
    relu()
    batch_norm("batch_norm", 5, 3, (7, 9), momentum=0.1, eps=1e-5)
    batch_norm("batch_norm_other_settings", 5, 2, (5, 5), momentum=0.3, eps=1e-3)
    batch_norm("batch_norm_two_groups", 19, 3, (3, 3), momentum=0.1, eps=1e-5)
    batch_norm("batch_norm_dead_channel", 5, 3, (3, 3), momentum=0.1, eps=1e-5, dead_channel=1)
    batch_norm("batch_norm_far_from_zero", 5, 2, (5, 5), momentum=0.1, eps=1e-5, mean=30.0, deviation=0.5)
    max_pool("max_pool_even", (6, 8), ties=False)
    max_pool("max_pool_odd", (7, 7), ties=False)
    max_pool("max_pool_ties", (7, 9), ties=True)
    global_average_pool()
    linear("linear", (12,), 10)
    linear("linear_flattened", (3, 2, 2), 4)
    linear("linear_no_bias", (12,), 10, bias=False)
    cross_entropy("cross_entropy", 5, label_smoothing=0.0)
    cross_entropy("cross_entropy_two_groups", 19, label_smoothing=0.0)
    cross_entropy("cross_entropy_smoothed", 5, label_smoothing=0.1)
    cross_entropy("cross_entropy_large_logits", 5, label_smoothing=0.0, deviation=200.0)
    cross_entropy("cross_entropy_smoothed_large_logits", 5, label_smoothing=0.1, deviation=200.0)
    constant, changing = [0.1] * 5, [0.1, 0.2, 0.05, 0.05, 0.01]
    sgd("sgd", constant)
    sgd("sgd_momentum", constant, momentum=0.9)
    sgd("sgd_nesterov", constant, momentum=0.9, nesterov=True)
    sgd("sgd_weight_decay", constant, weight_decay=5e-4)
    sgd("sgd_all", constant, momentum=0.9, nesterov=True, weight_decay=5e-4)
    sgd("sgd_all_changing_rate", changing, momentum=0.9, nesterov=True, weight_decay=5e-4)
    adamw("adamw", [1e-2] * 5)
    adamw("adamw_weight_decay", [1e-2] * 5, weight_decay=0.05)
    adamw("adamw_all_changing_rate", [1e-2, 2e-2, 5e-3, 5e-3, 1e-3], betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)
    averaging("averaging", 0.9, warm_up=False)
    averaging("averaging_warm_up", 0.4, warm_up=True)
    schedulers = torch.optim.lr_scheduler
    schedule("schedule_step", schedulers.StepLR, 0.1, 20, step_size=6, gamma=0.3)
    schedule("schedule_cosine", schedulers.CosineAnnealingLR, 0.1, 20, T_max=20, eta_min=0.0)
    schedule("schedule_cosine_to_floor", schedulers.CosineAnnealingLR, 0.1, 20, T_max=19, eta_min=1e-3)
    one_cycle("schedule_one_cycle", 40, start=0.01, peak=0.1, end=1e-4, warm_up=0.25)
    one_cycle("schedule_one_cycle_uneven", 37, start=0.01, peak=0.1, end=1e-4, warm_up=0.25)
    one_cycle_cosine("schedule_one_cycle_cosine", 40, start=0.01, peak=0.1, end=1e-4, warm_up=0.25)


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=here.parent / "golden" / "layers.safetensors")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    make_cases()
    metadata["about"] = json.dumps({
        "command": "python reference/golden_layers.py",
        "numpy": np.__version__,
        "torch": torch.__version__,
        "precision": "computed in float64, rounded once to the stored type",
    })
    write_golden(out, tensors, metadata)


if __name__ == "__main__":
    main()
