"""The one result: a text, what the model said of it, and the panels that show why."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, SupportsIndex, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attribkit.errors import InputError, InputNotFoundError
from attribkit.files import write_whole
from attribkit.render import formats, html, latex, terminal
from attribkit.results.frames import NO_SCORES, frame
from attribkit.results.panels import KINDS, Heatmap, Pairs, Panel, Prediction, TokenScores
from attribkit.results.panels.difference import difference

FORMAT = 1
_TOLD = ("failed", "verdict")


@dataclass(frozen=True, init=False, repr=False)
class Explanation:
    """Evidence that stands alone: no tensor, no model, nothing that could change after it was made.

    Attributes:
        text: the user's own text, exactly as given; None for an explanation of a whole set.
        prediction: what the model said of it.
        provenance: how it was made: model, settings, versions (strings, numbers, lists, mappings).
    """

    text: str | None
    prediction: Prediction | None
    _panels: tuple[Panel, ...]
    provenance: Mapping[str, Any]

    def __init__(
        self,
        text: str | None,
        prediction: Prediction | None,
        panels: Iterable[Panel],
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """Put together what was computed.

        Args:
            text: the user's own text; None for an explanation of a whole set.
            prediction: what the model said of it, if anything.
            panels: what is drawn, in order.
            provenance: how it was made, in what JSON can hold.

        Raises:
            ValueError: for panels whose spans lie outside the text, or a provenance that JSON cannot hold.
        """
        panels = tuple(panels)
        for panel in panels:
            if not isinstance(panel, (TokenScores, Heatmap, Pairs)) or not len(panel.ends):
                continue
            if panel.ends[-1] > len(text or ""):
                raise InputError(
                    f"the tokens' spans must lie in the text of {len(text or '')} characters, got an end at "
                    f"{panel.ends[-1]}"
                )
        # through JSON once, so that what is saved and what is in memory are the same thing
        content = json.loads(json.dumps(provenance or {}, allow_nan=False))
        for name, value in (("text", text), ("prediction", prediction), ("_panels", panels), ("provenance", content)):
            object.__setattr__(self, name, value)

    __hash__ = None  # type: ignore[assignment]  # panels hold arrays, as numpy's own are unhashable

    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        return self._panels

    @property
    def token_scores(self) -> TokenScores:
        """The first panel of token scores, with their unit, target and verdict; ValueError if there is none."""
        for panel in self._panels:
            if isinstance(panel, TokenScores):
                return panel
        raise InputError(NO_SCORES)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(T,) how much each token moved the output, in its unit: those of `token_scores`."""
        return self.token_scores.scores

    @property
    def tokens(self) -> list[str]:
        """The T tokens that `scores` belong to, as written in the text."""
        panel = self.token_scores
        return [(self.text or "")[start:end] for start, end in zip(panel.starts, panel.ends, strict=True)]

    @property
    def label(self) -> str | None:
        """The label that the model predicts; None for an explanation without a prediction."""
        return None if self.prediction is None else self.prediction.label

    @property
    def probability(self) -> float | None:
        """The predicted label's probability; None for an explanation without a prediction."""
        return None if self.prediction is None else self.prediction.probability

    def __sub__(self, other: "Explanation") -> "Explanation":
        """This one minus the other, token by token: what the two say differently of one text.

        Raises: ValueError for another text, unit or target, or without token scores.
        """
        if not isinstance(other, Explanation):
            return NotImplemented
        if self.text != other.text:
            raise InputError("only explanations of the same text can be subtracted; explain one text twice")
        change = difference(self.token_scores, other.token_scores)
        same = self.prediction if self.prediction == other.prediction else None
        return Explanation(self.text, same, (change,), {"this": self.provenance, "minus": other.provenance})

    def to_frame(self, level: str = "token") -> pd.DataFrame:
        """The scores as a table: every target's rows under one another.

        Args:
            level: "token": one row per token, in reading order: token (as written in the text), start, end, score,
                unit, target, known; with several baselines, low and high; and, of a method that draws, spread: how far
                another run's score lies away in 95 % of cases.
                "phrase": one row per window that a filter of a text CNN chose, strongest first: phrase (as written),
                start, end, filter (its place among the output layer's inputs), score, share (score / Σ|score| of the
                target's phrases, so that the shares' sizes sum to 1 and their signs remain), unit, target. Several
                filters may choose one window; together the scores are the sum of the tokens' scores.
                "sentence": one row per sentence, in reading order: sentence (as written), start, end, score (the sum of
                its tokens' scores), tokens (how many), unit, target.
                "pair": one row per pair of words that act together, of the view "interactions", the strongest first:
                word_a, start_a, end_a, word_b, start_b, end_b, value, index, unit, target.
                "text": one row, of the first target: text, label, probability, true_label, right, total (the sum of the
                scores), relative_error, relative_change (between the last two quadrature rules), converged, failed (the
                criteria that were not met: "completeness", "stability"), draws, relative_spread, tokens, method,
                baseline, unit, target.

        Raises: ValueError for another level, for an explanation without token scores, or one that knows no phrases.
        """
        return frame(self, level)

    def save(self, path: str | Path) -> Path:
        """Write to `path`, whole or not at all; its suffix decides (`attribkit.render.formats.FORMATS`).

        Returns: the path written.
        Raises: ValueError for another suffix; OSError where the folder cannot be written.
        """
        return _save(self, path)

    def to_html(self) -> str:
        """A self-contained page: nothing loaded from anywhere, no script but a map's own, allowed by its hash."""
        return html.page([self])

    def to_png(self, dpi: int = 150) -> bytes:
        """A PNG picture as bytes."""
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.image([self], "png", dpi=dpi)

    def to_latex(self) -> str:
        """A LaTeX fragment; its first comment names the packages it needs."""
        return latex.fragment([self])

    def to_json(self) -> str:
        """JSON that `Explanation.from_json` reads back to an equal object, floats bit for bit."""
        return _envelope("explanation", _as_json(self))

    @staticmethod
    def from_json(text: str) -> "Explanation":
        """Read what `to_json` wrote. Raises ValueError, in one sentence, for anything else or a changed file."""
        return _from_json(_open_envelope(text, "explanation"))

    @staticmethod
    def from_row(row: Mapping[str, Any], text: str | None = None) -> "Explanation":
        """One row of what `attribkit.explain_corpus` wrote, as a picture.

        Args:
            row: as pandas, polars, duckdb or Arrow give it: anything that has the columns by name.
            text: the row's text, if the run did not keep it.

        Raises: ValueError for a row that was not explained, one without its text, or what is no such row.
        """
        return _from_row(row, text)

    @staticmethod
    def load(path: str | Path) -> "Explanation":
        """Read a saved .json file. Raises FileNotFoundError, or ValueError for a file that is not an explanation."""
        return Explanation.from_json(_read(path))

    def _repr_html_(self) -> str:
        return html.fragment([self])

    def __rich__(self) -> Any:
        return terminal.renderable(self)

    def __repr__(self) -> str:
        kinds = ", ".join(panel.kind for panel in self._panels)
        label = self.prediction.label if self.prediction else None
        shown = self.text if self.text is None or len(self.text) <= 60 else self.text[:57] + "…"
        return f"Explanation(text={shown!r}, label={label!r}, panels=[{kinds}])"


