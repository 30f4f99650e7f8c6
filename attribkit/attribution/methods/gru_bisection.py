"""`bisected` of several texts whose gradients are written by hand: their pieces share batches, round by round."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from attribkit.attribution.methods.bisection import Answers, Asked, Pieces, follow, search
from attribkit.attribution.methods.gru_path import GRUPath
from attribkit.attribution.outputs import Target

_AT_ONCE = 32_768
"""Tokens of the points that are run together: as many points as are fastest, of a text of 256 tokens."""


def bisected_by_hand(
    path: GRUPath, targets: Sequence[Target], tolerance: float, max_steps: Sequence[int]
) -> list[Pieces]:
    """`bisected` of all texts of a path whose gradients are written by hand; their pieces share batches.

    Args:
        path: of B texts.
        targets: J scalars of these texts.
        tolerance: the largest sum of the pieces' errors, relative to Σ|scores|.
        max_steps: the most gradients computed of each text.
    """
    searches = [search(tolerance, most, torch.finfo(path.first.dtype).eps) for most in max_steps]
    return follow(searches, partial(_answers, path, targets))


def _answers(path: GRUPath, targets: Sequence[Target], asked: Asked) -> Answers:
    """What several texts are at the points that they ask for."""
    lengths, numbers = path.mask.sum(1).tolist(), torch.tensor(list(asked))
    inside, ends = (torch.cat(part) for part in zip(*asked.values(), strict=True))
    pieces, new = ([len(part) for part in parts] for parts in zip(*asked.values(), strict=True))
    by_piece, by_end = (numbers.repeat_interleave(torch.tensor(counts)) for counts in (pieces, new))
    slopes = _evaluated(path, targets, by_piece, inside, gradients=True)  # (J, P, N, T)
    outputs = _evaluated(path, targets, by_end, ends.unsqueeze(1), gradients=False).squeeze(2)
    by_text = zip(asked, slopes.split(pieces, 1), outputs.split(new, 1), strict=True)
    return {number: (rates[..., : lengths[number]], at_ends) for number, rates, at_ends in by_text}


def _evaluated(path: GRUPath, targets: Sequence[Target], texts: Tensor, points: Tensor, gradients: bool) -> Tensor:
    """S (J, P, N), or each token's part in dS/dα (J, P, N, T), of texts (P,) at points (P, N)."""
    longest, width = path.mask.shape[1], points.shape[1]
    shape = (len(targets), *points.shape, longest)
    values = torch.zeros(shape if gradients else shape[:3], dtype=torch.float64)
    texts_at_once, points_at_once = max(1, _AT_ONCE // (longest * width)), max(1, _AT_ONCE // longest)
    for begin in range(0, len(texts), texts_at_once):
        rows = slice(begin, begin + texts_at_once)
        for first in range(0, width, points_at_once):
            places = slice(first, first + points_at_once)
            alphas = points[rows, places]
            by_row = texts[rows].repeat_interleave(alphas.shape[1])
            own = [target.rows(by_row) for target in targets]
            _, scalars, slopes = path.evaluate(texts[rows], alphas.to(path.first.dtype), own, gradients)
            for number, part in enumerate(slopes if gradients else scalars):
                own_part = part.double().unflatten(0, alphas.shape)
                if gradients:
                    values[number, rows, places, : part.shape[1]] = own_part
                else:
                    values[number, rows, places] = own_part
    return values
