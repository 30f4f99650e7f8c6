"""Tables of the mixing by class, by pair, by text and by layer."""

from collections.abc import Sequence

import numpy as np

from attribkit.projection.measures import MeasuredMap
from attribkit.projection.points import PointMetadata
from attribkit.results.panels import Map, Table

_PAIRS, _TEXTS = 10, 10


def classes_table(measured: MeasuredMap, classes: Sequence[str], map_name: str) -> Table:
    """How far the points of each class have neighbours of their own class, on the map of this name."""
    mixing, total = measured.mixing, len(measured.rows)
    rows = []
    for number, name in enumerate(classes):
        own = measured.labels == number
        count = int(own.sum())
        if count:
            rows.append(
                (
                    name,
                    count,
                    float(measured.own("layer")[own].mean()),
                    float(measured.own("map")[own].mean()),
                    (count - 1) / max(total - 1, 1),
                    None if measured.silhouette_layer is None else float(measured.silhouette_layer[own].mean()),
                )
            )
    rows.sort(key=lambda row: float(row[2] or 0))
    return Table(
        title="Mixing by class, the most mixed first",
        columns=("class", "points", "agreement in the layer", "agreement on the map", "chance", "silhouette in layer"),
        rows=tuple(rows),
        notes=(
            f"agreement: the mean share of a point's {mixing.neighbours} nearest neighbours with its label, among "
            f"{mixing.sample:,} points of {map_name}",
        ),
    )


def pairs_table(measured: MeasuredMap, classes: Sequence[str]) -> Table | None:
    """The pairs of classes that are most mixed; None if there are not two classes."""
    present = [number for number in range(len(classes)) if (measured.labels == number).any()]
    if len(present) < 2:
        return None
    shares = {number: measured.votes_layer[measured.labels == number].mean(0) for number in present}
    pairs = [
        (float(shares[a][b] + shares[b][a]) / 2, classes[a], classes[b], float(shares[a][b]), float(shares[b][a]))
        for position, a in enumerate(present)
        for b in present[position + 1 :]
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:3]))
    return Table(
        title="The most mixed pairs of classes",
        columns=("class", "and", "share of each other's neighbours", "of the first", "of the second"),
        rows=tuple((a, b, both, *each) for both, a, b, *each in pairs[:_PAIRS]),
        notes=(f"the first {_PAIRS} of {len(pairs)} pairs are listed",) if len(pairs) > _PAIRS else (),
    )


def border_table(measured: MeasuredMap, described: PointMetadata) -> Table | None:
    """The texts with about as many neighbours of another class as of their own; None with one class."""
    if measured.silhouette_layer is None:
        return None
    own = measured.own()
    others = measured.votes_layer.copy()
    others[np.arange(len(own)), measured.labels] = -1.0
    against = others.argmax(1)
    gap = np.abs(own - others.max(1))
    order = np.lexsort((np.abs(measured.silhouette_layer), gap))[:_TEXTS]
    rows = []
    for place in order.tolist():
        point = int(measured.rows[place])
        rows.append(
            (
                point,
                described.excerpts[point],
                described.labels[point],
                described.predictions[point],
                float(own[place]),
                described.classes[int(against[place])],
                float(others[place].max()),
            )
        )
    return Table(
        title="Texts on the border",
        columns=("point", "text", "label", "prediction", "neighbours of its class", "next class", "its neighbours"),
        rows=tuple(rows),
        notes=("their neighbours in the layer are divided most evenly between their own class and another",),
    )


def layers_table(maps: Sequence[Map]) -> Table | None:
    """The maps, ranked by how mixed the classes are in their layers; None for a single map, or if none was measured."""
    measured = [(map_, map_.mixing) for map_ in maps if map_.mixing is not None]
    if len(measured) < 2:
        return None
    rows = [
        (
            map_.layer,
            map_.epoch,
            mixing.agreement_layer,
            mixing.agreement_map,
            mixing.chance,
            mixing.silhouette_layer,
            mixing.trustworthiness,
        )
        for map_, mixing in measured
    ]
    return Table(
        title="Layers, the most mixed first",
        columns=("layer", "epoch", "agreement in the layer", "on the map", "chance", "silhouette", "trustworthiness"),
        rows=tuple(sorted(rows, key=lambda row: (row[2], row[0], row[1] or 0))),
    )
