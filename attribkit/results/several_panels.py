"""Some panels of any origin, drawn and saved together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from attribkit.errors import InputError
from attribkit.render.preparation.table import cells
from attribkit.results.content import checked_panels, checked_provenance
from attribkit.results.json_file import open_envelope, read, read_panels
from attribkit.results.panel_frames import panel_frame
from attribkit.results.panels import Panel, Table
from attribkit.results.result import Result
from attribkit.results.sentences import title_of

_ROWS = 10
"""Rows of a table that a summary tells."""


@dataclass(frozen=True, init=False, repr=False)
class Panels(Result):
    """Panels to draw, tabulate and save in one file: those of several results, or a chart of one's own.

    Attributes:
        provenance: how they were made (strings, numbers, lists, mappings).
        text: what their tokens are cut from, if they have any.

    Example:
        >>> import attribkit as ak
        >>> from attribkit.results.panels import Chart, Series
        >>> chart = Chart("Loss", "epoch", "loss", (Series("training", [1, 2], [0.7, 0.4]),))
        >>> ak.Panels([chart]).to_frame()
             series    x    y
        0  training  1.0  0.7
        1  training  2.0  0.4
    """

    _panels: tuple[Panel, ...]
    provenance: Mapping[str, Any] = field()
    text: str | None = field()

    def __init__(
        self, panels: Iterable[Panel], provenance: Mapping[str, Any] | None = None, text: str | None = None
    ) -> None:
        """Put panels together.

        Args:
            panels: what is drawn, in order, such as `a.panels() + b.panels()`.
            provenance: how they were made, in what JSON can hold.
            text: of panels with tokens, the text that they belong to.

        Raises:
            TypeError: for a provenance that is no mapping.
            ValueError: for panels whose spans lie outside the text, or a provenance that JSON cannot hold.
        """
        panels = checked_panels(panels, text)
        for name, value in (("_panels", panels), ("provenance", checked_provenance(provenance)), ("text", text)):
            object.__setattr__(self, name, value)

    def panels(self) -> tuple[Panel, ...]:
        """What is drawn, in order."""
        return self._panels

    def to_frame(self, panel: int = 0) -> pd.DataFrame:
        """One panel's figures as a table.

        Args:
            panel: which one, counted from 0.

        Raises:
            ValueError: for a panel that does not exist.
        """
        if not 0 <= panel < len(self._panels):
            titles = (
                ", ".join(f"{place}: {title_of(candidate)!r}" for place, candidate in enumerate(self._panels)) or "none"
            )
            raise InputError(f"`panel` must be the place of one of the panels ({titles}), got {panel}")
        return panel_frame(self._panels[panel], self.text)

    def summary(self) -> str:
        """What each panel shows, a line each; of a table the first rows too."""
        lines = []
        for panel in self._panels:
            lines.append(title_of(panel))
            if isinstance(panel, Table):
                lines += [f"  {'  '.join(row)}" for row in cells(panel)[:_ROWS]]
        return "\n".join(lines) or "no panels"

    @staticmethod
    def from_json(text: str) -> "Panels":
        """Read the JSON that the `to_json` of any result but explanations made.

        Raises:
            ValueError: for anything else, or for a file that was changed.
        """
        # results on a whole set were once saved as explanations without a text
        return Panels.of_content(open_envelope(text, "panels", "explanation"))

    @staticmethod
    def of_content(content: Any) -> "Panels":
        """What an envelope holds of one result.

        Raises:
            ValueError: for anything else.
        """
        try:
            if content["prediction"] is not None:
                raise InputError("the file holds an explanation of one text; load it with Explanation.load")
            return Panels(read_panels(content), content["provenance"], content["text"])
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"the JSON holds no panels that this version can read ({error}); save them anew"
            ) from error

    @staticmethod
    def load(path: str | Path) -> "Panels":
        """Read a saved .json file.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: for a file that holds no panels.
        """
        return Panels.from_json(read(path))