class Explanations(list[Explanation]):
    """A list of explanations that saves, shows and tabulates as one: a row for each.

    They are subset, sorted and merged as tables are: `rows.take(table.index)` for any table made from
    `rows.to_frame("text")`, and `rows + others`.
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> Explanation: ...
    @overload
    def __getitem__(self, index: slice) -> "Explanations": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "Explanation | Explanations":
        found = super().__getitem__(index)
        return Explanations(found) if isinstance(found, list) else found

    def __add__(self, others: list[Explanation]) -> "Explanations":  # type: ignore[override]  # stays what it is
        return Explanations([*self, *others])

    def take(self, places: Iterable[SupportsIndex]) -> "Explanations":
        """Those at these places, in this order; IndexError for a place that there is not."""
        return Explanations(self[place] for place in places)

    def to_frame(self, level: str = "token") -> pd.DataFrame:
        """Every explanation's `to_frame(level)`, with a first column `text` that counts them from 0.

        With level="text" the index counts them, and `text` is the text itself.

        Raises: ValueError as `Explanation.to_frame`, or for an empty list.
        """
        if not self:
            raise InputError("there must be at least one explanation to tabulate, got an empty list")
        if level == "text":
            return pd.concat([explanation.to_frame(level) for explanation in self], ignore_index=True)
        return pd.concat(
            {number: explanation.to_frame(level) for number, explanation in enumerate(self)}, names=["text", None]
        ).reset_index(level=0)

    def save(self, path: str | Path) -> Path:
        """Write all of them into one file, as `Explanation.save` does for one."""
        return _save(self, path)

    def to_html(self) -> str:
        """One self-contained page with a row for each explanation."""
        return html.page(self)

    def to_png(self, dpi: int = 150) -> bytes:
        """One PNG picture with a row for each explanation."""
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.image(self, "png", dpi=dpi)

    def to_latex(self) -> str:
        """One LaTeX fragment with a row for each explanation."""
        return latex.fragment(self)

    def to_json(self) -> str:
        """JSON that `Explanations.from_json` reads back to an equal list."""
        return _envelope("explanations", [_as_json(explanation) for explanation in self])

    @staticmethod
    def from_json(text: str) -> "Explanations":
        """Read what `to_json` wrote. Raises ValueError as `Explanation.from_json` does."""
        return Explanations(_from_json(one) for one in _open_envelope(text, "explanations"))

    @staticmethod
    def load(path: str | Path) -> "Explanations":
        """Read a saved .json file of several explanations."""
        return Explanations.from_json(_read(path))

    def _repr_html_(self) -> str:
        return html.fragment(self)


def _save(result: "Explanation | Explanations", path: str | Path) -> Path:
    if isinstance(result, Explanations) and not result:
        raise InputError("there must be at least one explanation to save, got an empty list")
    return write_whole(Path(path), formats.content(result, path))


def _as_json(value: Any) -> Any:
    """Dataclasses as mappings of their fields, panels with their kind, arrays as lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_as_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        content = {f.name.lstrip("_"): _as_json(getattr(value, f.name)) for f in fields(value)}
        # said for whoever reads the file without this package; read back they are told anew from the numbers
        content |= {name: _as_json(getattr(value, name)) for name in _TOLD if hasattr(value, name)}
        return {"kind": value.kind, **content} if hasattr(value, "kind") else content
    return value


