"""The sums of each word's scores in a corpus: per part, so that a resumed run counts nothing twice, then merged."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attribkit.errors import InputError

UNKNOWN = "[UNK]"
"""Stands for every word that the model's vocabulary lacks."""

_KEYS = ["word", "target", "right"]
_SUMS = ["count", "texts", "total", "total_abs", "total_square"]


def sums_of(part: pa.Table) -> pa.Table:
    """Sums of a part's scores by word, target and whether the model was right (null if the true label is not known).

    Returns:
        word, target, right; count (occurrences), texts (that hold it), total (Σ score), total_abs (Σ|score|) and
        total_square (Σ score²), in the scores' unit.
    """
    rows = part.filter(pc.equal(part["status"], "ok"))
    whose = pc.list_parent_indices(rows["tokens"]).combine_chunks()
    known, scores = (pc.list_flatten(rows[name]).combine_chunks() for name in ("known", "scores"))
    tokens = pc.if_else(known, pc.list_flatten(rows["tokens"]).combine_chunks(), UNKNOWN)
    right = pc.equal(rows["label"], rows["true_label"]).combine_chunks()
    if rows.num_rows and rows["task"][0].as_py() != "multiclass":  # right or wrong is said of one label alone
        right = pa.nulls(rows.num_rows, pa.bool_())
    flat = pa.table(
        {
            "word": tokens,
            "target": rows["target"].combine_chunks().take(whose),
            "right": right.take(whose),
            "text": whose,
            "score": scores,
            "size": pc.abs(scores),
            "square": pc.multiply(scores, scores),
        }
    )
    grouped = flat.group_by(_KEYS, use_threads=False).aggregate(
        [("score", "count"), ("text", "count_distinct"), ("score", "sum"), ("size", "sum"), ("square", "sum")]
    )
    return grouped.select(
        [*_KEYS, "score_count", "text_count_distinct", "score_sum", "size_sum", "square_sum"]
    ).rename_columns([*_KEYS, *_SUMS])


def merged(files: Iterable[Path]) -> pa.Table:
    """The sums of all parts, largest first, with each word's mean score; memory grows with the words, not the texts."""
    whole: pa.Table | None = None
    for file in files:
        part = pq.read_table(file)
        tables = [part] if whole is None else [whole, part]
        grouped = pa.concat_tables(tables).group_by(_KEYS, use_threads=False)
        whole = grouped.aggregate([(name, "sum") for name in _SUMS]).select(
            [*_KEYS, *(f"{name}_sum" for name in _SUMS)]
        )
        whole = whole.rename_columns([*_KEYS, *_SUMS])
    if whole is None:
        raise InputError("there must be at least one part to sum up, got none")
    whole = whole.append_column("mean", pc.divide(whole["total"], pc.cast(whole["count"], pa.float64())))
    order = [("total_abs", "descending"), *((key, "ascending") for key in _KEYS)]
    return whole.sort_by(order)
