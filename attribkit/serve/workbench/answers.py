"""One model's answers to the rows of a server's data, filled in while the page is already used."""

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from attribkit.data.readable import tokenise
from attribkit.errors import AttribkitError
from attribkit.models.logits import NOT_FINITE, finite, softmax
from attribkit.projection.components import Components
from attribkit.projection.layer_outputs import read_layers
from attribkit.projection.pooling import Reduction
from attribkit.serve.served_model import ServedModel
from attribkit.serve.workbench.rows import DataRows
from attribkit.task import check_one_label

_AT_ONCE = 500  # rows, after which the page is told
_FITTED = 5_000  # rows whose principal components are the map's axes


class ModelAnswers:
    """A model and its answers to N rows; one thread writes them, others read what is done.

    Attributes:
        model: a copy of its own, so that nobody's typing waits for it.
        predicted: (N,) int64, the place of the predicted label; −1 where there is none, or none yet.
        logits: (N, C) float64, from the network's own forward pass; 0 where there are none.
        probabilities: (N, C) float32, likewise.
        words: (N,) the ids that each row holds, each once, as far as they are read; none where it cannot be read.
        skipped: the reason by row for those that cannot be read.
        done: how many of the rows, in their order, are answered or skipped.
        points: (N, 2) float32, each row's place on the map, NaN where it has none; None until all is done, or where
            the model has no layer to draw.
        axes: what the two axes are.
        error: the sentence that ended the work early; None if nothing did.
    """

    def __init__(self, model: ServedModel, rows: DataRows) -> None:
        check_one_label(model.task, "a page beside rows of data", "serve the model without them")
        self.model, self.rows = model, rows
        self.predicted = np.full(len(rows), -1, dtype=np.int64)
        self.logits = np.zeros((len(rows), len(model.labels)))
        self.probabilities = np.zeros((len(rows), len(model.labels)), dtype=np.float32)
        self.words: list[NDArray[np.int32]] = []
        self.skipped: dict[int, str] = {}
        self.done = 0
        self.points: NDArray[np.float32] | None = None
        self.axes: tuple[str, str] = ("", "")
        self.error: str | None = None
        self._layer = model.before_last() if model.capabilities.layers else None
        self._components: Components | None = None

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(N,) the likeliest label's probability, 0 where there is no answer."""
        largest: NDArray[np.float32] = self.probabilities.max(1)
        return largest

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return self.done == len(self.rows) or self.error is not None

    def compute(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Read and answer every row, until `stop` says to; an error becomes a sentence."""
        try:
            self._compute(stop)
        except AttribkitError as error:
            self.error = str(error)
        except Exception as error:  # the page is to tell what its thread cannot
            self.error = (
                f"the rows could not be answered; this is a fault of attribkit ({type(error).__name__}: {error})"
            )

    def _compute(self, stop: Callable[[], bool]) -> None:
        values: NDArray[np.float32] | None = None
        for first in range(0, len(self.rows), _AT_ONCE):
            if stop():
                return
            texts = self.rows.texts[first : first + _AT_ONCE]
            read = tokenise(self.model.tokenizer, texts, range(first, first + len(texts)))
            logits, outputs = self._run(list(read.ids))
            answered = finite(logits) if len(logits) else np.zeros(0, dtype=bool)
            read_rows = read.rows[answered]
            self.skipped |= dict(read.skipped) | dict.fromkeys(read.rows[~answered].tolist(), NOT_FINITE)
            if outputs is not None and len(read_rows):
                values = np.zeros((len(self.rows), outputs.shape[1]), np.float32) if values is None else values
                values[read_rows] = outputs[answered]
            held = {row: np.unique(ids).astype(np.int32) for row, ids in zip(read.rows.tolist(), read.ids, strict=True)}
            self.words += [held.get(row, np.zeros(0, np.int32)) for row in range(first, first + len(texts))]
            if len(read_rows):
                self.logits[read_rows] = logits[answered]
                self.probabilities[read_rows] = softmax(logits[answered])
                self.predicted[read_rows] = logits[answered].argmax(1)
            if values is not None and first + len(texts) == len(self.rows):
                self._draw(values)
            self.done = first + len(texts)  # last, for it tells that the others are there

    def _run(self, ids: list[NDArray[np.int64]]) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        if self._layer is None or not ids:
            return self.model.logits(ids), None
        outputs = read_layers(self.model, ids, [self._layer], Reduction())
        return outputs.logits, outputs[self._layer.name]

    def _draw(self, values: NDArray[np.float32]) -> None:
        """The map: the first two principal components of the layer before the last."""
        good = np.flatnonzero((self.predicted >= 0) & np.isfinite(values).all(1))
        if len(good) < 3:
            return
        drawn = np.random.default_rng(0).permutation(good)[:_FITTED]
        parts = Components.of(values[drawn], 2)
        points = np.full((len(self.rows), 2), np.nan, dtype=np.float32)
        placed = parts(values[good])
        points[good, : placed.shape[1]] = placed
        points[good, placed.shape[1] :] = 0
        shares = [*parts.explained.tolist(), 0.0]
        self.axes = (f"PC 1 ({shares[0]:.0%} of the variance)", f"PC 2 ({shares[1]:.0%} of the variance)")
        self._components, self.points = parts, points

    def place(self, text: str) -> tuple[float, float] | None:
        """Where a text lies on the map; None where there is no map yet."""
        if self._components is None or self._layer is None:
            return None
        outputs = read_layers(self.model, self.model.ids([text]), [self._layer], Reduction()).checked()
        placed = self._components(outputs[self._layer.name])[0]
        return float(placed[0]), float(placed[1]) if len(placed) > 1 else 0.0


class Background:
    """A thread that computes answers, one model after the other."""

    def __init__(self, answers: list[ModelAnswers]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(answers,), name="attribkit-data", daemon=True)
        self._thread.start()

    def _run(self, answers: list[ModelAnswers]) -> None:
        if answers:
            _ = answers[0].rows.lower  # before the first search asks for it
        for each in answers:
            each.compute(self._stop.is_set)

    def close(self) -> None:
        """Stop after the portion that is being computed."""
        self._stop.set()
        self._thread.join()
