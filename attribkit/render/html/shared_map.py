"""The map of several explanations: drawn once a page, with a star for each text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from attribkit.results.panels import Drawable, Panel, Prediction, Scatter


@dataclass(frozen=True)
class _WithoutMap:
    """A drawable whose map is drawn elsewhere."""

    of: Drawable

    @property
    def text(self) -> str | None:
        return self.of.text

    @property
    def prediction(self) -> Prediction | None:
        return self.of.prediction

    @property
    def provenance(self) -> Mapping[str, Any]:
        return self.of.provenance

    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for panel in self.of.panels() if not isinstance(panel, Scatter))


def one_map(drawables: Sequence[Drawable]) -> tuple[Sequence[Drawable], list[Scatter]]:
    """Several texts on the same points: each without its map, and one map for each set of points with all the stars."""
    texts = [drawable for drawable in drawables if drawable.text is not None]
    if len(texts) < 2 or not any(isinstance(panel, Scatter) for drawable in texts for panel in drawable.panels()):
        return drawables, []
    maps: list[Scatter] = []
    for drawable in texts:
        for panel in drawable.panels():
            if not isinstance(panel, Scatter):
                continue
            bare = replace(panel, placed=())
            place = next((i for i, other in enumerate(maps) if replace(other, placed=()) == bare), None)
            if place is None:
                maps.append(panel)
            else:
                maps[place] = replace(maps[place], placed=(*maps[place].placed, *panel.placed))
    return [drawable if drawable.text is None else _WithoutMap(drawable) for drawable in drawables], maps
