"""A scatter for the template: words and numbers for readers, points for the script, a picture where no script runs."""

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.render.html.still_map import still_maps, variable
from attribkit.render.preparation import markers, scatter_text
from attribkit.render.preparation import scatter as geometry
from attribkit.render.preparation.colourings import colourings
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import Map, ProjectedText, Scatter

LEVELS = 65_535
"""Each axis is cut into so many steps: finer than any screen, two bytes a number."""

_HAZARD = {"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def scatter(panel: Scatter, context: PanelContext) -> dict[str, Any]:
    """The template's data for one scatter."""
    every = colourings(panel)
    measured = [map_.mixing for map_ in panel.maps if map_.mixing]
    return {
        "script": _script(),
        "title": panel.title,
        "shown": scatter_text.shown(panel),
        "sentence": scatter_text.sentence(panel),
        "style": _variables(),
        "data": _json(_data(panel) | {"others": [_colouring(coloured) for coloured in every[1:]]}),
        "stills": still_maps(panel),
        "count": len(panel.maps[0].points),
        "dimensions": panel.dimensions,
        "axes": [visible(name, one_line=True) for name in panel.axes],
        "layers": list(dict.fromkeys(visible(map_.layer, one_line=True) for map_ in panel.maps)),
        "epochs": len({map_.epoch for map_ in panel.maps}) > 1,
        "maps": [{"name": visible(map_.name, one_line=True), "measures": _measures(map_)} for map_ in panel.maps],
        "meanings": [(r.name, r.meaning) for r in scatter_text.mixing_measures(measured[0])] if measured else [],
        "key": _legend(panel),
        "choices": [coloured.colour for coloured in every],
        "searchable": bool(panel.excerpts),
        "named": any(map_.regions for map_ in panel.maps)
        or any(len(coloured.groups) > markers.NAMED for coloured in every),
        "star": markers.outline(tuple((1.5 * x, 1.5 * y) for x, y in markers.STAR)),
        "aspect": f"1/{geometry.frame(panel).height:.3f}",
        "height": f"{geometry.frame(panel).height:.3f}",
        "placed": [_placed(panel, text) for text in panel.placed],
        "notes": scatter_text.caveats(panel),
    }


@cache
def _script() -> str:
    templates = Path(__file__).parent / "templates"
    parts = (templates.joinpath(name).read_text(encoding="utf-8") for name in ("scatter_parts.js", "scatter.js"))
    return f'(() => {{\n"use strict";\n{"".join(parts)}}})();\n'


@cache
def _variables() -> str:
    """The colours as variables that follow the colour scheme of whatever they stand in."""
    pairs = {f"g{k}": pair for k, pair in enumerate(markers.COLOURS)} | {"rest": markers.REST}
    pairs |= {f"v{k}": pair for k, pair in enumerate(markers.ramp())}
    return ";".join(f"--{name}:light-dark({light},{dark})" for name, (light, dark) in pairs.items())


def _json(content: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or opens a comment."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character, escape in _HAZARD.items():
        text = text.replace(character, escape)
    return text


def _packed(values: NDArray[Any], kind: str) -> str:
    """The array's bytes, little-endian, as base64."""
    return b64encode(np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<")).tobytes()).decode()


def _clean(text: str) -> str:
    """One line without hazards; what is harmless already is not read character by character."""
    return text if text.isprintable() else visible(text, one_line=True)


def _named(names: Sequence[str]) -> dict[str, Any] | None:
    """A column of names as the distinct ones and each point's place among them."""
    if not names:
        return None
    distinct = {name: place for place, name in enumerate(dict.fromkeys(names))}
    places = np.array([distinct[name] for name in names])
    return {"names": [_clean(name) for name in distinct], "of": _packed(places, "u4")}


def _data(panel: Scatter) -> dict[str, Any]:
    """What the script reads: integers relative to the shared axes, packed; texts as they may be shown."""
    frame = geometry.frame(panel)

    def levels(points: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.rint(frame.unit(points) * LEVELS).astype(np.int64)

    def regions(map_: Map) -> list[dict[str, Any]]:
        return [
            {"name": " · ".join(map(_clean, region.words)), "count": region.count, "at": levels(region.middle).tolist()}
            for region in map_.regions
        ]

    return {
        "dimensions": panel.dimensions,
        "count": len(panel.maps[0].points),
        "axes": [_clean(name) for name in panel.axes],
        "height": round(frame.height, 3),
        "maps": [_map(map_, _packed(levels(map_.points), "u2")) | {"regions": regions(map_)} for map_ in panel.maps],
        "named": markers.NAMED,
        "listed": markers.OWN,
        "shapes": [[round(number, 3) for corner in shape for number in corner] for shape in markers.SHAPES],
        "star": [round(number, 3) for corner in markers.STAR for number in corner],
        **_colouring(panel),
        "excerpts": [_clean(excerpt) for excerpt in panel.excerpts],
        "labels": _named(panel.labels),
        "predictions": _named(panel.predictions),
        "placed": [
            {
                "name": shorten(text.excerpt, 28),
                "excerpt": _clean(text.excerpt),
                "prediction": _clean(text.prediction),
                "points": levels(text.points).tolist(),
                "neighbours": text.neighbours.tolist(),
            }
            for text in panel.placed
        ],
        "view": [geometry.YAW, geometry.PITCH],
    }


def _map(map_: Map, points: str) -> dict[str, Any]:
    return {"layer": _clean(map_.layer), "epoch": map_.epoch, "name": _clean(map_.name), "points": points}


def _colouring(panel: Scatter) -> dict[str, Any]:
    """One choice of colours for the script: what they mean, each point's sign, and the value it stands for."""
    colour = _clean(panel.colour) if panel.colour else None
    if panel.values is not None and len(panel.values):
        return {
            "colour": colour,
            "signs": [{"colour": f"--v{step}", "shape": 0} for step in range(markers.STEPS)],
            "sign": _packed(markers.steps(panel.values), "u1"),
            "values": [scatter_text.value(panel, amount) for amount in panel.values.tolist()],
            "scale": _scale(panel),
        }
    signs, places = markers.signs(panel, markers.SIGNS)
    return {
        "colour": colour,
        "signs": [{"colour": variable(sign), "shape": sign.shape, "name": sign.name} for sign in signs],
        "sign": _packed(places, "u1"),
        "values": None,
    }


def _legend(panel: Scatter) -> dict[str, Any]:
    """The same choice for a reader: the groups, or the ends of a scale."""
    signs = markers.signs(panel, markers.SIGNS)[0] if len(panel.group) else []
    return {
        "colour": panel.colour,
        "legend": [{"sign": sign, "path": _path(sign.shape), "index": k} for k, sign in enumerate(signs)],
        "folded": len(signs) > markers.OWN,
        "scale": _scale(panel),
    }


@cache
def _path(shape: int) -> str:
    return markers.outline(markers.SHAPES[shape])


def _measures(map_: Map) -> list[dict[str, Any]]:
    """The mixing numbers with their places on a track from 0 to 1."""

    def place(amount: float | None) -> str | None:
        return None if amount is None else f"{100 * min(1.0, max(0.0, amount)):.1f}%"

    return [
        {
            "name": measure.name,
            "rows": [
                (space, scatter_text.mixing_number(amount), place(amount))
                for space, amount in (("layer", measure.layer), ("map", measure.map))
                if amount is not None
            ],
            "chance": place(measure.chance),
            "by_chance": scatter_text.mixing_number(measure.chance),
        }
        for measure in (scatter_text.mixing_measures(map_.mixing) if map_.mixing else [])
    ]


def _scale(panel: Scatter) -> dict[str, str] | None:
    """The colour bar's ends."""
    if panel.values is None or not len(panel.values):
        return None
    low, high = float(panel.values.min()), float(panel.values.max())
    return {"low": scatter_text.value(panel, low), "high": scatter_text.value(panel, high)}


def _placed(panel: Scatter, text: ProjectedText) -> dict[str, Any]:
    """A placed text and its nearest points in words."""

    def neighbour(point: int) -> dict[str, Any]:
        excerpt = visible(panel.excerpts[point], one_line=True) if panel.excerpts else f"point {point + 1:,}"
        label = shorten(panel.labels[point], scatter_text.NAME) if panel.labels else None
        return {"point": point, "excerpt": excerpt, "label": label}

    return {
        "excerpt": visible(text.excerpt, one_line=True),
        "prediction": shorten(text.prediction, scatter_text.NAME),
        "neighbours": [neighbour(int(point)) for point in text.neighbours],
        "tally": scatter_text.tally(panel, text),
    }
