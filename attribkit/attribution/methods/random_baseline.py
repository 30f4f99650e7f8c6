"""Random scores, and random draws that can be repeated and leave no trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from threading import RLock

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from attribkit.attribution.request import AttributionRequest, MethodResult, one_by_one
from attribkit.random_state import preserve_random_state

DRAWING = RLock()
"""Held by whoever sets the random states of the process and draws from them."""


def seed_of(ids: NDArray[np.int64], seed: int) -> int:
    """A text's own seed, made of the run's seed and of the text's tokens (T,).

    With the run's alone all texts of one length would get the same draws, so that their errors would not average out.
    """
    tokens = ids.astype("<i8").tobytes()
    return int.from_bytes(blake2b(tokens + str(seed).encode(), digest_size=4).digest(), "little")


def points_on_path(ids: NDArray[np.int64], seed: int, count: int) -> NDArray[np.float64]:
    """(S,) points drawn uniformly from [0, 1) for a text with these ids (T,)."""
    return np.random.default_rng(seed_of(ids, seed)).uniform(size=count)


def spread(errors: NDArray[np.float64], degrees: ArrayLike = np.inf) -> NDArray[np.float64]:
    """How far the score of another run, with as many other draws, lies away in 95 % of cases.

    The standard deviation of the difference of two independent estimates is √2 times that of one: t · √2 · standard
    error, the repeatability limit of ISO 5725-6.

    Args:
        errors: standard errors.
        degrees: of freedom that they were estimated with; infinite if they are known.
    """
    from scipy.special import stdtrit  # which takes a while to load

    width: NDArray[np.float64] = stdtrit(degrees, 0.975) * np.sqrt(2) * errors
    return width


@contextmanager
def seeded(text: AttributionRequest) -> Iterator[None]:
    """Seed the random states of Python, NumPy and torch by the seed and a text's tokens; afterwards they are as before.

    They belong to the whole process: of several threads that explain, one draws at a time.
    """
    seed = seed_of(text.ids.cpu().numpy(), text.seed)
    with DRAWING, preserve_random_state(seed=seed):
        yield


def random(request: AttributionRequest) -> MethodResult:
    """Independent standard normal numbers: a reference that any useful method must beat."""

    def draw(text: AttributionRequest) -> tuple[torch.Tensor, int]:
        with seeded(text):
            return torch.randn(len(text.targets), text.ids.shape[1], dtype=torch.float64), 0

    note = f"drawn by chance with seed {request.seed}, as a reference; the model and the baseline have no part in it"
    scores, steps = one_by_one(request, draw)
    away = torch.from_numpy(spread(request.mask.cpu().numpy().astype(float))).expand(scores.shape)
    draws = torch.ones(len(request.ids), dtype=torch.int64)
    return MethodResult(scores, steps, None, (note,), draws=draws, spread=away)
