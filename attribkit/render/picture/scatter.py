"""A scatter for the picture: one map large, several as small multiples on shared axes, the numbers beside or below."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from attribkit.plurals import number_of
from attribkit.render.picture.canvas import MARGIN, Block, Canvas, gap
from attribkit.render.picture.context import NOTE, SMALL, DrawContext, beside, clip, prose, title
from attribkit.render.picture.points import PointStyles, cloud, symbols
from attribkit.render.preparation import markers, scatter_text
from attribkit.render.preparation import scatter as geometry
from attribkit.render.preparation.unicode import shorten, visible
from attribkit.results.panels import Map, ProjectedText, Scatter

PLOT = 600.0
"""The most points that the map that stands alone is wide."""

ASIDE = 136.0
"""Width in points of what stands beside it."""

COLUMNS, APART, NARROWEST = 5, 14.0, 75.0
"""Small maps in a row at most, the points between them, and the narrowest of them."""

MOST = 60
"""Maps in one picture."""

BESIDE = 14
"""Entries of a legend that stands beside the map; a longer one stands below, in columns."""

_SHORT = {"same-label neighbours": "alike", "trustworthiness": "trust"}


def scatter(panel: Scatter, context: DrawContext) -> list[Block]:
    """The scatter as blocks: title, maps, legend, numbers, placed texts, notes."""
    blocks = [title(panel.title, context), prose(scatter_text.shown(panel), context), gap(5)]
    inks, columns = PointStyles.of(panel, context.inks), 2 if context.narrow else 4
    if len(panel.maps) == 1:
        below = context.narrow or len(inks.signs) > BESIDE
        aside = [] if below else [_legend(inks, panel, context, 1, ASIDE), gap(12)]
        column = _column([*aside, _numbers(panel.maps[0], context)])
        large = _single(panel, context, inks)
        blocks += [large, gap(4), column] if context.narrow else [beside([large], column)]
        blocks += [gap(8), _legend(inks, panel, context, columns, context.inner)] if below else []
    else:
        blocks += [_legend(inks, panel, context, columns, context.inner), gap(10), *_grid(panel, context, inks)]
    return [*blocks, *_words(panel, context)]


def texts(panel: Scatter, text: str | None) -> Iterator[str]:
    """Everything of the panel that a user may have written and the picture may show."""
    yield from (visible(t) for t in (panel.title, panel.method, panel.colour or "", *panel.axes, *panel.groups))
    yield from (visible(t) for t in panel.notes)
    yield from (visible(map_.layer) for map_ in panel.maps)
    for placed in panel.placed:
        yield from (visible(placed.excerpt), visible(placed.prediction))
        yield from (visible(panel.labels[point]) for point in placed.neighbours.tolist() if panel.labels)


def _column(blocks: list[Block]) -> Block:
    def draw(canvas: Canvas, top: float) -> None:
        for block in blocks:
            block.draw(canvas, top)
            top += block.height

    return Block(sum(block.height for block in blocks), draw)


def _single(panel: Scatter, context: DrawContext, inks: PointStyles) -> Block:
    wide = min(PLOT, context.inner - (0 if context.narrow else ASIDE + 20))
    height = wide * geometry.frame(panel).height

    def draw(canvas: Canvas, top: float) -> None:
        cloud(canvas, panel, 0, inks, context, (MARGIN, top, wide, height))
        if panel.dimensions == 2:
            name = clip(panel.axes[0], context, SMALL, wide)
            canvas.text(MARGIN + wide / 2, top + height + 11, name, SMALL, canvas.inks.muted, align="center")

    return Block(height + (16 if panel.dimensions == 2 else 4), draw)


def _legend(inks: PointStyles, panel: Scatter, context: DrawContext, columns: int, width: float) -> Block:
    """The signs with their counts, or the colour bar, from the margin or, narrow, beside the map."""
    left = MARGIN if width == context.inner else MARGIN + context.inner - width
    if panel.values is not None and len(panel.values):
        return _bar(panel, panel.values, left, min(width, ASIDE))
    named = [sign for sign in inks.signs if sign.name]
    if not named:
        return gap(0)
    rows = -(-len(named) // columns)
    step, line = width / columns, 12.5

    def draw(canvas: Canvas, top: float) -> None:
        spots = []
        for k, sign in enumerate(named):
            x, y = left + k // rows * step, top + line * (k % rows)
            spots.append((x + 4, y + 5.6))
            count = f"{sign.count:,}"
            wide = context.fonts.width(count, SMALL)
            named_wide = canvas.text(
                x + 13, y + 8.5, clip(sign.name, context, SMALL, step - 30 - wide), SMALL, canvas.inks.ink
            )
            end = x + 18 + named_wide + wide if columns > 1 else x + step
            canvas.text(end, y + 8.5, count, SMALL, canvas.inks.muted, align="right")
        symbols(canvas, spots, named)

    return Block(line * rows, draw)


def _bar(panel: Scatter, values: NDArray[np.float64], left: float, width: float) -> Block:
    low, high = (scatter_text.value(panel, float(end)) for end in (values.min(), values.max()))

    def draw(canvas: Canvas, top: float) -> None:
        canvas.text(left, top + 8, visible(panel.colour or "value", one_line=True), SMALL, canvas.inks.muted)
        cell = width / markers.STEPS
        for step, colour in enumerate(pair[canvas.inks.dark] for pair in markers.ramp()):
            canvas.box(left + step * cell, top + 13, cell + (0.4 if step < markers.STEPS - 1 else 0), 7, colour)
        canvas.text(left, top + 30, low, SMALL, canvas.inks.muted)
        canvas.text(left + width, top + 30, high, SMALL, canvas.inks.muted, align="right")

    return Block(34, draw)


def _numbers(map_: Map, context: DrawContext) -> Block:
    """The degree of mixing of the map that stands alone, each number on a track from 0 to 1."""
    measures = scatter_text.mixing_measures(map_.mixing) if map_.mixing else []
    rows: list[tuple[str, float | None, float | None, bool]] = []
    for measure in measures:
        rows.append((measure.name, None, None, True))
        both = (("layer", measure.layer), ("map", measure.map))
        rows += [(space, amount, measure.chance, False) for space, amount in both if amount is not None]
        rows += [("chance", measure.chance, None, False)] if measure.chance is not None else []
    left, line = MARGIN if context.narrow else MARGIN + context.inner - ASIDE, 12.0

    def draw(canvas: Canvas, top: float) -> None:
        for name, amount, chance, heading in rows:
            top += line + (4 if heading else 0)
            canvas.text(left, top - 3, name, SMALL, canvas.inks.ink if heading else canvas.inks.muted, bold=heading)
            if amount is None:
                continue
            shown = scatter_text.mixing_number(amount)
            canvas.text(left + ASIDE, top - 3, shown, SMALL, canvas.inks.ink, align="right")
            track = ASIDE - 34 - 30
            if name != "chance":
                canvas.box(left + 34, top - 7.6, track, 3.6, canvas.inks.faint, 1.8)
                canvas.box(left + 34, top - 7.6, track * min(1.0, max(0.0, amount)), 3.6, canvas.inks.ink, 1.8)
            if chance is not None:
                x = left + 34 + track * chance
                canvas.line(x, top - 9.4, x, top - 2.2, canvas.inks.muted, 1.1)

    return Block(line * len(rows) + 4 * len(measures), draw)


def _grid(panel: Scatter, context: DrawContext, inks: PointStyles) -> list[Block]:
    """Small maps: a row for each layer, a column for each epoch; or all layers of one time in rows."""
    layers = list(dict.fromkeys(map_.layer for map_ in panel.maps))
    timed = len({map_.epoch for map_ in panel.maps}) > 1
    groups = [[k for k, map_ in enumerate(panel.maps) if map_.layer == layer] for layer in layers]
    if not timed:
        groups = [[k for group in groups for k in group]]
    for group in groups:
        group.sort(key=lambda k: _time(panel.maps[k]))
    columns = min(COLUMNS if timed else 3, max(len(group) for group in groups))
    columns = max(1, min(columns, int((context.inner + APART) / (NARROWEST + APART))))
    rows = [group[first : first + columns] for group in groups for first in range(0, len(group), columns)]
    drawn = rows[: max(1, MOST // columns)]
    width = (context.inner - APART * (columns - 1)) / columns
    blocks = [block for row in drawn for block in (_row(panel, context, inks, row, width), gap(12))]
    skipped = len(panel.maps) - sum(len(row) for row in drawn)
    if skipped:
        blocks.append(
            prose(f"– {number_of(skipped, 'more map is', 'more maps are')} not drawn; the HTML shows all", context)
        )
    if panel.dimensions == 2:
        names = " and ".join(visible(name, one_line=True) for name in panel.axes)
        blocks.append(prose(f"axes of every map: {names}, to the right and up", context))
    return blocks


def _time(map_: Map) -> float:
    """A map's place in time; a model as it is now stands after all its epochs."""
    return float("inf") if map_.epoch is None else map_.epoch


