"""Every token of a set of texts with its score."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.logits import sigmoid
from attribkit.progress import Progress, silent
from attribkit.results.panels import Convergence, TokenScores
from attribkit.task import THRESHOLD
from attribkit.text.encoded import Encoded
from attribkit.views.attribution import Attribution

_AT_ONCE = 500  # texts
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # which the tokenizer takes for a space too


@dataclass(frozen=True, eq=False)
class Occurrences:
    """M tokens, text after text, each in reading order.

    Attributes:
        texts: (N,); with several labels a text one is there for each label that is predicted.
        words: (V,) the tokens that occur, as the model spells them, unknown ones not among them.
        ids: (V,) their numbers in the model's vocabulary.
        word: (M,) int64, place among `words`; −1 for a token that the model does not know.
        text: (M,) int64, place among `texts`.
        starts: (M,) int64, where each begins in its text, in characters.
        ends: (M,) int64, where it ends.
        targets: (N,) int64, the class whose log-odds each text's scores explain, its place among the model's labels.
        scores: (M,) float64, in log-odds of the text's target.
        convergence: how many of the texts' explanations converged.
        method: the method's name.
        baseline: the baseline's name, or its text.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...]
    ids: tuple[int, ...]
    word: NDArray[np.int64]
    text: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    targets: NDArray[np.int64]
    scores: NDArray[np.float64]
    convergence: Convergence
    method: str
    baseline: str

    @staticmethod
    def of(model: Classifier, texts: Sequence[str], view: Attribution, progress: Progress = silent) -> "Occurrences":
        """Explain every text, some at a time, for the view's one target; errors are those of `attribkit.explain`.

        Args:
            model: any classifier.
            texts: (N,) texts that it can read.
            view: the settings of the scores.
            progress: called as `attribkit.progress.Progress` says.
        """
        spelt: dict[int, str] = {}
        numbers = WordNumbers() if model.capabilities.own_spans or model.capabilities.subwords else None
        columns: dict[str, list[NDArray[np.int64]]] = {name: [] for name in ("ids", "known", "starts", "ends")}
        scores, targets, convergence = [], [], Convergence()
        read: list[str] = []
        by: Any = None
        for first in range(0, len(texts), _AT_ONCE):
            part = range(first, min(first + _AT_ONCE, len(texts)))
            given = model.beside(model.also and model.also.rows(list(part)))
            batch = EncodedBatch.of(given, [texts[place] for place in part], view.batch_size)
            batch, panels = _scored(model, batch, view)
            scores += [panel.scores for panel in panels]
            targets += [model.labels.index(panel.target) for panel in panels]
            convergence += Convergence.of(panels)
            by = panels[0] if panels else by
            for encoded in (
                batch.encoded if numbers is None else (numbers.numbered(encoded.by_word()) for encoded in batch.encoded)
            ):
                for name, parts in columns.items():
                    parts.append(getattr(encoded, name))
                _add_spellings(spelt, encoded)
            progress(min(first + _AT_ONCE, len(texts)), len(texts), "explaining")
            read += batch.texts
        if not read:
            raise InputError(
                "the model predicts none of its labels for these texts, so no word can be counted; give other texts"
            )
        flat = {name: np.concatenate(parts) for name, parts in columns.items()}
        ids = np.where(flat["known"], flat["ids"], -1)
        places = {number: place for place, number in enumerate(sorted(spelt))}
        lookup = np.full(max(places, default=-1) + 2, -1)
        lookup[list(places)] = list(places.values())
        return Occurrences(
            tuple(read),
            tuple(spelt[number] for number in places),
            tuple(places),
            lookup[ids],
            np.repeat(np.arange(len(read)), [len(part) for part in scores]),
            flat["starts"],
            flat["ends"],
            np.array(targets, dtype=np.int64),
            np.concatenate(scores),
            convergence,
            by.method,
            by.baseline,
        )

    def of_class(self, place: int) -> "Occurrences":
        """The texts whose scores explain the class at this place, and their tokens alone."""
        chosen = self.targets == place
        of_class = chosen[self.text]
        return replace(
            self,
            texts=tuple(text for text, own in zip(self.texts, chosen, strict=True) if own),
            word=self.word[of_class],
            text=(np.cumsum(chosen) - 1)[self.text[of_class]],
            starts=self.starts[of_class],
            ends=self.ends[of_class],
            targets=self.targets[chosen],
            scores=self.scores[of_class],
        )

    @property
    def numbers(self) -> dict[str, int]:
        """Each word's number in the model's vocabulary."""
        return dict(zip(self.words, self.ids, strict=True))

    def place(self, occurrence: int, length: int = 1, width: int = 70) -> str:
        """The words around an occurrence, or around a phrase of `length` tokens that begins there, on one line.

        Args:
            occurrence: its number, 0 to M − 1.
            length: tokens of the phrase.
            width: characters of the line.
        """
        text = self.texts[self.text[occurrence]]
        start, end = int(self.starts[occurrence]), int(self.ends[occurrence + length - 1])
        room = max(0, width - (end - start)) // 2
        first, last = max(0, start - room), min(len(text), end + room)
        # whole words only, where the text has spaces
        if first and (space := text.find(" ", first, start)) >= 0:
            first = space + 1
        if last < len(text) and (space := text.rfind(" ", end, last)) >= 0:
            last = space
        inside = " ".join(_BREAK.sub(" ", text[first:last]).split())
        return f"{'… ' if first else ''}{inside}{' …' if last < len(text) else ''}"


def _scored(model: Classifier, batch: EncodedBatch, view: Attribution) -> tuple[EncodedBatch, list[TokenScores]]:
    """The scores of each text for the view's target; with several labels a text, once for each that is predicted."""
    if model.task != "multilabel":
        return batch, [panel for (panel,) in view(model, batch)]
    counts = (sigmoid(batch.logits) >= THRESHOLD).sum(1)
    batch = batch.part(np.flatnonzero(counts))
    counts = counts[counts > 0]
    if not len(counts):
        return batch, []
    by_text = replace(view, target=f"top{counts.max()}")(model, batch)
    panels = [panel for several, count in zip(by_text, counts.tolist(), strict=True) for panel in several[:count]]
    return batch.part(np.repeat(np.arange(len(counts)), counts)), panels


class WordNumbers:
    """Numbers of words for a model without a vocabulary: the same for the same spelling."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def numbered(self, encoded: Encoded) -> Encoded:
        """The text with its words' numbers as ids; a new word gets the next number."""
        numbers = self._numbers
        ids = [numbers.setdefault(token, len(numbers)) for token in encoded.tokens]
        return replace(encoded, ids=np.array(ids, dtype=np.int64))


def _add_spellings(spelt: dict[int, str], encoded: Encoded) -> None:
    """Add how each known id is spelt."""
    numbers, firsts = np.unique(encoded.ids, return_index=True)
    for number, place in zip(numbers.tolist(), firsts.tolist(), strict=True):
        if number not in spelt and encoded.known[place]:
            spelt[number] = encoded.tokens[place]
