"""Breaking a text into lines for a picture: in reading order, at the words, as typed."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from attribkit.render.preparation.spans import Span
from attribkit.render.preparation.unicode import is_right_to_left, visible

TAB = " " * 4

_PARTS = re.compile(r"\n|[^\S\n]+|\S+")


Line = list[Span]
Measure = Callable[[str], float]


def typeset(spans: Iterable[Span], measure: Measure, fit: Callable[[str], str], width: float) -> list[Line]:
    """Lines of spans with their widths and places, none wider than `width` points.

    A soft break swallows the white space it stands on; typed line breaks and leading spaces stay. Right-to-left words
    are set from right to left, word by word; a line whose paragraph begins from the right is aligned to the right.
    """
    lines: list[Line] = []
    for paragraph in _paragraphs(spans, measure, fit):
        right = is_right_to_left("".join(span.text for span in paragraph))
        for line in _wrap(paragraph, measure, width):
            lines.append(_place(line, width, right))
    return lines


def _paragraphs(spans: Iterable[Span], measure: Measure, fit: Callable[[str], str]) -> list[Line]:
    paragraphs: list[Line] = [[]]
    for span in spans:
        for number, part in enumerate(_PARTS.findall(visible(span.text))):
            if part == "\n":
                paragraphs.append([])
                continue
            shown = fit(part.replace("\t", TAB))
            joined = span.joined and number == 0
            paragraphs[-1].append(replace(span, text=shown, width=measure(shown), joined=joined))
    return paragraphs


def _wide(text: str, last: bool) -> bool:
    return bool(text) and unicodedata.east_asian_width(text[-1 if last else 0]) in "WF"


def _clusters(paragraph: Line) -> list[Line]:
    """Spans that must stay together: did|n't, movie|!; Chinese and Japanese may break between characters."""
    clusters: list[Line] = []
    for span in paragraph:
        previous = clusters[-1][-1] if clusters else None
        if (
            previous is None
            or span.space
            or previous.space
            or _wide(previous.text, last=True)
            or _wide(span.text, last=False)
        ):
            clusters.append([span])
        else:
            clusters[-1].append(span)
    return clusters


def _split(span: Span, measure: Measure, width: float) -> Line:
    """A span wider than a line, cut into spans that fit."""
    parts: Line = []
    text = span.text
    while text:
        low, high = 1, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if measure(text[:middle]) <= width else (low, middle - 1)
        parts.append(replace(span, text=text[:low], width=measure(text[:low]), joined=span.joined and not parts))
        text = text[low:]
    return parts


def _wrap(paragraph: Line, measure: Measure, width: float) -> list[Line]:
    lines: list[Line] = [[]]
    used = 0.0
    for cluster in _clusters(paragraph):
        size = sum(span.width for span in cluster)
        if used + size > width and not cluster[0].space:
            if lines[-1]:
                lines.append([])
                used = 0.0
            if size > width:
                cluster = [part for span in cluster for part in _split(span, measure, width)]
                for part in cluster:
                    if used + part.width > width and lines[-1]:
                        lines.append([])
                        used = 0.0
                    lines[-1].append(part)
                    used += part.width
                continue
        elif used + size > width:
            # white space that reaches over the edge ends the line and is not carried to the next
            lines.append([])
            used = 0.0
            continue
        lines[-1].extend(cluster)
        used += size
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def _directions(line: Line, right: bool) -> list[bool]:
    """For each span whether it runs from right to left; what has no direction follows both its neighbours."""
    own: list[bool | None] = []
    for span in line:
        letters = any(unicodedata.bidirectional(c) in ("L", "R", "AL") for c in span.text)
        own.append(is_right_to_left(span.text) if letters else None)
    directions = []
    for index, direction in enumerate(own):
        if direction is None:
            before = next((d for d in reversed(own[:index]) if d is not None), right)
            after = next((d for d in own[index + 1 :] if d is not None), right)
            direction = before if before == after else right
        directions.append(direction)
    return directions


def _place(line: Line, width: float, right: bool) -> Line:
    while line and line[-1].space and line[-1].token is None:
        line = line[:-1]
    directions = _directions(line, right)
    order: list[int] = []
    run: list[int] = []
    for index in range(len(line)):
        if run and directions[index] != directions[run[-1]]:
            order = _join(order, run, directions[run[-1]], right)
            run = []
        run.append(index)
    if run:
        order = _join(order, run, directions[run[-1]], right)
    x = width - sum(span.width for span in line) if right else 0.0
    placed = []
    for index in order:
        placed.append(replace(line[index], x=x))
        x += line[index].width
    return placed


def _join(order: list[int], run: Sequence[int], leftwards: bool, right: bool) -> list[int]:
    ordered = list(reversed(run)) if leftwards else list(run)
    return [*ordered, *order] if right else [*order, *ordered]


def turned(lines: Iterable[Line]) -> bool:
    """Whether any word in the lines runs from right to left."""
    return any(is_right_to_left(span.text) for line in lines for span in line)
