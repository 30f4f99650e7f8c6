"""Fonts for pictures: which installed fonts can draw a text, its width, and what no font can draw."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

MAIN = "DejaVu Sans"
"""The font that comes with matplotlib, so that a picture looks the same on every machine."""

MISSING = "□"

_APART = "\u200b"

_DPI = 720
_EDGE = "|"


@lru_cache(maxsize=2)
def _main_characters(weight: str = "normal") -> frozenset[int]:
    return frozenset(FT2Font(findfont(FontProperties(family=[MAIN], weight=weight))).get_charmap())


@lru_cache(maxsize=256)
def _cover(needed: frozenset[int]) -> tuple[dict[str, frozenset[int]], frozenset[int]]:
    """Font families that together draw as many of the `needed` code points as this machine can, and the rest."""
    families: dict[str, frozenset[int]] = {}
    left = set(needed)
    entries = [e for e in fontManager.ttflist if e.style == "normal" and e.weight in (400, "normal", "regular", "book")]
    for entry in sorted(entries, key=lambda e: (not e.name.startswith("Noto Sans"), e.name, e.fname)):
        # colour bitmaps have no outlines, and a "last resort" font has a box for everything
        if not left or "Color" in entry.name or entry.name.startswith(("Last Resort", "LastResort")):
            continue
        try:
            font = FT2Font(entry.fname)
        except (OSError, RuntimeError):
            # a font file that was removed or damaged after matplotlib listed it is no font to us
            continue
        covered = left & font.get_charmap().keys() if font.scalable else set()
        if covered:
            families[entry.name] = families.get(entry.name, frozenset()) | covered
            left -= covered
    return families, frozenset(left)


def _ignorable(character: str) -> bool:
    """Whether leaving the character out loses no letter: joiners, variation selectors, skin tones."""
    code = ord(character)
    return unicodedata.category(character) == "Cf" or 0xFE00 <= code <= 0xFE0F or 0x1F3FB <= code <= 0x1F3FF


class FontSet:
    """The fonts for one picture, chosen for the characters it holds.

    Args:
        texts: everything the picture will show.
    """

    def __init__(self, texts: Iterable[str]):
        needed = frozenset(ord(c) for text in texts for c in set(text) if not c.isspace()) - _main_characters()
        families, left = _cover(needed)
        self.families = [MAIN, *families]
        self._replaced = {chr(c): "" if _ignorable(chr(c)) else self._stand_in(c) for c in left}
        self._family = {chr(code): name for name, codes in families.items() for code in codes}
        self._drawn = frozenset(map(chr, (needed - left) | _main_characters()))
        self.missing = frozenset(c for c, shown in self._replaced.items() if shown == MISSING)

    @staticmethod
    def _stand_in(code: int) -> str:
        if 0x2400 <= code <= 0x2421:
            return f"⟨U+{code - 0x2400 if code != 0x2421 else 0x7F:04X}⟩"
        return MISSING

    def fit(self, text: str) -> str:
        """The text with a box in place of every character that no installed font can draw.

        A mark of another font than the letter before it stands by itself: matplotlib draws both with one font.
        """
        if len(self.families) == 1 and all(c in self._drawn or c.isspace() for c in text):
            return text
        drawable = [
            c if c in self._drawn or c.isspace() or c == _APART else self._replaced.get(c, MISSING) for c in text
        ]
        fonts = [self._family.get(c, MAIN) for c in drawable]
        for place in range(len(drawable) - 1, 0, -1):
            if fonts[place] != fonts[place - 1] and unicodedata.category(drawable[place][:1] or " ").startswith("M"):
                drawable.insert(place, _APART)
        return "".join(drawable)

    def properties(self, text: str, size: float, bold: bool = False) -> FontProperties:
        """The fonts for a text at a size in points; bold only where the main font has all of it in bold."""
        families, weight = self._fonts(text, bold)
        return FontProperties(family=list(families), size=size, weight=weight)

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """The advance width in points of a text that `fit` has prepared."""
        fonts = self._fonts(text, bold)
        # between two strokes, with which nothing kerns: ink alone would forget spaces at the ends
        return (_ink(self.fit(_EDGE + text + _EDGE), size, *fonts) - _ink(_EDGE + _EDGE, size, *fonts)) * 72 / _DPI

    def _fonts(self, text: str, bold: bool) -> tuple[tuple[str, ...], str]:
        """The families that draw a text, and their weight."""
        codes = {ord(character) for character in text if not character.isspace()}
        if codes <= _main_characters():
            return (MAIN,), "bold" if bold and codes <= _main_characters("bold") else "normal"
        return tuple(self.families), "normal"


@cache
def _renderer() -> RendererAgg:
    return RendererAgg(8, 8, _DPI)


@lru_cache(maxsize=16_384)
def _ink(text: str, size: float, families: tuple[str, ...], weight: str) -> float:
    """The width of a text's ink in pixels, kept from one picture to the next: most of their words are the same."""
    properties = FontProperties(family=list(families), size=size, weight=weight)
    width: float = _renderer().get_text_width_height_descent(text, properties, ismath=False)[0]
    return width
