"""Rationales: the words that decide a text's label, as a person or a grammar marked them, and as tokens.

A table's column `rationale` holds for each text its spans, a list of `[start, end]` character places, end exclusive;
in a CSV file the same as JSON. None, an empty list or an empty cell means that none is known.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError, InputNotFoundError
from attribkit.text import Encoded
from attribkit.training.data.tables import read_file, read_text

Spans = list[tuple[int, int]]


def spans_of(cell: Any, text: str, row: Hashable) -> Spans:
    """A cell of the column as spans.

    Raises: ValueError that names the row for what is no list of spans, or for a span outside the text.
    """
    if isinstance(cell, str) and cell.strip():
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise InputError(f"row {row}: a rationale must be a list of [start, end] spans, got {cell!r}") from error
    if cell is None or isinstance(cell, str) or (isinstance(cell, float) and np.isnan(cell)):
        return []
    spans: Spans = []
    if not isinstance(cell, Sequence | np.ndarray):
        raise InputError(f"row {row}: a rationale must be a list of [start, end] spans, got {type(cell).__name__}")
    for span in cell:
        try:
            start, end = (int(place) for place in span)
        except (TypeError, ValueError) as error:
            raise InputError(f"row {row}: each span must be [start, end], got {span!r}") from error
        if not 0 <= start < end <= len(text):
            raise InputError(
                f"row {row}: a span must satisfy 0 ≤ start < end ≤ {len(text)}, the text's length, got [{start}, {end}]"
            )
        spans.append((start, end))
    return spans


def marked(spans: Spans, one: Encoded) -> NDArray[np.bool_]:
    """(T,) which tokens a span touches."""
    found = np.zeros(len(one.ids), dtype=bool)
    for start, end in spans:
        found |= (one.starts < end) & (one.ends > start)
    return found


def read_eraser(path: str | Path, split: str = "test") -> pd.DataFrame:
    """A data set in the ERASER format as a table with the columns `text`, `label`, `rationale` and `id`.

    Args:
        path: a folder of `train.jsonl`, `val.jsonl`, `test.jsonl` and `docs/` (a file each) or `docs.jsonl`; or one
            such .jsonl file beside its documents.
        split: which of the files, if a folder is given.

    Documents are tokens between spaces, a sentence on each line; a rationale is the evidences' tokens. The query, where
    there is one and it is no document's name, is not part of the text. Rows whose evidences lie in several documents
    have those documents one after another, joined by a line break.

    Source: DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", ACL 2020.

    Raises:
        FileNotFoundError: if there is no such file or document.
        ValueError: for a line that is no annotation, or evidence outside its document; the sentence names the line.
    """
    path = Path(path)
    file = path / f"{split}.jsonl" if path.is_dir() else path
    rows = read_file(file)
    missing = [name for name in ("annotation_id", "classification", "evidences") if name not in rows]
    if missing:
        raise InputError(f"{file.name!r} has no {missing[0]!r} on its lines, which an ERASER annotation has; check it")
    documents = _Documents(file.parent)
    found = [_row(number, row, documents) for number, row in enumerate(rows.to_dict("records"), 1)]
    return pd.DataFrame(found, columns=["text", "label", "rationale", "id"])


class _Documents:
    """The texts that annotations point into, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        if (folder / "docs.jsonl").is_file():
            table = read_file(folder / "docs.jsonl")
            self.texts = dict(zip(table["docid"], table["document"], strict=True))

    def __getitem__(self, name: str) -> str:
        if name not in self.texts:
            file = self.folder / "docs" / name
            if Path(name).name != name or not file.is_file():
                raise InputNotFoundError(f"there is no document {name!r} in 'docs'; put it there, or into docs.jsonl")
            self.texts[name] = read_text(file)
        return self.texts[name]


def _row(line: int, row: Mapping[Any, Any], documents: _Documents) -> tuple[str, str, list[list[int]], str]:
    evidences = [one for group in row["evidences"] or [] for one in group]
    names = list(dict.fromkeys([*(row.get("docids") or []), *(one["docid"] for one in evidences)]))
    names = names or [row["annotation_id"]]
    text, offsets, places = "", {}, {}
    for name in names:
        text += "\n" if text else ""
        offsets[name], document = len(text), documents[name]
        places[name] = _token_spans(document)
        text += document
    spans = []
    for one in evidences:
        tokens, first, last = places[one["docid"]], one["start_token"], one["end_token"]
        if not 0 <= first < last <= len(tokens):
            raise InputError(
                f"line {line}: the evidence's tokens [{first}, {last}] must lie in its document of {len(tokens)}"
            )
        offset = offsets[one["docid"]]
        spans.append([offset + tokens[first][0], offset + tokens[last - 1][1]])
    return text, str(row["classification"]), spans, str(row["annotation_id"])


def _token_spans(document: str) -> list[tuple[int, int]]:
    """Where each token between spaces stands."""
    spans, cursor = [], 0
    for token in document.split():
        start = document.index(token, cursor)
        cursor = start + len(token)
        spans.append((start, cursor))
    return spans
