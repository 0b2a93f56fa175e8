"""The module itself: its names, its documentation, its data."""

import inspect

import numpy as np
import pytest

import longhand


def test_everything_is_documented_with_an_example():
    for name, member in vars(longhand).items():
        if name.startswith("_") or inspect.ismodule(member):
            continue
        assert inspect.getdoc(member), name
        if inspect.isclass(member) and not issubclass(member, BaseException):
            for method in vars(member):
                if not method.startswith("_"):
                    value = getattr(member, method)
                    documentation = inspect.getdoc(value)
                    assert documentation, f"{name}.{method}"
                    assert not callable(value) or "Example:" in documentation, f"{name}.{method}"
        elif inspect.isbuiltin(member):
            assert "Example:" in inspect.getdoc(member), name


def test_recipes_and_version():
    recipes = longhand.recipes()
    assert {"default", "seed", "sprint", "twelve/01-naive"} <= recipes.keys()
    assert all(recipes.values())
    assert longhand.__version__.count(".") == 2


def test_data_as_arrays():
    (images, labels), (test_images, test_labels) = longhand.load_data("strokes")
    assert (images.shape, images.dtype, labels.shape) == ((60000, 28, 28), np.uint8, (60000,))
    assert (test_images.shape, test_labels.shape) == ((10000, 28, 28), (10000,))
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert images.flags.writeable


def test_a_substitute_is_announced(monkeypatch, tmp_path):
    monkeypatch.delenv("LONGHAND_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for proxy in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    with pytest.warns(UserWarning, match="NOT MNIST"):
        (images, _), _ = longhand.load_data()
    assert images.shape == (60000, 28, 28)
    with pytest.raises(longhand.LonghandError, match="MNIST cannot be had"):
        longhand.load_data("mnist")
