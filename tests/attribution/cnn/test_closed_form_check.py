"""A network that is only named like a text CNN is explained rightly, and not by the text CNN's closed form."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerIntegratedGradients
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from attribkit.attribution.choice import choose, why_not_exact
from attribkit.errors import InputError
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.results.panels import TokenScores
from attribkit.text.word_index import WordIndex

VOCABULARY = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad and long".split())}
TEXT = "the film was not very good and long"


class CNN(nn.Module):
    """A text CNN as one writes it by hand; what follows differs from it in one thing."""

    def __init__(self, widths: tuple[int, ...] = (2, 3), **options: Any) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.embedding = nn.Embedding(len(VOCABULARY), 6, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(6, 4, width, **{"padding": width - 1, **options}) for width in widths
        )
        self.output = nn.Linear(4 * len(widths), 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.output(torch.cat([self.pool(self.windows(ids, mask, each)) for each in self.convolutions], dim=1))

    def windows(self, ids: Tensor, mask: Tensor, convolution: Any) -> Tensor:
        found = convolution((self.embedding(ids) * mask.unsqueeze(2)).transpose(1, 2))
        edge = convolution.kernel_size[0] - 1
        holds = F.pad(mask, (edge, edge)).unfold(1, edge + 1, 1).any(2)
        return found.masked_fill(~holds.unsqueeze(1), -torch.inf) if holds.shape[1] == found.shape[2] else found

    def pool(self, windows: Tensor) -> Tensor:
        return windows.relu().amax(2)


class Average(CNN):
    def pool(self, windows: Tensor) -> Tensor:
        return windows.relu().mean(2)


class NoReLU(CNN):
    def pool(self, windows: Tensor) -> Tensor:
        return windows.amax(2)


class Tanh(CNN):
    def pool(self, windows: Tensor) -> Tensor:
        return windows.tanh().amax(2)


class LeakyReLU(CNN):
    def pool(self, windows: Tensor) -> Tensor:
        return F.leaky_relu(windows, 0.3).amax(2)


class Normalised(CNN):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.norm.num_batches_tracked = None
        self.norm.register_buffer("running_var", torch.full((4,), 0.3))

    def pool(self, windows: Tensor) -> Tensor:
        return self.norm(windows).relu().amax(2)


class Residual(CNN):
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        mean = (self.embedding(ids) * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
        return super().forward(ids, mask) + mean[:, :2]


class OtherOrder(CNN):
    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        parts = [self.pool(self.windows(ids, mask, each)) for each in self.convolutions]
        return self.output(torch.cat(parts[::-1], dim=1))


class TwoLayers(CNN):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(8, 8)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        pooled = torch.cat([self.pool(self.windows(ids, mask, each)) for each in self.convolutions], dim=1)
        return self.output(self.hidden(pooled).tanh())


class SequentialOutput(CNN):
    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Sequential(nn.Linear(8, 5), nn.Tanh(), nn.Linear(5, 2))  # type: ignore[assignment]  # a base class has a Linear there


class Computed(CNN):
    def __init__(self) -> None:
        super().__init__()
        nn.utils.parametrizations.weight_norm(self.output)


class Longer(CNN):
    """Reads a long text otherwise: no small input tells of it, only the text does."""

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return super().forward(ids, mask) * (1.0 + (mask.sum(1, keepdim=True) > 6))


DIFFERENT: dict[str, Callable[[], CNN]] = {
    "stride": lambda: CNN(stride=2),
    "dilation": lambda: CNN(dilation=2),
    "groups": lambda: CNN(groups=2),
    "padding": lambda: CNN(padding=1),
    "padding mode": lambda: CNN(padding_mode="circular"),
    "same": lambda: CNN((3, 5), padding="same"),
    "average pool": Average,
    "no ReLU": NoReLU,
    "tanh": Tanh,
    "leaky ReLU": LeakyReLU,
    "batch norm": Normalised,
    "residual": Residual,
    "order": OtherOrder,
    "two layers": TwoLayers,
    "sequential output": SequentialOutput,
    "weight norm": Computed,
    "long texts": Longer,
}


def classifier(network: nn.Module) -> Classifier:
    return Classifier(network.double().eval(), WordIndex(VOCABULARY), ("neg", "pos"))


def scores_of(network: nn.Module, **options: Any) -> TokenScores:
    (panel,) = explain(classifier(network), TEXT, views=["attribution"], target="pos", **options).panels()
    assert isinstance(panel, TokenScores)
    return panel


def slow(network: Any, baseline: int = 0, steps: int = 2_000) -> np.ndarray[Any, Any]:
    """What Captum says with very many steps."""
    ids = torch.tensor([[VOCABULARY[word] for word in TEXT.split()]])
    mask = torch.ones_like(ids, dtype=torch.bool)

    def log_odds(ids: Tensor, mask: Tensor) -> Tensor:
        logits = network(ids, mask.expand(len(ids), -1))
        return logits[:, 1] - logits[:, 0]

    found = LayerIntegratedGradients(log_odds, network.embedding).attribute(
        ids, torch.full_like(ids, baseline), additional_forward_args=(mask,), n_steps=steps,
        method="riemann_middle", internal_batch_size=500,
    )  # fmt: skip
    return found.sum(2)[0].detach().numpy()


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_network_named_like_a_text_cnn_is_explained_for_what_it_is(name: str) -> None:
    network = DIFFERENT[name]()
    panel, right = scores_of(network), slow(network)
    assert panel.method == "quadrature" and panel.steps > 0
    assert panel.notes[0].startswith("by quadrature, not by the closed form of a text CNN: ")
    if panel.converged:
        assert np.abs(panel.scores - right).max() <= 1e-3 * np.abs(right).sum()
    else:  # kinks: it says so, and is near
        assert np.abs(panel.scores - right).max() <= 5e-2 * np.abs(right).sum()
    with pytest.raises(InputError, match=r"method='exact' needs a network with a closed form.*use method='quadrature'"):
        scores_of(network, method="exact")


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("method", ["leave_one_out", "gradient_shap"])
def test_no_other_method_takes_its_windows_for_a_text_cnns(name: str, method: str) -> None:
    network = DIFFERENT[name]()
    panel = scores_of(network, method=method)
    ids = torch.tensor([[VOCABULARY[word] for word in TEXT.split()]])
    mask = torch.ones_like(ids, dtype=torch.bool)
    if method == "leave_one_out":
        for place, score in enumerate(panel.scores):
            without = ids.clone()
            without[0, place] = 0
            with torch.no_grad():
                whole, left = (network(one, mask)[0] for one in (ids, without))
            assert score == pytest.approx(float(whole[1] - whole[0] - left[1] + left[0]), abs=1e-9)
    else:
        right = slow(network)
        assert np.abs(panel.scores - right).max() <= 0.1 * np.abs(right).sum()


@pytest.mark.parametrize("baseline", ["pad", "unk", "mean", "good"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_text_cnn_written_by_hand_has_the_closed_form(baseline: str, dtype: torch.dtype) -> None:
    network = CNN()
    panel = scores_of(network, baseline=baseline)
    assert panel.method == "exact" and panel.steps == 0 and panel.converged
    assert not any("by quadrature" in note for note in panel.notes)
    if baseline == "unk":
        assert np.abs(panel.scores - slow(network, 1)).max() <= 1e-3 * np.abs(panel.scores).sum()
    assert choose(None, network.to(dtype)) == "exact"


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_without_relu_is_told_though_text_and_baseline_agree(bias: bool) -> None:
    network = NoReLU(bias=bias)
    for convolution in network.convolutions:
        if bias:
            nn.init.ones_(convolution.get_parameter("bias"))
    assert why_not_exact(network.eval()) is not None
    assert scores_of(network).method == "quadrature"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2]),
    st.integers(-1, 1),
    st.booleans(),
)
def test_only_the_one_geometry_has_the_closed_form(
    widths: list[int], stride: int, dilation: int, groups: int, more: int, bias: bool
) -> None:
    network = CNN(tuple(widths))
    network.convolutions = nn.ModuleList(
        nn.Conv1d(6, 4, width, stride, max(width - 1 + more, 0), dilation, groups, bias) for width in widths
    )
    fits = stride == dilation == groups == 1 and all(max(width - 1 + more, 0) == width - 1 for width in widths)
    assert (why_not_exact(network.eval()) is None) == fits
    if max((width - 1) * dilation for width in widths) < 8:
        panel = scores_of(network)
        assert (panel.method == "exact") == fits
        if fits:
            assert panel.converged


def test_only_the_text_of_which_the_logits_differ_is_explained_otherwise() -> None:
    network, short = Longer(), "the film was good"
    both = explain(classifier(network), [TEXT, short], views=["attribution"], target="pos")
    long, own = (one.token_scores for one in both)
    assert (long.method, own.method) == ("quadrature", "exact") and own.converged
    assert "its logits for this text" in long.notes[0] and own.notes == ()


def test_asking_leaves_the_network_as_it_was() -> None:
    network = Normalised().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    assert why_not_exact(network) is not None
    assert network.training and network.norm.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
