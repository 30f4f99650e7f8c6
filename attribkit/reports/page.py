"""A report as a result: the page, its figures as a table, its panels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.errors import InputError
from attribkit.files import write_whole
from attribkit.render.formats import suffix_of
from attribkit.results.panels import Document, Drawable, Panel
from attribkit.results.result import Result
from attribkit.results.several_panels import Panels


@dataclass(frozen=True, eq=False, repr=False)
class Report(Result):
    """A report on one model, ready to be saved; `document` holds its content."""

    document: Document

    def parts(self) -> Sequence[Drawable]:
        """What is drawn one below the other: the panels of all sections, then each explained text."""
        sections = self.document.sections
        panels = Panels((panel for section in sections for panel in section.all_panels), self.document.provenance)
        return panels, *(row for section in sections for row in section.rows)

    def panels(self) -> tuple[Panel, ...]:
        """The panels of the sections; the explained texts have their own, in `parts`."""
        return self.parts()[0].panels()

    def to_frame(self) -> pd.DataFrame:
        """The figures at the head of the page, a row each: name, value (as it is printed), meaning."""
        rows = [(figure.name, figure.value, figure.meaning) for figure in self.document.figures]
        return pd.DataFrame(rows, columns=["name", "value", "meaning"])

    def summary(self) -> str:
        """The subject of the page, its answers in short, and the figures at its top."""
        figures = (f"{figure.name}: {figure.value} ({figure.meaning})" for figure in self.document.figures)
        return "\n".join([self.document.title, *self.document.sentences, *self.document.answers, *figures])

    def as_document(self) -> Document:
        """What the page holds."""
        return self.document

    def save(self, path: str | Path, **picture: Any) -> Path:
        """Write an .html file, whole or not at all.

        Args:
            path: of the file.
            **picture: refused: a page follows its reader's colours.

        Returns:
            the path written.

        Raises:
            ValueError: for another suffix, or a picture's settings.
            OSError: if the folder cannot be written.
        """
        check_report_path(path)
        if picture:
            raise InputError(f"`{next(iter(picture))}` is for pictures, and a report is a page; leave it out")
        return write_whole(path, self.to_html().encode())

    def __repr__(self) -> str:
        return f"Report({self.document.title!r}, sections={[section.anchor for section in self.document.sections]})"


def check_report_path(path: str | Path) -> None:
    """Check before a long run that a report can be written.

    Raises:
        TypeError: for what is no path.
        ValueError: for a suffix other than .html.
    """
    if suffix_of(path, [".html"]) != ".html":
        raise InputError(f"a report is a page, so its file must end in .html, got {Path(path).name!r}; rename it")
