"""Methods of coalitions: counted out up to 12 tokens, beyond that with a spread that covers what seeds differ by."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribkit.attribution.methods import coalitions
from attribkit.attribution.outputs import Target
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.results.panels import TokenScores
from attribkit.views.attribution import Attribution

TEXT = "never such a good film !"
TWELVE = "never such a good film ! I've watched a horrible show"
LONG = (
    "never such a good film ! a good film with a great story and a dull horrible movie . the worst show I've ever "
    "watched , a bad , bad delight ; the best story of all"
)
ARCHITECTURES = ("cnn", "attention-rnn", "lstm")
SAMPLED = ("kernel_shap", "lime", "shapley_sampling", "gradient_shap")


def scores(classifier: Classifier, text: str, method: str, **options: Any) -> TokenScores:
    return explain(classifier, text, method=method, **({"target": classifier.labels[1]} | options)).token_scores


def worth(classifier: Classifier, text: str, output: str = "log_odds", label: int = 1) -> Callable[[set[int]], float]:
    ids = torch.from_numpy(classifier.encode([text])[0].ids)[None]
    target = Target(output, torch.tensor([label]))

    @cache
    def once(kept: frozenset[int]) -> float:
        return reference.coalition_value(classifier.network, ids, target.of, set(kept))

    return lambda kept: once(frozenset(kept))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", [TEXT, "a good", "good"])
def test_occlusion_averages_the_windows_that_hold_a_token(
    make_classifier: Callable[..., Classifier], architecture: str, text: str
) -> None:
    classifier = make_classifier(architecture)
    value = worth(classifier, text)
    panel = scores(classifier, text, "occlusion")
    everyone = set(range(len(panel.tokens)))
    width = min(3, len(everyone))
    windows = [set(range(start, start + width)) for start in range(len(everyone) - width + 1)]
    for place, score in enumerate(panel.scores):
        changes = [value(everyone) - value(everyone - window) for window in windows if place in window]
        assert score == pytest.approx(np.mean(changes), abs=1e-5)


@pytest.mark.parametrize("method", ["shapley_sampling", "kernel_shap"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("output", ["log_odds", "probability"])
def test_shapley_values_of_few_tokens_are_those_of_the_definition(
    make_classifier: Callable[..., Classifier], architecture: str, output: str, method: str
) -> None:
    classifier = make_classifier(architecture, labels=("x", "y", "z"))
    for text in (TEXT, "good", "a film"):
        count = len(classifier.encode([text])[0].ids)
        defined = reference.shapley_values(worth(classifier, text, output), count)
        panel = scores(classifier, text, method, output=output)
        np.testing.assert_allclose(panel.scores, defined, rtol=0, atol=2e-6 * np.abs(defined).sum())
        assert (panel.draws, panel.steps, panel.converged) == (0, 2**count, True)
        assert panel.spread is not None and not panel.spread.any()
        assert panel.verdict.startswith("scores sum to the model’s output: relative error ")
        assert f"not sampled: from all {2**count} coalitions" in panel.notes[0]


def test_twelve_tokens_are_counted_out_and_thirteen_are_sampled(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn")
    panel = scores(classifier, TWELVE, "kernel_shap")
    assert len(panel.tokens) == 12 and panel.notes[0].startswith("not sampled: from all 4,096 coalitions")
    drawn = scores(classifier, TWELVE + " ever", "kernel_shap")
    assert drawn.draws == 256 and drawn.converged is None
    # a token that is the baseline's own does not play
    some = scores(classifier, TWELVE + " ever", "kernel_shap", baseline="never")
    assert (some.draws, some.steps) == (0, 4096)


def played(worth_of: np.ndarray) -> coalitions.Game:
    """A game of which every coalition's worth (2^P,) is given."""

    class Given(coalitions.Game):
        def __init__(self) -> None:
            self.players, self.steps = int(np.log2(len(worth_of))), 0

        def worth(self, some: np.ndarray) -> np.ndarray:
            return worth_of[(some * 2 ** np.arange(self.players)).sum(1)][:, np.newaxis]

    return Given()


GAMES = st.integers(1, 6).flatmap(lambda players: arrays(float, 2**players, elements=st.floats(-9, 9, width=32)))


