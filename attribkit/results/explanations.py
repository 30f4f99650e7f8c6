"""Several explanations as one: a list that is drawn, tabulated and saved with a row for each."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, SupportsIndex, overload

import pandas as pd

from attribkit.errors import InputError
from attribkit.files import write_whole
from attribkit.render import formats, html, latex, terminal
from attribkit.render.preparation.head import count
from attribkit.render.preparation.provenance import reading_notes
from attribkit.results.explanation import Explanation
from attribkit.results.json_file import open_envelope, read, results_json
from attribkit.results.panels import Panel

if TYPE_CHECKING:  # matplotlib takes a second to import
    from attribkit.render.picture import Figure

_SHOWN = 10
"""Explanations of a list that its repr and summary tell of."""


class Explanations(list[Explanation]):
    """A list of explanations that is saved, shown and tabulated as one, with a row for each.

    A part of it is `rows.take(table.index)`, for any selection of the rows of `rows.to_frame("text")`; two lists are
    joined by `rows + others`.

    Example:
        >>> import attribkit as ak
        >>> rows = ak.explain(ak.load("imdb-cnn"), ["Such a great show!", "It was a horrible movie"])
        >>> table = rows.to_frame("text")
        >>> table["label"].tolist()
        ['pos', 'neg']
        >>> [row.text for row in rows.take(table.index[table["label"] == "neg"])]
        ['It was a horrible movie']
    """

    @overload
    def __getitem__(self, index: SupportsIndex) -> Explanation: ...
    @overload
    def __getitem__(self, index: slice) -> "Explanations": ...
    def __getitem__(self, index: SupportsIndex | slice) -> "Explanation | Explanations":
        item = super().__getitem__(index)
        return Explanations(item) if isinstance(item, list) else item

    def __add__(self, others: list[Explanation]) -> "Explanations":  # type: ignore[override]  # a list's own `+` says that a list comes of it
        return Explanations([*self, *others])

    def take(self, places: Iterable[SupportsIndex]) -> "Explanations":
        """The explanations at these places, in this order.

        Raises:
            IndexError: for a place that does not exist.
        """
        return Explanations(self[place] for place in places)

    def to_frame(self, level: str = "token") -> pd.DataFrame:
        """Every explanation's `to_frame(level)`, with a first column `text` that holds its number, from 0.

        With level="text" the index holds the number, and `text` is the text itself.

        Args:
            level: as `Explanation.to_frame` takes it.

        Raises:
            ValueError: as `Explanation.to_frame`; for an empty list.
        """
        if not self:
            raise InputError("there must be at least one explanation to tabulate, got an empty list")
        if level == "text":
            return pd.concat([explanation.to_frame(level) for explanation in self], ignore_index=True)
        return pd.concat(
            {number: explanation.to_frame(level) for number, explanation in enumerate(self)}, names=["text", None]
        ).reset_index(level=0)

    def save(
        self, path: str | Path, *, width: float | None = None, dpi: int | None = None, theme: str | None = None
    ) -> Path:
        """Write all of them into one file, as `Explanation.save` does for one."""
        if not self:
            raise InputError("there must be at least one explanation to save, got an empty list")
        return write_whole(path, formats.content(self, path, width, dpi, theme))

    def to_html(self) -> str:
        """One self-contained page with a row for each explanation."""
        return html.page(self, lead=self.answer())

    def to_png(self, dpi: int = 150, *, width: float | None = None, theme: str = "light") -> bytes:
        """One PNG picture with a row for each explanation; the arguments are those of `Explanation.to_png`."""
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.image(self, "png", width=width, dpi=dpi, theme=theme, lead=self.answer())

    def figure(self, *, width: float | None = None, dpi: int = 150, theme: str = "light") -> "Figure":
        """The picture as a matplotlib Figure; the arguments are those of `Explanation.figure`."""
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.figure(self, dpi, width=width, theme=theme, lead=self.answer())

    def to_latex(self) -> str:
        """One LaTeX fragment with a row for each explanation."""
        return latex.fragment(self)

    def to_json(self) -> str:
        """JSON that `Explanations.from_json` reads back to an equal list."""
        return results_json("explanations", self)

    @staticmethod
    def from_json(text: str) -> "Explanations":
        """Read the JSON that `to_json` made.

        Raises:
            ValueError: as `Explanation.from_json` does.
        """
        return Explanations(map(Explanation.of_content, open_envelope(text, "explanations")))

    @staticmethod
    def load(path: str | Path) -> "Explanations":
        """Read a .json file of several explanations that `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that does not hold explanations.
        """
        return Explanations.from_json(read(path))

    def answer(self) -> str:
        """How many texts get which label, how many answers are right, and whether the scores add up."""
        return count(self)

    def parts(self) -> "Sequence[Explanation]":
        """What is drawn one below the other: each explanation."""
        return self

    def panels(self) -> tuple[Panel, ...]:
        """The panels of all of them, in order."""
        return tuple(panel for explanation in self for panel in explanation.panels())

    def summary(self) -> str:
        """The summaries of the first ten explanations, and how many more there are."""
        more = [f"… and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return "\n".join([*(explanation.summary() for explanation in self[:_SHOWN]), *more])

    def _repr_html_(self) -> str:
        return html.fragment(self)

    def __str__(self) -> str:
        """As it is printed: the first ten explanations, one below the other."""
        more = [f"… and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        notes = [f"– {note}" for note in reading_notes(self)]
        return "\n\n".join([*(terminal.printed(explanation) for explanation in self[:_SHOWN]), *more, *notes])

    def __repr__(self) -> str:
        more = ", …" if len(self) > _SHOWN else ""
        return f"Explanations({len(self):,}: {', '.join(map(repr, self[:_SHOWN]))}{more})"
