"""A transformer's own forward pass with given vectors in the words' places, put there by hooks on its embedding."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from attribkit.errors import NetworkError


@contextmanager
def fed(model: nn.Module, embedding: nn.Module, ids: Tensor, places: Tensor, vectors: Tensor) -> Iterator[None]:
    """Within, the embedding answers with these vectors wherever it looks up the words of the text.

    Everything else the model makes of the ids: the mask, positions, token types, the place that is pooled. An encoder
    and decoder that share the embedding are both fed. The hooks are removed afterwards, also after an error.

    Args:
        model: the model that is run within.
        embedding: its input embeddings.
        ids: (N, L) as they are given to the model.
        places: (T,) where the words stand among them.
        vectors: (N, T, E).

    Raises:
        NetworkError: if the embedding looks up something else than these ids, padded or shifted by one, or nothing.
    """
    calls = 0

    def feed(module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        looked_up = inputs[0] if inputs else named["input"]
        turned = _turned(looked_up, ids)
        shift = _shift(looked_up.T if turned else looked_up, ids)
        answer = output.transpose(0, 1) if turned else output
        own = places + shift
        inside = own < answer.shape[1]
        put = answer.clone()
        put[:, own[inside]] = vectors[:, inside].to(answer.dtype)
        return put.transpose(0, 1) if turned else put

    with ExitStack() as hooks:
        for module in tied(model, embedding):
            hooks.callback(module.register_forward_hook(feed, with_kwargs=True).remove)
        yield
    if not calls:
        raise NetworkError("the model never calls its embedding layer; take a method that changes texts")


def tied(model: nn.Module, embedding: nn.Module) -> list[nn.Module]:
    """The embedding layers that share their table with the input embeddings: those of an encoder and a decoder."""
    return [
        module
        for module in model.modules()
        if module is embedding or (isinstance(module, nn.Embedding) and module.weight is embedding.weight)
    ]


def _turned(looked_up: Tensor, ids: Tensor) -> bool:
    """Whether texts stand in columns, as XLNet has them."""
    return looked_up.shape == ids.T.shape and not torch.equal(looked_up, ids) and torch.equal(looked_up.T, ids)


def _shift(looked_up: Tensor, ids: Tensor) -> int:
    """How far the text was shifted to the right: 0, also where it was filled up, or 1 for a decoder's input."""
    texts, length = ids.shape
    if looked_up.shape[0] == texts and looked_up.shape[1] >= length:
        if torch.equal(looked_up[:, :length], ids):
            return 0
        if torch.equal(looked_up[:, 1:length], ids[:, : length - 1]):
            return 1
    raise NetworkError(
        "the model's embedding looks up other ids than the text's; take a method that changes texts, such as "
        "'shapley_sampling' or 'leave_one_out'"
    )
