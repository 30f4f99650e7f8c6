from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from attribkit.models import keeps_contract
from attribkit.models.attention_rnn import AttentionRNN, AttentionRNNSettings
from attribkit.models.registry import ARCHITECTURES

VOCABULARY = 9
texts = st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=4)
extras = st.integers(0, 7)


@st.composite
def networks(draw: st.DrawFn) -> AttentionRNN:
    chosen = AttentionRNNSettings(
        vocabulary=VOCABULARY,
        classes=draw(st.integers(2, 4)),
        embedding_size=draw(st.integers(1, 5)),
        cell=draw(st.sampled_from(["rnn", "gru", "lstm"])),
        hidden=draw(st.integers(1, 5)),
        layers=draw(st.integers(1, 2)),
        bidirectional=draw(st.booleans()),
        scorer=draw(st.sampled_from(["linear", "tanh"])),
        linear=tuple(draw(st.lists(st.integers(1, 4), max_size=2))),
    )
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 1_000)))
        network = AttentionRNN(chosen)
    return network.eval()


def by_hand(network: AttentionRNN, text: list[int]) -> tuple[Tensor, Tensor]:
    """Logits (C,) and attention (T,) of one text, by the formula, token by token."""
    states = network.rnn(network.embedding.weight[text].unsqueeze(0))[0][0]
    query = network.attention.weight[0]
    scores = []
    for state in states:
        key = state
        if network.settings.scorer == "tanh":
            assert network.projection is not None
            key = torch.tanh(network.projection.weight @ state + network.projection.bias)
        scores.append(query @ key)
    exponentials = torch.stack(scores).exp()
    attention = exponentials / exponentials.sum()
    hidden = sum((weight * state for weight, state in zip(attention, states, strict=True)), torch.zeros_like(states[0]))
    for layer in network.linear:
        hidden = (layer[0].weight @ hidden + layer[0].bias).clamp(min=0)  # type: ignore[index]
    return network.output.weight @ hidden + network.output.bias, attention


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_padding_never_matters(laws: Any, network: AttentionRNN, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_never_matters(network, rows, extra)


@given(networks(), texts, extras)
@settings(max_examples=60, deadline=None)
def test_attention_is_a_share_of_the_real_tokens(
    laws: Any, network: AttentionRNN, rows: list[list[int]], extra: int
) -> None:
    laws.assert_attention_is_a_share_of_the_real_tokens(network, rows, extra)


@given(networks(), texts, extras)
@settings(max_examples=40, deadline=None)
def test_padding_takes_no_gradient(laws: Any, network: AttentionRNN, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_takes_no_gradient(network, rows, extra)


@given(networks(), texts)
@settings(max_examples=30, deadline=None)
def test_a_row_without_tokens_gives_numbers_and_no_attention(
    laws: Any, network: AttentionRNN, rows: list[list[int]]
) -> None:
    laws.assert_a_row_without_tokens_gives_numbers(network, rows)
    ids, mask = laws.batch(rows)
    assert not network.attend(ids, torch.zeros_like(mask))[1].any()


@given(networks(), texts)
@settings(max_examples=40, deadline=None)
def test_logits_and_attention_are_those_of_the_formula(laws: Any, network: AttentionRNN, rows: list[list[int]]) -> None:
    network = network.double()
    with torch.no_grad():
        logits, weights = network.attend(*laws.batch(rows))
        for row, text in enumerate(rows):
            expected, attention = by_hand(network, text)
            assert torch.allclose(logits[row], expected, rtol=1e-10, atol=1e-12)
            assert torch.allclose(weights[row, : len(text)], attention, rtol=1e-10, atol=1e-12)


@given(networks())
@settings(max_examples=20, deadline=None)
def test_a_one_token_text_gets_all_the_attention(laws: Any, network: AttentionRNN) -> None:
    with torch.no_grad():
        assert network.attend(*laws.batch([[5]]))[1].tolist() == [[1.0]]


def test_the_network_keeps_the_contract() -> None:
    network = AttentionRNN(AttentionRNNSettings(VOCABULARY, 2))
    assert keeps_contract(network)
    assert type(ARCHITECTURES["attention-rnn"].build(vocabulary=3, classes=2)) is AttentionRNN
    assert not network.embedding.weight[0].any()


@pytest.mark.parametrize(("name", "value"), [("cell", "cnn"), ("scorer", "dot")])
def test_an_unknown_choice_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be .*, got '{value}'"):
        AttentionRNNSettings(VOCABULARY, 2, **{name: value})  # type: ignore[arg-type]
