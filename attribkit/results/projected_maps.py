"""Maps of texts by the outputs of a network's layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from attribkit.render.preparation.scatter_text import drawn, mixed
from attribkit.results.content import checked_provenance
from attribkit.results.panel_frames import panel_frame
from attribkit.results.panels import Panel, Scatter, Table
from attribkit.results.result import Result


@dataclass(frozen=True, repr=False)
class ProjectedMaps(Result):
    """Maps of one set of texts, one for each layer and epoch, with their measures of mixing and excerpts of the texts.

    Attributes:
        scatter: the maps, on shared axes, with each point's label and prediction, and the new texts among them.
        tables: those that there are of: layers ranked by mixing, classes, the most mixed pairs of classes, texts on the
            border, and the nearest neighbours of a new text.
        provenance: how they were made.
    """

    about = "Map of texts"

    scatter: Scatter
    tables: tuple[Table, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "provenance", checked_provenance(self.provenance))

    def panels(self) -> tuple[Panel, ...]:
        """The maps, then the tables."""
        return self.scatter, *self.tables

    def to_frame(self) -> pd.DataFrame:
        """One row per map and point, and one per map and new text.

        Columns: layer, epoch (None for the model as it is), x, y and of three dimensions z, text (at most 120
        characters), label, prediction, confidence where it colours the points, and new (whether the text was added to
        the map, by `place`).
        """
        return panel_frame(self.scatter)

    def answer(self) -> str:
        """How far the layer keeps the labels apart, of the last map."""
        last = self.scatter.maps[-1]
        where = f"Each point is a text, where {last.name} puts it"
        if last.mixing is None:
            return f"{where}; no label is known, so nothing can be said of how far it keeps labels apart."
        return (
            f"{where}: of a text’s {last.mixing.neighbours} nearest neighbours there "
            f"{100 * last.mixing.agreement_layer:.0f}\N{NO-BREAK SPACE}% have its label, by chance it would be "
            f"{100 * last.mixing.chance:.0f}\N{NO-BREAK SPACE}%."
        )

    def summary(self) -> str:
        """What the maps show, how far the classes are mixed on them, and the notes on them."""
        return "\n".join([self.scatter.title, drawn(self.scatter), *mixed(self.scatter), *self.scatter.notes])
