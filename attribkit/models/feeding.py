"""A network's own forward pass with given vectors in place of its embedding's output."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from attribkit.errors import NetworkError
from attribkit.models.adapters import Adapted
from attribkit.models.capabilities import capabilities_of
from attribkit.models.state import preserve_state

_PREFIX = "the network has no gradients by its words: "
_CURE = "; take a method that changes texts, such as 'shapley_sampling' or 'leave_one_out'"
_NEVER = "it never calls its embedding layer"
_ARITHMETIC = "it looks up ids that are made from the text's, or mixes the texts of a batch"
_DEPENDS = "how many words it looks up depends on which they are"


def gradient_fault(network: Any) -> str | None:
    """Why a network has no gradients with respect to its embedded words, as a clause; None if it has.

    Found out by asking for one, of an adapted network; those of the contract are taken at their word.
    """
    can = capabilities_of(network)
    if not can.gradients:
        return "its words pass through no nn.Embedding layer" if can.layers else f"a {can.kind} gives outputs alone"
    if not isinstance(network, Adapted) or network.embedding is None or network.lacks_inputs:
        return None
    ids = torch.arange(len(network.embedding.weight), device=network.embedding.weight.device)
    ids = ids[ids != network.pad_id]
    ids = ids[torch.arange(network.probe_length, device=ids.device) % len(ids)].unsqueeze(0)
    with preserve_state(network):
        points = network.embedding(ids).detach().requires_grad_()
        try:
            logits = EmbeddingFed(network)(points, ids, torch.ones_like(ids, dtype=torch.bool))
            if not logits.requires_grad or torch.autograd.grad(logits.sum(), points, allow_unused=True)[0] is None:
                return "no gradient passes through it, as under no_grad or through a quantised layer"
        except NetworkError as error:
            return str(error).removeprefix(_PREFIX).removesuffix(_CURE)
        except RuntimeError as error:  # torch's own, of an operation that has no backward pass
            return f"torch says {str(error).splitlines()[0]!r}"
    return None


def embedding_fed(network: Any) -> "EmbeddingFed":
    """The network as a function of embedded texts; see `EmbeddingFed`."""
    return EmbeddingFed(network)


class EmbeddingFed:
    """The network's own forward pass with the embedding's output replaced.

    The hook that replaces it is there during the call alone: at other times the network need not mind it. A network
    that looks up something else than the text's ids as they are (its first words, the ids shifted or turned round, both
    ends padded, the names of its labels) is answered call by call: what comes from a place of the text gets that
    place's vector, anything else the embedding's own. Which place that is, is found out by changing words: position t
    gets another word in every run whose bit of t + 1 is set, ⌈log₂(T + 1)⌉ runs, and a looked-up id comes from the
    position whose number its changes spell.

    Args:
        network: keeps the contract of `attribkit.models.Network`.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self._plain = True
        self._places: dict[tuple[tuple[int, ...], bytes], list[Tensor | None]] = {}

    def __call__(self, embedded: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, C) of vectors (N, T, E); ids (N, T) and mask (N, T) still reach the network.

        Raises:
            NetworkError: if the network never calls its embedding, or looks up ids made from the text's by arithmetic.
        """
        if self._plain:
            logits, plain = self._fed(embedded, ids, mask, None)
            if plain:
                return logits
            self._plain = False
        return self._fed(embedded, ids, mask, self._places_of(ids, mask))[0]

    def _fed(
        self, embedded: Tensor, ids: Tensor, mask: Tensor, places: list[Tensor | None] | None
    ) -> tuple[Tensor, bool]:
        """Logits, and whether the embedding was called once and with the text's ids as they are."""
        calls, plain = 0, True

        def feed(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
            nonlocal calls, plain
            calls += 1
            if places is None:
                plain = calls == 1 and _same(inputs[0], ids)
                # a copy, for the network may write into it
                return embedded.clone() if plain else None
            place = places[calls - 1]
            if place is None:
                return None
            rows = torch.arange(len(ids), device=ids.device).unsqueeze(1).expand_as(place)
            chosen = embedded[rows, place.clamp(min=0)]
            fed = torch.where((place >= 0).unsqueeze(2), chosen, self._in_rows(output).to(chosen.dtype))
            return fed if self._batch_first else fed.transpose(0, 1)

        handle = self.network.embedding.register_forward_hook(feed)
        try:
            logits: Tensor = self.network(ids, mask)
        finally:
            handle.remove()
        if not calls:
            raise _without_gradients(_NEVER)
        return logits, plain

    @property
    def _batch_first(self) -> bool:
        return bool(getattr(self.network, "batch_first", True))

    def _in_rows(self, looked_up: Tensor) -> Tensor:
        return looked_up if self._batch_first else looked_up.transpose(0, 1)

    def _places_of(self, ids: Tensor, mask: Tensor) -> list[Tensor | None]:
        """For each call of the embedding (N, L): the position of the text that an id comes from, −1 for none.

        None for a call that no word of the text changes.
        """
        distinct, row = torch.unique(ids, dim=0, return_inverse=True)
        key = (tuple(distinct.shape), distinct.cpu().numpy().tobytes())
        if key not in self._places:
            first = torch.zeros(len(distinct), dtype=torch.int64, device=ids.device)
            first.scatter_(0, row, torch.arange(len(ids), device=ids.device))
            self._places[key] = self._find_places(distinct, mask[first])
        return [None if place is None else place[row] for place in self._places[key]]

    def _find_places(self, ids: Tensor, mask: Tensor) -> list[Tensor | None]:
        looked_up = self._looked_up(ids, mask)
        places = [torch.zeros_like(call) for call in looked_up]
        number = torch.arange(1, ids.shape[1] + 1, device=ids.device)
        other = self._other_words(ids)
        for bit in range(ids.shape[1].bit_length()):
            changed = self._looked_up(torch.where((number >> bit & 1).bool() & mask, other, ids), mask)
            if [call.shape for call in changed] != [call.shape for call in looked_up]:
                raise _without_gradients(_DEPENDS)
            for place, before, after in zip(places, looked_up, changed, strict=True):
                place += (before != after).long() << bit
        for place, call in zip(places, looked_up, strict=True):
            place -= 1
            if bool((place < 0).all()):
                continue
            own = call.ndim == 2 and len(call) == len(ids) and int(place.max()) < ids.shape[1]
            if not own or not bool(((place < 0) | (ids.gather(1, place.clamp(min=0)) == call)).all()):
                raise _without_gradients(_ARITHMETIC)
        return [place if bool((place >= 0).any()) else None for place in places]

    def _other_words(self, ids: Tensor) -> Tensor:
        """Another word for each (N, T), never PAD, which a network may take for the end."""
        size, padding = self.network.embedding.num_embeddings, self.network.embedding.padding_idx or 0
        other = (ids + 1) % size
        return torch.where(other == padding, (other + 1) % size, other)

    @torch.no_grad()
    def _looked_up(self, ids: Tensor, mask: Tensor) -> list[Tensor]:
        calls: list[Tensor] = []
        with _calls(self.network.embedding, calls):
            self.network(ids, mask)
        return [self._in_rows(call) for call in calls]


def _without_gradients(reason: str) -> NetworkError:
    return NetworkError(f"{_PREFIX}{reason}{_CURE}")


@contextmanager
def _calls(embedding: Any, calls: list[Tensor]) -> Iterator[None]:
    handle = embedding.register_forward_pre_hook(lambda _, inputs: calls.append(inputs[0].clone()))
    try:
        yield
    finally:
        handle.remove()


def _same(looked_up: Tensor, ids: Tensor) -> bool:
    return looked_up is ids or (looked_up.shape == ids.shape and bool(torch.equal(looked_up, ids)))
