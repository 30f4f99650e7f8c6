"""plausibility(): whether scores agree with the words that a person, or a grammar, marked as deciding.

Plausible is not faithful: a model may decide by other words, and scores that say so are right. If the deciding words
are known to be the model's too, as after training on the demo reviews, both should hold.

- **AUPRC**: the area under precision against recall as the threshold on the scores falls, by trapezoids, as ERASER.
- **token F1**: of the k tokens with the largest scores, k being how many the rationale itself has.
- **IoU F1**: those k tokens and the rationale as runs of neighbouring tokens; a run counts as found if it shares at
  least half of its union with a run of the other side. F1 of the runs.

Source: DeYoung et al., "ERASER", ACL 2020.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import auc, precision_recall_curve

from attribkit.data import Dataset
from attribkit.data.intake import Rows
from attribkit.data.readable import Skipped
from attribkit.data.text_tables import Data
from attribkit.errors import InputError, InputTypeError
from attribkit.evaluation.cells import in_words, interval, number
from attribkit.evaluation.faithfulness.curves import ranks
from attribkit.evaluation.plausibility.rationales import marked, spans_of
from attribkit.evaluation.readable_texts import ReadableTexts
from attribkit.evaluation.scores import RANDOM, check_methods, token_scores
from attribkit.evaluation.statistics import Estimate, estimate
from attribkit.models.classifier import Classifier
from attribkit.progress import Progress, shown
from attribkit.results.panels import Convergence, Panel, Table
from attribkit.results.panels.convergence import by_method
from attribkit.results.result import Result

MEASURES = {"auprc": "AUPRC ↑", "token_f1": "token F1 ↑", "iou_f1": "IoU F1 ↑"}


@dataclass(frozen=True, eq=False, repr=False)
class Plausibility(Result):
    """The agreement of M methods' scores with the rationales of N texts, the last method being the random scores.

    Source: DeYoung et al., "ERASER", ACL 2020.

    Attributes:
        model: its name.
        methods: (M,) their names; the last is "random".
        auprc: (M, N) area under the precision-recall curve of the tokens in the rationale, 0 to 1.
        token_f1: (M, N) F1 of the tokens, 0 to 1.
        iou_f1: (M, N) F1 of runs of tokens that share at least half of their union, 0 to 1.
        convergence: of each method by its name, how many of the texts' scores converged.
        seed: of the random scores and the intervals.
        notes: sentences a reader must know.
        skipped: the rows left out.
    """

    model: str
    methods: tuple[str, ...]
    auprc: NDArray[np.float64]
    token_f1: NDArray[np.float64]
    iou_f1: NDArray[np.float64]
    convergence: Mapping[str, Convergence]
    seed: int
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def estimate(self, measure: str, method: str, over: str | None = None) -> Estimate:
        """The mean of a measure, or of its difference from that of the method `over`, with its 95 % interval.

        Args:
            measure: "auprc", "token_f1" or "iou_f1".
            method: one of `methods`.
            over: a method to compare with; None for none.

        Raises:
            ValueError: for another measure or method.
        """
        if measure not in MEASURES:
            raise InputError(f"`measure` must be one of {', '.join(MEASURES)}, got {measure!r}")
        for name in (method, over):
            if name is not None and name not in self.methods:
                raise InputError(f"`method` must be one of {', '.join(self.methods)}, got {name!r}")
        values = getattr(self, measure)
        less = 0.0 if over is None else values[self.methods.index(over)]
        return estimate(values[self.methods.index(method)] - less, self.seed)

    def to_frame(self) -> pd.DataFrame:
        """One row per measure and method: measure, method, mean, low, high, texts, and the same over random.

        Its `attrs` hold `convergence`.
        """
        rows = []
        for measure in MEASURES:
            for method in self.methods:
                own = self.estimate(measure, method)
                over = None if method == RANDOM else self.estimate(measure, method, over=RANDOM)
                rows.append({"measure": measure, "method": method, **own.columns(over)})
        table = pd.DataFrame(rows)
        table.attrs["convergence"] = {name: convergence.to_json() for name, convergence in self.convergence.items()}
        return table

    def panels(self) -> tuple[Panel, ...]:
        """One table, a row per method."""
        rows = []
        for method in self.methods:
            estimates = [self.estimate(measure, method) for measure in MEASURES]
            rows.append(
                (method, *(cell for estimate in estimates for cell in (number(estimate.mean), interval(estimate))))
            )
        columns = [name for title in MEASURES.values() for name in (title, f"95 % interval of {title[:-2]}")]
        meaning = "against the rationales that come with the texts; ↑ higher is better"
        notes = (meaning, by_method(self.convergence), *self.notes)
        return (Table("Plausibility", ("method", *columns), tuple(rows), notes),)

    def summary(self) -> str:
        """Each method's figures with their intervals, and how many explanations converged."""
        texts = self.auprc.shape[1]
        lines = [f"plausibility of explanations of {self.model}: agreement with the rationales of {texts:,} texts"]
        for method in self.methods:
            figures = (f"{title[:-2]} {in_words(self.estimate(name, method))}" for name, title in MEASURES.items())
            lines.append(f"{method}: {', '.join(figures)}")
        return "\n".join([*lines, by_method(self.convergence)])


def plausibility(
    model: Classifier,
    data: Data,
    methods: Sequence[str] | str | None = None,
    *,
    seed: int = 0,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
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
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).

    Returns:
        AUPRC, token F1 and IoU F1 of every method with their intervals, beside those of random scores.

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
    measured = Rows.of(model, data, split=split, text=text, label=label, progress=progress)
    table = measured.table
    if "rationale" not in table:
        columns = ", ".join(map(str, table.columns))
        raise InputError(f"the table has no column 'rationale', only {columns}; plausibility needs texts and spans")
    names = (*check_methods(model, methods), RANDOM)
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
            [_measures(scores, own) for scores, own in zip(of_method.scores, truth, strict=True)]
            for of_method in scored.values()
        ]
    )
    notes = [*readable.notes, *measured.notes]
    if len(usable) < len(readable.places):
        rest = len(readable.places) - len(usable)
        notes.append(f"{rest:,} texts without a rationale, or wholly covered by one, were left out")
    auprc, token_f1, iou_f1 = np.moveaxis(figures, 2, 0)
    convergence = {name: of_method.convergence for name, of_method in scored.items()}
    return Plausibility(model.name, names, auprc, token_f1, iou_f1, convergence, seed, tuple(notes), readable.skipped)


def _measures(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    """AUPRC, token F1 and IoU F1 of scores (T,) against the rationale's tokens (T,)."""
    precision, recall, _ = precision_recall_curve(truth, scores)
    chosen = ranks(scores) < truth.sum()
    hits = float((chosen & truth).sum())
    return float(auc(recall, precision)), hits / float(truth.sum()), _iou_f1(chosen, truth)


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
