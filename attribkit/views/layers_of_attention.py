"""The attention of many layers and heads: measures of each word, and a panel of all heads.

A text that is longer than its network reads is read in windows, each of which has attention of its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.models.self_attention import AttentionStack, SelfAttention
from attribkit.plurals import number_of
from attribkit.results.panels import AttentionHeads, HeatmapRow
from attribkit.text.encoded import Encoded
from attribkit.views.context_mixing import rollout, row_normalised

MEAN, ROLLOUT, NORMS, ZEROING = "attention", "attention rollout", "attention × value norm", "value zeroing"

_MEANINGS = {
    MEAN: "the mean of all heads and layers",
    ROLLOUT: "multiplied through the layers, half of each being its input (Abnar & Zuidema 2020)",
    NORMS: "how long the vectors are that are taken, the mean of all layers (Kobayashi et al. 2020)",
    ZEROING: "how far a layer's output turns without a word's value vectors, multiplied through (Mohebbi et al. 2023)",
}


def word_measures(windows: Mapping[int, SelfAttention], encoded: Encoded) -> tuple[HeatmapRow, ...]:
    """Rows with a share for each word: what the place that the head reads took from it; the rest is special tokens'.

    Args:
        windows: the attention of each window of the text, by the number of its first token. The network's answer is the
            mean of theirs, and so are the shares.
        encoded: the whole text.
    """
    shares: dict[str, NDArray[np.float64]] = {}
    for first, attention in windows.items():
        for name, share in _measures(attention).items():
            shares.setdefault(name, np.zeros(len(encoded.ids)))[first : first + len(share)] += share / len(windows)
    return tuple(HeatmapRow(name, _by_word(share, encoded), "weight") for name, share in shares.items())


def _measures(attention: SelfAttention) -> dict[str, NDArray[np.float64]]:
    """(T,) the share of each token of a text, or of a window, by the way of measuring."""
    last = attention.stacks[-1]
    by_place = {MEAN: np.mean(last.weights, axis=(0, 1), dtype=np.float64)}
    if len(attention.stacks) == 1:
        by_place[ROLLOUT] = rollout(np.mean(last.weights, axis=1, dtype=np.float64))
    if last.value_norms is not None:
        by_place[NORMS] = row_normalised(last.value_norms).mean(0)
    if last.value_zeroing is not None:
        by_place[ZEROING] = rollout(row_normalised(last.value_zeroing), residual=False)
    return {name: (attention.pooled @ mixed)[attention.places] for name, mixed in by_place.items()}


def _by_word(share: NDArray[np.float64], encoded: Encoded) -> NDArray[np.float64]:
    return share if encoded.words is None else encoded.words.summed(share)


def meanings(windows: Mapping[int, SelfAttention], rows: Sequence[HeatmapRow]) -> tuple[str, ...]:
    """What a reader must know of these rows."""
    attention = windows[0]
    special = 1 - float(rows[0].values.sum())
    who = _reader(attention)
    sentences = [f"{row.name}: {_MEANINGS[row.name]}" for row in rows]
    if any(attention.specials):
        sentences.append(
            f"{special:.0%} of the attention of {who} goes to special tokens, which are no words".replace("%", " %")
        )
    if len(windows) > 1:
        sentences.append(
            f"the text is read in {len(windows):,} windows: a word has the sum of its shares in those that hold it, "
            "divided by their number"
        )
    return (
        f"each row says what {who} took from a word, from which the prediction is read",
        *sentences,
        *attention.notes,
    )


def _reader(attention: SelfAttention) -> str:
    if attention.pooled.max() < 1:
        return "all places together"
    return attention.specials[int(attention.pooled.argmax())] or "the last token"


def head_panels(windows: Mapping[int, SelfAttention], encoded: Encoded) -> tuple[AttentionHeads, ...]:
    """A panel for each pile of layers of each window."""
    panels: list[AttentionHeads] = []
    for number, (first, attention) in enumerate(windows.items(), 1):
        last = first + len(attention.places)
        tokens = list(attention.specials)
        for place, token in zip(attention.places.tolist(), encoded.tokens[first:last], strict=True):
            tokens[place] = token
        special = np.array([bool(name) for name in attention.specials])
        where = f", window {number} of {len(windows)} (tokens {first + 1:,} to {last:,})" if len(windows) > 1 else ""
        panels += [_heads(attention, stack, tuple(tokens), special, where) for stack in attention.stacks]
    return tuple(panels)


def _heads(
    attention: SelfAttention, stack: AttentionStack, tokens: tuple[str, ...], special: NDArray[np.bool_], where: str
) -> AttentionHeads:
    layers, heads = stack.weights.shape[:2]
    of = f"the {stack.name}: " if stack.name else ""
    shape = f"{number_of(layers, 'layer')} of {number_of(heads, 'head')}"
    return AttentionHeads(
        title=f"Where each head looked{where}: {of}{shape}",
        tokens=tokens,
        special=special,
        looking=tokens,
        layers=tuple(f"layer {number}" for number in range(1, layers + 1)),
        weights=stack.weights,
        pooled=attention.pooled,
    )
