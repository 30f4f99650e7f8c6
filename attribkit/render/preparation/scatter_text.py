"""A map of points in words: what is shown, how far the classes are mixed, and notes."""

from collections import Counter
from dataclasses import dataclass

from attribkit.plurals import by_number, number_of
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
class MixingMeasure:
    """One number of a map's mixing, for the layer and for the map.

    Attributes:
        name: what is measured.
        layer: its value in the layer's space; None where it was not measured.
        map: its value on the map; None where it was not measured.
        chance: what shuffled labels would give.
        meaning: one line for a reader who meets it first.
    """

    name: str
    layer: float | None
    map: float | None
    chance: float | None
    meaning: str


def mixing_measures(mixing: Mixing) -> list[MixingMeasure]:
    """The mixing numbers that were measured, in the order in which they are read."""
    same = (
        f"The share of a point’s {mixing.neighbours} nearest neighbours that have its label; shuffled labels would "
        f"give {mixing_number(mixing.chance)}."
    )
    measures = [
        MixingMeasure("same-label neighbours", mixing.agreement_layer, mixing.agreement_map, mixing.chance, same)
    ]
    if mixing.silhouette_layer is not None or mixing.silhouette_map is not None:
        apart = "1: the classes stand far apart; 0: they touch; below 0: points lie nearer to another class."
        measures.append(MixingMeasure("silhouette", mixing.silhouette_layer, mixing.silhouette_map, None, apart))
    if mixing.trustworthiness is not None:
        meaning = "1: neighbours on the map are neighbours in the layer; lower: the map brings strangers together."
        measures.append(MixingMeasure("trustworthiness", None, mixing.trustworthiness, None, meaning))
    return measures


def mixing_number(amount: float | None) -> str:
    """A mixing number for a reader."""
    if amount is None:
        return "–"
    return f"{amount:.2f}".replace("-", "−") if abs(amount) >= 0.005 else "0.00"  # no minus before nothing


def tally(panel: Scatter, text: ProjectedText) -> str:
    """How many of a placed text's neighbours have which label; empty where labels are unknown."""
    labels = [panel.labels[point] for point in text.neighbours.tolist()] if panel.labels else []
    return ", ".join(f"{count} × {shorten(label, NAME)}" for label, count in Counter(labels).most_common())


def time(map_: Map) -> str:
    """When a map was made."""
    return "now" if map_.epoch is None else "before training" if map_.epoch == 0 else f"epoch {map_.epoch}"


def method(panel: Scatter) -> str:
    """The method's name as it is written."""
    return {"pca": "PCA", "t-sne": "t-SNE", "umap": "UMAP"}.get(panel.method, panel.method)


def shown(panel: Scatter) -> str:
    """How many points stand on each map, and what their colours mean."""
    count, colour = len(panel.maps[0].points), panel.colour
    parts = [f"{method(panel)} in {panel.dimensions} dimensions", number_of(count, "point")]
    if colour is not None:
        parts.append(f"{'colour' if panel.values is not None else 'colour and shape'}: {visible(colour, True)}")
    return " · ".join(parts)


def caveats(panel: Scatter) -> list[str]:
    """Sentences a reader must know: the panel's own notes, and what the drawing itself leaves out."""
    sentences = [visible(note, one_line=True) for note in panel.notes]
    count = len(panel.maps[0].points)
    if panel.total > count and not panel.total_in_notes:
        sentences.append(f"{count:,} of {number_of(panel.total, 'point')} {by_number(count, 'is', 'are')} shown")
    if frame(panel).stretched:
        sentences.append("each axis has a scale of its own: distances along different axes cannot be compared")
    if panel.method != "pca":
        sentences.append("only nearness has a meaning here, not the axes, nor the distance between groups far apart")
    mixing = next((map_.mixing for map_ in panel.maps if map_.mixing), None)
    if mixing and mixing.sample < count:
        sentences.append(f"the degree of mixing was measured on {mixing.sample:,} of the points")
    return sentences


def sentence(panel: Scatter) -> str:
    """The panel in one line, for a terminal, LaTeX and readers who cannot see it."""
    maps = panel.maps
    which = visible(maps[0].name, one_line=True) if len(maps) == 1 else f"{len(maps)} maps"
    parts = [f"{shown(panel)} · {which}"]
    first = mixing_sentence(maps[0])
    return "; ".join([*parts, first] if first else parts)


def mixing_sentence(map_: Map) -> str:
    """A map's mixing in one line; empty if it was not measured."""
    if map_.mixing is None:
        return ""
    parts = []
    for measure in mixing_measures(map_.mixing):
        both = [f"{mixing_number(measure.layer)} in the layer"] if measure.layer is not None else []
        both += [f"{mixing_number(measure.map)} on the map"] if measure.map is not None else []
        both += [f"{mixing_number(measure.chance)} by chance"] if measure.chance is not None else []
        parts.append(f"{measure.name} {', '.join(both)}")
    return "; ".join(parts)


def drawn(panel: Scatter) -> str:
    """What the maps show, in one line."""
    points = len(panel.maps[0].points)
    of = f"{points:,} of " if panel.total > points else ""
    colour = f", coloured by {panel.colour}" if panel.colour else ""
    return (
        f"{of}{number_of(panel.total if of else points, 'point')}, {panel.method} in {panel.dimensions} "
        f"dimensions{colour}"
    )


def mixed(panel: Scatter) -> list[str]:
    """To what degree the classes are mixed, a line for each map that was measured."""
    return [
        f"{visible(map_.name, True)}: of {map_.mixing.neighbours} neighbours {percent(map_.mixing.agreement_layer)} "
        f"share the label in the layer, {percent(map_.mixing.agreement_map)} on the map (by chance "
        f"{percent(map_.mixing.chance)})"
        for map_ in panel.maps
        if map_.mixing is not None
    ]
