"""The attention of many layers and heads: measures of each word, and a panel of all heads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attribkit.models.self_attention import AttentionStack, SelfAttention
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


def word_measures(attention: SelfAttention, encoded: Encoded) -> tuple[HeatmapRow, ...]:
    """Rows with a share for each word: what the place that the head reads took from it; the rest is special tokens'."""
    last = attention.stacks[-1]
    by_place = {MEAN: np.mean(last.weights, axis=(0, 1), dtype=np.float64)}
    if len(attention.stacks) == 1:
        by_place[ROLLOUT] = rollout(np.mean(last.weights, axis=1, dtype=np.float64))
    if last.value_norms is not None:
        by_place[NORMS] = row_normalised(last.value_norms).mean(0)
    if last.value_zeroing is not None:
        by_place[ZEROING] = rollout(row_normalised(last.value_zeroing), residual=False)
    shares = {name: (attention.pooled @ mixed)[attention.places] for name, mixed in by_place.items()}
    return tuple(HeatmapRow(name, _by_word(share, encoded), "weight") for name, share in shares.items())


def _by_word(share: NDArray[np.float64], encoded: Encoded) -> NDArray[np.float64]:
    return share if encoded.words is None else encoded.words.summed(share)


def meanings(attention: SelfAttention, rows: Sequence[HeatmapRow]) -> tuple[str, ...]:
    """What a reader must know of these rows."""
    special = 1 - float(rows[0].values.sum())
    who = _reader(attention)
    sentences = [f"{row.name}: {_MEANINGS[row.name]}" for row in rows]
    if any(attention.specials):
        sentences.append(
            f"{special:.0%} of the attention of {who} goes to special tokens, which are no words".replace("%", " %")
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


def head_panels(attention: SelfAttention, encoded: Encoded) -> tuple[AttentionHeads, ...]:
    """A panel for each pile of layers."""
    tokens = list(attention.specials)
    for place, token in zip(attention.places.tolist(), encoded.tokens, strict=True):
        tokens[place] = token
    special = np.array([bool(name) for name in attention.specials])
    return tuple(_heads(attention, stack, tuple(tokens), special) for stack in attention.stacks)


def _heads(
    attention: SelfAttention, stack: AttentionStack, tokens: tuple[str, ...], special: NDArray[np.bool_]
) -> AttentionHeads:
    layers, heads = stack.weights.shape[:2]
    of = f"the {stack.name}: " if stack.name else ""
    return AttentionHeads(
        title=f"Where each head looked: {of}{layers} {_counted('layer', layers)} of {heads} {_counted('head', heads)}",
        tokens=tokens,
        special=special,
        looking=tokens,
        layers=tuple(f"layer {number}" for number in range(1, layers + 1)),
        weights=stack.weights,
        pooled=attention.pooled,
    )


def _counted(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
