"""One window in, one part out: what the model says of each row and why, as an Arrow table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from attribkit.attribution.baseline_batch import BaselineSpec
from attribkit.attribution.choice import choose
from attribkit.attribution.cnn.lookup_tables import Tables
from attribkit.attribution.outputs import UNITS
from attribkit.attribution.registry import METHODS
from attribkit.attribution.targets import scalars_of
from attribkit.corpus.job import Settings
from attribkit.errors import AttribkitError, InputError, InputTypeError, ran_out
from attribkit.models.classifier import Classifier
from attribkit.models.logits import NOT_FINITE, softmax
from attribkit.results.panels import failed, relative_error, relative_to_size
from attribkit.text.tokenizer import Encoded
from attribkit.views.attribution import Attribution
from attribkit.views.encoded_batch import EncodedBatch

_CONSTANTS = ("method", "baseline", "unit")
SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "file": pa.string(),
        "key": pa.string(),
        "status": pa.string(),
        "reason": pa.string(),
        "label": pa.string(),
        "probability": pa.float64(),
        "labels": pa.list_(pa.string()),
        "probabilities": pa.list_(pa.float64()),
        "true_label": pa.string(),
        "target": pa.string(),
        "tokens": pa.list_(pa.string()),
        "starts": pa.list_(pa.int32()),
        "ends": pa.list_(pa.int32()),
        "known": pa.list_(pa.bool_()),
        "scores": pa.list_(pa.float64()),
        "output_text": pa.float64(),
        "output_baseline": pa.float64(),
        "completeness_error": pa.float64(),
        "relative_error": pa.float64(),
        "rule_change": pa.float64(),
        "path_error": pa.float64(),
        "converged": pa.bool_(),
        "failed": pa.string(),
        "draws": pa.int64(),
        "spread": pa.list_(pa.float64()),
        "steps": pa.int64(),
        "tokens_total": pa.int64(),
        "tolerance": pa.float64(),
        **{name: pa.string() for name in _CONSTANTS},
        "text": pa.large_string(),
    }
)


@dataclass(frozen=True, eq=False)
class Explained:
    """One row's evidence."""

    encoded: Encoded
    probabilities: NDArray[np.float64]
    target: str
    scores: NDArray[np.float64]
    output_text: float
    output_baseline: float
    tolerance: float
    converged: bool | None
    rule_change: float | None
    path_error: float | None
    draws: int | None
    spread: NDArray[np.float64] | None
    steps: int
    method: str
    unit: str

    @property
    def relative_error(self) -> float:
        """As `TokenScores.relative_error`."""
        return relative_error(self.scores, self.output_text - self.output_baseline)

    @property
    def failed(self) -> str | None:
        """As `TokenScores.failed`, joined by commas; None for none."""
        change, path_error = (
            None if value is None else relative_to_size(value, self.scores)
            for value in (self.rule_change, self.path_error)
        )
        return ", ".join(failed(self.converged, self.relative_error, change, path_error, self.tolerance)) or None


