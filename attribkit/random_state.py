"""The random states of Python, NumPy and torch, which belong to the whole process."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def preserve_random_state(cuda: bool = True, seed: int | None = None) -> Iterator[None]:
    """Restore the random states of Python, NumPy and torch afterwards, also after an error.

    Args:
        cuda: whether the states of every GPU are included, which initialises CUDA if there is one.
        seed: sets the states meanwhile; None leaves them.
    """
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if cuda else ()):
            if seed is not None:
                random.seed(seed)
                np.random.seed(seed % 2**32)
                torch.manual_seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
