"""Data sets in the ERASER format: documents, labels, and the rationales that people marked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.data.readers import SPLIT_OF_NAME, read_file, read_text
from attribkit.errors import InputError, InputNotFoundError
from attribkit.plurals import by_number, number_of


def is_eraser(folder: Path) -> bool:
    """Whether a folder is in the ERASER format: documents beside at least one split's annotations."""
    documents = (folder / "docs").is_dir() or (folder / "docs.jsonl").is_file()
    return documents and any((folder / f"{name}.jsonl").is_file() for name in SPLIT_OF_NAME)


def read_eraser_folder(folder: Path) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """Every split's table, and sentences on what was dropped."""
    names = {split: name for name, split in SPLIT_OF_NAME.items() if (folder / f"{name}.jsonl").is_file()}
    tables = {split: read_eraser(folder, name) for split, name in names.items()}
    return tables, tuple(f"{split}: {note}" for split, table in tables.items() for note in table.attrs["notes"])


def read_eraser(path: str | Path, split: str = "test") -> pd.DataFrame:
    """Read a data set with human rationales in the ERASER format as a table.

    Documents are tokens between spaces, a sentence on each line; a rationale is the tokens of a row's evidences. A
    query is not part of the text, unless it is the name of a document. If a row's evidences are in several documents,
    its text is those documents one after another, joined by a line break. An evidence without a token (the published
    movie reviews have 20) marks nothing: it is dropped, and a sentence in the table's `attrs["notes"]` counts them.

    Source: DeYoung et al., "ERASER: A Benchmark to Evaluate Rationalized NLP Models", ACL 2020.

    Args:
        path: a folder of `train.jsonl`, `val.jsonl`, `test.jsonl` and `docs/` (a file each) or `docs.jsonl`; or one
            such .jsonl file beside its documents.
        split: the name of the file to read, if a folder is given.

    Returns:
        a table with the columns `text`, `label`, `rationale` (spans [start, end] in characters) and `id`.

    Raises:
        FileNotFoundError: if there is no such file or document.
        ValueError: for a line that is no annotation, or evidence outside its document; the sentence names the line.

    Example:
        >>> import json
        >>> from pathlib import Path
        >>> from attribkit.data import read_eraser
        >>> Path("docs").mkdir()
        >>> characters = Path("docs/1").write_text("a horrible movie")
        >>> evidence = {"docid": "1", "start_token": 1, "end_token": 2}
        >>> row = {"annotation_id": "1", "classification": "NEG", "evidences": [[evidence]]}
        >>> characters = Path("test.jsonl").write_text(json.dumps(row))
        >>> read_eraser(".").iloc[0].tolist()
        ['a horrible movie', 'NEG', [[2, 10]], '1']
    """
    path = Path(path)
    file = path / f"{split}.jsonl" if path.is_dir() else path
    rows = read_file(file, "utf-8")
    missing = [name for name in ("annotation_id", "classification", "evidences") if name not in rows]
    if missing:
        raise InputError(f"{file.name!r} has no {missing[0]!r} on its lines, which an ERASER annotation has; check it")
    documents = _Documents(file.parent)
    cells_of_rows, empty = [], []
    for number, row in enumerate(rows.to_dict("records"), 1):
        cells, dropped = _row(number, row, documents)
        cells_of_rows.append(cells)
        empty += [number] * dropped
    table = pd.DataFrame(cells_of_rows, columns=["text", "label", "rationale", "id"])
    note = (
        f"{number_of(len(empty), 'evidence')} of {number_of(len(set(empty)), 'row')} "
        f"{by_number(len(empty), 'holds no token and was', 'hold no token and were')} dropped"
    )
    table.attrs["notes"] = [f"{note}, the first on line {empty[0]:,}"] if empty else []
    return table


class _Documents:
    """The texts that annotations point into, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        if (folder / "docs.jsonl").is_file():
            table = read_file(folder / "docs.jsonl", "utf-8")
            self.texts = dict(zip(table["docid"], table["document"], strict=True))

    def __getitem__(self, name: str) -> str:
        if name not in self.texts:
            file = self.folder / "docs" / name
            if Path(name).name != name or not file.is_file():
                raise InputNotFoundError(f"there is no document {name!r} in 'docs'; put it there, or into docs.jsonl")
            self.texts[name] = read_text(file, "utf-8")[0]
        return self.texts[name]


def _row(line: int, row: Mapping[Any, Any], documents: _Documents) -> tuple[tuple[str, str, list[list[int]], str], int]:
    """The cells of a row, and how many of its evidences hold no token."""
    evidences = [evidence for group in row["evidences"] or [] for evidence in group]
    names = list(dict.fromkeys([*(row.get("docids") or []), *(evidence["docid"] for evidence in evidences)]))
    names = names or [row["annotation_id"]]
    text, offsets, places = "", {}, {}
    for name in names:
        text += "\n" if text else ""
        offsets[name], document = len(text), documents[name]
        places[name] = _token_spans(document)
        text += document
    spans, empty = [], 0
    for evidence in evidences:
        tokens, first, last = places[evidence["docid"]], evidence["start_token"], evidence["end_token"]
        if not 0 <= first <= last <= len(tokens):
            raise InputError(
                f"line {line}: the evidence's tokens [{first}, {last}] must lie in its document of {len(tokens)}"
            )
        if first == last:
            empty += 1
            continue
        offset = offsets[evidence["docid"]]
        spans.append([offset + tokens[first][0], offset + tokens[last - 1][1]])
    return (text, str(row["classification"]), spans, str(row["annotation_id"])), empty


def _token_spans(document: str) -> list[tuple[int, int]]:
    """Where each token between spaces stands."""
    spans, cursor = [], 0
    for token in document.split():
        start = document.index(token, cursor)
        cursor = start + len(token)
        spans.append((start, cursor))
    return spans
