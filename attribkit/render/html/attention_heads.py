"""Attention heads for the template: words for readers, and the weights in few bytes for the page's script."""

import zlib
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attribkit.render.preparation import attention_heads as shared
from attribkit.render.preparation import palette
from attribkit.render.preparation.context import PanelContext
from attribkit.render.preparation.numbers import number
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import AttentionHeads

BYTES = 1_350_000
"""The most that the weights of a page take before they are written in letters, a third more: a page of 2 MB."""

_LEVELS = (255, 127, 63, 31, 15)


def attention_heads(panel: AttentionHeads, context: PanelContext) -> dict[str, Any]:
    """The template's data for one panel."""
    notes, weights = list(panel.notes), panel.weights
    room = BYTES // context.heads
    packed = _packed(weights, room)
    if packed is None:
        weights = panel.weights.mean(1, keepdims=True)
        packed = _packed(weights, room)
        notes.append("of a text so long the page holds each layer's mean of its heads; to_frame has them all")
    if packed is None:
        return {**_words(panel), "notes": [*notes[:-1], "the text is too long to draw its matrices; to_frame has them"]}
    data, levels, error = packed
    notes.append(f"{shared.scale(panel)}; the page's numbers are within {number(error, sign=False)} of the model's")
    layers, heads, looking, tokens = weights.shape
    return {
        **_words(panel),
        "notes": notes,
        "script": _script(),
        "data": data,
        "levels": levels,
        "limit": f"{shared.limit(panel):.6g}",
        "shape": f"{layers} {heads} {looking} {tokens}",
        "layers": [visible(name, one_line=True) for name in panel.layers],
        "heads": panel.weights.shape[1] if heads > 1 else 0,
        "looking": shared.written(panel.looking),
        "first": int(panel.pooled.argmax()),
        "columns": list(zip(shared.written(panel.tokens), panel.special.tolist(), strict=True)),
    }


def _words(panel: AttentionHeads) -> dict[str, Any]:
    return {
        "title": panel.title,
        "sentence": shared.sentence(panel),
        "strongest": shared.strongest(panel),
        "data": None,
        "script": "",
    }


def _packed(weights: NDArray[np.floating], room: int = BYTES) -> tuple[str, int, float] | None:
    """The weights in letters: squares of whole numbers of steps, compressed; how many steps there are; the error.

    As many steps are taken as find room, in bytes; None if the fewest do not.
    """
    if weights.size > 8 * room:
        return None
    roots = np.sqrt(np.clip(weights, 0, 1))
    for levels in _LEVELS:
        whole = np.rint(levels * roots).astype(np.uint8)
        content = zlib.compress(whole.tobytes(), 9)
        if len(content) <= room:
            error = float(np.abs(np.square(whole / levels) - weights).max(initial=0))
            return b64encode(content).decode(), levels, error
    return None


@cache
def _script() -> str:
    source = (Path(__file__).parent / "templates" / "attention_heads.js").read_text(encoding="utf-8")
    return source.replace("__STEPS__", str(palette.STEPS))