@dataclass
class Transform:
    """Explains windows with one classifier; call it with a window's table.

    Attributes:
        classifier, settings: as given.
        view: what computes it; tables: of the closed form, built once, None where there is none.
    """

    classifier: Classifier
    settings: Settings
    view: Attribution = field(init=False)
    tables: Tables | None = field(init=False)

    def __post_init__(self) -> None:
        self.view = _view(self.settings)
        method = METHODS[choose(self.view.method, self.classifier.network)]
        self.tables = Tables.of_run(self.classifier.network, None) if method.tables else None

    def check(self) -> None:
        """Refuse at the door a target, a method or a baseline that this classifier does not have."""
        scalars_of(
            self.view.target, self.view.output, self.classifier.labels, np.zeros((1, len(self.classifier.labels)))
        )
        choose(self.view.method, self.classifier.network)
        for name in self.view.baselines:
            BaselineSpec.of(self.classifier, name)

    def __call__(self, window: pa.Table, slices: int = 1) -> pa.Table:
        """A row of `SCHEMA` for each row of the window, in order; a row that failed says why.

        Done in so many slices, one after the other: the more there are, the less memory it takes.
        """
        texts, status, reason = (window[name].to_pylist() for name in ("text", "status", "reason"))
        explained: dict[int, Explained] = {}
        good = [row for row, fault in enumerate(status) if fault is None]
        size = max(1, -(-len(good) // slices))
        for first in range(0, len(good), size):
            for row, found in self._explained(good[first : first + size], texts):
                if isinstance(found, Explained):
                    explained[row], status[row] = found, "ok"
                else:
                    status[row], reason[row] = found
        return _table(window, status, reason, explained, self.classifier.labels, self.settings)

    def _explained(
        self, rows: Sequence[int], texts: Sequence[str]
    ) -> Iterator[tuple[int, Explained | tuple[str, str]]]:
        """Each row with its evidence, or with the status and reason of its failure."""
        encoded: dict[int, Encoded] = {}
        for row, one in zip(rows, self.classifier.tokenizer.encode([texts[row] for row in rows]), strict=True):
            if len(one.ids):
                encoded[row] = one
            else:
                yield row, ("no token", "the tokenizer found no token in the text")
        yield from self._solved(list(encoded), texts, encoded)

    def _solved(
        self, rows: Sequence[int], texts: Sequence[str], encoded: Mapping[int, Encoded]
    ) -> Iterator[tuple[int, Explained | tuple[str, str]]]:
        """All rows at once; where that fails, for want of memory or for one bad text, each half by itself."""
        if not rows:
            return
        try:
            found = self._together([texts[row] for row in rows], [encoded[row] for row in rows])
        except Exception as error:
            if not (ran_out(error) or isinstance(error, (AttribkitError, _NotFinite)) or _of_network(error)):
                raise  # a fault of this package is no row's
            if len(rows) == 1:
                yield rows[0], ("failed", _sentence(error, len(encoded[rows[0]].ids)))
                return
            middle = len(rows) // 2
            yield from self._solved(rows[:middle], texts, encoded)
            yield from self._solved(rows[middle:], texts, encoded)
        else:
            yield from zip(rows, found, strict=True)

    def _together(self, texts: Sequence[str], encoded: Sequence[Encoded]) -> list[Explained | tuple[str, str]]:
        logits = self.classifier.logits([one.ids for one in encoded])
        if not np.isfinite(logits).all():
            if len(texts) > 1:
                raise _NotFinite
            return [("failed", NOT_FINITE)]
        reading, probabilities = EncodedBatch(tuple(texts), tuple(encoded), logits), softmax(logits)
        found: dict[int, Explained | tuple[str, str]] = {}
        for rows, (names,), (solved,) in self.view.solve(self.classifier, reading, self.tables):
            solution, target = solved.solution, 0  # the only one
            scores, steps = solution.scores[target].cpu().numpy(), solution.steps[target].tolist()
            outputs, bases = solved.outputs[target].tolist(), solved.bases[target].tolist()
            changes, path_errors, draws, spread = (
                None if part is None else part.cpu().numpy()
                for part in (solution.rule_change, solution.path_error, solution.draws, solution.spread)
            )
            finite = np.isfinite(scores).all(1)
            for place, row in enumerate(rows.tolist()):
                if not finite[place]:
                    found[row] = ("failed", "the network's gradient for it is NaN or infinite")
                    continue
                found[row] = Explained(
                    encoded[row],
                    probabilities[row],
                    names[row],
                    scores[place, : len(encoded[row].ids)],
                    outputs[place],
                    bases[place],
                    self.settings.tolerance,
                    solution.verdict(target, place),
                    None if changes is None else float(changes[target, place]),
                    None if path_errors is None else float(path_errors[target, place]),
                    None if draws is None else int(draws[place]),
                    None if spread is None else spread[target, place, : len(encoded[row].ids)],
                    steps[place],
                    solved.choice.method,
                    UNITS[self.view.output],
                )
        return [found[row] for row in range(len(texts))]


def _view(told: Settings) -> Attribution:
    """The view that computes it. Raises: TypeError or ValueError for a setting out of its range."""
    if told.target == "all":
        raise InputError("a corpus run explains one target per text, got target='all'; run it once for each label")
    if not isinstance(told.baseline, str):
        raise InputTypeError("a corpus run has one `baseline`, a name or a text; run it once for each")
    target: Any = tuple(told.target) if isinstance(told.target, list) else told.target
    return Attribution(target, told.output, told.method, told.baseline, told.tolerance, details=False)


class _NotFinite(Exception):
    """Some outputs of several texts are not finite: each is to be looked at by itself."""


def _of_network(error: Exception) -> bool:
    """Whether an error was raised in the forward pass of a network that was made elsewhere."""
    frames = (frame for frame, _ in walk_tb(error.__traceback__) if frame.f_code.co_name == "forward")
    return any(str(frame.f_globals.get("__name__")).partition(".")[0] not in ("attribkit", "torch") for frame in frames)


def _sentence(error: Exception, tokens: int) -> str:
    """Why a row failed, in one line."""
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if ran_out(error):
        return f"a text of {tokens:,} tokens needs more memory than there is ({reason})"
    return f"{type(error).__name__}: {reason}"


def _table(
    window: pa.Table,
    status: Sequence[str],
    reason: Sequence[str | None],
    explained: Mapping[int, Explained],
    labels: Sequence[str],
    settings: Settings,
) -> pa.Table:
    """Columns of `SCHEMA`; null where a row has no evidence."""
    rows = [explained.get(row) for row in range(window.num_rows)]
    mask = np.array([one is None for one in rows], dtype=bool)
    there = [one for one in rows if one is not None]

    def each(function: Any, kind: pa.DataType) -> pa.Array:
        return pa.array([None if one is None else function(one) for one in rows], kind)

    def flat(parts: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.Array:
        joined = np.concatenate(parts) if parts else np.zeros(0)
        return pa.array(joined, kind)

    def lists(lengths: Sequence[int], values: pa.Array) -> pa.Array:
        return _lists(mask, lengths, values)

    tokens = [len(one.scores) for one in there]
    columns = {
        **{name: window[name] for name in ("row", "file", "key", "true_label")},
        "status": pa.array(status, pa.string()),
        "reason": pa.array(reason, pa.string()),
        "label": each(lambda one: labels[int(one.probabilities.argmax())], pa.string()),
        "probability": each(lambda one: float(one.probabilities.max()), pa.float64()),
        "labels": lists([len(labels)] * len(there), pa.array(list(labels) * len(there), pa.string())),
        "probabilities": lists([len(labels)] * len(there), flat([one.probabilities for one in there], pa.float64())),
        "target": each(lambda one: one.target, pa.string()),
        "tokens": lists(tokens, pa.array([token for one in there for token in one.encoded.tokens], pa.string())),
        "starts": lists(tokens, flat([one.encoded.starts for one in there], pa.int32())),
        "ends": lists(tokens, flat([one.encoded.ends for one in there], pa.int32())),
        "known": lists(tokens, flat([one.encoded.known for one in there], pa.bool_())),
        "scores": lists(tokens, flat([one.scores for one in there], pa.float64())),
        "output_text": each(lambda one: one.output_text, pa.float64()),
        "output_baseline": each(lambda one: one.output_baseline, pa.float64()),
        "completeness_error": each(
            lambda one: float(one.scores.sum()) - (one.output_text - one.output_baseline), pa.float64()
        ),
        "relative_error": each(lambda one: one.relative_error, pa.float64()),
        "rule_change": each(lambda one: one.rule_change, pa.float64()),
        "path_error": each(lambda one: one.path_error, pa.float64()),
        "converged": each(lambda one: one.converged, pa.bool_()),
        "failed": each(lambda one: one.failed, pa.string()),
        "draws": each(lambda one: one.draws, pa.int64()),
        "spread": each(lambda one: one.spread, pa.list_(pa.float64())),
        "steps": each(lambda one: one.steps, pa.int64()),
        "tokens_total": each(lambda one: one.encoded.total, pa.int64()),
        "tolerance": each(lambda one: one.tolerance, pa.float64()),
        "method": each(lambda one: one.method, pa.string()),
        "baseline": each(lambda one: settings.baseline, pa.string()),
        "unit": each(lambda one: one.unit, pa.string()),
        "text": window["text"] if settings.keep_text else pa.nulls(window.num_rows, pa.large_string()),
    }
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _lists(mask: NDArray[np.bool_], lengths: Sequence[int], values: pa.Array) -> pa.Array:
    """A list for each row that is not masked, of so many values; null for the masked."""
    counts = np.zeros(len(mask), dtype=np.int32)
    counts[~mask] = lengths
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array(mask))
