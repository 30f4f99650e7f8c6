from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from attribkit.models import keeps_contract
from attribkit.models.adapters import Adapted

VOCABULARY = 9
texts = st.lists(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=9), min_size=1, max_size=5)
extras = st.integers(0, 7)


class Mean(nn.Module):
    """`forward(x)`: no notion of padding at all, and no zero row for it."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, 4)
        self.linear = nn.Linear(4, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x).mean(1))


class Packed(nn.Module):
    """`forward(x, lengths)`: a packed recurrent layer, as most tutorials have it."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, 4)
        self.rnn = nn.GRU(4, 3, batch_first=True)
        self.linear = nn.Linear(3, outputs)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.words(x), lengths, batch_first=True, enforce_sorted=False)
        return self.linear(self.rnn(packed)[1][0])


class Masked(nn.Module):
    """`forward(x, mask)`: attention of its own over real tokens."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, 4)
        self.linear = nn.Linear(4, outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        embedded = self.words(x) * mask.unsqueeze(-1)
        return self.linear(embedded.sum(1) / mask.sum(1, keepdim=True).clamp(min=1))


class Flat(Mean):
    """A single logit (B,), without a dimension for it."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze(1)


KINDS: dict[str, tuple[type[nn.Module], Any]] = {"mean": (Mean, "ids"), "packed": (Packed, "ids, lengths")}
KINDS["masked"] = (Masked, "ids, mask")


@st.composite
def networks(draw: st.DrawFn) -> Adapted:
    kind, inputs = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    single = draw(st.booleans())
    with torch.random.fork_rng():
        torch.manual_seed(draw(st.integers(0, 1_000)))
        network: Any = kind(1 if single else draw(st.integers(2, 4)))
    return Adapted(network, inputs, "logit" if single else "logits").eval()


@given(networks(), texts, extras)
@settings(max_examples=80, deadline=None)
def test_padding_never_matters(laws: Any, network: Adapted, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_never_matters(network, rows, extra)


@given(networks(), texts, extras)
@settings(max_examples=40, deadline=None)
def test_padding_takes_no_gradient(laws: Any, network: Adapted, rows: list[list[int]], extra: int) -> None:
    laws.assert_padding_takes_no_gradient(network, rows, extra)


@given(networks(), texts)
@settings(max_examples=30, deadline=None)
def test_a_row_without_tokens_gives_numbers(laws: Any, network: Adapted, rows: list[list[int]]) -> None:
    laws.assert_a_row_without_tokens_gives_numbers(network, rows)


@pytest.mark.parametrize("kind", [Mean, Flat])
def test_a_single_logit_is_the_log_odds_of_the_second_label(laws: Any, kind: type[Mean]) -> None:
    network = kind(1)
    ids, mask = laws.batch([[1, 2, 3], [4, 5, 6]])
    logits = Adapted(network, outputs="logit")(ids, mask)
    expected = network(ids).reshape(-1)
    assert torch.equal(logits[:, 1] - logits[:, 0], expected)
    assert torch.allclose(logits.softmax(1)[:, 1], expected.sigmoid())


def test_the_users_network_is_used_as_it_is() -> None:
    network = Mean(2)
    adapted = Adapted(network)
    assert adapted.network is network and adapted.embedding is network.words
    assert keeps_contract(adapted)
    assert [name for name, _ in adapted.named_parameters()] == [
        "network.words.weight", "network.linear.weight", "network.linear.bias",
    ]  # fmt: skip


def test_the_contract_asks_for_an_embedding_layer_and_a_call() -> None:
    class Silent:
        embedding = nn.Embedding(3, 2)

    plain: Any = nn.Linear(2, 2)
    assert not keeps_contract(plain)
    plain.embedding = nn.Linear(3, 2)
    assert not keeps_contract(plain)
    plain.embedding = nn.Embedding(3, 2)
    assert keeps_contract(plain) and not keeps_contract(Silent())


def test_one_of_several_embeddings_must_be_named() -> None:
    network = nn.ModuleList([nn.Embedding(3, 2), nn.Embedding(4, 2)])
    with pytest.raises(
        ValueError, match=r"the network must have one nn.Embedding, got 2; name it with `embedding=network"
    ):
        Adapted(network)
    assert Adapted(network, embedding=network[1]).embedding is network[1]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"must have one nn.Embedding, got 0"):
        Adapted(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("network", "outputs", "sentence"),
    [
        (Mean(1), "logits", r"logits of shape \(B, C\) with C ≥ 2, got \(1, 1\); pass outputs='logit'"),
        (Flat(1), "logits", r"with C ≥ 2, got \(1,\); pass outputs='logit'"),
        (Mean(2), "logit", r"a single-logit network must return \(B,\) or \(B, 1\), got \(1, 2\)"),
    ],
)
def test_outputs_of_the_wrong_shape_are_refused(laws: Any, network: nn.Module, outputs: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Adapted(network, outputs=outputs)(*laws.batch([[1, 2]]))


@pytest.mark.parametrize("options", [{"inputs": "mask"}, {"outputs": "scores"}])
def test_an_unknown_convention_is_refused(options: dict[str, Any]) -> None:
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"`{name}` must be .*, got '{value}'"):
        Adapted(Mean(2), **options)
