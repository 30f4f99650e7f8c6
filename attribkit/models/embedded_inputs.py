"""The other inputs of a network that pass through an embedding layer, each as a text of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.other_inputs import OtherInputs, held
from attribkit.models.state import eval_mode
from attribkit.text.encoded import Encoded, TextEncoder

TEXT = "text"
"""What the text is called where another input is the one that changes."""


def embedded_inputs(
    classifier: Classifier, batch: EncodedBatch, row: int
) -> dict[str, tuple[Classifier, EncodedBatch]]:
    """The other inputs of one text that the network embeds, ready to be attributed as a text is.

    Of each the ids are read in a row, whatever their shape. The text and the remaining inputs are held fixed.

    Args:
        classifier: any classifier.
        batch: N texts.
        row: the number of the text.

    Returns:
        by name the network as a classifier of this input, and the input itself.
    """
    if batch.also is None or not isinstance(classifier.network, Adapted):
        return {}
    also, own = batch.also.rows([row]), batch.part(np.array([row]))
    return {
        name: _turned(classifier, own, also, name, layer)
        for name, layer in _layers(classifier, own.encoded[0].ids, also).items()
    }


def _layers(classifier: Classifier, ids: NDArray[np.int64], also: OtherInputs) -> dict[str, nn.Embedding]:
    """The layer that looks up the ids of an input as they are, by the input's name."""
    calls: list[tuple[nn.Embedding, Tensor]] = []
    layers = [module for module in classifier.network.modules() if isinstance(module, nn.Embedding)]
    hooks = [
        layer.register_forward_pre_hook(lambda module, inputs: calls.append((module, inputs[0].detach().clone())))
        for layer in layers
    ]
    try:
        with held(classifier.network, also), eval_mode(classifier.network), torch.inference_mode():
            classifier.network(*classifier.batch([ids]))
    finally:
        for hook in hooks:
            hook.remove()
    through = {}
    for name, (value,) in also.values.items():
        flat = value.reshape(-1)
        for layer, looked_up in calls:
            if value.dtype == np.int64 and flat.size and np.array_equal(looked_up.cpu().numpy().reshape(-1), flat):
                through[name] = layer
    return through


class _OfInput(nn.Module):
    """An adapted network as a function of one of its other inputs."""

    def __init__(self, network: Adapted, name: str, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.whole = network
        self.name = name
        self.shape = shape

    def forward(self, ids: Tensor, **others: Tensor) -> Tensor:
        """Logits (B, C) of the input's ids (B, L), the text's and the remaining inputs beside them."""
        text = others.pop(TEXT)
        given = others | {self.name: ids.reshape(len(ids), *self.shape).contiguous()}
        return self.whole.logits_of(text, torch.ones_like(text, dtype=torch.bool), given)


def _turned(
    classifier: Classifier, own: EncodedBatch, also: OtherInputs, name: str, layer: nn.Embedding
) -> tuple[Classifier, EncodedBatch]:
    ids = also.values[name][0]
    network = Adapted(
        _OfInput(classifier.network, name, ids.shape),
        outputs="logit" if classifier.task == "regression" else "logits",
        embedding=layer,
        task=classifier.task,
        also=(TEXT, *(other for other in also.values if other != name)),
    )
    rest: Mapping[str, Any] = {key: column for key, column in also.values.items() if key != name}
    beside = OtherInputs({TEXT: (own.encoded[0].ids,), **rest}, {}, {TEXT: own.texts})
    words = also.words.get(name)
    tokenizer: TextEncoder = classifier.tokenizer if words else _Numbers(network.pad_id)
    encoded = words[0] if words else _numbered(ids.reshape(-1))
    unit = classifier.unit
    of_input = Classifier(network, tokenizer, classifier.labels, name=classifier.name, unit=unit)
    return of_input, replace(own, encoded=(encoded,), also=beside)


class _Numbers:
    """The tokenizer of an input that is no text: it knows padding alone."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = self.unk_id = pad_id

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Refuse a text."""
        raise InputError("this input is no text; compare it with 'pad', 'zero' or 'mean'")

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Refuse a text."""
        return [encoded.ids for encoded in self.encode(texts)]


def _numbered(ids: NDArray[np.int64]) -> Encoded:
    places = np.arange(len(ids), dtype=np.int64)
    return Encoded(ids, places, places + 1, tuple(map(str, ids.tolist())), np.ones(len(ids), dtype=bool), len(ids))
