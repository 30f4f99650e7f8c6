"""Wrapping the networks users already have so that they keep the contract."""

from typing import Literal

import torch
from torch import Tensor, nn

from attribkit.errors import InputError


class Adapted(nn.Module):
    """A user's own network, adapted to the contract `forward(ids, mask) -> logits (B, C)`.

    A network that takes no mask would see padding; it is therefore run on texts of equal length, one group after
    another, so that padding never matters for it either.

    Args:
        network: the user's network, batch first, unchanged.
        inputs: what its forward takes: "ids" for `forward(x)`, "ids, lengths" for `forward(x, lengths)`, "ids, mask".
        outputs: "logits" (B, C), or "logit" for a single-logit network (B,) or (B, 1) trained with binary
            cross-entropy, whose number becomes the log-odds of the second label.
        embedding: the network's embedding layer; not needed if there is just one.

    Raises:
        ValueError: if the network has no embedding layer, or several and none was named.
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Literal["ids", "ids, lengths", "ids, mask"] = "ids",
        outputs: Literal["logits", "logit"] = "logits",
        embedding: nn.Embedding | None = None,
    ) -> None:
        super().__init__()
        if inputs not in ("ids", "ids, lengths", "ids, mask"):
            raise InputError(f"`inputs` must be 'ids', 'ids, lengths' or 'ids, mask', got {inputs!r}")
        if outputs not in ("logits", "logit"):
            raise InputError(f"`outputs` must be 'logits' or 'logit', got {outputs!r}")
        if embedding is None:
            embeddings = [module for module in network.modules() if isinstance(module, nn.Embedding)]
            if len(embeddings) != 1:
                raise InputError(
                    f"the network must have one nn.Embedding, got {len(embeddings)}; name it with `embedding=network.…`"
                )
            embedding = embeddings[0]
        self.network = network
        self.inputs = inputs
        self.outputs = outputs
        self.equal_lengths = inputs != "ids, mask"
        # not registered a second time: its weights belong to the network
        object.__setattr__(self, "embedding", embedding)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens."""
        if self.inputs == "ids, mask":
            return self._logits(self.network(ids, mask))
        lengths = mask.sum(1).clamp(min=1)
        distinct = lengths.unique()
        if len(distinct) == 1:
            return self._run(ids[:, : int(distinct[0])], lengths)
        order, parts = [], []
        for length in distinct.tolist():
            rows = (lengths == length).nonzero().squeeze(1)
            order.append(rows)
            parts.append(self._run(ids[rows, :length], lengths[rows]))
        return torch.cat(parts)[torch.cat(order).argsort()]

    def _run(self, ids: Tensor, lengths: Tensor) -> Tensor:
        if self.inputs == "ids, lengths":
            return self._logits(self.network(ids, lengths.cpu()))
        return self._logits(self.network(ids))

    def _logits(self, result: Tensor) -> Tensor:
        if self.outputs == "logits":
            if result.ndim != 2 or result.shape[1] < 2:
                raise InputError(
                    f"the network must return logits of shape (B, C) with C ≥ 2, got {tuple(result.shape)}; pass "
                    "outputs='logit' for a single-logit network"
                )
            return result
        single = result.reshape(len(result), -1)
        if single.shape[1] != 1:
            raise InputError(f"a single-logit network must return (B,) or (B, 1), got {tuple(result.shape)}")
        return torch.cat((torch.zeros_like(single), single), dim=1)
