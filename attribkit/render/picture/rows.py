"""Several texts in rows, and the legend that they share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from attribkit.render.picture.canvas import Block, gap
from attribkit.render.picture.context import DrawContext, prose, rule
from attribkit.render.picture.heatmap import colour_bars
from attribkit.render.picture.kinds import DRAW
from attribkit.render.picture.legend import LegendLine, Mark, cues, legend
from attribkit.render.picture.prediction import heading
from attribkit.render.picture.row import row
from attribkit.render.picture.token_scores import settings
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.heatmap import common_ends
from attribkit.render.preparation.scales import Scale, compared, scales
from attribkit.render.preparation.table import axes
from attribkit.render.preparation.unicode import quoted
from attribkit.results.panels import Drawable, Heatmap, TokenScores

_AFTER_ROW = (gap(8), rule(), gap(8))


def rows(explanations: Sequence[Drawable], context: DrawContext) -> tuple[list[list[Block]], list[Block]]:
    """The blocks of each row, and those of the legend that all rows share."""
    colour_scales = scales(explanations)
    every = [panel for explanation in explanations for panel in explanation.panels()]
    heatmaps = [panel for panel in every if isinstance(panel, Heatmap)]
    ends, bars = common_ends(heatmaps), axes(every)
    pairs = [(e, p) for e in explanations for p in e.panels() if isinstance(p, TokenScores)]
    together = all(colour_scales[id(panel)].shared == len(pairs) for _, panel in pairs)
    alike = len({settings(panel, target=False) for _, panel in pairs}) == 1
    groups: list[list[Block]] = []
    for explanation in explanations:
        panels = explanation.panels()
        for number, panel in enumerate(panels):
            after = panels[number + 1 :][:1]
            if isinstance(panel, TokenScores):
                scale = colour_scales[id(panel)]
                # a line parts texts, and a text's targets; what else belongs to a text stands on its side of the line
                end = [gap(8)] if after and not isinstance(after[0], TokenScores) else _AFTER_ROW
                groups.append([*row(explanation, panel, scale, context, not together, not alike), *end])
            else:
                shared = PanelContext(explanation.text, explanation.prediction, colour_scales, bars, ends=ends)
                own = replace(context, panel=shared)
                # a row of token scores has its prediction beside it; any other panel comes after its heading
                lead = [] if number else heading(explanation, context)
                end = [gap(6)] if after or not isinstance(panels[0], TokenScores) else _AFTER_ROW
                groups.append([*lead, *DRAW[panel.kind](panel, own), *end])
    foot = _foot(pairs, context, colour_scales, together, alike) if pairs else []
    if ends:
        of_all = replace(context, panel=replace(context.panel, ends=ends))
        foot = [*colour_bars(heatmaps[0], of_all), gap(6), *foot]
    return groups, foot


def _foot(
    pairs: Sequence[tuple[Drawable, TokenScores]],
    context: DrawContext,
    colour_scales: Mapping[int, Scale],
    together: bool,
    alike: bool,
) -> list[Block]:
    """The legend of all rows; `together`: they have one scale, `alike`: they have the same settings."""
    first = pairs[0][1]
    used = list(dict.fromkeys(cue for explanation, panel in pairs for cue in cues(explanation.text, panel)))
    used.append(LegendLine(Mark.none, compared(colour_scales)))
    same = len({panel.target for _, panel in pairs}) == 1
    aim = quoted(first.target) if same else "its label"
    widest = max((colour_scales[id(panel)] for _, panel in pairs), key=lambda scale: scale.limit)
    foot = [gap(3), legend(aim, first.unit if alike else "", widest, used, context, own=not together), gap(6)]
    if alike:
        foot.append(prose(settings(first, target=same), context))
    return [*foot, gap(8)]
