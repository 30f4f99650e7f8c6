"""The rows of a part as an Arrow table: each text's prediction and scores."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from attribkit.attribution.result import TokenAttribution
from attribkit.corpus.job import Settings
from attribkit.results.panels import failed, relative_error, relative_to_size
from attribkit.task import Task
from attribkit.text.encoded import Encoded

SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "file": pa.string(),
        "key": pa.string(),
        "status": pa.string(),
        "reason": pa.string(),
        "label": pa.string(),
        "probability": pa.float64(),
        "task": pa.string(),
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
        "method": pa.string(),
        "baseline": pa.string(),
        "unit": pa.string(),
        "text": pa.large_string(),
    }
)


class Explained(NamedTuple):
    """An explained row: the tokens, the probabilities (C,), of a regression (0,), and the scores."""

    encoded: Encoded
    probabilities: NDArray[np.float64]
    attribution: TokenAttribution


def table_of(
    window: pa.Table,
    status: Sequence[str],
    reason: Sequence[str | None],
    explained: Mapping[int, Explained],
    labels: Sequence[str],
    settings: Settings,
    task: Task = "multiclass",
) -> pa.Table:
    """Columns of `SCHEMA`; null where a row was not explained."""
    rows = [explained[row] for row in range(window.num_rows) if row in explained]
    missing = np.array([row not in explained for row in range(window.num_rows)], dtype=bool)
    attributions = [row.attribution for row in rows]
    places = np.full(window.num_rows, -1)
    places[~missing] = np.arange(len(rows))

    def each(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        return pa.array([None if place < 0 else values[place] for place in places.tolist()], kind)

    def of_attribution(name: str) -> pa.Array:
        return each([getattr(attribution, name) for attribution in attributions], SCHEMA.field(name).type)

    def flat(parts: Sequence[NDArray[Any]], kind: pa.DataType) -> pa.Array:
        return pa.array(np.concatenate(parts) if parts else np.zeros(0), kind)

    def by_token(part: Callable[[Encoded], NDArray[Any]], kind: pa.DataType) -> pa.Array:
        return _lists(missing, lengths, flat([part(row.encoded) for row in rows], kind))

    lengths = [len(attribution.scores) for attribution in attributions]
    by_label = [len(labels)] * len(rows)
    shares = [len(row.probabilities) for row in rows]
    tokens = pa.array([token for row in rows for token in row.encoded.tokens], pa.string())
    probabilities = [row.probabilities for row in rows]
    changes = [attribution.output_text - attribution.output_baseline for attribution in attributions]
    errors = [
        float(attribution.scores.sum()) - change for attribution, change in zip(attributions, changes, strict=True)
    ]
    relative = list(map(relative_error, (attribution.scores for attribution in attributions), changes))
    columns = {
        **{name: window[name] for name in ("row", "file", "key", "true_label")},
        "status": pa.array(status, pa.string()),
        "reason": pa.array(reason, pa.string()),
        "label": each([labels[int(values.argmax()) if len(values) else 0] for values in probabilities], pa.string()),
        "probability": each([float(values.max()) if len(values) else None for values in probabilities], pa.float64()),
        "task": each([task] * len(rows), pa.string()),
        "labels": _lists(missing, by_label, pa.array(list(labels) * len(rows), pa.string())),
        "probabilities": _lists(missing, shares, flat(probabilities, pa.float64())),
        "tokens": _lists(missing, lengths, tokens),
        "starts": by_token(lambda encoded: encoded.starts, pa.int32()),
        "ends": by_token(lambda encoded: encoded.ends, pa.int32()),
        "known": by_token(lambda encoded: encoded.known, pa.bool_()),
        "scores": _lists(missing, lengths, flat([row.scores for row in attributions], pa.float64())),
        "completeness_error": each(errors, pa.float64()),
        "relative_error": each(relative, pa.float64()),
        "failed": each(list(map(_failed, attributions, relative)), pa.string()),
        "tokens_total": each([row.encoded.total for row in rows], pa.int64()),
        "text": window["text"] if settings.keep_text else pa.nulls(window.num_rows, pa.large_string()),
    }
    columns |= {name: of_attribution(name) for name in SCHEMA.names if name not in columns}
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _failed(attribution: TokenAttribution, relative: float) -> str | None:
    """As `TokenScores.failed`, joined by commas; None for none."""
    change, path_error = (
        None if value is None else relative_to_size(value, attribution.scores)
        for value in (attribution.rule_change, attribution.path_error)
    )
    return ", ".join(failed(attribution.converged, relative, change, path_error, attribution.tolerance)) or None


def _lists(missing: NDArray[np.bool_], lengths: Sequence[int], values: pa.Array) -> pa.Array:
    """A list for each row that is not missing, of so many values; null for the missing."""
    counts = np.zeros(len(missing), dtype=np.int32)
    counts[~missing] = lengths
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pa.array(missing))
