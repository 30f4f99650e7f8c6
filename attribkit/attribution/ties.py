"""Ties of maxima: where a text holds the same phrase twice, one occurrence gets what both deserve."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode

from attribkit.attribution.result import WindowScores
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.other_inputs import held
from attribkit.models.state import eval_mode
from attribkit.text.encoded import Encoded, shortened

_MAXIMA = {"max", "topk", "sort", "max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"}
"""Functions of torch that give a maximum's gradient to one of several equal values; `amax` shares it."""
_WORDS = 2  # of a phrase whose repetition is told of a network that is not known from inside


def tied_windows(network: Any, encoded: Encoded, windows: WindowScores) -> tuple[str, ...]:
    """What a reader must know where equal windows of a text CNN tie for its filters' maxima.

    Args:
        network: a text CNN, whose windows they are.
        encoded: the text.
        windows: those that its filters chose, with a score.

    Returns:
        one sentence, or none: how many windows stand in the text more than once, and the weightiest of them.
    """
    widths = np.repeat(
        [each.kernel_size[0] for each in network.convolutions], [each.out_channels for each in network.convolutions]
    )
    whole = windows.lasts - windows.firsts + 1 == widths[windows.filters]
    if not whole.any():
        return ()
    firsts, lasts = windows.firsts[whole], windows.lasts[whole]
    spans = sorted({*zip(firsts.tolist(), lasts.tolist(), strict=True)})
    twice = {span for span in spans if _occurrences(encoded.ids, *span) > 1}
    if not twice:
        return ()
    weight = {
        span: float(np.abs(windows.scores[whole][(firsts == span[0]) & (lasts == span[1])]).sum()) for span in twice
    }
    first, last = max(twice, key=lambda span: (weight[span], span))
    phrase = shortened(" ".join(encoded.tokens[first : last + 1]))
    return (
        f"ties: of the windows that decide, {len(twice):,} stand in the text more than once, such as {phrase!r}; what "
        "they move is put on one occurrence alone",
    )


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


def _occurrences(ids: NDArray[np.int64], first: int, last: int) -> int:
    if last - first >= len(ids):
        return 0
    runs = np.lib.stride_tricks.sliding_window_view(ids, last - first + 1)
    return int((runs == ids[first : last + 1]).all(1).sum())


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
