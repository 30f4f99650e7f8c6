"""The base of all results: panels, a table, a summary, and files."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from rich.console import Group

from attribkit.files import write_whole
from attribkit.render import formats, html, latex, terminal
from attribkit.results.json_file import result_json
from attribkit.results.panels import Document, Drawable, Panel, Prediction
from attribkit.results.sentences import lead

if TYPE_CHECKING:  # matplotlib takes a second to import
    from attribkit.render.picture import Figure


class Result(ABC):
    """The base of all results: panels, a table, a summary, and files.

    Attributes:
        text: the user's own text; None for a result on a set of texts.
        prediction: the model's probabilities for the text, if there is one.
        provenance: how it was made.
        about: what its page is, in a few words; None where that is told by its parts.
        heading: the title of its page; None for that of its first panel.
        writes_csv: whether it has `to_csv`, for more rows than are drawn.
    """

    about: ClassVar[str | None] = None
    heading: ClassVar[str | None] = None
    writes_csv: ClassVar[bool] = False
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

    def save(
        self, path: str | Path, *, width: float | None = None, dpi: int | None = None, theme: str | None = None
    ) -> Path:
        """Write a file, whole or not at all.

        Args:
            path: its suffix decides the format: .html, .png, .svg, .pdf, .json or .tex; of a result with `to_csv` .csv
                too.
            width: of a picture in inches, 4 to 40; 7.8 if not given. Several explanations in a PDF are pages of A4
                unless a width is given.
            dpi: pixels per inch of a picture, 20 to 1200; 150 if not given.
            theme: of a picture, "light" (if not given) or "dark".

        Returns:
            the path written.

        Raises:
            TypeError: for what is no path.
            ValueError: for another suffix, or for `width`, `dpi` or `theme` where no picture is drawn.
            OSError: if the folder cannot be written.
        """
        own = formats.TABLE if self.writes_csv else formats.NONE
        return write_whole(path, formats.content(self, path, width, dpi, theme, own))

    def to_html(self) -> str:
        """A self-contained HTML page; it loads nothing, and its only script, that of a map, is allowed by its hash."""
        document = self.as_document()
        if document:
            return html.document(document)
        return html.page(self.parts(), self.heading, lead=self.answer(), kind=self.about)

    def as_document(self) -> Document | None:
        """The page as sections with a table of contents, where its panels are too many to stand one below the other."""
        return None

    def to_png(self, dpi: int = 150, *, width: float | None = None, theme: str = "light") -> bytes:
        """A PNG picture as bytes.

        Args:
            dpi: pixels per inch.
            width: in inches, 4 to 40; 7.8 if not given.
            theme: "light" or "dark".
        """
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.image(self.parts(), "png", width=width, dpi=dpi, theme=theme, lead=self.answer())

    def figure(self, *, width: float | None = None, dpi: int = 150, theme: str = "light") -> "Figure":
        """The picture as a matplotlib Figure of its own, to be changed before it is saved.

        Args:
            width: in inches, 4 to 40; 7.8 if not given.
            dpi: pixels per inch.
            theme: "light" or "dark".

        Raises:
            ValueError: for anything else.
        """
        from attribkit.render import picture  # matplotlib is loaded when a picture is drawn

        return picture.figure(self.parts(), dpi, width=width, theme=theme, lead=self.answer())

    def to_latex(self) -> str:
        """A LaTeX fragment; its first comment names the packages that it needs."""
        return latex.fragment(self.parts())

    def to_json(self) -> str:
        """JSON that `Panels.from_json` reads back: the panels and the provenance, floats bit for bit."""
        return result_json("panels", self)

    def _repr_html_(self) -> str:
        document = self.as_document()
        if not document:
            return html.fragment(self.parts())
        style = "width: 100%; height: 40em; border: 1px solid #888"  # a frame, where links and search of its own work
        return f'<iframe title="{escape(document.title)}" style="{style}" srcdoc="{escape(self.to_html())}"></iframe>'

    def __rich__(self) -> Any:
        return Group(*(terminal.renderable(part) for part in self.parts()))

    def __repr__(self) -> str:
        return self.summary()
