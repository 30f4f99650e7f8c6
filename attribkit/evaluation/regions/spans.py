"""Where a text's regions lie: the header, the quotes and the signature of a message, or what patterns find.

- **header**: lines of the form `Name: value` from the text's first line to the first blank line, with the lines that
  continue them (RFC 5322, section 2.2), if at least one of them is a name that messages have (`From`, `Subject` …).
- **quote**: lines that begin with `>` or `|`, and the line before them that ends in `wrote:` or `writes:`.
- **signature**: from the last line that is `--` (RFC 3676, section 4.3) to the end, if at most a third of the text.
- **body**: everything else.
"""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError, InputTypeError

BODY = "body"

_FIELD = r"[!-9;-~]{1,60}:[^\n]*(?:\n[ \t]+[^\n]*)*\n?"
_HEADER = re.compile(rf"\s*(?:{_FIELD})+", re.ASCII)
_HEADER_NAMES = re.compile(
    r"^\s*(?:from|to|cc|subject|date|sent|organization|reply-to|message-id|newsgroups):", re.I | re.M
)
_QUOTE = re.compile(r"(?:^[^\n]*(?:wrote|writes):[ \t]*\n\s*)?(?:^[ \t]*[>|][^\n]*\n?)+", re.M)
_SIGNATURE = re.compile(r"^--[ \t]*$", re.M)

Patterns = Mapping[str, str | re.Pattern[str]]


def checked_patterns(patterns: Patterns | None) -> dict[str, re.Pattern[str]]:
    """The patterns compiled.

    Raises:
        TypeError: for what is no mapping of names to patterns.
        ValueError: for a pattern that is no regular expression, or a name that is already a region's.
    """
    if patterns is None:
        return {}
    if not isinstance(patterns, Mapping):
        raise InputTypeError(
            f"`patterns` must map names of regions to regular expressions, got {type(patterns).__name__}"
        )
    compiled = {}
    for name, pattern in patterns.items():
        if name == BODY:
            raise InputError(f"the region {BODY!r} is what no other region holds; give the pattern another name")
        try:
            compiled[str(name)] = re.compile(pattern, 0 if isinstance(pattern, re.Pattern) else re.M)
        except (re.error, TypeError) as error:
            raise InputError(f"the pattern of region {name!r} is no regular expression ({error}); mend it") from error
    return compiled


def region_spans(text: str, patterns: Mapping[str, re.Pattern[str]]) -> dict[str, list[tuple[int, int]]]:
    """Each region's spans in characters, end exclusive; a user's patterns come first and hide the others' places."""
    spans: dict[str, list[tuple[int, int]]] = {
        name: [match.span() for match in pattern.finditer(text) if match.end() > match.start()]
        for name, pattern in patterns.items()
    }
    for name, own in (("header", _header(text)), ("quote", _quotes(text)), ("signature", _signature(text))):
        spans.setdefault(name, own)
    return spans


def region_of_tokens(
    starts: NDArray[np.int64], ends: NDArray[np.int64], spans: Mapping[str, list[tuple[int, int]]]
) -> NDArray[np.int64]:
    """(T,) for each token the number of the first region that it touches; −1 for the body's.

    Args:
        starts: (T,) where each token begins, in characters.
        ends: (T,) where it ends.
        spans: each region's.
    """
    region = np.full(len(starts), -1, dtype=np.int64)
    for number, own in enumerate(spans.values()):
        for start, end in own:
            region[(region < 0) & (starts < end) & (ends > start)] = number
    return region


def _header(text: str) -> list[tuple[int, int]]:
    match = _HEADER.match(text)
    return [match.span()] if match and _HEADER_NAMES.search(match[0]) else []


def _quotes(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _QUOTE.finditer(text)]


def _signature(text: str) -> list[tuple[int, int]]:
    begins = [match.start() for match in _SIGNATURE.finditer(text)]
    return [(begins[-1], len(text))] if begins and 3 * (len(text) - begins[-1]) <= len(text) else []
