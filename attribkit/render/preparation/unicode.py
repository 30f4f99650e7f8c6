"""Invisible, dangerous or unprintable characters made visible; text that runs from right to left."""

import unicodedata
from collections.abc import Iterator

_BIDI = {
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
}  # fmt: skip


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


def quoted(label: str) -> str:
    """A label as words on a picture."""
    return f"“{visible(label, one_line=True)}”"


def is_mixed(text: str) -> bool:
    """Whether letters of both directions stand in it: without isolation its characters could part on a line."""
    directions = {unicodedata.bidirectional(character) for character in text}
    return "L" in directions and not directions.isdisjoint({"R", "AL"})
