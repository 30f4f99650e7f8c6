from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attribkit.errors import InputError
from attribkit.models import precision, recurrence


def packed(rnn: nn.RNNBase, inputs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """What torch makes of each text up to its own end."""
    rows = pack_padded_sequence(inputs, mask.sum(1), batch_first=True, enforce_sorted=False)
    outputs, state = rnn(rows)
    hidden = state[0] if isinstance(state, tuple) else state
    padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.shape[1])
    return padded, torch.cat(tuple(hidden[-2:] if rnn.bidirectional else hidden[-1:]), dim=-1)


@given(
    cell=st.sampled_from(sorted(recurrence.CELLS)),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    bidirectional=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_states_and_every_gradient_are_those_of_a_packed_sequence(
    cell: str, lengths: list[int], sizes: tuple[int, int, int], bidirectional: bool, seed: int
) -> None:
    size, hidden, layers = sizes
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        rnn = recurrence.CELLS[cell](size, hidden, layers, batch_first=True, bidirectional=bidirectional).double()
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


@pytest.mark.parametrize("cell", sorted(recurrence.CELLS))
def test_a_backward_pass_may_be_repeated(cell: str) -> None:
    torch.manual_seed(0)
    rnn = recurrence.CELLS[cell](3, 2, batch_first=True, bidirectional=True)
    inputs, mask = torch.randn(2, 5, 3, requires_grad=True), torch.arange(5) < torch.tensor([[5], [3]])
    outputs, _ = recurrence.run(rnn, inputs, mask)
    first, second = (torch.autograd.grad(outputs.sum(), inputs, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("cell", sorted(recurrence.CELLS))
@pytest.mark.parametrize("layers", [1, 2])
def test_with_and_without_gradients_the_states_are_the_same(cell: str, layers: int) -> None:
    torch.manual_seed(0)
    rnn = recurrence.CELLS[cell](3, 4, layers, batch_first=True, bidirectional=True)
    for lengths in ([6, 2, 1], [6, 6, 6]):
        inputs, mask = torch.randn(3, 6, 3), torch.arange(6) < torch.tensor(lengths).unsqueeze(1)
        with torch.no_grad():
            expected, last = recurrence.run(rnn, inputs, mask)
        outputs, final = recurrence.run(rnn, inputs, mask)
        torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(final, last, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("cell", sorted(recurrence.CELLS))
def test_half_the_bits_change_states_and_gradients_by_little(cell: str) -> None:
    torch.manual_seed(0)
    rnn = recurrence.CELLS[cell](8, 6, batch_first=True, bidirectional=True)
    if not precision.trains_in_bfloat16(type(rnn), torch.device("cpu")):
        with pytest.raises(InputError, match=f"needs a layer {type(rnn).__name__} .* train with precision='float32'$"):
            precision.check_bfloat16(rnn, torch.device("cpu"))
        return
    inputs, mask = torch.randn(3, 9, 8, requires_grad=True), torch.arange(9) < torch.tensor([[9], [4], [1]])
    wanted = torch.randn(3, 9, 12)

    def run(narrow: bool) -> tuple[Tensor, ...]:
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            outputs, _ = recurrence.run(rnn, inputs, mask)
        return (outputs, *torch.autograd.grad((outputs.float() * wanted).sum(), [inputs, *rnn.parameters()]))

    for half, whole in zip(run(True), run(False), strict=True):
        error = (half.float() - whole).norm() / whole.norm()
        assert 0 < error < 0.02


def test_between_layers_a_text_loses_whole_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def keep(rows: Tensor, share: float, training: bool) -> Tensor:
        seen.append(drop(rows, share, training))
        return seen[-1]

    drop = recurrence.drop_columns
    monkeypatch.setattr(recurrence, "drop_columns", keep)
    torch.manual_seed(0)
    rnn = nn.LSTM(3, 8, 3, batch_first=True, bidirectional=True, dropout=0.5)
    recurrence.run(rnn, torch.randn(4, 5, 3), torch.ones(4, 5, dtype=torch.bool))
    assert len(seen) == 2
    for rows in seen:
        gone = rows == 0
        assert torch.equal(gone, gone[:, :1].expand_as(gone))
        assert 0.2 < gone.double().mean() < 0.8
