"""Results in plain sentences."""

from typing import Protocol

import numpy as np

from attribkit.plurals import by_number, number_of
from attribkit.results.panels import Drawable, Panel, TokenScores

STRONGEST = 5
"""Words of a text that its summary names."""


def explained(result: Drawable) -> str:
    """The text's prediction, and for each target the verdict on its scores and the tokens that moved it most."""
    text = result.text or ""
    parts = [shortened(text)] if text else []
    if result.prediction is not None:
        parts.append(f"predicted {result.prediction.in_words}")
    for panel in result.panels():
        if isinstance(panel, TokenScores):
            order = np.argsort(-np.abs(panel.scores), kind="stable")[:STRONGEST]
            words = ", ".join(f"{text[panel.starts[i] : panel.ends[i]]} {panel.scores[i]:+.2f}" for i in order)
            parts.append(f"{panel.target} in {panel.unit}: {words or 'no tokens'}; {panel.verdict}")
            if panel.truncated:
                parts.append(
                    f"{len(panel.tokens):,} of {number_of(panel.tokens_total, 'token')} "
                    f"{by_number(len(panel.tokens), 'was', 'were')} read"
                )
            if panel.windows is not None:
                parts.append(f"read in {number_of(len(panel.windows.starts), 'window')}: {panel.windows.note}")
        else:
            parts.append(panel.title)
    return "\n".join(parts)


class _Summarised(Drawable, Protocol):
    """A result that can be summed up."""

    def summary(self) -> str:
        """The main figures in plain sentences."""
        ...


def lead(result: _Summarised) -> str | None:
    """The first line of a result's summary that says more than its text or the title of a panel; None without one."""
    known = {result.text, *(title_of(panel) for panel in result.panels())}
    lines = (line for line in result.summary().splitlines() if line and line not in known)
    line = next(lines, None)
    return None if line is None else line[0].upper() + line[1:] + ("" if line.endswith((".", ":")) else ".")


def shortened(text: str) -> str:
    """The text, or its first 57 characters where it is longer than 60."""
    return text if len(text) <= 60 else text[:57] + "…"


def title_of(panel: Panel) -> str:
    """What a panel shows, in a few words."""
    return f"scores for {panel.target} in {panel.unit}" if isinstance(panel, TokenScores) else panel.title