def _from_json(content: Any) -> Explanation:
    try:
        panels = []
        for panel in content["panels"]:
            panel = {name: part for name, part in panel.items() if name not in _TOLD}
            panels.append(KINDS[panel.pop("kind")](**panel))
        prediction = content["prediction"]
        return Explanation(
            text=content["text"],
            prediction=None if prediction is None else Prediction(**prediction),
            panels=tuple(panels),
            provenance=content["provenance"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the JSON is no explanation that this version can read ({error}); save it anew") from error


_RULE_ERRORS = ("rule_change", "path_error")


def _from_row(row: Mapping[str, Any], text: str | None) -> Explanation:
    try:
        if row["status"] != "ok":
            raise InputError(f"the row was not explained ({row['status']}: {row['reason']}); choose one that is 'ok'")
        text = row["text"] if text is None else text
        if not isinstance(text, str):
            raise InputError("the row does not hold its text; give it as `text`, or run the corpus with keep_text=True")
        labels = tuple(row["labels"])
        numbers: dict[str, Any] = {name: int(row[name]) for name in ("steps", "tokens_total")}
        numbers |= {name: float(row[name]) for name in ("output_text", "output_baseline", "tolerance")}
        arrays = ("starts", "ends", "tokens", "scores", "known", "unit", "target", "method", "baseline")
        numbers["converged"] = None if row["converged"] is None else bool(row["converged"])
        # a run of an older version has none of these
        draws, *errors = (None if pd.isna(row.get(name)) else row[name] for name in ("draws", *_RULE_ERRORS))
        if draws is not None:
            numbers |= {"draws": int(draws), "spread": row["spread"]}
        numbers |= {
            name: None if error is None else float(error) for name, error in zip(_RULE_ERRORS, errors, strict=True)
        }
        scores = TokenScores(**{name: row[name] for name in arrays}, **numbers)
        prediction = Prediction(row["label"], labels, tuple(row["probabilities"]), row["true_label"])
        number = int(row["row"])
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"a row that explain_corpus wrote was expected, got another ({error!r})") from error
    return Explanation(text, prediction, (scores,), {"row": number})


def _checksum(content: Any) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _envelope(kind: str, content: Any) -> str:
    envelope = {"attribkit": kind, "format": FORMAT, "sha256": _checksum(content), "content": content}
    return json.dumps(envelope, ensure_ascii=False, allow_nan=False)  # indented it takes six times as long


def _open_envelope(text: str, kind: str) -> Any:
    try:
        envelope = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"an explanation's JSON was expected, got text that is not JSON ({error})") from error
    if not isinstance(envelope, dict) or "attribkit" not in envelope or "content" not in envelope:
        raise InputError("an explanation's JSON was expected, got other JSON; load a file that save() wrote")
    if envelope["attribkit"] != kind:
        other = "Explanations" if envelope["attribkit"] == "explanations" else "Explanation"
        raise InputError(f"the file holds {envelope['attribkit']!r}, not {kind!r}; load it with {other}.load")
    if envelope.get("format") != FORMAT:
        raise InputError(
            f"the file has format {envelope.get('format')!r}, this version reads {FORMAT}; upgrade attribkit"
        )
    if envelope.get("sha256") != _checksum(envelope["content"]):
        raise InputError("the file was changed after it was saved (its checksum differs); save the explanation anew")
    return envelope["content"]


def _read(path: str | Path) -> str:
    path = Path(path)
    if not path.is_file():
        raise InputNotFoundError(f"an explanation's .json file was expected, but there is no file {str(path)!r}")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name} is not UTF-8 text ({error.reason}); load a .json file that save() wrote"
        ) from error
