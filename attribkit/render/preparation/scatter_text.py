"""A map of points in words: what is shown, how the classes are mixed, what a reader must know."""

from collections import Counter
from dataclasses import dataclass

from attribkit.render.preparation.numbers import number, percent
from attribkit.render.preparation.scatter import frame
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import Map, Mixing, ProjectedText, Scatter

NAME = 40
"""Characters of a label within a sentence."""


def value(panel: Scatter, amount: float) -> str:
    """A value of the continuous scale for a reader."""
    return percent(amount) if panel.colour == "confidence" else number(amount, sign=False)


@dataclass(frozen=True)
class Reading:
    """One number of a map's mixing, for the layer and for the map.

    Attributes:
        name: what is measured.
        layer, map: None where it was not.
        chance: what shuffled labels would give.
        meaning: one line for a reader who meets it first.
    """

    name: str
    layer: float | None
    map: float | None
    chance: float | None
    meaning: str


def readings(mixing: Mixing) -> list[Reading]:
    """The mixing numbers that were measured, in the order in which they are read."""
    same = (
        f"The share of a point’s {mixing.neighbours} nearest neighbours that have its label; shuffled labels would "
        f"give {small(mixing.chance)}."
    )
    found = [Reading("same-label neighbours", mixing.agreement_layer, mixing.agreement_map, mixing.chance, same)]
    if mixing.silhouette_layer is not None or mixing.silhouette_map is not None:
        apart = "1: the classes stand far apart; 0: they touch; below 0: points lie nearer to another class."
        found.append(Reading("silhouette", mixing.silhouette_layer, mixing.silhouette_map, None, apart))
    if mixing.trustworthiness is not None:
        kept = "1: neighbours on the map are neighbours in the layer; lower: the map brings strangers together."
        found.append(Reading("trustworthiness", None, mixing.trustworthiness, None, kept))
    return found


def small(amount: float | None) -> str:
    """A mixing number for a reader."""
    if amount is None:
        return "–"
    return f"{amount:.2f}".replace("-", "−") if abs(amount) >= 0.005 else "0.00"  # no minus before nothing


def tally(panel: Scatter, one: ProjectedText) -> str:
    """How many of a placed text's neighbours have which label; empty where labels are unknown."""
    labels = [panel.labels[point] for point in one.neighbours.tolist()] if panel.labels else []
    return ", ".join(f"{count} × {shorten(label, NAME)}" for label, count in Counter(labels).most_common())


def time(one: Map) -> str:
    """When a map was made."""
    return "now" if one.epoch is None else "before training" if one.epoch == 0 else f"epoch {one.epoch}"


def method(panel: Scatter) -> str:
    """The method's name as it is written."""
    return {"pca": "PCA", "t-sne": "t-SNE", "umap": "UMAP"}.get(panel.method, panel.method)


def shown(panel: Scatter) -> str:
    """How many points stand on each map, and what their colours mean."""
    count, colour = len(panel.maps[0].points), panel.colour
    parts = [f"{method(panel)} in {panel.dimensions} dimensions", f"{count:,} points"]
    if colour is not None:
        parts.append(f"{'colour' if panel.values is not None else 'colour and shape'}: {visible(colour, True)}")
    return " · ".join(parts)


def caveats(panel: Scatter) -> list[str]:
    """Sentences a reader must know: the panel's own notes and what the drawing itself leaves out."""
    found = [visible(note, one_line=True) for note in panel.notes]
    count = len(panel.maps[0].points)
    if panel.total > count and not panel.total_in_notes:
        found.append(f"{count:,} of {panel.total:,} points are shown")
    if frame(panel).stretched:
        found.append("each axis has a scale of its own: distances along different axes cannot be compared")
    if panel.method != "pca":
        found.append("only nearness has a meaning here, not the axes, nor the distance between groups far apart")
    mixing = next((one.mixing for one in panel.maps if one.mixing), None)
    if mixing and mixing.sample < count:
        found.append(f"the degree of mixing was measured on {mixing.sample:,} of the points")
    return found


def sentence(panel: Scatter) -> str:
    """The panel in one line, for a terminal, LaTeX and readers who cannot see it."""
    maps = panel.maps
    which = visible(maps[0].name, one_line=True) if len(maps) == 1 else f"{len(maps)} maps"
    parts = [f"{shown(panel)} · {which}"]
    first = said(maps[0])
    return "; ".join([*parts, first] if first else parts)


def said(one: Map) -> str:
    """A map's mixing in one line; empty if it was not measured."""
    if one.mixing is None:
        return ""
    parts = []
    for reading in readings(one.mixing):
        both = [f"{small(reading.layer)} in the layer"] if reading.layer is not None else []
        both += [f"{small(reading.map)} on the map"] if reading.map is not None else []
        both += [f"{small(reading.chance)} by chance"] if reading.chance is not None else []
        parts.append(f"{reading.name} {', '.join(both)}")
    return "; ".join(parts)


def drawn(panel: Scatter) -> str:
    """What the maps show, in one line."""
    points = len(panel.maps[0].points)
    of = f" of {panel.total:,}" if panel.total > points else ""
    colour = f", coloured by {panel.colour}" if panel.colour else ""
    return f"{points:,}{of} points, {panel.method} in {panel.dimensions} dimensions{colour}"


def mixed(panel: Scatter) -> list[str]:
    """To what degree the classes are mixed, a line for each map that was measured."""
    return [
        f"{visible(one.name, True)}: of {one.mixing.neighbours} neighbours {percent(one.mixing.agreement_layer)} share "
        f"the label in the layer, {percent(one.mixing.agreement_map)} on the map (by chance "
        f"{percent(one.mixing.chance)})"
        for one in panel.maps
        if one.mixing is not None
    ]
