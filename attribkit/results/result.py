"""The base of all results: panels, a table, a summary, and files."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pandas as pd
from rich.console import Group

from attribkit.files import write_whole
from attribkit.render import formats, html, latex, terminal
from attribkit.results.json_file import result_json
from attribkit.results.panels import Drawable, Panel, Prediction
from attribkit.results.sentences import lead


class Result(ABC):
    """The base of all results: panels, a table, a summary, and files.

    Attributes:
        text: the user's own text; None for a result on a set of texts.
        prediction: the model's probabilities for the text, if there is one.
        provenance: how it was made.
        about: what its page is, in a few words; None where that is told by its parts.
    """

    about: ClassVar[str | None] = None
    text: str | None = None
    prediction: Prediction | None = None
    provenance: Mapping[str, Any] = MappingProxyType({})

    @abstractmethod
    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""

    def parts(self) -> Sequence[Drawable]:
        """The results that are drawn one below the other: this one alone, unless it is made of several."""
        return (self,)

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """The figures as a table."""

    @abstractmethod
    def summary(self) -> str:
        """The main figures in plain sentences."""

    def answer(self) -> str | None:
        """One sentence that answers what a reader of its page asks; None where it is made from the explanations."""
        return None if self.prediction else lead(self)

    def save(self, path: str | Path) -> Path:
        """Write a file, whole or not at all.

        Args:
            path: its suffix decides the format: .html, .png, .svg, .pdf, .json or .tex.

        Returns:
            the path written.

        Raises:
            ValueError: for another suffix.
            OSError: if the folder cannot be written.
        """
        return write_whole(Path(path), formats.content(self, path))

    def to_html(self) -> str:
        """A self-contained HTML page; it loads nothing, and its only script, that of a map, is allowed by its hash."""
        return html.page(self.parts(), lead=self.answer(), kind=self.about)

    def to_png(self, dpi: int = 150) -> bytes:
        """A PNG picture as bytes.

        Args:
            dpi: dots per inch.
        """
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.image(self.parts(), "png", dpi=dpi)

    def to_latex(self) -> str:
        """A LaTeX fragment; its first comment names the packages that it needs."""
        return latex.fragment(self.parts())

    def to_json(self) -> str:
        """JSON that `Panels.from_json` reads back: the panels and the provenance, floats bit for bit."""
        return result_json("panels", self)

    def _repr_html_(self) -> str:
        return html.fragment(self.parts())

    def __rich__(self) -> Any:
        return Group(*(terminal.renderable(part) for part in self.parts()))

    def __repr__(self) -> str:
        return self.summary()
