"""Explanations to draw, built without a model."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from panel_cases import SCORES

from attribkit.results.explanation import Explanation
from attribkit.results.panels import (
    Agreement,
    AttentionHeads,
    Band,
    Chart,
    Heatmap,
    HeatmapRow,
    Phrases,
    Prediction,
    Series,
    Table,
    TokenScores,
    relative_error,
)
from attribkit.results.several_panels import Panels

HOSTILE = (
    '<script>alert(1)</script></style><img src=x onerror="alert(2)"> &amp; "quotes" \'single\' $x_1$ [PAD] \\frac{a}{b}'
    " % # _ ^ ~ {{ 7*7 }} <!-- \n  two  spaces\tand a tab\n\nfamily "
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600"
    " 中文電影 مرحبا بالعالم 123 שלום עולם NUL\x00 RLO \u202eevil txet ESC \x1b[31m end"
)


@pytest.fixture
def hostile() -> str:
    """A text that tries everything."""
    return HOSTILE


@pytest.fixture
def token_scores() -> Callable[..., TokenScores]:
    """Build token scores for a text: words and punctuation, scores given or 1, −1, 1, …"""

    def build(text: str, scores: Any = None, **changes: Any) -> TokenScores:
        spans = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
        values = np.resize([1.0, -1.0], len(spans)) if scores is None else np.asarray(scores, dtype=float)
        outputs = {"output_text": float(values.sum()) - 0.25, "output_baseline": -0.25} | changes
        error = relative_error(values, outputs["output_text"] - outputs["output_baseline"])
        fields: dict[str, Any] = {
            "starts": [start for start, _ in spans],
            "ends": [end for _, end in spans],
            "tokens": [text[start:end].lower() for start, end in spans],
            "scores": values,
            "known": [True] * len(spans),
            "tokens_total": len(spans),
            **SCORES,
            **outputs,
            "converged": error <= 1e-4,
        }
        return TokenScores(**{**fields, **changes})

    return build


@pytest.fixture
def explained(token_scores: Callable[..., TokenScores]) -> Callable[..., Explanation]:
    """Build an explanation of a text: predicted negative with 0.9127."""

    def build(text: str, scores: Any = None, true_label: str | None = None, **changes: Any) -> Explanation:
        prediction = Prediction("negative", ("negative", "positive"), (0.9127, 0.0873), true_label)
        return Explanation(text, prediction, (token_scores(text, scores, **changes),), {"model": "imdb-cnn", "seed": 0})

    return build


@pytest.fixture
def horrible(explained: Callable[..., Explanation]) -> Explanation:
    """The seed course's sentence."""
    return explained("It was a horrible movie", [0.042, 0.11, -0.05, 2.31, -0.18], true_label="negative")


@pytest.fixture
def losses() -> Panels:
    """A training run's loss curves."""
    x = np.arange(1.0, 9.0)
    series = (Series("training", x, 0.7 / x), Series("validation", x, 0.5 / x + 0.2))
    return Panels((Chart("Loss", "epoch", "cross-entropy (nats)", series, (("best epoch", 6.0),)),))


@pytest.fixture
def banded(explained: Callable[..., Explanation]) -> Explanation:
    """Scores with three baselines, one of which did not converge."""
    band = Band(("pad", "unk", "mean"), np.array([[2.0, -2.0], [4.0, -1.0], [-1.0, -1.5]]), (True, True, False))
    return explained("horrible bad", [2.0, -2.0], band=band)


@pytest.fixture
def sampled(explained: Callable[..., Explanation]) -> Explanation:
    """Scores that were drawn."""
    return explained("horrible bad", [2.0, -2.0], method="lime", converged=None, draws=300, spread=[1.0, 0.5])


@pytest.fixture
def phrased(explained: Callable[..., Explanation]) -> Explanation:
    """Scores with the windows that three filters chose, two of them the same."""
    phrases = Phrases(np.array([2, 1, 2]), np.array([4, 2, 4]), np.array([0, 1, 2]), np.array([1.5, -0.5, 0.5]))
    return explained("It was a horrible movie", phrases=phrases)


@pytest.fixture
def sentenced(explained: Callable[..., Explanation]) -> Explanation:
    """Three sentences of 21 tokens each, the first for, the second against, the third neither."""
    scores = np.repeat([1.0, -0.5, 0.0], 21)
    return explained(" ".join([*["word"] * 20, "."] * 3), scores, sentence_starts=[0, 21, 42])


@pytest.fixture
def attention_heads() -> Callable[..., AttentionHeads]:
    """Build the heads of layers that look at the words of a text, among special tokens."""

    def build(text: str, layers: int = 2, heads: int = 3, seed: int = 0, **changes: Any) -> AttentionHeads:
        tokens = ("[CLS]", *text.split(), "[SEP]")
        count = len(tokens)
        fields: dict[str, Any] = {
            "title": "Where each head looked",
            "tokens": tokens,
            "special": [token in ("[CLS]", "[SEP]") for token in tokens],
            "looking": tokens,
            "layers": tuple(f"layer {number}" for number in range(1, layers + 1)),
            "weights": np.random.default_rng(seed).dirichlet(np.full(count, 0.3), (layers, heads, count)),
            "pooled": [1.0] + [0.0] * (count - 1),
        }
        return AttentionHeads(**{**fields, **changes})

    return build


@pytest.fixture
def heatmap() -> Callable[..., Heatmap]:
    """Build a heatmap of a text: attention above integrated gradients."""

    def build(
        text: str,
        weights: Any = None,
        scores: Any = None,
        names: tuple[str, str] = ("attention", "integrated gradients"),
        tau: float | None = 0.12,
        **changes: Any,
    ) -> Heatmap:
        spans = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
        count = len(spans)
        first = np.full(count, 0.5) if weights is None else np.asarray(weights, dtype=float)
        second = np.resize([2.0, -1.0], count) if scores is None else np.asarray(scores, dtype=float)
        fields: dict[str, Any] = {
            "title": "Where the network looked",
            "starts": [start for start, _ in spans],
            "ends": [end for _, end in spans],
            "tokens": [text[start:end].lower() for start, end in spans],
            "known": [True] * count,
            "rows": (HeatmapRow(names[0], first, "weight"), HeatmapRow(names[1], second, "log-odds")),
            "agreements": (Agreement(*names, tau, None if tau is None else 2, min(5, count)),),
            "tokens_total": count,
        }
        return Heatmap(**{**fields, **changes})

    return build


@pytest.fixture
def table() -> Table:
    """Figures of a model, one of them missing."""
    rows = (("negative", 0.911, 0.9083, 12_500), ("positive", 0.906, None, 12_500))
    return Table("How well", ("class", "precision", "F1", "texts"), rows, ("on the official test split",))
