"""A model's outputs along rankings of tokens: with the first ones removed, and with them alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from attribkit.evaluation.faithfulness.ablation import finite_logits, left
from attribkit.evaluation.faithfulness.followed import FollowedLabels
from attribkit.evaluation.faithfulness.measures import PERCENTS, counts_of
from attribkit.evaluation.scores import Scores
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent

_TEXTS_AT_ONCE = 32
"""Texts whose changed versions are run through the model together: versions of one text share their words."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Two numbers of each text's label that is followed: log p, then the log-odds.

    Attributes:
        whole: (2, N).
        removed: (M, R, N, 13) with the top share (`measures.PERCENTS`) of the tokens removed.
        kept: (M, R, N, 13) with it alone kept.
    """

    whole: NDArray[np.float64]
    removed: NDArray[np.float64]
    kept: NDArray[np.float64]

    @staticmethod
    def of(
        model: Classifier,
        batch: EncodedBatch,
        followed: FollowedLabels,
        scores: Sequence[Scores],
        removals: Sequence[str],
        batch_size: int | None = None,
        progress: Progress = silent,
    ) -> "Curves":
        """Run each distinct version of a text once, for M methods' scores and R ways to remove tokens.

        Args:
            model: the classifier.
            batch: N texts.
            followed: the label of each.
            scores: of each of M methods, each text's (T,).
            removals: "delete", "pad" or both.
            batch_size: the most texts at once; None chooses by their length.
            progress: called as `attribkit.progress.Progress` says.
        """
        labels = followed.labels
        removed, kept = np.zeros((2, 2, len(scores), len(removals), len(labels), len(PERCENTS)))
        by_length = np.argsort([len(encoded.ids) for encoded in batch.encoded], kind="stable")
        for start in range(0, len(labels), _TEXTS_AT_ONCE):
            versions = _DistinctInputs(model.tokenizer.pad_id)
            places = []
            for row in by_length[start : start + _TEXTS_AT_ONCE].tolist():
                ids = batch.encoded[row].ids
                counts = counts_of(len(ids))
                for method, method_scores in enumerate(scores):
                    rank = ranks(method_scores[row])
                    for number, way in enumerate(removals):
                        gone = [versions.number(row, ids, rank >= count, way) for count in counts]
                        alone = [versions.number(row, ids, rank < count, way) for count in counts]
                        places.append(((method, number, row), gone, alone))
            rows = versions.rows
            own = model if batch.also is None else model.beside(batch.also.rows(rows))
            logits, own_labels = finite_logits(own, versions.ids, batch_size), followed.rows(np.array(rows))
            values = np.stack((own_labels.log_p(logits), own_labels.log_odds(logits)))
            for place, gone, alone in places:
                removed[:, *place], kept[:, *place] = values[:, gone], values[:, alone]
            progress(min(start + _TEXTS_AT_ONCE, len(labels)), len(labels), "removing tokens")
        return Curves(removed[:, 0, 0, :, 0].copy(), removed, kept)


def ranks(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each token's place (T,), those that speak most for the class first; of ties the earlier token."""
    places = np.empty(len(scores), dtype=np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return places


@dataclass
class _DistinctInputs:
    """The distinct versions of some texts."""

    pad_id: int
    ids: list[NDArray[np.int64]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    seen: dict[tuple[int, bytes], int] = field(default_factory=dict)

    def number(self, row: int, ids: NDArray[np.int64], keep: NDArray[np.bool_], way: str) -> int:
        """The number of this version among `ids`, new or seen before."""
        version = left(ids, keep, way, self.pad_id)
        key = (row, version.tobytes())
        if key not in self.seen:
            self.seen[key] = len(self.ids)
            self.ids.append(version)
            self.rows.append(row)
        return self.seen[key]