def _row(panel: Scatter, context: DrawContext, inks: PointStyles, row: list[int], width: float) -> Block:
    height = width * geometry.frame(panel).height
    timed = len({map_.epoch for map_ in panel.maps}) > 1
    layered = 13.0 if timed else 0.0
    lines = max(len(_cells(panel.maps[k])) for k in row)

    def draw(canvas: Canvas, top: float) -> None:
        if timed:
            layer = clip(panel.maps[row[0]].layer, context, SMALL, context.inner, bold=True)
            canvas.text(MARGIN, top + 8, layer, SMALL, canvas.inks.ink, bold=True)
        top += layered
        for place, k in enumerate(row):
            left = MARGIN + place * (width + APART)
            map_ = panel.maps[k]
            name = scatter_text.time(map_) if timed else map_.name
            canvas.text(
                left, top + 8, clip(name, context, SMALL, width, bold=not timed), SMALL, canvas.inks.ink, bold=not timed
            )
            cloud(canvas, panel, k, inks, context, (left, top + 13, width, height))
            y = top + 13 + height + 10
            for name, *cells in _cells(map_):
                canvas.text(left, y, name, NOTE, canvas.inks.muted)
                for x, cell in zip((width - 27, width), cells, strict=True):
                    canvas.text(left + x, y, cell, NOTE, canvas.inks.ink if name else canvas.inks.muted, align="right")
                y += 10

    return Block(layered + 13 + height + 10 * lines + 2, draw)


