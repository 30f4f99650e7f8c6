"""Explanations to draw, built without a model."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from attribkit.explanation import Explanation
from attribkit.panels import Chart, Prediction, Series, TokenScores, relative_error

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
            "unit": "log-odds",
            "target": "negative",
            "method": "integrated-gradients",
            "baseline": "pad",
            "steps": 64,
            **outputs,
            "tolerance": 1e-4,
            "converged": error <= 1e-4,
            "tokens_total": len(spans),
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
def losses() -> Explanation:
    """A training run's loss curves."""
    x = np.arange(1.0, 9.0)
    series = (Series("training", x, 0.7 / x), Series("validation", x, 0.5 / x + 0.2))
    return Explanation(
        None, None, (Chart("Loss", "epoch", "cross-entropy (nats)", series, (("best epoch", 6.0),)),), {}
    )
