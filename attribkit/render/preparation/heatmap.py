"""What all drawings of a heatmap share: the scale of each unit, its numbers, and the rows' rank agreement."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from attribkit.plurals import by_number, number_of
from attribkit.render.preparation import palette
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.spans import empty_tokens
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Agreement, Heatmap, HeatmapRow

SHORT = 40
"""Tokens up to which every cell has its number written in it."""


Ends = Mapping[str, float]
"""By unit where the scales end that several heatmaps share."""

ALONE: Ends = MappingProxyType({})
"""Those of a heatmap that shares none."""


def limit(panel: Heatmap, row: HeatmapRow, ends: Ends = ALONE) -> float:
    """Where the scale of one of the panel's rows ends: at the largest |value| of all rows in its unit.

    Rows that can be compared share a scale: a paler cell is a weaker one, whichever row it stands in.
    """
    return ends[row.unit] if row.unit in ends else _largest([panel], row.unit)


def common_ends(panels: Sequence[Heatmap]) -> Ends:
    """The ends of the scales that several heatmaps share, if all have the same rows; else each has its own."""
    kinds = {tuple((row.name, row.unit) for row in panel.rows) for panel in panels}
    if len(panels) < 2 or len(kinds) > 1:
        return ALONE
    return {row.unit: _largest(panels, row.unit) for row in panels[0].rows}


def _largest(panels: Sequence[Heatmap], unit: str) -> float:
    rows = (row for panel in panels for row in panel.rows if row.unit == unit)
    return max((float(abs(row.values).max(initial=0.0)) for row in rows), default=0.0)


def steps(panel: Heatmap, row: HeatmapRow) -> list[int]:
    """(T,) each value's step of the colours: −STEPS … STEPS for signed rows, 0 … STEPS for weights."""
    end = limit(panel, row)
    return [palette.step(value, end) for value in row.values.tolist()]


def colours(row: HeatmapRow, scheme: palette.Scheme) -> tuple[str, ...]:
    """The row's colours from its scale's low end to its high end."""
    return scheme.ramp if row.signed else scheme.weights


def ends(panel: Heatmap, row: HeatmapRow, common: Ends = ALONE) -> tuple[float, float]:
    """The scale's ends: 0 and the largest weight, or ± the largest score."""
    end = limit(panel, row, common)
    return (-end if row.signed else 0.0), end


def value(panel: Heatmap, row: HeatmapRow, token: int, common: Ends = ALONE) -> str:
    """A cell's number: signed rows with their sign, all of a scale to the same digits."""
    return number(float(row.values[token]), limit(panel, row, common), sign=row.signed)


def agreements(panel: Heatmap) -> list[str]:
    """The rank agreement of each pair of rows in a line, with the number of words at which their signs differ."""
    rows = {row.name: row for row in panel.rows}

    def signs(pair: Agreement) -> tuple[int, int] | None:
        first, second = rows.get(pair.first), rows.get(pair.second)
        return None if first is None or second is None else first.opposite_signs(second)

    return [agreed(pair, len(panel.tokens), signs(pair)) for pair in panel.agreements]


def agreed(agreement: Agreement, tokens: int | None = None, signs: tuple[int, int] | None = None) -> str:
    """The rank agreement of two rows, in one line.

    Args:
        agreement: of the two.
        tokens: of the text: that two rows share all of them says nothing.
        signs: at how many tokens their signs differ, and of how many; None where one has no signs.
    """
    pair = f"{visible(agreement.first, True)} ↔ {visible(agreement.second, True)}"
    if agreement.tau is None:
        return f"{pair}: τ = – (nothing to rank)"
    # to two decimals, −0.00 would be a sign of nothing
    tau = f"{agreement.tau:.2f}".replace("-", "−") if abs(agreement.tau) >= 0.005 else "0.00"
    parts = [f"τ = {tau}"]
    if tokens is None or agreement.top < tokens:
        parts.append(f"{'–' if agreement.shared is None else agreement.shared} of the top {agreement.top} shared")
    if signs is not None and signs[0]:
        parts.append(f"opposite signs at {signs[0]:,} of {number_of(signs[1], 'word')}")
    return f"{pair}: {', '.join(parts)}"


RANKS = "τ is Kendall’s τ-b between the sizes of the values: 1 the same order of words, 0 none in common, −1 reversed."
"""What the numbers of `agreed` mean."""


def caveats(panel: Heatmap) -> list[str]:
    """Sentences a reader must know: the panel's own notes, and what the drawing itself leaves out."""
    sentences = [visible(note, one_line=True) for note in panel.notes]
    if not len(panel.tokens):
        sentences.append("there are no tokens to draw")
    if panel.truncated:
        sentences.append(
            f"{len(panel.tokens):,} of {number_of(panel.tokens_total, 'token')} "
            f"{by_number(len(panel.tokens), 'was', 'were')} read"
        )
    if empty_tokens(panel):
        sentences.append(
            f"{number_of(len(empty_tokens(panel)), 'token stands', 'tokens stand')} for no character of the text"
        )
    return sentences


def leading(panel: Heatmap, count: int) -> list[int]:
    """The `count` tokens with the largest share of any row's scale, in reading order."""
    sizes = [abs(row.values) / (limit(panel, row) or 1.0) for row in panel.rows]
    most = [max(float(size[i]) for size in sizes) for i in range(len(panel.tokens))]
    return sorted(sorted(range(len(most)), key=lambda i: (-most[i], i))[:count])


def shown_names(rows: Sequence[HeatmapRow]) -> list[str]:
    """The rows' names on one line each."""
    return [visible(row.name, one_line=True) for row in rows]
