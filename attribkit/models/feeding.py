"""A network's own forward pass with given vectors in place of its embedding's output."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from attribkit.errors import NetworkError
from attribkit.models.adapters import Adapted
from attribkit.models.capabilities import capabilities_of
from attribkit.models.lookups import CURE, NEVER, PREFIX, Lookup, find_lookups, mixes_texts, same, without_gradients
from attribkit.models.state import preserve_state


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
            return str(error).removeprefix(PREFIX).removesuffix(CURE)
        except RuntimeError as error:  # torch's own, of an operation that has no backward pass
            return f"torch says {str(error).splitlines()[0]!r}"
    return None


def embedding_fed(network: Any) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The network as a function of embedded texts, its own or `EmbeddingFed`."""
    if capabilities_of(network).fed_by_itself:
        own: Callable[[Tensor, Tensor, Tensor], Tensor] = network.fed
        return own
    return EmbeddingFed(network)


class EmbeddingFed:
    """The network's own forward pass with the embedding's output replaced.

    The hook that replaces it is there during the call alone: at other times the network need not mind it. A network
    that looks up something else than the text's ids as they are (its first words, windows of them, the ids shifted or
    turned round, both ends padded, the names of its labels) is answered call by call: what comes from a place of the
    text gets that place's vector, anything else the embedding's own (`attribkit.models.lookups`). One that sorts its
    batch is run text by text.

    Args:
        network: keeps the contract of `attribkit.models.Network`.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self._plain = True
        self._mixes: bool | None = None
        self._lookups: dict[tuple[tuple[int, ...], bytes], list[Lookup | None]] = {}

    def __call__(self, embedded: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (N, C) of vectors (N, T, E); ids (N, T) and mask (N, T) still reach the network.

        Raises:
            NetworkError: if the network never calls its embedding, or looks up ids made from the text's by arithmetic.
        """
        if isinstance(self.network, Adapted) and bool((ids != ids[0]).any()):  # versions of one text cannot be mixed up
            if self._mixes is None:
                self._mixes = mixes_texts(self.network, ids[:1], mask[:1])
            if self._mixes:
                return torch.cat([self(embedded[row], ids[row], mask[row]) for row in torch.arange(len(ids)).split(1)])
        if self._plain:
            logits, plain = self._fed(embedded, ids, mask, None)
            if plain:
                return logits
            self._plain = False
        return self._fed(embedded, ids, mask, self._lookups_of(ids, mask))[0]

    def _fed(
        self,
        embedded: Tensor,
        ids: Tensor,
        mask: Tensor,
        lookups: tuple[list[Lookup | None], Tensor] | None,
    ) -> tuple[Tensor, bool]:
        """Logits, and whether the embedding was called once and with the text's ids as they are."""
        calls, plain = 0, True

        def feed(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
            nonlocal calls, plain
            calls += 1
            if lookups is None:
                plain = calls == 1 and same(inputs[0], ids)
                # a copy, for the network may write into it
                return embedded.clone() if plain else None
            lookup = lookups[0][calls - 1]
            return None if lookup is None else lookup.fed(output, embedded, lookups[1])

        handle = self.network.embedding.register_forward_hook(feed)
        try:
            logits: Tensor = self.network(ids, mask)
        finally:
            handle.remove()
        if not calls:
            raise without_gradients(NEVER)
        return logits, plain

    def _lookups_of(self, ids: Tensor, mask: Tensor) -> tuple[list[Lookup | None], Tensor]:
        """What the network looks up for the distinct texts among (N, T), and (N,) which of them each is."""
        distinct, text = torch.unique(ids, dim=0, return_inverse=True)
        key = (tuple(distinct.shape), distinct.cpu().numpy().tobytes())
        if key not in self._lookups:
            first = torch.zeros(len(distinct), dtype=torch.int64, device=ids.device)
            first.scatter_(0, text, torch.arange(len(ids), device=ids.device))
            self._lookups[key] = find_lookups(self.network, distinct, mask[first])
        return self._lookups[key], text
