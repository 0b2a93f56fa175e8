"""Derivations from Python, and how they show themselves."""

import csv
import io
from html.parser import HTMLParser

import numpy as np
import pytest

import longhand


def test_the_exercise_has_the_numbers_of_the_exercise():
    derivation = longhand.derive([2, 2, 2])
    assert repr(derivation) == "Derivation(2-2-2)"
    assert derivation.value("E_total") == pytest.approx(0.24251985734837728, rel=1e-15)
    assert derivation.value("dE_dw6") == pytest.approx(0.07269074519194478, rel=1e-15)
    assert derivation.value("w9") is None
    table = derivation.table
    assert list(table)[:2] == ["learning_rate", "row"]
    last = table["E_total"][table["row"] == 181]
    wanted = [0.08716614996554185, 0.042994036243703564, 0.014226828485761022, 0.007882811642432845,
              0.005945233403670568, 0.0024585061229331364]  # fmt: skip
    np.testing.assert_allclose(last, wanted, rtol=1e-13)
    rows = list(csv.DictReader(io.StringIO(derivation.to_csv())))
    assert [float(row["w5"]) for row in rows] == table["w5"].tolist()


def test_a_network_of_one_s_own():
    derivation = longhand.derive(
        (2, 3, 1),
        hidden_activation="tanh",
        output_activation="sigmoid",
        biases="per_neuron",
        bias_values=[0.1, 0.2, 0.3, 0.4],
        samples=[([0, 1], [1]), (np.array([1.0, 1.0]), [0])],
        weights=np.linspace(-0.4, 0.4, 9),
        learning_rates=[0.5],
        rows=20,
    )
    table = derivation.table
    assert len(table["row"]) == 20 and table["w1"][0] == -0.4 and table["b4"][0] == 0.4
    # A step of gradient descent, from the table itself.
    np.testing.assert_allclose(table["w1"][1:], table["w1"][:-1] - 0.5 * table["dE_dw1"][:-1], rtol=1e-14)
    # And the gradient, from finite differences.
    nudged = [
        longhand.derive((2, 3, 1), hidden_activation="tanh", output_activation="sigmoid", biases="per_neuron",
                        bias_values=[0.1, 0.2, 0.3, 0.4], samples=[([0, 1], [1]), ([1, 1], [0])],
                        weights=np.linspace(-0.4, 0.4, 9) + np.eye(9)[3] * step).value("E_total")
        for step in (1e-5, -1e-5)
    ]  # fmt: skip
    assert derivation.value("dE_dw4") == pytest.approx((nudged[0] - nudged[1]) / 2e-5, rel=1e-8)


class Tags(HTMLParser):
    """Checks that tags are closed in the order in which they were opened, and counts them."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], {}

    def handle_starttag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"layers": [2, 2, 3], "hidden_activation": "relu", "loss": "softmax_cross_entropy", "biases": "per_layer"},
        {"layers": [2, 2, 2], "samples": [([0, 1], [1, 0]), ([1, 0], [0, 1])], "rows": 5},
        {"layers": [20, 20, 2], "rows": 2},
        {"learning_rates": [1e6], "hidden_activation": "identity", "rows": 300},
    ],
)
def test_what_a_notebook_shows_is_whole(network):
    derivation = longhand.derive(**network)
    html = derivation._repr_html_()
    tags = Tags()
    tags.feed(html)
    assert tags.open == [], "everything is closed"
    assert tags.seen["div"] > 0 and tags.seen["math"] > 3
    assert "script" not in tags.seen and "http" not in html
    latex = derivation._repr_latex_()
    assert latex.startswith("$$\n\\begin{aligned}\n") and latex.endswith("\n\\end{aligned}\n$$")
    assert latex.count("{") == latex.count("}")


def test_every_gradient_is_in_every_notation():
    derivation = longhand.derive()
    rows = derivation._repr_latex_().splitlines()
    assert sum(row.startswith(r"\frac{\partial E_{\mathrm{total}}}{\partial w_") for row in rows) == 8
    assert derivation.to_html().count("<h4>") == 8
    assert derivation.to_markdown().startswith("# Back-propagation by hand: a 2-2-2 network")
    assert derivation.to_latex().rstrip().endswith(r"\end{document}")


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"layers": [2]}, "at least two"),
        ({"weights": [0.1]}, "1 weights given, 8 needed"),
        ({"hidden_activation": "swish"}, '"swish" is not an activation'),
        ({"loss": "hinge"}, '"hinge" is not a loss'),
        ({"biases": "some"}, "per_neuron"),
        ({"bias_values": [0.1]}, "bias_values needs biases"),
        ({"samples": [([1], [1, 0])]}, "1 inputs, 2 needed"),
        ({"learning_rates": [float("nan")]}, "NaN"),
    ],
)
def test_a_network_that_cannot_be_is_refused_with_what_can(network, words):
    with pytest.raises(longhand.LonghandError) as refused:
        longhand.derive(**network)
    assert words in str(refused.value)
    assert refused.value.kind == "network"
