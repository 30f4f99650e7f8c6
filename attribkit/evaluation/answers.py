"""A model's predictions for a whole data set; a row that cannot be used is listed, not fatal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.data.intake import Rows
from attribkit.data.readable import Skipped, skipped_sentence
from attribkit.data.text_tables import Data
from attribkit.evaluation.by_task import metrics_of, truth_of
from attribkit.evaluation.metrics import counted
from attribkit.evaluation.performance import measure
from attribkit.models.answered import answered
from attribkit.models.classifier import Classifier
from attribkit.models.logits import probabilities
from attribkit.models.other_inputs import OtherInputs
from attribkit.progress import Progress, silent
from attribkit.results.panels.prediction import Truth
from attribkit.task import THRESHOLD, Task


@dataclass(frozen=True, eq=False)
class Answers:
    """The N texts of a data set that a model can read, and its logits for them.

    Attributes:
        labels: (C,) the model's.
        rows: (N,) int64, their places among the rows given, counted from 0.
        texts: (N,).
        ids: (N,) their tokens.
        truth: (N,) int64, the true label's place among `labels`; −1 if it is not given, or not one of the model's. With
            several labels a text (N, C), 1 where one holds, −1 in a row where that is not known; of a regression (N,)
            float64, the numbers, NaN where they are not known.
        logits: (N, C) float64.
        skipped: the rows that hold no text, or for which the network's outputs are not finite, each with the reason.
        given: how many rows there were.
        measured: the rows that were chosen of the data, by what is known of the model's training.
        named: (N,) the labels as they were given, "" where there is none.
        task: of the model.
        unit: of a regression's number.
        known: (N,) what is known of each text, as the data has it; empty for one label a text.
        also: what the network is given beside each text, if it takes other inputs.
    """

    labels: tuple[str, ...]
    rows: NDArray[np.int64]
    texts: tuple[str, ...]
    ids: tuple[NDArray[np.int64], ...]
    truth: NDArray[Any]
    logits: NDArray[np.float64]
    skipped: tuple[Skipped, ...] = ()
    given: int = 0
    measured: Rows | None = None
    named: tuple[str, ...] = ()
    task: Task = "multiclass"
    unit: str | None = None
    known: tuple[Any, ...] = ()
    also: OtherInputs | None = None

    @staticmethod
    def of(
        model: Classifier,
        data: Data,
        *,
        split: str | None = None,
        text: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
        batch_size: int | None = None,
        progress: Progress = silent,
    ) -> "Answers":
        """Read the texts of `data`, chosen as `Rows.of` says, and compute their logits; the model stays as it is.

        Args:
            model: any classifier.
            data: as `Rows.of` takes it.
            split: as `Rows.of` takes it.
            text: the column of the texts in a table or file; guessed from usual names if not given.
            label: the column of the labels; likewise.
            encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
            batch_size: the most texts at once; None chooses by their length.
            progress: called as `attribkit.progress.Progress` says.

        Raises:
            TypeError: for data of the wrong kind.
            ValueError: for data without texts, or without any that the model can read.
            FileNotFoundError: for a file that does not exist.
            RuntimeError: if the network's outputs are NaN or infinite for all of them.
        """
        measured = Rows.of(model, data, split=split, text=text, label=label, encoding=encoding, progress=progress)
        model = model.given(len(measured.table), table=measured.table)
        read, logits = answered(model, measured.tokenised(model.tokenizer), batch_size, progress)
        named = measured.labels
        labels = tuple(named[place] if named else "" for place in read.places.tolist())
        truth = measured.truth
        cells = tuple(truth[place] for place in read.places.tolist())
        return Answers(
            model.labels,
            read.rows,
            read.texts,
            read.ids,
            truth_of(model.labels, cells, model.task),
            logits,
            read.skipped,
            read.given,
            measured,
            labels,
            model.task,
            model.unit,
            () if model.task == "multiclass" else cells,
            model.also and model.also.rows(read.places),
        )

    @property
    def held_out(self) -> "Answers":
        """Those to labelled texts that the model was not trained on; all of them if that is not known, or none is."""
        trained = None if self.measured is None else self.measured.trained_on(self.rows)
        places = [] if trained is None else [place for place in self.labelled.tolist() if not trained[place]]
        if not places or len(places) == len(self.labelled):
            return self
        return replace(
            self,
            rows=self.rows[places],
            texts=tuple(self.texts[place] for place in places),
            ids=tuple(self.ids[place] for place in places),
            truth=self.truth[places],
            logits=self.logits[places],
            named=tuple(self.named[place] for place in places),
            known=tuple(self.known[place] for place in places) if self.known else (),
            also=self.also and self.also.rows(np.array(places)),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on where the texts come from, which were left out and which were seen in training."""
        if self.measured is None:
            return ()
        origin = self.measured.origin
        whose = [] if origin is None else [f"the texts are {origin}"]
        skipped = [skipped_sentence(self.skipped, self.given)] if self.skipped else []
        return (*whose, *skipped, *self.measured.notes)

    def also_of(self, places: Sequence[int]) -> dict[str, list[Any]] | None:
        """What the network is given beside the texts at these places, as `explain` takes it."""
        table = self.table
        if self.also is None or table is None:
            return None
        return {name: table[name].iloc[list(places)].tolist() for name in self.also.values}

    @property
    def table(self) -> pd.DataFrame | None:
        """The rows behind the texts, with every column of the data; None where they are not known."""
        return None if self.measured is None else self.measured.table.loc[self.rows]

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """(N, C); of a regression none, (N, 0)."""
        return self.logits[:, :0] if self.task == "regression" else probabilities(self.logits, self.task)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the likeliest label's place."""
        places: NDArray[np.int64] = self.logits.argmax(1)
        return places

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(N,) the likeliest label's probability."""
        largest: NDArray[np.float64] = self.probabilities.max(1)
        return largest

    @property
    def labelled(self) -> NDArray[np.int64]:
        """(M,) the places of the texts whose true label is known."""
        if self.task == "regression":
            return np.flatnonzero(np.isfinite(self.truth))
        return np.flatnonzero(self.truth >= 0 if self.truth.ndim == 1 else (self.truth >= 0).all(1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """(M,) whether the predicted label is the true one, or all of them are, for those in `labelled`.

        A regression is never quite right: all False.
        """
        known = self.labelled
        if self.task == "regression":
            return np.zeros(len(known), dtype=bool)
        if self.task == "multilabel":
            right: NDArray[np.bool_] = ((self.probabilities[known] >= THRESHOLD) == (self.truth[known] > 0)).all(1)
            return right
        right = self.predicted[known] == self.truth[known]
        return right

    @property
    def wrongness(self) -> NDArray[np.float64]:
        """(M,) how wrong each answer in `labelled` is: its confidence, the worst |p − truth| of a label, or |error|."""
        known = self.labelled
        if self.task == "multiclass":
            return self.confidence[known]
        given = self.probabilities if self.task == "multilabel" else self.logits
        wrong: NDArray[np.float64] = np.abs(given[known] - self.truth[known].reshape(len(known), -1)).max(1)
        return wrong

    @property
    def unknown_labels(self) -> tuple[tuple[str, int], ...]:
        """Labels that the model does not have, with their numbers of rows, the most frequent first."""
        if self.task == "regression":
            return ()
        names = [name for cell in self.known for name in cell or ()] if self.known else self.named
        return tuple(Counter(name for name in names if name and name not in self.labels).most_common())

    def true_label(self, place: int) -> Truth:
        """A text's true label, labels or number, if that is known."""
        if self.task == "regression":
            return float(self.truth[place]) if np.isfinite(self.truth[place]) else None
        if self.task == "multilabel":
            holds = self.truth[place]
            return None if (holds < 0).any() else tuple(self.labels[column] for column in np.flatnonzero(holds))
        return self.labels[self.truth[place]] if self.truth[place] >= 0 else None

    def metrics(self) -> Any:
        """The metrics by task, as `attribkit.evaluate` gives them; None without any true label."""
        if not len(self.labelled):
            return None
        if self.task != "multiclass":
            cells = [self.known[place] for place in self.labelled.tolist()]
            return metrics_of(self.labels, self.task, self.unit, cells, self.logits[self.labelled], self.measured)
        if self.measured is None:
            true, predicted = self.truth[self.labelled], self.predicted[self.labelled]
            return counted(self.labels, true, predicted, self.given - len(self.labelled))
        is_named = np.array([bool(name) for name in self.named])
        return measure(
            self.labels, np.array(self.named)[is_named], self.logits[is_named], self.rows[is_named], self.measured
        )