def _cells(map_: Map) -> list[tuple[str, str, str]]:
    """The mixing numbers of a small map, under a heading; nothing where they were not measured."""
    if map_.mixing is None:
        return []
    rows = [(_SHORT.get(r.name, r.name), r.layer, r.map) for r in scatter_text.mixing_measures(map_.mixing)]
    return [
        ("", "layer", "map"),
        *((name, scatter_text.mixing_number(a), scatter_text.mixing_number(b)) for name, a, b in rows),
    ]


def _words(panel: Scatter, context: DrawContext) -> list[Block]:
    """The placed texts, what the numbers mean, and what a reader must know."""
    blocks = [gap(8)]
    for text in panel.placed:
        blocks += [*_placed(panel, text, context), gap(6)]
    mixing = next((map_.mixing for map_ in panel.maps if map_.mixing), None)
    for measure in scatter_text.mixing_measures(mixing) if mixing else []:
        short = _SHORT.get(measure.name)
        name = f"{measure.name} ({short})" if short and len(panel.maps) > 1 else measure.name
        blocks.append(prose(f"{name} – {measure.meaning}", context, NOTE))
    blocks += [prose(f"– {caveat}", context, NOTE) for caveat in scatter_text.caveats(panel)]
    return blocks


def _placed(panel: Scatter, text: ProjectedText, context: DrawContext) -> list[Block]:
    tally = scatter_text.tally(panel, text)
    blocks = [prose(f"★ {text.excerpt}", context, SMALL, colour=context.inks.ink)]
    sentence = f"predicted {shorten(text.prediction, scatter_text.NAME)}"
    if len(text.neighbours):
        sentence += (
            f"; its {number_of(len(text.neighbours), 'nearest point')} in the layer{': ' + tally if tally else ''}"
        )
    blocks.append(prose(sentence, context))
    return blocks
