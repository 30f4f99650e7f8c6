"""What every format shares: the pieces of the original text, numbers in words, the scale, control characters."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels import Drawable, Heatmap, Prediction, TokenScores

STRONG = 0.25
"""The share of the scale from which a token also gets a bar: colour is never the only cue."""

_BIDI = {
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A stretch of the original text.

    Attributes:
        text: its characters, as typed.
        token: the index of the token that covers it; None between tokens.
        joined: whether the token starts right where the one before it ends, as in did|n't.
        read: False for words that no token covers: the model never saw them.
    """

    text: str
    token: int | None
    joined: bool = False
    read: bool = True


def pieces(text: str | None, panel: TokenScores | Heatmap) -> list[Piece]:
    """The whole text, in order, cut at the tokens' spans; joined again the pieces are the text.

    Without a text the tokens themselves are shown, a space between them.

    Raises: ValueError if the tokens reach beyond the text.
    """
    if text is None:
        spaced = [(Piece(token, number), Piece(" ", None)) for number, token in enumerate(panel.tokens)]
        return [piece for pair in spaced for piece in pair][:-1]
    if len(panel.ends) and int(panel.ends[-1]) > len(text):
        raise InputError(
            f"the tokens' spans must lie within the text of {len(text)} characters, got an end at {panel.ends[-1]}; "
            "give the text that was explained"
        )
    found: list[Piece] = []
    done = 0
    for number, (start, end) in enumerate(zip(panel.starts.tolist(), panel.ends.tolist(), strict=True)):
        if start > done:
            found.extend(_gap(text[done:start]))
        if end > start:
            joined = bool(found) and start == done and found[-1].token is not None
            found.append(Piece(text[start:end], number, joined))
        done = max(done, end)
    if done < len(text):
        found.extend(_gap(text[done:]))
    return found


def _gap(text: str) -> list[Piece]:
    """What lies between tokens: white space is plain; anything else was not read by the model."""
    inner = text.strip()
    if not inner:
        return [Piece(text, None)]
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(before) + len(inner) :]
    return [piece for piece in (Piece(before, None), Piece(inner, None, read=False), Piece(after, None)) if piece.text]


def empty_tokens(panel: TokenScores | Heatmap) -> list[int]:
    """The tokens that stand for no character at all: they have a score, but no place in the text."""
    return [number for number, (a, b) in enumerate(zip(panel.starts, panel.ends, strict=True)) if a == b]


def control(character: str) -> str | None:
    """How a character that would be invisible, dangerous or unprintable is shown; None if it needs no help.

    Line breaks and tabs are layout, not hazards; joiners and direction marks are part of honest text.
    """
    code = ord(character)
    if character in "\n\t":
        return None
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if character in _BIDI or 0x80 <= code <= 0x9F or (code & 0xFFFE) == 0xFFFE or code in (0x2028, 0x2029):
        return f"⟨{_BIDI.get(character, f'U+{code:04X}')}⟩"
    return None


def is_bidi_control(character: str) -> bool:
    """Whether the character would turn the direction of what follows it."""
    return character in _BIDI


def lines_of(text: str) -> str:
    """The text with every kind of line end as a plain newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def visible(text: str, one_line: bool = False) -> str:
    """The text with control characters made visible; on one line, line breaks and tabs become visible too."""
    shown = "".join(control(character) or character for character in lines_of(text))
    return shown.replace("\n", "␊").replace("\t", "␉") if one_line else shown


def shorten(text: str, length: int) -> str:
    """One line of at most `length` characters, with an ellipsis where it was cut and white space collapsed."""
    flat = visible(" ".join(text.split()), one_line=True)
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"


def runs(text: str) -> Iterator[tuple[str, str | None]]:
    """The text as (ordinary characters, None) and (one hazardous character, how it is shown), in order."""
    plain = ""
    for character in lines_of(text):
        shown = control(character)
        if shown is None:
            plain += character
            continue
        if plain:
            yield plain, None
            plain = ""
        yield character, shown
    if plain:
        yield plain, None


def is_right_to_left(text: str) -> bool:
    """Whether the first letter that has a direction runs from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def number(value: float, size: float | None = None, sign: bool = True) -> str:
    """A number for a reader: three significant digits at the scale `size` (its own size by default), a real minus.

    Beyond 10⁶ and below 10⁻⁴ it is written with an exponent.
    """
    value = float(value)
    if not isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    size = abs(value) if size is None else abs(float(size))
    if value == 0 and size == 0:
        return "0"
    size = size or abs(value)
    if 1e-4 <= size < 1e6:
        # rounding may carry into a new digit, as 9.996 to 10.0 does
        magnitude = floor(log10(float(f"{size:.2e}")))
        digits = f"{abs(value):.{max(0, 2 - magnitude)}f}"
    else:
        digits = f"{abs(value):.2e}" if value else "0"
    if value == 0:
        return digits
    return ("−" if value < 0 else "+" if sign else "") + digits


