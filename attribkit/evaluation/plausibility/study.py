"""plausibility(): whether scores agree with the words that a person, or a grammar, marked as deciding.

Plausible is not faithful: a model may decide by other words, and scores that say so are right. If the deciding words
are known to be the model's too, as after training on the demo reviews, both should hold.

- **AUPRC**: the area under precision against recall as the threshold on the scores falls, by trapezoids, as ERASER.
  Trapezoids flatter scores that many tokens share: one score for all tokens gets (1 + p) / 2, p being the rationale's
  part of the text.
- **average precision**: the same area by steps, where one score for all tokens gets p; so compare levels by it.
- **token F1**: of the k tokens with the largest scores, k being how many the rationale itself has.
- **IoU F1**: those k tokens and the rationale as runs of neighbouring tokens; a run counts as found if it shares at
  least half of its union with a run of the other side. F1 of the runs.

Each is taken at three levels: of the tokens' own scores, of their sentences' means, and of their passages' means.

Source: DeYoung et al., "ERASER", ACL 2020.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from attribkit.data import Dataset
from attribkit.data.intake import Rows
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputTypeError
from attribkit.evaluation.faithfulness.curves import ranks
from attribkit.evaluation.plausibility.levels import LEVELS, at_level
from attribkit.evaluation.plausibility.rationales import marked, spans_of
from attribkit.evaluation.plausibility.result import Plausibility
from attribkit.evaluation.readable_texts import ReadableTexts
from attribkit.evaluation.scores import RANDOM, check_methods, token_scores
from attribkit.models.classifier import Classifier
from attribkit.plurals import by_number, number_of
from attribkit.progress import Progress, shown


def plausibility(
    model: Classifier,
    data: Data,
    methods: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    progress: bool | Progress | None = None,
) -> Plausibility:
    """Measure how well attribution methods agree with human rationales, on rows that the model was not trained on.

    The scores explain the predicted class, whatever the label. Texts without a rationale, or with one that covers the
    whole text, are left out and counted, for they cannot tell a good method from a bad one.

    Args:
        model: any classifier.
        data: a table with the columns `text` and `rationale` (spans [start, end] in characters), a data set, or a named
            set, file or folder, such as one in the ERASER format.
        methods: as `faithfulness` takes them.
        seed: of the random scores and the intervals.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        AUPRC, token F1, IoU F1 and average precision of every method with their intervals, of tokens, sentences and
        passages, beside those of random scores.

    Raises:
        TypeError: if `data` is none of these.
        ValueError: if a column is missing, a span lies outside its text (the row is named), no text has a rationale, or
            a method does not fit the model.

    Example:
        >>> import pandas as pd
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> reviews = pd.DataFrame(
        ...     {
        ...         "text": ["A great film", "Such a great show!", "A dull and horrible movie", "The worst plot ever"],
        ...         "label": ["pos", "pos", "neg", "neg"],
        ...         "rationale": [[(2, 7)], [(7, 12)], [(2, 6), (11, 19)], [(4, 9)]],
        ...     }
        ... )
        >>> result = ak.plausibility(model, reviews, "exact")
        >>> result.methods
        ('exact', 'random')
    """
    if not isinstance(data, (pd.DataFrame, Dataset, Mapping, str, Path)):
        raise InputTypeError(f"a table or a Dataset is needed, got {type(data).__name__}; load one first")
    measured = Rows.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=progress)
    table = measured.table
    if "rationale" not in table:
        columns = ", ".join(map(str, table.columns))
        raise InputError(f"the table has no column 'rationale', only {columns}; plausibility needs texts and spans")
    names = (*check_methods(model, methods), RANDOM)
    model = model.given(len(table), table=table)
    readable = ReadableTexts.of(model, measured.texts, numbers=measured.numbers)
    cells = table["rationale"].tolist()
    truth = [
        marked(spans_of(cells[row], text, table.index[row]), encoded)
        for row, text, encoded in zip(readable.places, readable.batch.texts, readable.batch.encoded, strict=True)
    ]
    usable = np.array([place for place, mask in enumerate(truth) if mask.any() and not mask.all()], dtype=np.int64)
    if not len(usable):
        raise InputError("no text has a rationale that covers some of its tokens and not all; check the column")
    batch, truth = readable.batch.part(usable), [truth[place] for place in usable]
    with shown(progress) as tell:
        scored = {name: token_scores(model, batch, name, seed=seed, progress=tell) for name in names}
    figures = np.array(
        [
            [
                [
                    _measures(at_level(scores, level, text, encoded), own)
                    for scores, own, text, encoded in zip(
                        of_method.scores, truth, batch.texts, batch.encoded, strict=True
                    )
                ]
                for of_method in scored.values()
            ]
            for level in LEVELS
        ]
    )
    notes = [*readable.notes, *measured.notes]
    if len(usable) < len(readable.places):
        rest = len(readable.places) - len(usable)
        notes.append(
            f"{number_of(rest, 'text')} without a rationale, or wholly covered by one, "
            f"{by_number(rest, 'was', 'were')} left out"
        )
    figures = np.moveaxis(figures, 3, 0)
    convergence = {name: of_method.convergence for name, of_method in scored.items()}
    provenance = measured.provenance(model.name, len(usable))
    return Plausibility(model.name, names, figures, convergence, seed, tuple(notes), readable.skipped, provenance)


def _measures(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """AUPRC, token F1, IoU F1 and average precision of scores (T,) against the rationale's tokens (T,)."""
    precision, recall, _ = precision_recall_curve(truth, scores)
    chosen = ranks(scores) < truth.sum()
    hits = float((chosen & truth).sum())
    steps = float(average_precision_score(truth, scores))
    return float(auc(recall, precision)), hits / float(truth.sum()), _iou_f1(chosen, truth), steps


def _iou_f1(chosen: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    ours, theirs = _runs(chosen), _runs(truth)
    alike = np.array([[_iou(a, b) >= 0.5 for b in theirs] for a in ours])
    precision, recall = alike.any(1).mean(), alike.any(0).mean()
    return float(2 * precision * recall / (precision + recall)) if alike.any() else 0.0


def _runs(chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of neighbouring True tokens, each from its first to behind its last."""
    edges = np.flatnonzero(np.diff(chosen.astype(int), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _iou(first: tuple[int, int], second: tuple[int, int]) -> float:
    shared = max(0, min(first[1], second[1]) - max(first[0], second[0]))
    return shared / (first[1] - first[0] + second[1] - second[0] - shared)
