"""Ties of maxima: where a text holds the same phrase twice, one occurrence gets what both deserve."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from attribkit.attribution.result import WindowsByText
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.other_inputs import held
from attribkit.models.state import eval_mode
from attribkit.text.encoded import Encoded, shortened

_MAXIMA = {"max", "topk", "sort", "max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"}
"""Functions of torch that give a maximum's gradient to one of several equal values; `amax` shares it."""
_WORDS = 2  # of a phrase whose repetition is told of a network that is not known from inside


def tied_windows(network: Any, texts: Sequence[Encoded], windows: WindowsByText) -> list[tuple[str, ...]]:
    """What a reader must know where equal windows of a text CNN tie for its filters' maxima.

    Args:
        network: a text CNN, whose windows they are.
        texts: those of a batch.
        windows: those that its filters chose; of several targets the first one's scores count.

    Returns:
        for each text one sentence, or none: how many windows stand in it more than once, and the weightiest of them.
    """
    widths = np.repeat(
        [each.kernel_size[0] for each in network.convolutions], [each.out_channels for each in network.convolutions]
    )
    lengths = np.array([len(text.ids) for text in texts])
    begins = np.cumsum(lengths) - lengths
    again = _repeated(np.concatenate([text.ids for text in texts]), lengths, sorted({*widths.tolist()}))
    chosen, scores = windows.windows, windows.windows.scores[0]
    tied = np.zeros(len(scores), dtype=bool)
    for width, repeated in again.items():
        if not repeated.any():
            continue
        whole = (widths[chosen.feature] == width) & (chosen.last - chosen.first + 1 == width) & (scores != 0)
        tied[whole] = repeated[begins[chosen.text[whole]] + chosen.first[whole]]
    notes: list[tuple[str, ...]] = [()] * len(texts)
    for place in sorted({*chosen.text[tied].tolist()}):
        own = windows.order[windows.bounds[place] : windows.bounds[place + 1]]
        own = own[tied[own]]
        notes[place] = (_sentence(texts[place], chosen.first[own], chosen.last[own], np.abs(scores[own])),)
    return notes


def repeated_phrases(classifier: Classifier, encoded: Encoded) -> tuple[str, ...]:
    """What a reader must know where another's network takes maxima and the text holds the same words twice.

    Whether they tie is not known from outside: that depends on what the network reads around them.

    Args:
        classifier: any classifier; only an adapted network is asked.
        encoded: the text.
    """
    if not isinstance(classifier.network, Adapted):
        return ()
    pairs: dict[bytes, int] = {}
    again = None
    for place in range(len(encoded.ids) - _WORDS + 1):
        key = encoded.ids[place : place + _WORDS].tobytes()
        if place - pairs.setdefault(key, place) >= _WORDS:
            again = place
            break
    if again is None or not _takes_maxima(classifier, encoded.ids):
        return ()
    phrase = " ".join(encoded.tokens[again : again + _WORDS])
    return (
        f"ties: the text holds {phrase!r} more than once, and the network takes maxima; where occurrences tie, one of "
        "them gets the score of both",
    )


def _sentence(encoded: Encoded, firsts: NDArray[np.int64], lasts: NDArray[np.int64], weights: NDArray[Any]) -> str:
    weight = {
        span: float(weights[(firsts == span[0]) & (lasts == span[1])].sum())
        for span in zip(firsts.tolist(), lasts.tolist(), strict=True)
    }
    first, last = max(weight, key=lambda span: (weight[span], span))
    phrase = shortened(" ".join(encoded.tokens[first : last + 1]))
    return (
        f"ties: to the model {len(weight):,} of the windows that decide are the same as others of the text, such as "
        f"{phrase!r}; what they move is put on one occurrence alone"
    )


def _repeated(
    ids: NDArray[np.int64], lengths: NDArray[np.int64], widths: Sequence[int]
) -> dict[int, NDArray[np.bool_]]:
    """For each width, at which tokens a window begins that stands in its text more than once.

    Only what is repeated as far as it was read can be so with its next token, so that few places are left soon.

    Args:
        ids: (N,) of the texts, one after the other.
        lengths: (B,) of each text, Σ = N.
        widths: in ascending order.
    """
    ends = np.repeat(np.cumsum(lengths), lengths)
    places, group = np.arange(len(ids)), np.repeat(np.arange(len(lengths)), lengths)
    size, again = int(ids.max()) + 1, {width: np.zeros(len(ids), dtype=bool) for width in widths}
    for width in range(1, widths[-1] + 1):
        inside = places + width <= ends[places]
        places, group = places[inside], group[inside]
        _, group, counts = np.unique(group * size + ids[places + width - 1], return_inverse=True, return_counts=True)
        more = counts[group] > 1
        places, group = places[more], group[more]
        if not len(places):
            break
        if width in widths:
            again[width][places] = True
    return again


def _takes_maxima(classifier: Classifier, ids: NDArray[np.int64]) -> bool:
    network, watch = classifier.network, _Watch()
    also = classifier.also and classifier.also.rows([0])
    with held(network, also), eval_mode(network), torch.inference_mode(), watch:
        network(*classifier.batch([ids]))
    return watch.seen


class _Watch(TorchFunctionMode):
    """Notes whether a maximum over an axis is taken."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "").rstrip("_")
        # over all numbers at once, as of the ids themselves, it is no pooling
        self.seen = self.seen or (name in _MAXIMA and (len(args) > 1 or bool(kwargs)) and args[0].is_floating_point())
        return result
