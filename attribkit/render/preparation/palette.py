"""Colours: a diverging scale, symmetric about zero, for colour-blind readers and both colour schemes.

The scale is built in OKLab (Ottosson 2020, "A perceptual color space for image processing"): from the paper's own
colour both arms move along straight lines to two ends of equal lightness and equal chroma, so that +s and −s are
equally conspicuous and neither looks stronger than its number.
"""

from dataclasses import dataclass
from math import cos, isfinite, radians, sin

from attribkit.errors import InputError

STEPS = 20
"""Steps on each arm; with zero in the middle the scale has 41 colours."""

_RGB_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LMS_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_LAB_TO_LMS = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
_LMS_TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)

LETTERS = '-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",system-ui,sans-serif'
"""The fonts of every page, in CSS's own words: those that are there, nothing that would have to be loaded."""

Triple = tuple[float, float, float]


def _times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    a, b, c = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return a, b, c


def linear(colour: str) -> Triple:
    """The linear-light sRGB values, each in [0, 1], of a colour written as #rrggbb."""

    def expand(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (expand(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return red, green, blue


def hexadecimal(rgb: Triple) -> str:
    """The colour #rrggbb of linear-light sRGB values; ValueError where the screen cannot show it."""
    if min(rgb) < -0.002 or max(rgb) > 1.002:
        raise InputError(f"a colour that sRGB can show was expected, got linear values {rgb}; lower its chroma")

    def compress(channel: float) -> float:
        channel = min(max(channel, 0.0), 1.0)
        return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055

    return "#" + "".join(f"{round(255 * compress(channel)):02x}" for channel in rgb)


def to_oklab(colour: str) -> Triple:
    """OKLab (L, a, b) of a colour written as #rrggbb."""
    long, medium, short = (value ** (1 / 3) for value in _times(_RGB_TO_LMS, linear(colour)))
    return _times(_LMS_TO_LAB, (long, medium, short))


def from_oklab(lab: Triple) -> str:
    """The colour #rrggbb of OKLab (L, a, b); ValueError where the screen cannot show it."""
    long, medium, short = (value**3 for value in _times(_LAB_TO_LMS, lab))
    return hexadecimal(_times(_LMS_TO_RGB, (long, medium, short)))


def polar(lightness: float, chroma: float, hue: float) -> Triple:
    """OKLab (L, a, b) of lightness in [0, 1], chroma, and hue in degrees."""
    return lightness, chroma * cos(radians(hue)), chroma * sin(radians(hue))


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2: text needs 4.5)."""
    first, second = (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(a), linear(b)))
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


@dataclass(frozen=True)
class Scheme:
    """The colours of one colour scheme.

    Attributes:
        paper: what the text stands on; the scale's zero.
        page: what lies around the paper.
        ink: of text.
        muted: of secondary text.
        faint: of hairlines.
        ramp: (2 · STEPS + 1,) from the most negative to the most positive; the middle is `paper`.
        weights: (STEPS + 1,) from `paper` to the largest weight: one hue, for what has no sign.
        against: a strong colour for thin lines: of a negative score.
        towards: of a positive score.
        good: of a verdict that holds; never without words and a sign.
        bad: of one that fails; likewise.
        lines: the colours of a chart's lines, in order.
        dark: whether the paper is dark.
    """

    paper: str
    page: str
    ink: str
    muted: str
    faint: str
    ramp: tuple[str, ...]
    weights: tuple[str, ...]
    against: str
    towards: str
    good: str
    bad: str
    lines: tuple[str, ...]
    dark: bool

    def colour(self, step: int) -> str:
        """The ramp's colour at a step in −STEPS … STEPS."""
        return self.ramp[step + STEPS]

    def weight(self, step: int) -> str:
        """The colour of a weight at a step in 0 … STEPS."""
        return self.weights[step]


BLUE, ORANGE = 248.0, 55.0
"""The hues of the two arms: apart for every kind of colour blindness, which the tests measure."""

GREEN = 165.0
"""The hue of weights, which speak neither for nor against."""

_LINE_HUES = (290.0, 95.0, 165.0, 330.0, 248.0, 50.0)
"""Those of the two arms last: a line speaks neither for nor against."""


def _ramp(paper: str, lightness: float, chroma: float) -> tuple[str, ...]:
    return (*reversed(_arm(paper, lightness, chroma, BLUE)), paper, *_arm(paper, lightness, chroma, ORANGE))


def _arm(paper: str, lightness: float, chroma: float, hue: float) -> list[str]:
    zero, end = to_oklab(paper), polar(lightness, chroma, hue)
    return [from_oklab(_mix(zero, end, step / STEPS)) for step in range(1, STEPS + 1)]


def _mix(a: Triple, b: Triple, share: float) -> Triple:
    first, second, third = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return first, second, third


def _scheme(
    paper: str,
    page: str,
    ink: str,
    muted: str,
    faint: str,
    end: float,
    chroma: float,
    line: float,
    weight: tuple[float, float],
) -> Scheme:
    return Scheme(
        paper=paper,
        page=page,
        ink=ink,
        muted=muted,
        faint=faint,
        ramp=_ramp(paper, end, chroma),
        weights=(paper, *_arm(paper, *weight, GREEN)),
        against=from_oklab(polar(line, 0.115, BLUE)),
        towards=from_oklab(polar(line, 0.115, ORANGE)),
        good=from_oklab(polar(line, 0.09, 165.0)),
        bad=from_oklab(polar(line, 0.13, 30.0)),
        lines=tuple(from_oklab(polar(line, 0.095, hue)) for hue in _LINE_HUES),
        dark=to_oklab(paper)[0] < 0.5,
    )


LIGHT = _scheme(
    "#ffffff", "#f6f5f3", "#1d1c1a", "#605d58", "#dedbd6", end=0.74, chroma=0.126, line=0.55, weight=(0.64, 0.11)
)
DARK = _scheme(
    "#1c1c1c", "#131313", "#f0eeea", "#a3a09a", "#3b3a39", end=0.51, chroma=0.122, line=0.75, weight=(0.51, 0.1)
)


def step(score: float, limit: float) -> int:
    """The step in −STEPS … STEPS of a score on a scale that ends at ±`limit`; everything is 0 where `limit` is 0."""
    if not limit or not isfinite(limit):
        return 0
    return round(STEPS * max(-1.0, min(1.0, score / limit)))
