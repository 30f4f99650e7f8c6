"""Many explained texts on one page: each as plain text, its scores in a few characters that the page's script reads.

A token with its markup takes ten times the characters of the word itself: a thousand reviews would take 15 MB. Here the
text is in the page once, readable, searchable and printable without any script; with it, for every token, are how many
characters to skip, how many it has, and its score in units of the last digit that is printed.
"""

from collections.abc import Sequence
from math import floor, log10
from typing import Any

from attribkit.plurals import number_of
from attribkit.render.preparation.captions import sides
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.prediction import agreement, detail, headline, true_words
from attribkit.render.preparation.scales import scales
from attribkit.render.preparation.spans import spans
from attribkit.render.preparation.unicode import is_right_to_left, quoted, shorten, visible
from attribkit.results.panels import Drawable, TokenScores

CHARACTERS = 5_000
"""The most characters of a text that a list shows; it says how many it leaves out."""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def texts(rows: Sequence[Drawable]) -> dict[str, Any]:
    """The template's data for explained texts; rows without token scores are shown without colours."""
    pairs = [(row, next((panel for panel in row.panels() if isinstance(panel, TokenScores)), None)) for row in rows]
    limit = max((scale.limit for scale in scales(rows).values()), default=0.0)
    decimals = _decimals(limit)
    panels = [panel for _, panel in pairs if panel is not None]
    targets = {panel.target for panel in panels}
    return {
        "rows": [_row(row, panel, decimals) for row, panel in pairs],
        "labels": sorted({label for row, _ in pairs if row.prediction for label in row.prediction.predicted}),
        "truths": sorted({_truth(row) for row, _ in pairs} - {""}),
        "judged": any(row.prediction and row.prediction.right is not None for row, _ in pairs),
        "limit": round(limit * 10**decimals),
        "decimals": decimals,
        "legend": {
            "flat": limit == 0,
            "aim": quoted(targets.pop()) if len(targets) == 1 else "the predicted label",
            "low": number(-limit, limit),
            "high": number(limit, limit),
            "unit": panels[0].unit if panels else "",
            "poles": sides(panels[0].unit if panels else "log-odds"),
            "it": "it",
            "shared": len(rows) > 1,
            "unknown": any(not panel.known.all() for panel in panels),
            "unread": any(panel.truncated for panel in panels),
            "band": None,
            "band_caption": "",
            "sentences": [],
            "targets": [],
        },
    }


def _truth(row: Drawable) -> str:
    """The true label as it is shown; empty where it is not known."""
    prediction = row.prediction
    return "" if prediction is None or prediction.true_label is None else shorten(true_words(prediction) or "", 60)


def _decimals(limit: float) -> int:
    """Decimals of the last printed digit, as `number` prints scores of this size; browsers print at most 100."""
    return min(100, max(0, 2 - floor(log10(float(f"{limit:.2e}"))))) if limit else 0


def _row(row: Drawable, panel: TokenScores | None, decimals: int) -> dict[str, Any]:
    shown, codes = _coded(row.text or "", panel, decimals)
    prediction = row.prediction
    length = len(row.text or "")
    return {
        "text": shown,
        "codes": codes,
        "leftwards": is_right_to_left(row.text or ""),
        "label": visible(headline(prediction), one_line=True) if prediction else "",
        "probability": prediction.probability if prediction else None,
        "detail": visible(detail(prediction), one_line=True) if prediction else "",
        "names": [visible(name, one_line=True) for name in prediction.predicted] if prediction else [],
        "true": _truth(row),
        "right": None if prediction is None else prediction.right,
        "agreement": prediction and agreement(prediction),
        "unsure": panel.verdict if panel is not None and panel.converged is False else None,
        "rest": f"{number_of(length, 'character')}; the first {CHARACTERS:,} are shown"
        if length > CHARACTERS
        else None,
    }


def _coded(text: str, panel: TokenScores | None, decimals: int) -> tuple[str, str]:
    """The text as it is shown, and its tokens' places and scores in characters."""
    if panel is None:
        return visible(text[:CHARACTERS]), ""
    shown: list[str] = []
    codes: list[str] = []
    gap = characters = 0
    for span in spans(text, panel):
        part = visible(span.text[: CHARACTERS - characters])
        characters += len(span.text)
        shown.append(part)
        if span.token is None:
            gap += len(part)
        else:
            value = round(float(panel.scores[span.token]) * 10**decimals)
            codes.append(_token(gap, len(part), bool(panel.known[span.token])) + _number(_zigzag(value)))
            gap = 0
        if characters >= CHARACTERS:
            break
    return "".join(shown), "".join(codes)


def _token(gap: int, length: int, known: bool) -> str:
    """One character for a known token of up to 16 letters after at most one other; else a mark and the numbers."""
    if known and gap <= 1 and 1 <= length <= 16:
        return DIGITS[16 * gap + length - 1]
    return DIGITS[32 + known] + _number(gap) + _number(length)


def _zigzag(value: int) -> int:
    return 2 * value - 1 if value > 0 else -2 * value


def _number(value: int) -> str:
    """Digits of base 32, the lowest first; all but the last have 32 added."""
    digits = ""
    while value >= 32:
        digits += DIGITS[32 + value % 32]
        value //= 32
    return digits + DIGITS[value]