@given(GAMES, st.data())
def test_counted_values_keep_shapleys_laws(game: np.ndarray, data: st.DataObject) -> None:
    players = int(np.log2(len(game)))
    numbers = np.arange(len(game))
    (found,) = coalitions._shapley_values(played(game))
    assert found.sum() == pytest.approx(game[-1] - game[0], abs=1e-9)  # efficiency
    one = data.draw(st.integers(0, players - 1))
    null = game[numbers & ~(1 << one)]  # a player that adds nothing gets nothing
    assert coalitions._shapley_values(played(null))[0][one] == pytest.approx(0, abs=1e-12)
    other = data.draw(st.integers(0, players - 1))
    swapped = numbers & ~(1 << one) & ~(1 << other) | (numbers >> one & 1) << other | (numbers >> other & 1) << one
    (symmetric,) = coalitions._shapley_values(played(game + game[swapped]))  # equals get the same
    assert symmetric[one] == pytest.approx(symmetric[other], abs=1e-9)
    np.testing.assert_allclose(  # the same by the definition
        found, reference.shapley_values(lambda kept: game[sum(1 << place for place in kept)], players), atol=1e-9
    )


def test_lime_of_few_tokens_is_a_weighted_ridge_regression_on_all_coalitions(
    make_classifier: Callable[..., Classifier],
) -> None:
    classifier = make_classifier("lstm")
    value = worth(classifier, TEXT)
    kept = np.array([[number >> bit & 1 for bit in range(6)] for number in range(64)], dtype=float)
    answers = np.array([value(set(np.flatnonzero(row))) for row in kept])
    weights = np.exp(-((1 - np.sqrt(kept.sum(1) / 6)) ** 2) / (2 * 0.25**2)) * 256 / 64
    design = np.vstack([np.c_[np.ones(64), kept] * np.sqrt(weights)[:, None], np.c_[np.zeros(6), np.eye(6)]])
    ridge = np.linalg.lstsq(design, np.append(answers * np.sqrt(weights), np.zeros(6)), rcond=None)[0][1:]
    panel = scores(classifier, TEXT, "lime")
    np.testing.assert_allclose(panel.scores, ridge, atol=2e-6 * np.abs(ridge).sum())
    assert (panel.converged, panel.draws, panel.steps) == (None, 0, 64)
    assert "does not promise" in panel.verdict and panel.spread is not None and not panel.spread.any()


@pytest.mark.parametrize("method", ["kernel_shap", "shapley_sampling", "lime"])
def test_estimates_lie_about_what_is_counted_out(
    make_classifier: Callable[..., Classifier], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = make_classifier("attention-rnn")
    counted = scores(classifier, TWELVE, method).scores
    monkeypatch.setattr(coalitions, "MOST_ENUMERATED", 1)
    several = [scores(classifier, TWELVE, method, seed=seed) for seed in range(8)]
    drawn, spread = (np.array([getattr(one, name) for one in several]) for name in ("scores", "spread"))
    assert np.mean(np.abs(drawn - counted) <= spread) >= 0.9
    # the mean of 8 errs √8 times less: no bias, but that of a fit of few coalitions
    assert np.abs(drawn.mean(0) - counted).max() <= 1.5 * spread.mean(0).max() / 8**0.5
    # and the spread is what it says: t · √2 times the runs' standard deviation, in the mean
    assert np.mean(spread) == pytest.approx(1.97 * 2**0.5 * np.mean(drawn.std(0, ddof=1)), rel=0.5)


def covered(classifier: Classifier, texts: list[str], method: str) -> float:
    """The share of tokens whose two scores, with two seeds, differ by no more than the first one's spread."""
    reading = EncodedBatch.of(classifier, texts)
    one, two = ([row[0] for row in Attribution(method=method, seed=seed)(classifier, reading)] for seed in (0, 1))
    inside = []
    for a, b in zip(one, two, strict=True):
        assert a.draws and a.spread is not None and np.abs(a.scores - b.scores).max() > 0
        inside.append(np.abs(a.scores - b.scores) <= a.spread)
    return float(np.concatenate(inside).mean())


@pytest.mark.parametrize("method", SAMPLED)
def test_the_spread_covers_what_two_seeds_differ_by(make_classifier: Callable[..., Classifier], method: str) -> None:
    words = LONG.split()
    random = np.random.default_rng(0)
    texts = [" ".join(random.permutation(words)[: random.integers(16, len(words))]) for _ in range(20)]
    for architecture in ("cnn", "lstm"):
        assert covered(make_classifier(architecture), texts, method) >= 0.9


@pytest.mark.parametrize("method", SAMPLED)
def test_the_spread_covers_what_two_seeds_differ_by_in_reviews(data_folder: Path, method: str) -> None:
    reviews = pq.read_table(data_folder / "imdb" / "test.parquet", columns=["text"])["text"].to_pylist()
    texts = [reviews[i] for i in np.random.default_rng(0).choice(len(reviews), 20, replace=False)]
    assert covered(Classifier.load("imdb-cnn"), texts, method) >= 0.9
