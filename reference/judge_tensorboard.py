"""Holds the event files of runs against their records, with TensorBoard's own reader.

    python reference/judge_tensorboard.py RUN...

Every scalar must be the number in metrics.jsonl rounded to 32 bits, at the step of its epoch; there must be a histogram
of every float tensor in model.safetensors at every epoch, counting all its elements; every mistake must be a PNG whose
tag names a label that it was not taken for; and the recipe must be there as text. Exits with 1 on any difference.
"""

import json
import pathlib
import re
import struct
import sys

import numpy as np
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

MISTAKE = re.compile(r"mistakes/\d\d (\d) taken for (\d+), \d+ %, image \d+")
MOST_IMAGES = 24


def wanted_scalars(epochs):
    """Tag -> the numbers of all epochs, as metrics.jsonl has them."""
    judged = "test" if "test_loss" in epochs[0] else "validation"
    keys = {
        "loss/train": "train_loss",
        f"loss/{judged}": f"{judged}_loss",
        "accuracy/train": "train_accuracy",
        f"accuracy/{judged}": f"{judged}_accuracy",
        f"errors/{judged}": f"{judged}_errors",
        "learning_rate": "learning_rate",
        "seconds/train": "train_seconds",
        "seconds/evaluation": "evaluation_seconds",
    }
    return {tag: [(epoch["epoch"], epoch[key]) for epoch in epochs] for tag, key in keys.items()}


def tensors(path):
    """Name -> number of elements of every float tensor of a safetensors file, from its header."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {name: int(np.prod(t["shape"])) for name, t in header.items() if t["dtype"] == "F32"}


def judge(run):
    """What is wrong with the events of the run in a folder, a line each, and what was compared."""
    wrong = []

    def same(what, found, wanted):
        if found != wanted:
            wrong.append(f"{run.name}: {what}: found {found!r}, wanted {wanted!r}")

    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    record = json.loads((run / "run.json").read_text())
    # 0: keep everything, where by default the reader samples.
    everything = {kind: 0 for kind in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(run), size_guidance=everything)
    events.Reload()
    tags = events.Tags()

    wanted = wanted_scalars(epochs)
    same("scalars", sorted(tags["scalars"]), sorted(wanted))
    for tag in set(tags["scalars"]) & set(wanted):
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        same(tag, found, [(step, float(np.float32(value))) for step, value in wanted[tag]])

    weights = tensors(run / "model.safetensors")
    same("histograms", sorted(tags["histograms"]), sorted(f"weights/{name}" for name in weights))
    for tag in tags["histograms"]:
        series = events.Histograms(tag)
        same(f"steps of {tag}", [event.step for event in series], [epoch["epoch"] for epoch in epochs])
        for event in series:
            value = event.histogram_value
            same(f"elements of {tag}", value.num, weights.get(tag.removeprefix("weights/")))
            same(f"elements in buckets of {tag}", sum(value.bucket), value.num)
            same(f"order of buckets of {tag}", list(value.bucket_limit), sorted(value.bucket_limit))

    errors = epochs[-1].get("test_errors", epochs[-1].get("validation_errors"))
    same("images", len(tags["images"]), min(errors, MOST_IMAGES))
    for tag in tags["images"]:
        (image,) = events.Images(tag)
        same(f"step of {tag}", image.step, epochs[-1]["epoch"])
        same(f"kind of {tag}", image.encoded_image_string[:8], b"\x89PNG\r\n\x1a\n")
        size = struct.unpack(">II", image.encoded_image_string[16:24])
        same(f"size of {tag}", (image.width, image.height), size)
        named = MISTAKE.fullmatch(tag)
        if not named or named[1] == named[2]:
            wrong.append(f"{run.name}: {tag!r} names no mistake")

    # Text and settings are tensors with the name of a plugin.
    same("texts", sorted(events.summary_metadata), sorted(
        ["run", "recipe", "_hparams_/session_start_info", "_hparams_/session_end_info"]))
    (recipe,) = events.Tensors("recipe")
    text = recipe.tensor_proto.string_val[0].decode()
    if f'name = "{record["recipe"]}"' not in text:
        wrong.append(f"{run.name}: the text `recipe` is not that of {record['recipe']}")
    start = plugin_data_pb2.HParamsPluginData.FromString(
        events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content).session_start_info
    same("batch size", start.hparams["batch_size"].number_value, float(record["batch_size"]))
    same("seed", start.hparams["seed"].number_value, float(record["seed"]))
    end = plugin_data_pb2.HParamsPluginData.FromString(
        events.SummaryMetadata("_hparams_/session_end_info").plugin_data.content).session_end_info
    same("ended well", end.status == 1, record["status"] == "finished")

    counted = sum(len(values) for values in wanted.values())
    return wrong, f"{run.name}: {counted} scalars, {len(weights) * len(epochs)} histograms, {len(tags['images'])} images"


def main():
    runs = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if not runs:
        sys.exit(__doc__)
    failed = False
    for run in runs:
        wrong, counted = judge(run)
        print(counted if not wrong else "\n".join(wrong))
        failed |= bool(wrong)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
