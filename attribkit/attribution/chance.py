"""Chance, tamed: draws that can be repeated and leave no trace, and scores that know nothing of the model."""

import random as python
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch

from attribkit.attribution.problem import Problem, Solution, one_by_one


@contextmanager
def seeded(text: Problem) -> Iterator[None]:
    """The random states of Python, NumPy and torch set by the seed and by a text's tokens; afterwards as found.

    The seed alone would give all texts of one length the same draws, so that their errors would not average out.
    """
    tokens = text.ids.cpu().numpy().astype("<i8").tobytes()
    seed = int.from_bytes(blake2b(tokens + str(text.seed).encode(), digest_size=4).digest(), "little")
    before, legacy = python.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            python.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            yield
    finally:
        python.setstate(before)
        np.random.set_state(legacy)


def random(problem: Problem) -> Solution:
    """Independent standard normal numbers: the reference that a method worth its price must beat."""

    def draw(text: Problem) -> tuple[torch.Tensor, int]:
        with seeded(text):
            return torch.randn(len(text.targets), text.ids.shape[1], dtype=torch.float64), 0

    note = f"drawn by chance with seed {problem.seed}, as a reference; the model and the baseline have no part in it"
    return Solution(*one_by_one(problem, draw), None, (note,))
