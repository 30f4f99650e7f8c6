"""Whether another's network answers a text alone as it does padded, and beside others."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.state import eval_mode
from attribkit.task import Task

_MORE = 4  # tokens of padding after the text
_COMPANY = "the answer depends on the other texts of a batch: {} beside another; batch_size=1 runs texts one by one"
_DIFFERENCE = 1e-3  # of a probability, that a reader should know of


def dependence_notes(classifier: Classifier, ids: NDArray[np.int64]) -> tuple[str, ...]:
    """What a reader must know of a network whose answer to a text is not the text's alone.

    The text is asked about by itself, beside another of its length, and with padding after it.

    Args:
        classifier: any classifier; only an adapted network is asked, the others keep the contract.
        ids: (T,) of one text.

    Returns:
        one sentence for each dependence, with both probabilities of the predicted class and the cure.
    """
    network, can = classifier.network, classifier.capabilities
    if can.own_spans and can.closed_form is None:
        return _beside_another(classifier, ids)
    if not isinstance(network, Adapted):
        return ()
    own, mask = classifier.batch([ids])
    with eval_mode(network), torch.inference_mode():
        task = classifier.task
        alone = _answer(lambda: network(own, mask), task)
        beside = _answer(lambda: network(torch.cat((own, own.flip(1))), mask.expand(2, -1)), task)
        padded = _answer(lambda: network.padded(own, mask, _MORE), task)
    notes = []
    if _differs(alone, beside):
        notes.append(_COMPANY.format(_said(alone, beside)))
    elif _differs(alone, padded):
        cure = "inputs='ids' runs texts unpadded, " if network.inputs == "ids, mask" else ""
        notes.append(
            f"the answer depends on padding: {_said(alone, padded)} with {_MORE} PAD after the text; {cure}length=… "
            "pads each as in training"
        )
    return tuple(notes)


def _beside_another(classifier: Classifier, ids: NDArray[np.int64]) -> tuple[str, ...]:
    """Of a function of texts, which knows no padding: asked about the text alone, and beside its first half."""
    half = ids[: -(-len(ids) // 2)]
    with torch.inference_mode():
        alone = _answer(lambda: classifier.network(*classifier.batch([ids])), classifier.task)
        beside = _answer(lambda: classifier.network(*classifier.batch([ids, half])), classifier.task)
    return (_COMPANY.format(_said(alone, beside)),) if _differs(alone, beside) else ()


def _answer(logits: Callable[[], Tensor], task: Task) -> Tensor | None:
    """The first text's probabilities (C,), of a regression its number (1,); None where it cannot be asked so."""
    try:
        own = logits()[0].double()
        return {"multiclass": own.softmax(0), "multilabel": own.sigmoid(), "regression": own}[task]
    except RuntimeError:  # torch's own, as of a network that takes one length only
        return None


def _differs(alone: Tensor | None, other: Tensor | None) -> bool:
    return (
        alone is not None
        and other is not None
        and bool(((alone - other).abs() / alone.abs().clamp(min=1)).max() > _DIFFERENCE)
    )


def _said(alone: Tensor | None, other: Tensor | None) -> str:
    if alone is None or other is None:
        return ""
    label = int(alone.argmax())
    return f"{float(alone[label]):.3f} alone, {float(other[label]):.3f}"
