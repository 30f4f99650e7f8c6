"""Baselines: the input x′ that a text is compared with.

A baseline is a point in the embedding space, one row per real token; padding is zero there as it is in the text.
"""

from typing import Literal, get_args

import torch
from torch import Tensor

from attribkit.errors import InputError

BaselineName = Literal["pad", "zero", "unk", "mean"]
NAMES: tuple[str, ...] = get_args(BaselineName)


def ids(name: str, mask: Tensor, pad_id: int, unk_id: int, text: Tensor | None = None) -> Tensor | None:
    """The baseline as token ids (B, T), or None if it is no sequence of tokens ("zero", "mean").

    Args:
        name: "pad", "unk", or "text" for the tokens given as `text`.
        mask: (B, T) bool, the text's own mask, which the baseline keeps.
        pad_id: the number of PAD in the vocabulary.
        unk_id: the number of UNK in the vocabulary.
        text: (L,) ids of a baseline text, cut to each text's length or filled with PAD.
    """
    if name in ("zero", "mean"):
        return None
    baseline = torch.full(mask.shape, pad_id, dtype=torch.int64, device=mask.device)
    if name == "unk":
        baseline[mask] = unk_id
    if name == "text":
        if text is None:
            raise InputError("a baseline text needs its token ids, got none")
        length = min(len(text), mask.shape[1])
        baseline[:, :length] = text[:length].to(mask.device)
        baseline[~mask] = pad_id
    return baseline


def embedded(name: str, weight: Tensor, mask: Tensor, pad_id: int, unk_id: int, text: Tensor | None = None) -> Tensor:
    """The baseline as embeddings (B, T, E), exactly zero at padding.

    Args:
        name: "pad", "zero", "unk", "mean" (of the embedding's rows without PAD's), or "text".
        weight: (V, E), the embedding's table.
        mask: (B, T) bool, as for `ids`.
        pad_id: the number of PAD in the vocabulary.
        unk_id: the number of UNK in the vocabulary.
        text: as for `ids`.
    """
    if name not in (*NAMES, "text"):
        raise InputError(f"`baseline` must be one of {', '.join(NAMES)} or a text, got {name!r}")
    tokens = ids(name, mask, pad_id, unk_id, text)
    if tokens is not None:
        rows = weight[tokens]
    elif name == "zero":
        rows = torch.zeros(*mask.shape, weight.shape[1], dtype=weight.dtype, device=weight.device)
    else:
        mean = (weight.sum(0) - weight[pad_id]) / (len(weight) - 1)
        rows = mean.expand(*mask.shape, -1)
    return rows * mask.unsqueeze(-1)
