"""The smallest deletion of words that changes a model's answer.

Every single word is tried; if none is enough, the words that speak most for the answer are deleted one after another
until it changes, and then each is put back that is not needed. So a deletion of one word is the smallest there is, and
of more words no part of it would be enough, though a smaller one of other words may exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.evaluation.deletion import without_tokens
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.logits import softmax
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Table, TokenScores
from attribkit.text.encoded import shortened

MOST_WORDS = 20
"""Words up to which a deletion is looked for; one of more is no small edit."""

_MOST_SINGLE = 400
"""Words that are tried one by one, those that speak most for the answer first."""


@dataclass(frozen=True)
class Edit:
    """A deletion that changes the answer.

    Attributes:
        words: the words deleted, as written, in reading order.
        label: the answer without them.
        probability: its probability.
    """

    words: tuple[str, ...]
    label: str
    probability: float


def smallest_edit(model: Classifier, text: str, scores: TokenScores) -> Edit | None:
    """The smallest deletion found that changes the answer; None where even that of `MOST_WORDS` words does not.

    Args:
        model: any classifier; it stays as it is.
        text: what it answered.
        scores: its tokens' scores for the answer.
    """
    places = np.argsort(-scores.scores, kind="stable")
    if len(places) < 2:
        return None
    own = int(_logits(model, [text])[0].argmax())
    single = [places[i : i + 1] for i in range(min(len(places), _MOST_SINGLE))]
    changed = _changes(model, text, scores, single, own)
    if not changed.any():
        speaking = places[scores.scores[places] > 0][: min(MOST_WORDS, len(places) - 1)]
        growing = [speaking[: count + 1] for count in range(1, len(speaking))]
        enough = np.flatnonzero(_changes(model, text, scores, growing, own)) if growing else np.zeros(0, dtype=np.int64)
        if not len(enough):
            return None
        chosen = _irreducible(model, text, scores, growing[enough[0]], own)
    else:
        chosen = single[int(np.argmax(changed))]
    without = softmax(_logits(model, [_without(text, scores, chosen)]))[0]
    label = int(without.argmax())
    words = tuple(text[scores.starts[i] : scores.ends[i]] for i in np.sort(chosen))
    return Edit(words, model.labels[label], float(without[label]))


def edits_table(edits: Sequence[tuple[Explanation, Edit | None]]) -> Table:
    """A row per text: its beginning, its label, the answer, the words to delete, the answer without them."""
    rows = []
    for why, edit in edits:
        words = "" if edit is None else " … ".join(edit.words)
        true = why.prediction.true_label if why.prediction else None
        after = None if edit is None else f"{edit.label} {100 * edit.probability:.0f} %"
        shown = shortened(why.text, 60)
        rows.append(
            (
                shown,
                true if isinstance(true, str) else None,
                why.label,
                words or f"no {MOST_WORDS} words are enough",
                after,
            )
        )
    notes = (
        "of all single words that change the answer the one that speaks most for it; of several words none could stay",
    )
    return Table("The smallest edits", ("text", "is", "said", "without", "it says"), tuple(rows), notes)


def _irreducible(
    model: Classifier, text: str, scores: TokenScores, chosen: NDArray[np.int64], own: int
) -> NDArray[np.int64]:
    """The deletion without the words that are not needed for it."""
    for place in chosen[::-1].tolist():  # those that speak least for the answer are put back first
        fewer = chosen[chosen != place]
        if len(fewer) and _changes(model, text, scores, [fewer], own)[0]:
            chosen = fewer
    return chosen


def _changes(
    model: Classifier, text: str, scores: TokenScores, deletions: Sequence[NDArray[np.int64]], own: int
) -> NDArray[np.bool_]:
    """For each deletion whether it changes the answer; a text with nothing left has none."""
    texts = [_without(text, scores, chosen) for chosen in deletions]
    read = tokenise(model.tokenizer, texts)
    changes = np.zeros(len(texts), dtype=bool)
    if read.texts:
        read, logits = answered(model, read)
        changes[read.places] = logits.argmax(1) != own
    return changes


def _logits(model: Classifier, texts: Sequence[str]) -> NDArray[np.float64]:
    return answered(model, tokenise(model.tokenizer, texts))[1]


def _without(text: str, scores: TokenScores, chosen: NDArray[np.int64]) -> str:
    return without_tokens(text, scores.starts, np.isin(np.arange(len(scores.starts)), chosen))
