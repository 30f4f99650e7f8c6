"""What is drawn within leaves no trace, error or not; a seed makes it repeatable."""

import random

import numpy as np
import pytest
import torch

from attribkit.random_state import preserve_random_state


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.random()), float(torch.rand(()))


@pytest.mark.parametrize("cuda", [True, False])
@pytest.mark.parametrize("seed", [None, 3, 2**40])
def test_the_states_are_given_back_error_or_not(cuda: bool, seed: int | None) -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = draw()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with preserve_random_state(cuda, seed):
        first = draw()
    with pytest.raises(KeyError), preserve_random_state(cuda, seed):
        assert draw() == first
        raise KeyError
    assert (first == expected) == (seed is None)
    assert draw() == expected
