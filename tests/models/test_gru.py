from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attribkit.models import recurrence


def packed(rnn: nn.GRU, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What torch makes of each text up to its own end."""
    rows = pack_padded_sequence(inputs, mask.sum(1), batch_first=True, enforce_sorted=False)
    outputs, state = rnn(rows)
    padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
    return padded, torch.cat(tuple(state[-2:] if rnn.bidirectional else state[-1:]), dim=-1)


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    bidirectional=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_states_and_every_gradient_are_those_of_a_packed_sequence(
    lengths: list[int], sizes: tuple[int, int, int], bidirectional: bool, seed: int
) -> None:
    size, hidden, layers = sizes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        rnn = nn.GRU(size, hidden, layers, batch_first=True, bidirectional=bidirectional).double()
        mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
        inputs = torch.randn(len(lengths), max(lengths), size, dtype=torch.double, requires_grad=True)
        wanted = torch.randn(len(lengths), max(lengths), hidden * (2 if bidirectional else 1), dtype=torch.double)
        final = torch.randn(len(lengths), wanted.shape[2], dtype=torch.double)

    def both(run: Any) -> tuple[Tensor, ...]:
        outputs, last = run(rnn, inputs, mask)
        scalar = (outputs * wanted).sum() + (last * final).sum()
        return (outputs, last, *torch.autograd.grad(scalar, [inputs, *rnn.parameters()]))

    for ours, theirs in zip(both(recurrence.run), both(packed), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def test_a_backward_pass_may_be_repeated() -> None:
    torch.manual_seed(0)
    rnn = nn.GRU(3, 2, batch_first=True, bidirectional=True)
    inputs = torch.randn(2, 5, 3, requires_grad=True)
    outputs, _ = recurrence.run(rnn, inputs, torch.ones(2, 5, dtype=torch.bool))
    first, second = (torch.autograd.grad(outputs.sum(), inputs, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("layers", [1, 2])
def test_with_and_without_gradients_the_states_are_the_same(layers: int) -> None:
    torch.manual_seed(0)
    rnn = nn.GRU(3, 4, layers, batch_first=True, bidirectional=True)
    inputs, mask = torch.randn(3, 6, 3), torch.arange(6) < torch.tensor([[6], [2], [1]])
    with torch.no_grad():
        expected, last = recurrence.run(rnn, inputs, mask)
    outputs, final = recurrence.run(rnn, inputs, mask)
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(final, last, rtol=1e-5, atol=1e-6)
