"""What a result says in plain sentences."""

import numpy as np

from attribkit.results.panels import Drawable, TokenScores

STRONGEST = 5
"""Words of a text that its summary names."""


def explained(result: Drawable) -> str:
    """The text's prediction, and of each target's scores the verdict and the words that moved it most."""
    text = result.text or ""
    parts = [f"{text if len(text) <= 60 else text[:57] + '…'!s}"] if text else []
    if result.prediction is not None:
        parts.append(f"predicted {result.prediction.label} ({result.prediction.probability:.1%})")
    for panel in result.panels():
        if isinstance(panel, TokenScores):
            order = np.argsort(-np.abs(panel.scores), kind="stable")[:STRONGEST]
            words = ", ".join(f"{text[panel.starts[i] : panel.ends[i]]} {panel.scores[i]:+.2f}" for i in order)
            parts.append(f"{panel.target} in {panel.unit}: {words or 'no tokens'}; {panel.verdict}")
        else:
            parts.append(panel.title)
    return "\n".join(parts)
