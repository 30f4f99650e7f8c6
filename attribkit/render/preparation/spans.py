"""The user's text cut at the tokens: every character is in exactly one span, as typed."""

import re
from dataclasses import dataclass

from attribkit.errors import InputError
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Heatmap, Pairs, TokenScores

BREAK = re.compile(r"(?i)(<br\s*/?>)")
"""A break written in HTML, which tokenizers take for white space."""


@dataclass(frozen=True)
class Span:
    """A stretch of the original text.

    Attributes:
        text: its characters, as typed.
        token: the index of the token that covers it; None between tokens.
        joined: whether the token starts right where the one before it ends, as in did|n't.
        read: False for words that no token covers: the model never saw them.
        width: in points, once it stands on a line of a picture.
        x: its left edge on that line, likewise.
    """

    text: str
    token: int | None
    joined: bool = False
    read: bool = True
    width: float = 0.0
    x: float = 0.0

    @property
    def space(self) -> bool:
        """Whether it is nothing but white space."""
        return self.text.isspace()


def spans(text: str | None, panel: TokenScores | Heatmap) -> list[Span]:
    """The whole text, in order, cut at the tokens' spans; joined again the spans are the text.

    Without a text the tokens themselves are shown, a space between them.

    Raises:
        ValueError: if the tokens reach beyond the text.
    """
    if text is None:
        spaced = [(Span(token, number), Span(" ", None)) for number, token in enumerate(panel.tokens)]
        return [span for pair in spaced for span in pair][:-1]
    if len(panel.ends) and int(panel.ends[-1]) > len(text):
        raise InputError(
            f"the tokens' spans must lie within the text of {len(text)} characters, got an end at {panel.ends[-1]}; "
            "give the text that was explained"
        )
    pieces: list[Span] = []
    done = 0
    for number, (start, end) in enumerate(zip(panel.starts.tolist(), panel.ends.tolist(), strict=True)):
        if start > done:
            pieces.extend(_gap(text[done:start]))
        if end > start:
            joined = bool(pieces) and start == done and pieces[-1].token is not None
            pieces.append(Span(text[start:end], number, joined))
        done = max(done, end)
    if done < len(text):
        pieces.extend(_gap(text[done:]))
    return pieces


def _gap(text: str) -> list[Span]:
    """What lies between tokens: white space and breaks are plain; anything else was not read by the model."""
    inner = text.strip()
    if not inner:
        return [Span(text, None)]
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(before) + len(inner) :]
    layout = not BREAK.sub("", inner).strip()
    return [span for span in (Span(before, None), Span(inner, None, read=layout), Span(after, None)) if span.text]


def has_unread(text: str | None, panel: TokenScores | Heatmap) -> bool:
    """Whether the text has words that no token covers."""
    return any(not span.read for span in spans(text, panel))


def empty_tokens(panel: TokenScores | Heatmap) -> list[int]:
    """The tokens that stand for no character at all: they have a score, but no place in the text."""
    return [number for number, (a, b) in enumerate(zip(panel.starts, panel.ends, strict=True)) if a == b]


def words(text: str | None, panel: TokenScores | Heatmap | Pairs) -> list[str]:
    """(T,) each token as written in the text, control characters made visible."""
    if text is None:
        return [visible(token, one_line=True) for token in panel.tokens]
    spans = zip(panel.starts.tolist(), panel.ends.tolist(), panel.tokens, strict=True)
    return [visible(text[start:end] or token, one_line=True) for start, end, token in spans]


def text_between(text: str | None, panel: TokenScores, first: int, last: int) -> str:
    """The words from the token `first` to the token `last`, as typed with what stands between them."""
    if text is None:
        return " ".join(panel.tokens[first : last + 1])
    return text[int(panel.starts[first]) : int(panel.ends[last])]