def position(value: float) -> str:
    """A position on an axis, as short as it can be written."""
    return f"{float(value):.6g}".replace("-", "−")


def percent(probability: float) -> str:
    """A probability for a reader; never 100% or 0% unless it is exactly that."""
    share = 100 * float(probability)
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return f"{share:.0f}%" if share in (0, 100) else f"{share:.1f}%"


def words(text: str | None, panel: TokenScores | Heatmap) -> list[str]:
    """(T,) each token as written in the text, control characters made visible."""
    if text is None:
        return [visible(token, one_line=True) for token in panel.tokens]
    spans = zip(panel.starts.tolist(), panel.ends.tolist(), panel.tokens, strict=True)
    return [visible(text[start:end] or token, one_line=True) for start, end, token in spans]


def stretch(text: str | None, panel: TokenScores, first: int, last: int) -> str:
    """The words from the token `first` to the token `last`, as typed with what stands between them."""
    if text is None:
        return " ".join(panel.tokens[first : last + 1])
    return text[int(panel.starts[first]) : int(panel.ends[last])]


def largest(values: NDArray[np.float64], count: int) -> list[int]:
    """The places of up to `count` values other than 0, the largest in size first."""
    order = sorted(range(len(values)), key=lambda i: (-abs(values[i]), i))
    return [i for i in order[:count] if values[i] != 0]


def strongest(panel: TokenScores, count: int) -> tuple[list[int], list[int]]:
    """Up to `count` tokens that speak most for the target, and up to `count` that speak most against it."""
    order = sorted(range(len(panel.scores)), key=lambda i: (-abs(panel.scores[i]), i))
    towards = [i for i in order if panel.scores[i] > 0][:count]
    against = [i for i in order if panel.scores[i] < 0][:count]
    return towards, against


@dataclass(frozen=True)
class Scale:
    """The colour scale of a panel: it ends at ±`limit`, and `shared` panels of the same picture use it too."""

    limit: float
    shared: int


@dataclass(frozen=True)
class Context:
    """What a panel's drawing may need besides the panel: its text and prediction, and the scales by panels' `id`."""

    text: str | None
    prediction: Prediction | None
    scales: Mapping[int, Scale]


def scales(explanations: Sequence[Drawable]) -> dict[int, Scale]:
    """One scale per token-scores panel, by the panel's `id`.

    Panels whose numbers may be compared (same unit, method, baseline and model) share one, so that a paler row is a
    weaker row; each scale ends at the largest |score| that uses it, those with other baselines included.
    """
    groups: dict[tuple[str, ...], list[TokenScores]] = {}
    for explanation in explanations:
        for panel in explanation.panels:
            if isinstance(panel, TokenScores):
                key = (panel.unit, panel.method, panel.baseline, str(explanation.provenance.get("model")))
                groups.setdefault(key, []).append(panel)
    found = {}
    for group in groups.values():
        limit = max((_largest(panel) for panel in group if len(panel.scores)), default=0.0)
        found.update({id(panel): Scale(limit, len(group)) for panel in group})
    return found


def _largest(panel: TokenScores) -> float:
    largest = float(abs(panel.scores).max())
    return largest if panel.band is None else max(largest, float(abs(panel.band.scores).max()))
