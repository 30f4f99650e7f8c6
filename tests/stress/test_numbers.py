"""Weights and shapes at the edge of what a number can be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import attribkit as ak
from attribkit.models.classifier import Classifier
from attribkit.models.registry import ARCHITECTURES
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer

Make = Callable[..., Classifier]
Tried = Callable[..., None]
ARCHITECTURE = pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))


def assert_adds_up_where_it_says_so(why: ak.Explanation) -> None:
    scores = why.token_scores
    assert np.isfinite(scores.scores).all()
    if scores.converged:
        assert abs(scores.completeness_error) <= scores.tolerance * np.abs(scores.scores).sum()
    assert why.to_html() and why.to_json()


@ARCHITECTURE
@pytest.mark.parametrize("scale", [0.0, 1e-45, 1e-30, 1e3, 1e6])
def test_tiny_huge_and_zero_weights(architecture: str, scale: float, make_classifier: Make, tried: Tried) -> None:
    model = make_classifier(architecture)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.mul_(scale)
    assert_adds_up_where_it_says_so(ak.explain(model, "a good film , bad and dull", views="attribution"))
    tried("numbers: extreme weights")


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(
    broken: float, make_classifier: Make, tmp_path: Path, tried: Tried
) -> None:
    model = make_classifier()
    with torch.no_grad():
        model.network.output.weight[0, 0] = broken
    model.save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"the weights 'output\.weight' in .* hold NaN or infinity"):
        Classifier.load(tmp_path / "model")
    tried("numbers: weights that are no numbers")


@ARCHITECTURE
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(architecture: str, dtype: torch.dtype, make_classifier: Make, tried: Tried) -> None:
    model = make_classifier(architecture)
    model.network.to(dtype)
    assert_adds_up_where_it_says_so(ak.explain(model, "a good film , bad and dull", views="attribution"))
    assert {parameter.dtype for parameter in model.network.parameters()} == {dtype}
    tried("numbers: other precisions")


def built(architecture: str, labels: tuple[str, ...], **sizes: Any) -> Classifier:
    tokenizer = Tokenizer.train(["word word"], TextSettings(min_frequency=1))
    sizes |= {"vocabulary": len(tokenizer), "classes": len(labels), "embedding_size": 4}
    return Classifier(ARCHITECTURES[architecture].build(**sizes).eval(), tokenizer, labels)


@ARCHITECTURE
def test_one_filter_one_word_a_thousand_classes(architecture: str, tried: Tried) -> None:
    small = {"filters": 1, "widths": (2,)} if architecture == "cnn" else {"hidden": 1}
    labels = tuple(f"class {number}" for number in range(1_000))
    for model in (built(architecture, ("a", "b"), **small), built(architecture, labels, **small)):
        assert_adds_up_where_it_says_so(ak.explain(model, "word", views="attribution"))
        assert_adds_up_where_it_says_so(ak.explain(model, "word unheard word", views="attribution"))
        tried("numbers: smallest networks, most classes", 2)


def test_one_word_a_hundred_thousand_times(make_classifier: Make, full: bool, tried: Tried) -> None:
    model, count = make_classifier(), 100_000 if full else 20_000
    assert isinstance(model.tokenizer, Tokenizer)
    settings = TextSettings(min_frequency=1, max_length=count)
    model.tokenizer = Tokenizer.of(model.tokenizer.vocabulary, settings)
    why = ak.explain(model, "good " * count, views="attribution")
    assert len(why.token_scores.tokens) == count
    assert_adds_up_where_it_says_so(why)
    tried("numbers: words in the longest text", count)
