"""Gradient SHAP is the mean of autograd's gradients at its points, on every network, and knows its own error."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
import torch
from scipy import stats

from attribkit.attribution.methods import gradient_shap
from attribkit.attribution.methods.random_baseline import points_on_path
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models import CNNSettings, TextCNN
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores

TEXT = "never such a good film ! a good film"


def panel(classifier: Classifier, text: str = TEXT, seed: int = 0, **options: Any) -> TokenScores:
    found = explain(classifier, text, method="gradient_shap", seed=seed, views="attribution", **options)
    return found.token_scores


def stated_errors(found: TokenScores) -> np.ndarray:
    """The standard errors (T,) behind the spread that the panel says."""
    assert found.spread is not None and found.draws == found.steps
    return found.spread / (stats.t.ppf(0.975, found.draws - 1) * 2**0.5)


@pytest.mark.parametrize("labels", [("x", "y"), ("x", "y", "z")])
@pytest.mark.parametrize(
    ("architecture", "output"),
    [("cnn", "log_odds"), ("cnn", "logit"), ("cnn", "probability"), ("attention-rnn", "log_odds")],
)
def test_scores_are_the_mean_of_autograds_gradients(
    make_classifier: Callable[..., Classifier], labels: tuple[str, ...], architecture: str, output: str
) -> None:
    classifier = make_classifier(architecture, labels=labels)
    ids = classifier.encode([TEXT])[0].ids
    weight, words = classifier.network.embedding.weight.detach(), torch.from_numpy(ids)[None]
    target = Target(output, torch.tensor([1]))
    for baseline, before in (("pad", weight[torch.zeros_like(words)]), ("unk", weight[torch.ones_like(words)])):
        found = panel(classifier, output=output, target=labels[1], baseline=baseline)
        points = points_on_path(ids, 0, found.steps).tolist()
        rows = np.array(reference.expected_gradients(classifier.network, words, before, target.of, points))
        np.testing.assert_allclose(found.scores, rows.mean(0), rtol=1e-3, atol=2e-5 * np.abs(rows).sum(1).max())
        errors = rows.std(0, ddof=1) / np.sqrt(found.steps)
        np.testing.assert_allclose(stated_errors(found), errors, rtol=1e-3, atol=2e-6 * np.abs(rows).sum(1).max())
        assert found.converged is None and found.verdict.startswith("sampled: 200 draws, spread ± ")


def test_it_estimates_integrated_gradients_within_the_error_it_states(
    make_classifier: Callable[..., Classifier],
) -> None:
    classifier = make_classifier("cnn", labels=("x", "y", "z"))
    for baseline in ("pad", "mean", "a dull movie"):
        exact = explain(classifier, TEXT, method="exact", baseline=baseline).token_scores.scores
        several = [panel(classifier, seed=seed, baseline=baseline) for seed in range(30)]
        drawn = np.array([one.scores for one in several])
        errors = np.mean([stated_errors(one) for one in several])
        assert drawn.std(0, ddof=1).mean() == pytest.approx(errors, rel=0.4)
        assert np.abs(drawn.mean(0) - exact).max() <= 5 * drawn.std(0, ddof=1).max() / 30**0.5 + 1e-6


def test_lines_and_gradients_say_the_same(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("cnn")
    by_lines = panel(classifier)
    monkeypatch.setattr(gradient_shap, "_by_lines", lambda problem: None)
    by_gradients = panel(classifier)
    np.testing.assert_allclose(by_lines.scores, by_gradients.scores, rtol=1e-4, atol=1e-5)
    assert by_lines.notes == by_gradients.notes


@pytest.mark.parametrize("architecture", ["cnn", "lstm"])
def test_many_texts_get_what_each_gets_alone(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    classifier, texts = make_classifier(architecture), [TEXT, "good", "a bad film", "dull", "a great story"]
    for one, text in zip(explain(classifier, texts, method="gradient_shap"), texts, strict=True):
        np.testing.assert_allclose(one.token_scores.scores, panel(classifier, text).scores, rtol=1e-4, atol=1e-6)


def test_few_points_are_drawn_where_each_takes_a_long_gradient(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_shap, "_GRADIENT_TOKENS", 900)
    assert panel(make_classifier("lstm")).steps == 100
    assert panel(make_classifier("cnn")).steps == 200
    monkeypatch.setattr(gradient_shap, "_NUMBERS_AT_ONCE", 1)  # point by point: the same
    whole = panel(make_classifier("cnn"))
    monkeypatch.undo()
    np.testing.assert_allclose(whole.scores, panel(make_classifier("cnn")).scores, rtol=1e-12)


def test_a_network_that_does_more_than_it_declares_is_not_taken_by_its_lines(
    make_classifier: Callable[..., Classifier],
) -> None:
    class Doubled(TextCNN):
        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(ids, mask)

    plain = make_classifier("cnn")
    settings: CNNSettings = plain.network.settings
    network = Doubled(settings)
    network.load_state_dict(plain.network.state_dict())
    doubled = Classifier(network, plain.tokenizer, plain.labels)
    np.testing.assert_allclose(panel(doubled).scores, 2 * panel(plain).scores, rtol=1e-3, atol=1e-5)
