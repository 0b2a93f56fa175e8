"""What several tests need: drawn digits and a model trained on them, in seconds and without a file."""

import pytest

import longhand

RECIPE = {"recipe": "sprint", "epochs": 2, "averaging__decay": 0.9}


@pytest.fixture(scope="session")
def digits():
    """((train images, train labels), (test images, test labels)): 2,000 and 300 drawn digits."""
    (train_images, train_labels), (test_images, test_labels) = longhand.load_data("strokes")
    return (train_images[:2000], train_labels[:2000]), (test_images[:300], test_labels[:300])


@pytest.fixture(scope="session")
def run(digits):
    """A run of two epochs on the digits."""
    train, test = digits
    return longhand.train(data=train, test=test, **RECIPE)
