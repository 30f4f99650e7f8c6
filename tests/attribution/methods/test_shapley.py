"""Exact Shapley and Banzhaf values as `explain` gives them: they add up or say so, for text CNNs alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from commands import printed

from attribkit.attribution.cnn import integrated_gradients
from attribkit.attribution.cnn.shapley import shapley_values
from attribkit.attribution.methods import shapley as method
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores

Make = Callable[..., Classifier]
TEXT = "never such a good film !"


def scores(model: Classifier, text: str = TEXT, **options: Any) -> TokenScores:
    (panel,) = explain(model, text, views="attribution", **options).panels()
    assert isinstance(panel, TokenScores)
    return panel


@pytest.mark.parametrize("baseline", ["pad", "zero", "unk", "mean", "a bad film"])
def test_they_are_the_values_that_counting_all_coalitions_finds(make_classifier: Make, baseline: str) -> None:
    model = make_classifier()
    found = scores(model, method="shapley", baseline=baseline)
    counted = scores(model, method="shapley_sampling", baseline=baseline)  # of six tokens nothing is drawn
    np.testing.assert_allclose(found.scores, counted.scores, atol=1e-5)
    assert (found.steps, found.converged, found.draws, found.method) == (0, True, None, "shapley")
    assert found.verdict.startswith("scores sum to the model’s output: relative error ")


def test_the_verdict_can_fail(make_classifier: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    right = shapley_values
    monkeypatch.setattr(method, "shapley_values", lambda *arguments: 1.01 * right(*arguments))
    assert scores(make_classifier(), method="shapley").verdict.startswith(
        "scores do not sum to the model’s output: relative error "
    )


def test_banzhaf_values_promise_no_sum(make_classifier: Make) -> None:
    found = scores(make_classifier(), method="banzhaf")
    assert found.converged is None and (found.scores != 0).all()
    assert found.verdict == "banzhaf does not promise that scores sum to the model’s output"


@pytest.mark.parametrize("name", ["shapley", "banzhaf"])
def test_other_networks_are_refused_and_sampling_is_named(make_classifier: Make, name: str) -> None:
    message = f"method={name!r} needs a network with a closed form, got BiLSTM.*use method='shapley_sampling'"
    with pytest.raises(ValueError, match=message.replace("BiLSTM", r"\w+")):
        scores(make_classifier("lstm"), method=name)


def test_a_network_that_says_something_else_than_its_closed_form_is_refused(make_classifier: Make) -> None:
    model = make_classifier()
    forward = type(model.network).forward
    model.network.forward = lambda ids, mask: forward(model.network, ids, mask) + ids.sum(1, keepdim=True) * 1e-2
    with pytest.raises(ValueError, match=r"its logits for this text .* use method='shapley_sampling'"):
        scores(model, method="shapley")


def test_log_odds_of_several_classes_and_probabilities_are_refused(make_classifier: Make) -> None:
    model = make_classifier(labels=("x", "y", "z"))
    cure = r"use output='logit' or a pair of classes as the target, or method='shapley_sampling'"
    for options in ({}, {"output": "probability"}):
        with pytest.raises(ValueError, match=cure):
            scores(model, method="shapley", **options)
    logits = explain(model, TEXT, views="attribution", method="shapley", output="logit", target="all").panels()
    pair = scores(model, method="shapley", target=("x", "z"))
    of_labels = [panel for panel in logits if isinstance(panel, TokenScores) and panel.converged]
    assert len(of_labels) == len(logits) == 3
    np.testing.assert_allclose(pair.scores, of_labels[0].scores - of_labels[2].scores, atol=1e-9)


def test_a_batch_gives_each_text_what_it_gets_alone(make_classifier: Make) -> None:
    model, texts = make_classifier(), [TEXT, "good", "a horrible unheard movie ! ever"]
    for text, why in zip(texts, explain(model, texts, method="shapley", views="attribution"), strict=True):
        np.testing.assert_allclose(why.scores, scores(model, text, method="shapley").scores, atol=1e-12)


@pytest.mark.parametrize(("name", "values"), [("shapley", "Shapley values"), ("banzhaf", "Banzhaf values")])
def test_a_text_too_long_is_refused_with_what_it_would_take(
    make_classifier: Make, monkeypatch: pytest.MonkeyPatch, name: str, values: str
) -> None:
    model = make_classifier()
    refusal = f"the {values} of at most 5 tokens are computed, got 6, which take about 0 s; give max_tokens=6, cut the"
    with pytest.raises(ValueError, match=refusal):
        explain(model, ["good", TEXT], method=name, max_tokens=5)
    assert scores(model, method=name, max_tokens=6) == scores(model, method=name)
    with pytest.raises(ValueError, match="`max_tokens` must be at least 1, got 0"):
        scores(model, method=name, max_tokens=0)
    monkeypatch.setattr(method, "MOST_TOKENS", 3)
    with pytest.raises(ValueError, match="at most 3 tokens"):
        scores(model, method=name)
    assert len(explain(model, "film " * 300, max_tokens=1).tokens) == 300  # a method whose time hardly grows


def test_the_model_is_left_as_it_was(make_classifier: Make) -> None:
    model = make_classifier()
    model.network.train()
    before = torch.random.get_rng_state()
    scores(model, method="shapley")
    assert model.network.training and torch.equal(before, torch.random.get_rng_state())


def test_explaining_by_another_method_never_loads_the_compiler() -> None:
    program = (
        "import sys, attribkit as ak; ak.explain(ak.load('imdb-cnn'), 'a good film', views='attribution'); "
        "print('numba' in sys.modules)"
    )
    assert printed(program) == "False"


def test_the_closed_form_is_judged_by_the_networks_own_logits(make_classifier: Make) -> None:
    assert integrated_gradients.has_closed_form(make_classifier().network)
