"""Training from Python: callbacks, overrides, arrays, Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import RECIPE

import longhand


def test_a_run_has_a_model_and_a_line_for_each_epoch(run, digits):
    assert run.ended == "finished"
    assert [epoch["epoch"] for epoch in run.history] == [1, 2]
    last = run.history[-1]
    assert last["judged_on"] == "test" and last["epochs"] == 2
    assert last["errors"] == round((1 - last["accuracy"]) * 300)
    assert run.model.evaluate(*digits[1])["errors"] == last["errors"], "the last epoch judged this very model"
    assert "epochs = 2" in run.recipe
    assert "finished" in repr(run) and str(last["accuracy"]) in repr(run)


def test_the_same_bits_on_any_number_of_threads_and_with_any_callback(run, digits):
    train, test = digits
    again = longhand.train(data=train, test=test, threads=3, on_step=lambda step: None, **RECIPE)
    assert again.model.weights_sha256 == run.model.weights_sha256
    other = longhand.train(data=train, test=test, seed=1, **RECIPE)
    assert other.model.weights_sha256 != run.model.weights_sha256


def test_callbacks_hear_of_every_step_and_epoch_on_the_caller_s_thread(digits):
    steps, epochs, threads = [], [], set()

    def on_step(step):
        threads.add(threading.get_ident())
        steps.append((step["epoch"], step["step"], step["steps"], step["images"]))
        assert np.isfinite(step["loss"])

    run = longhand.train(data=digits[0], test=digits[1], on_step=on_step, on_epoch=epochs.append, **RECIPE)
    assert [step[:3] for step in steps] == [(epoch, step, 32) for epoch in (1, 2) for step in range(1, 33)]
    assert steps[-1][3] == 2000
    assert epochs == run.history
    assert threads == {threading.get_ident()}


def test_false_from_a_callback_ends_the_training_and_what_was_judged_is_kept(digits):
    run = longhand.train(data=digits[0], test=digits[1], on_epoch=lambda epoch: False, **RECIPE | {"epochs": 9})
    assert (run.ended, len(run.history)) == ("stopped", 1)
    assert run.model.evaluate(*digits[1])["loss"] == run.history[0]["loss"], "to the bit"
    run = longhand.train(data=digits[0], test=digits[1], on_step=lambda step: step["step"] < 5, **RECIPE)
    assert (run.ended, run.history) == ("stopped", [])
    assert "after 5 of 32 steps" in run.ending


def test_an_exception_of_a_callback_is_raised_as_it_is(digits):
    class Mine(Exception):
        pass

    def on_epoch(epoch):
        raise Mine("no further")

    with pytest.raises(Mine, match="no further"):
        longhand.train(data=digits[0], test=digits[1], on_epoch=on_epoch, **RECIPE | {"epochs": 100})


def test_overrides_in_all_spellings(digits):
    few = {"data": (digits[0][0][:64], digits[0][1][:64]), "hold_out": 10}
    by_underscores = longhand.train("seed", epochs=np.int64(1), augmentation__rotation=5, learning_rate=0.05, **few)
    by_dots = longhand.train("seed", epochs=1, learning_rate=0.05, **{"augmentation.rotation": 5.0}, **few)
    assert by_underscores.recipe == by_dots.recipe
    assert "rotation = 5.0" in by_dots.recipe and "learning_rate = 0.05" in by_dots.recipe
    by_text = longhand.train(by_dots.recipe, **few)
    assert by_text.model.weights_sha256 == by_dots.model.weights_sha256
    nesterov = longhand.train("seed", epochs=1, optimiser__nesterov=True, **few)
    assert "nesterov = true" in nesterov.recipe


def test_a_recipe_from_a_file(tmp_path, run, digits):
    path = tmp_path / "mine.toml"
    path.write_text(run.recipe)
    again = longhand.train(str(path), data=digits[0], test=digits[1])
    assert again.model.weights_sha256 == run.model.weights_sha256


def test_without_test_images_a_tenth_is_held_out(digits):
    images, labels = digits[0]
    run = longhand.train("seed", epochs=1, data=(images[:100], list(map(int, labels[:100]))))
    assert run.history[0]["judged_on"] == "held_out"
    assert run.history[0]["errors"] == run.model.evaluate(images[90:100], labels[90:100])["errors"]


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"recipe": "defautl"}, "recipe", "there is no recipe `defautl`"),
        ({"epochs": 0}, "recipe", "from 1 to 10000"),
        ({"momentum": 0.5}, "recipe", "unknown field `momentum`"),
        ({"epochs": 2.0}, "recipe", "expected a whole number"),
        ({"threads": 0}, "training", "give from 1 to 1024"),
        ({"hold_out": 20}, "data", "leaves nothing to train on"),
        ({"data": "/no/such/folder"}, "data", "is not a folder"),
        ({"data": (np.zeros((20, 28, 28)), np.zeros(20, int))}, "images", "must be uint8"),
        ({"data": (np.zeros((20, 28, 28), np.uint8), np.zeros(19, int))}, "images", "19 labels"),
        ({"data": (np.zeros((20, 28, 28), np.uint8), np.full(20, 10))}, "images", "label 10"),
        ({"data": (np.zeros((20, 28, 28), np.uint8), np.full(20, -1))}, "images", "label is -1"),
        ({"data": (np.zeros((20, 28, 28), np.uint8), np.zeros(20))}, "images", "whole numbers"),
        ({"data": (np.zeros((20, 8, 8), np.uint8), np.zeros(20, int))}, "training", "[1, 8, 8]"),
        ({"data": (np.zeros((28, 28), np.uint8), [0])}, "images", "images[None]"),
        ({"data": "strokes", "test": (np.zeros((20, 28, 28), np.uint8), np.zeros(20, int))}, "images", "test goes with"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(arguments, kind, words):
    few = {"data": (np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10)}
    with pytest.raises(longhand.LonghandError) as refused:
        longhand.train(**{"epochs": 1} | few | arguments)
    assert words in str(refused.value)
    assert refused.value.kind == kind


def test_an_override_of_no_such_type():
    with pytest.raises(TypeError, match="epochs must be a number"):
        longhand.train(epochs=[3], data=(np.zeros((20, 28, 28), np.uint8), np.zeros(20, int)))


def test_a_training_that_diverges_warns_and_keeps_what_was_learned(digits):
    with pytest.warns(RuntimeWarning, match="learning rate is probably too high"):
        run = longhand.train("seed", data=digits[0], test=digits[1], epochs=9, learning_rate=1000, batch_size=16)
    assert run.ended == "diverged"


def test_other_threads_run_while_it_trains(digits):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.005):
            ticks.append(time.monotonic())

    ticker = threading.Thread(target=tick)
    ticker.start()
    started = time.monotonic()
    longhand.train(data=digits[0], test=digits[1], threads=1, **RECIPE)
    ended = time.monotonic()
    done.set()
    ticker.join()
    assert len([t for t in ticks if started < t < ended]) > 3


INTERRUPTED = """
import sys
import longhand
(images, labels), test = longhand.load_data("strokes")

def say(step):
    if (step["epoch"], step["step"]) == (1, 2):
        print("begun", flush=True)

print("ready", flush=True)
try:
    longhand.train("seed", data=(images[:5000], labels[:5000]), test=test, epochs=1000, threads=1, on_step=ON_STEP)
except longhand.TrainingInterrupted as interrupted:
    run = interrupted.run
    assert isinstance(interrupted, KeyboardInterrupt)
    assert run.ended == "stopped", run
    assert run.ending in str(interrupted)
    run.model.predict(images[:3])
    print("kept", run.model.weights_sha256, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
@pytest.mark.parametrize("on_step", ["None", "say"])
def test_ctrl_c_stops_it_promptly_and_loses_nothing(on_step):
    code = INTERRUPTED.replace("ON_STEP", on_step)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    if on_step == "say":
        assert process.stdout.readline() == "begun\n"
    else:
        time.sleep(2)
    os.kill(process.pid, signal.SIGINT)
    started = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert "kept" in out, err
    assert process.returncode == 0
    assert time.monotonic() - started < 10
