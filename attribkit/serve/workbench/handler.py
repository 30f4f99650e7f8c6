"""The answers to questions about the rows; used by one thread, which never runs a network for long."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from attribkit.errors import InputError, UnknownNameError
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.serve.handlers import check_length
from attribkit.serve.limits import Limits
from attribkit.serve.workbench.answers import ModelAnswers
from attribkit.serve.workbench.rows import DataRows
from attribkit.serve.workbench.schema import NotesQuestion, PlaceQuestion, RowsQuestion, Slice, SliceQuestion
from attribkit.serve.workbench.slices import SlicedData
from attribkit.serve.workbench.tokens import TokenIndex
from attribkit.serve.workbench.words import ExplainedRows, SliceWords

_EXCERPT = 180  # characters


class WordsHandler:
    """The words of slices, a step at a time; used by one thread."""

    def __init__(self, answers: Sequence[ModelAnswers]) -> None:
        self._explained = {each.model.name: ExplainedRows(each) for each in answers}

    def __call__(self, name: Any, steps: Sequence[tuple[SliceWords, int]]) -> Sequence[bytes]:
        """A line of JSON for each slice and number of its texts."""
        return [_json(words.answer(self._explained[name], upto)) + b"\n" for words, upto in steps]


class DataHandler:
    """Rows, their answers, and the answer to each kind of question."""

    def __init__(self, rows: DataRows, answers: Sequence[ModelAnswers], limits: Limits) -> None:
        self._rows, self._limits = rows, limits
        self._answers = {each.model.name: each for each in answers}
        self._indexes: dict[str, TokenIndex] = {}

    def __call__(self, key: Any, items: Sequence[Any]) -> Sequence[Any]:
        """Answer questions of one kind, each by itself."""
        answer = getattr(self, f"_{key}")
        return [answer(item) for item in items]

    def answers(self, name: str | None) -> ModelAnswers:
        """A model's answers, the first's by default; UnknownNameError for a model that there is not."""
        if name is None:
            return next(iter(self._answers.values()))
        if name not in self._answers:
            raise UnknownNameError(f"`model` must be one of {', '.join(self._answers)}, got {name[:200]!r}")
        return self._answers[name]

    def _index(self, answers: ModelAnswers) -> TokenIndex:
        known = self._indexes.get(answers.model.name)
        if known is None or known.read != answers.done:
            known = self._indexes[answers.model.name] = TokenIndex(answers)
        return known

    def _sliced(self, question: Slice) -> SlicedData:
        answers = self.answers(question.model)
        other = None if question.other is None else self.answers(question.other)
        if other is answers:
            raise InputError(f"`other` must be another model than {answers.model.name!r}; leave it out for one")
        return SlicedData(self._rows, answers, other, lambda: self._index(answers))

    def _card(self, _: None) -> bytes:
        rows = self._rows
        return _json(
            {
                "source": visible(rows.source, True),
                "fingerprint": rows.fingerprint,
                "rows": len(rows),
                "labels": list(rows.names),
                "labelled": bool((rows.label >= 0).any()),
                "columns": list(rows.columns),
                "notes": list(rows.notes),
                "examples": rows.examples(),
                "models": [
                    {
                        "name": each.model.name,
                        "done": each.done,
                        "skipped": len(each.skipped),
                        "first_skipped": next(
                            (f"row {rows.numbers[k]}: {why}" for k, why in each.skipped.items()), None
                        ),
                        "map": each.points is not None and each.done == len(rows),
                        "error": each.error,
                    }
                    for each in self._answers.values()
                ],
            }
        )

    def _slice(self, question: SliceQuestion) -> bytes:
        sliced = self._sliced(question.slice)
        mask = sliced.chosen(question.slice)
        names, counts = sliced.matrix(question.slice)
        return _json(
            {
                "rows": sliced.ordered(mask, question.sort, question.descending).tolist(),
                "inside": sliced.figures(mask),
                "rest": sliced.figures(~mask),
                "across": list(self.answers(question.slice.model).model.labels),
                "down": list(names),
                "matrix": counts.tolist(),
            }
        )

    def _rows_of(self, question: RowsQuestion) -> bytes:
        models = [self.answers(question.model), None if question.other is None else self.answers(question.other)]
        return _json({"rows": [self._listed(self._row(row), models, question.search) for row in question.rows]})

    def _row(self, row: int) -> int:
        if row >= len(self._rows):
            raise UnknownNameError(f"a row must lie between 0 and {len(self._rows) - 1:,}, got {row:,}")
        return row

    def _label(self, row: int) -> str | None:
        place = int(self._rows.label[row])
        return visible(self._rows.names[place], True) if place >= 0 else None

    def _listed(self, row: int, models: Sequence[ModelAnswers | None], search: str | None) -> dict[str, Any]:
        (predicted, sure), (other, other_sure) = (_said(each, row) for each in models)
        return {
            "row": row,
            "number": int(self._rows.numbers[row]),
            "excerpt": self._excerpt(row, search),
            "label": self._label(row),
            "predicted": predicted,
            "confidence": sure,
            "other": other,
            "other_confidence": other_sure,
        }

    def _excerpt(self, row: int, search: str | None) -> str:
        """The beginning of a text, or what stands around the words searched for."""
        text = self._rows.texts[row]
        hit = self._rows.lower[row].find(search.lower()) if search else -1
        first = max(0, hit - _EXCERPT // 4)
        return ("…" if first else "") + shorten(text[first : first + 3 * _EXCERPT], _EXCERPT)

    def _whole(self, row: int) -> bytes:
        self._row(row)
        answered = {name: _said(each, row) for name, each in self._answers.items()}
        reasons = {name: each.skipped.get(row) for name, each in self._answers.items()}
        return _json(
            {
                "row": row,
                "number": int(self._rows.numbers[row]),
                "text": self._rows.texts[row],
                "label": self._label(row),
                "columns": {visible(name, True): visible(cells[row]) for name, cells in self._rows.columns.items()},
                "predicted": {name: label for name, (label, _) in answered.items() if label is not None},
                "confidence": {name: sure for name, (_, sure) in answered.items() if sure is not None},
                "skipped": {name: why for name, why in reasons.items() if why is not None},
            }
        )

    def _map(self, name: str) -> bytes:
        answers = self.answers(name)
        if answers.points is None or answers.done < len(self._rows):
            raise UnknownNameError(f"the map of {name[:200]!r} is not there; it is drawn once all rows are predicted")
        x, y = ([None if np.isnan(v) else round(v, 4) for v in column] for column in answers.points.T.tolist())
        labels = [*self._rows.names, *(name for name in answers.model.labels if name not in self._rows.names)]
        places = np.array([*(labels.index(name) for name in answers.model.labels), -1])
        return _json(
            {
                "axes": list(answers.axes),
                "x": x,
                "y": y,
                "labels": labels,
                "label": self._rows.label.tolist(),
                "predicted": places[answers.predicted].tolist(),
                "confidence": np.rint(100 * answers.confidence).astype(int).tolist(),
            }
        )

    def _place(self, question: PlaceQuestion) -> bytes:
        answers = self.answers(question.model)
        check_length(answers.model, question.text, self._limits)
        placed = answers.place(question.text)
        if placed is None:
            raise UnknownNameError("there is no map to place a text on; it is drawn once all rows are predicted")
        return _json({"x": placed[0], "y": placed[1]})

    def _words(self, question: Slice) -> SliceWords:
        answers = self.answers(question.model)
        mask = self._sliced(question).chosen(question)
        return SliceWords.of(self._index(answers), mask, answers.predicted >= 0)

    def _notes(self, question: NotesQuestion) -> bytes:
        """A CSV file of the noted rows, in the order given."""
        written = io.StringIO()
        table = csv.writer(written)
        names = list(self._answers)
        heads = [head for name in names for head in (f"{name} predicted", f"{name} confidence")]
        table.writerow(["row", "note", "label", *heads, "text"])
        for each in question.notes:
            row = self._row(each.row)
            answered = [value for name in names for value in _said(self._answers[name], row)]
            cells = [each.note, self._label(row), *answered, self._rows.texts[row]]
            table.writerow([int(self._rows.numbers[row]), *(_harmless(cell) for cell in cells)])
        return written.getvalue().encode("utf-8", "replace")


def _said(answers: ModelAnswers | None, row: int) -> tuple[str | None, float | None]:
    """What a model predicts for a row, and how surely."""
    if answers is None or answers.predicted[row] < 0:
        return None, None
    place = int(answers.predicted[row])
    return visible(answers.model.labels[place], True), round(float(answers.probabilities[row, place]), 4)


def _harmless(cell: object) -> object:
    """A cell that a spreadsheet takes for a text and not for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
