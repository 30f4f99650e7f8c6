"""Colours of a terminal, whose paper is unknown, and how a score is marked with them."""

from rich.style import Style

from attribkit.render.preparation import palette
from attribkit.render.preparation.scales import STRONG

# a terminal's paper is unknown: these carry 4.5 : 1 on black and on white alike, which the tests measure
_MIDDLE = 0.57
AGAINST = palette.from_oklab(palette.polar(_MIDDLE, 0.11, palette.BLUE))
TOWARDS = palette.from_oklab(palette.polar(_MIDDLE, 0.11, palette.ORANGE))
GOOD = palette.from_oklab(palette.polar(_MIDDLE, 0.09, 165.0))
BAD = palette.from_oklab(palette.polar(_MIDDLE, 0.12, 30.0))

_WEAK = 0.08
"""The share of the scale below which a token keeps the terminal's own colour."""


def style(score: float, limit: float) -> Style:
    """How strong a token is: colour, then an underline for or an overline against, then reversed and bold."""
    share = abs(score) / limit if limit else 0.0
    if share < _WEAK:
        return Style()
    towards = score > 0
    return Style(
        color=TOWARDS if towards else AGAINST,
        underline=True if towards and share >= STRONG else None,
        overline=True if not towards and share >= STRONG else None,
        bold=True if share >= 0.6 else None,
        reverse=True if share >= 0.6 else None,
    )
