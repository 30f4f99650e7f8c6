"""The words of texts in common scripts, split as the `tokenizers` library splits them, in a fraction of its time.

Where a text holds nothing but ASCII, Latin and Cyrillic letters and common signs, every sign is one grapheme and
lowering changes no length, so that Python's own regular expressions find the same words. Any other text is the
library's.
"""

import re
from functools import cache

_LETTERS = "0-9A-Za-zªµ²³¹ºÀ-ÖØ-öø-įĲ-ňŊ-žЀ-џ¼½¾"
_SIGNS = r"!-/:-@\[-`{-~¡-©«¬®-±´¶-¸»¿×÷–—‘’“”„•…€№™"
_FOREIGN = re.compile(f"[^\0-\x7f\x80-\xa0{_LETTERS}{_SIGNS}]")
_LETTER = f"[{_LETTERS}]"
# no letter of a word before n't belongs to that token: "did", "n't"
_WORD = (
    rf"(?i:n't)(?!{_LETTER})|(?i:'(?:s|m|d|re|ve|ll))(?!{_LETTER})|{_LETTER}+(?!(?<=[nN])'[tT](?!{_LETTER}))|[{_SIGNS}]"
)
_BREAK = re.compile(r"(?i)<br[\t-\r\x85\xa0 ]*/?>")
_PARENTHESISED = re.compile(r"\([^()]*\)")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The words alone, and the words with what stands between them: compiled when first needed."""
    return re.compile(_WORD), re.compile(f"({_WORD})")


class WordSplit:
    """Splits texts into words as `attribkit.text.tokenizer` says.

    Args:
        lowercase: whether case is folded.
        remove_parenthesised: whether (words in parentheses) are removed.
    """

    def __init__(self, lowercase: bool, remove_parenthesised: bool) -> None:
        self._lowercase, self._remove_parenthesised = lowercase, remove_parenthesised
        self._words, self._pieces = _patterns()

    @staticmethod
    def knows(text: str) -> bool:
        """Whether the text holds nothing that only the library can split."""
        return text.isascii() or _FOREIGN.search(text) is None

    def words(self, text: str) -> list[str]:
        """The words of a text that it knows."""
        return self._words.findall(self._plain(text))

    def pieces(self, text: str) -> list[str]:
        """All of a text that it knows, in turn: what is no word, which may be empty, and a word; the former ends it."""
        return self._pieces.split(self._plain(text))

    def _plain(self, text: str) -> str:
        """The text in the case that the words are in, with as many spaces in place of what is removed."""
        if "<" in text:
            text = _BREAK.sub(_blank, text)
        if "’" in text:
            text = text.replace("’", "'")
        if self._remove_parenthesised:
            text = _PARENTHESISED.sub(_blank, text)
        return text.lower() if self._lowercase else text


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())
