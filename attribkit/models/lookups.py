"""What a network looks up in its embedding: of every id, from which place of which text it comes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from attribkit.errors import NetworkError

PREFIX = "the network has no gradients by its words: "
CURE = "; take a method that changes texts, such as 'shapley_sampling' or 'leave_one_out'"
NEVER = "it never calls its embedding layer"
_ARITHMETIC = "it looks up ids that are made from the text's, or mixes the texts of a batch"
_DEPENDS = "how many words it looks up depends on which they are"


@dataclass(frozen=True, eq=False)
class Lookup:
    """The ids of one call of the embedding, any shape of which one axis counts texts, or texts times something.

    Attributes:
        axis: that axis.
        place: (D, M) for each of D texts the position of it that each id comes from, −1 for an id of the network's own.
    """

    axis: int
    place: Tensor

    def fed(self, looked_up: Tensor, embedded: Tensor, text: Tensor) -> Tensor:
        """The call's output with the vectors of the text put in.

        Args:
            looked_up: (…, E) what the embedding returned.
            embedded: (N, T, E) the texts' vectors.
            text: (N,) which of the D texts each is.
        """
        moved = looked_up.movedim(self.axis, 0)
        place, own = self.place[text], moved.reshape(len(embedded), -1, moved.shape[-1])
        rows = torch.arange(len(embedded), device=place.device).unsqueeze(1)
        fed = torch.where((place >= 0).unsqueeze(2), embedded[rows, place.clamp(min=0)], own.to(embedded.dtype))
        return fed.reshape(moved.shape).movedim(0, self.axis)


@torch.no_grad()
def find_lookups(network: Any, ids: Tensor, mask: Tensor) -> list[Lookup | None]:
    """What the network looks up for D texts (D, T), call by call; None for a call that no word changes.

    Found out by changing words: position t gets another word in every run whose bit of t + 1 is set, ⌈log₂(T + 1)⌉
    runs, and an id comes from the position whose number its changes spell. The texts are run beside as many others, so
    that the axis of the texts is the one that doubles, and no text can be taken for another.

    Raises:
        NetworkError: if it looks up what is no word of the text at its place.
    """
    alone = looked_up(network, ids, mask)
    texts = torch.cat((ids, torch.where(mask, _other_words(network, ids), ids)))
    real = torch.cat((mask, mask))
    calls = looked_up(network, texts, real)
    if len(calls) != len(alone):
        raise without_gradients(_DEPENDS)
    axes = [_axis(few, many, 2) for few, many in zip(alone, calls, strict=True)]
    places = [torch.zeros_like(call) for call in calls]
    number = torch.arange(1, ids.shape[1] + 1, device=ids.device)
    other = _other_words(network, texts)
    for bit in range(ids.shape[1].bit_length()):
        changed = looked_up(network, torch.where((number >> bit & 1).bool() & real, other, texts), real)
        if [call.shape for call in changed] != [call.shape for call in calls]:
            raise without_gradients(_DEPENDS)
        for place, before, after in zip(places, calls, changed, strict=True):
            place += (before != after).long() << bit
    return [
        _lookup(axis, place - 1, call, texts) if bool((place > 0).any()) else None
        for axis, place, call in zip(axes, places, calls, strict=True)
    ]


def _axis(few: Tensor, many: Tensor, times: int) -> int | None:
    """The axis that is so many times as long for so many times the texts; None if there is none, or more than one."""
    if few.ndim != many.ndim:
        return None
    longer = [axis for axis in range(few.ndim) if few.shape[axis] != many.shape[axis]]
    return longer[0] if len(longer) == 1 and many.shape[longer[0]] == times * few.shape[longer[0]] else None


def _lookup(axis: int | None, place: Tensor, call: Tensor, texts: Tensor) -> Lookup:
    if axis is None or call.shape[axis] % len(texts) or int(place.max()) >= texts.shape[1]:
        raise without_gradients(_ARITHMETIC)
    place, own = (part.movedim(axis, 0).reshape(len(texts), -1) for part in (place, call))
    if not bool(((place < 0) | (texts.gather(1, place.clamp(min=0)) == own)).all()):
        raise without_gradients(_ARITHMETIC)
    return Lookup(axis, place[: len(texts) // 2])


def _other_words(network: Any, ids: Tensor) -> Tensor:
    """Another word for each (N, T), never PAD, which a network may take for the end."""
    size, padding = network.embedding.num_embeddings, network.embedding.padding_idx or 0
    other = (ids + 1) % size
    return torch.where(other == padding, (other + 1) % size, other)


@torch.no_grad()
def mixes_texts(network: Any, ids: Tensor, mask: Tensor) -> bool:
    """Whether a batch of texts is looked up in another order than its own, as by a network that sorts it by length.

    Args:
        network: keeps the contract of `attribkit.models.Network`.
        ids: (1, T) a text, which is run beside two others of its length.
        mask: (1, T).
    """
    second = torch.where(mask, _other_words(network, ids), ids)
    third = torch.where(mask, _other_words(network, second), ids)
    texts = torch.cat((ids, second, third))
    calls = looked_up(network, texts, mask.expand(3, -1))
    if len(calls) == 1 and same(calls[0], texts):
        return False
    rows = [looked_up(network, texts[row : row + 1], mask) for row in range(3)]
    for together, *alone in zip(calls, *rows, strict=False):
        axis = _axis(alone[0], together, 3)
        if axis is not None and not torch.equal(together, torch.cat(alone, axis)):
            return True
    return False


@torch.no_grad()
def looked_up(network: Any, ids: Tensor, mask: Tensor) -> list[Tensor]:
    """The ids of each call of the embedding."""
    calls: list[Tensor] = []
    with _calls(network.embedding, calls):
        network(ids, mask)
    return calls


def same(call: Tensor, ids: Tensor) -> bool:
    """Whether a call is the texts' ids as they are."""
    return call is ids or (call.shape == ids.shape and bool(torch.equal(call, ids)))


def without_gradients(reason: str) -> NetworkError:
    """The error for a network whose embedded words cannot be replaced."""
    return NetworkError(f"{PREFIX}{reason}{CURE}")


@contextmanager
def _calls(embedding: Any, calls: list[Tensor]) -> Iterator[None]:
    handle = embedding.register_forward_pre_hook(lambda _, inputs: calls.append(inputs[0].clone()))
    try:
        yield
    finally:
        handle.remove()
