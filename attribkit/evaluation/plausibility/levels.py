"""Scores of tokens, sentences and passages, each as a score per token.

People mark passages, not words; a mean over the passage says how strongly a token's surroundings speak, and never
rescales a sum.
"""

import numpy as np
from numpy.typing import NDArray

from attribkit.results.panels.passages import passages
from attribkit.text.clauses import clause_starts, sentence_starts
from attribkit.text.encoded import Encoded

LEVELS = {"token": "tokens", "sentence": "sentences", "passage": "passages"}
"""Each level and its plural: where a token's score is its own, its sentence's mean, or its passage's mean.

A stretch between passages has its sentences' means, where it ends inside them its own.
"""


def at_level(scores: NDArray[np.float64], level: str, text: str, encoded: Encoded) -> NDArray[np.float64]:
    """(T,) the tokens' scores as this level sees them.

    Args:
        scores: (T,) the tokens' own.
        level: one of `LEVELS`.
        text: what the tokens were cut from.
        encoded: its tokens.
    """
    if level == "token":
        return scores
    sentences = sentence_starts(text, encoded.starts, encoded.ends)
    if level == "passage":
        return passages(scores, sentences, clause_starts(text, encoded.starts, sentences)).means
    counts = np.diff(np.append(sentences, len(scores)))
    means: NDArray[np.float64] = np.repeat(np.add.reduceat(scores, sentences) / counts, counts)
    return means
