from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.models import keeps_contract
from attribkit.models.lstm import LSTMClassifier, LSTMSettings
from attribkit.models.registry import ARCHITECTURES

VOCABULARY = 9
texts = st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=4)
extras = st.integers(0, 7)


@st.composite
def networks(draw: st.DrawFn) -> LSTMClassifier:
    chosen = LSTMSettings(
        vocabulary=VOCABULARY,
        classes=draw(st.integers(2, 4)),
        embedding_size=draw(st.integers(1, 5)),
        hidden=draw(st.integers(1, 5)),
        layers=draw(st.integers(1, 2)),
        bidirectional=draw(st.booleans()),
        summary=draw(st.sampled_from(["final", "last", "mean", "max"])),
    )
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 1_000)))
        network = LSTMClassifier(chosen)
    return network.eval()


def by_hand(network: LSTMClassifier, text: list[int]) -> Tensor:
    """Logits (C,) of one text: Hochreiter's recurrence, step by step, in each direction."""
    hidden, inputs = network.settings.hidden, list(network.embedding.weight[text])
    finals: list[Tensor] = []
    for layer in range(network.settings.layers):
        ways = []
        for suffix in ("", "_reverse")[: 2 if network.settings.bidirectional else 1]:
            names = (f"{name}_l{layer}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            w, u, b, c = (getattr(network.rnn, name) for name in names)
            state, cell = torch.zeros(hidden, dtype=w.dtype), torch.zeros(hidden, dtype=w.dtype)
            outputs = []
            for x in inputs[::-1] if suffix else inputs:
                i, f, g, o = (w @ x + b + u @ state + c).split(hidden)
                cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
                state = o.sigmoid() * cell.tanh()
                outputs.append(state)
            ways.append(outputs[::-1] if suffix else outputs)
        finals = [way[0 if number else -1] for number, way in enumerate(ways)]
        inputs = [torch.cat(step) for step in zip(*ways, strict=True)]
    summaries = {
        "final": torch.cat(finals),
        "last": inputs[-1],
        "mean": torch.stack(inputs).mean(0),
        "max": torch.stack(inputs).max(0).values,
    }
    return network.output.weight @ summaries[network.settings.summary] + network.output.bias


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_padding_never_matters(laws: Any, network: LSTMClassifier, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_never_matters(network, rows, extra)


@given(networks(), texts, extras)
@settings(max_examples=40, deadline=None)
def test_padding_takes_no_gradient(laws: Any, network: LSTMClassifier, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_takes_no_gradient(network, rows, extra)


@given(networks(), texts)
@settings(max_examples=30, deadline=None)
def test_a_row_without_tokens_gives_numbers(laws: Any, network: LSTMClassifier, rows: list[list[int]]) -> None:
    laws.assert_a_row_without_tokens_gives_numbers(network, rows)


@given(networks(), texts)
@settings(max_examples=40, deadline=None)
def test_logits_are_those_of_the_recurrence(laws: Any, network: LSTMClassifier, rows: list[list[int]]) -> None:
    network = network.double()
    with torch.no_grad():
        logits = network(*laws.batch(rows))
        for row, text in enumerate(rows):
            assert torch.allclose(logits[row], by_hand(network, text), rtol=1e-10, atol=1e-12)


@given(networks())
@settings(max_examples=20, deadline=None)
def test_a_one_token_text_works(laws: Any, network: LSTMClassifier) -> None:
    with torch.no_grad():
        assert network(*laws.batch([[5]])).shape == (1, network.settings.classes)


def test_the_network_keeps_the_contract() -> None:
    network = LSTMClassifier(LSTMSettings(VOCABULARY, 2))
    assert keeps_contract(network) and type(ARCHITECTURES["lstm"].build(vocabulary=3, classes=2)) is LSTMClassifier
    assert not hasattr(network, "attend")
    assert not network.embedding.weight[0].any()


def test_an_unknown_summary_is_refused() -> None:
    with pytest.raises(ValueError, match="`summary` must be 'final', 'last', 'mean' or 'max', got 'first'"):
        LSTMSettings(VOCABULARY, 2, summary="first")  # type: ignore[arg-type]  # what a user may write


def test_every_forget_gate_begins_open() -> None:
    rnn = LSTMClassifier(LSTMSettings(VOCABULARY, 2, hidden=5, layers=2)).rnn
    biases = {name: bias for name, bias in rnn.named_parameters() if name.startswith("bias_ih")}
    assert len(biases) == 4 and all((bias[5:10] == 1).all() for bias in biases.values())
    assert all((bias[:5].abs() < 1).all() and (bias[10:].abs() < 1).all() for bias in biases.values())
