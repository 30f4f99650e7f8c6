"""A network's layers are found by what their outputs do, and its hooks are always removed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from attribkit.models.classifier import Classifier
from attribkit.models.layers import before_last, choose_layers, find_layers, watched

CPU = torch.device("cpu")


def shapes(classifier: Classifier) -> dict[str, str]:
    return dict(zip(*(classifier.layers()[column] for column in ("layer", "shape")), strict=True))


def test_the_layers_of_each_network_are_listed_with_their_shapes(make_classifier: Callable[..., Classifier]) -> None:
    assert shapes(make_classifier("cnn", widths=(1, 4))) == {
        "embedding": "(B, T, 8)",
        "embedding_dropout": "(B, T, 8)",
        "convolutions.0": "(B, 6, T)",
        "convolutions.1": "(B, 6, T + 3)",
        "dropout": "(B, 12)",
        "output": "(B, 2)",
    }
    found = shapes(make_classifier("attention-rnn"))
    assert found["rnn"] == "(B, T, 10)" and found["attention"] == "(B, T, 1)" and list(found)[-1] == "output"
    assert list(make_classifier("lstm").layers().columns) == ["layer", "module", "shape"]


class Odd(nn.Module):
    """Time first, a convolution without padding, a pooling over all, and a module that is never called."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.rnn = nn.LSTM(4, 3)
        self.narrow = nn.Conv1d(3, 5, 3)
        self.pool = nn.AdaptiveMaxPool1d(1)
        self.idle = nn.Linear(1, 1)
        self.counts = Counts()
        self.output = nn.Linear(5, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        states, _ = self.rnn(self.embedding(ids).transpose(0, 1))
        self.counts(ids)
        return self.output(self.pool(self.narrow(states.permute(1, 2, 0))).squeeze(2))


class Counts(nn.Module):
    def forward(self, ids: Tensor) -> dict[str, int]:
        return {"texts": len(ids)}


def test_axes_are_found_whatever_their_order() -> None:
    layers = find_layers(network := Odd().eval(), 1, CPU)
    assert {layer.name: layer.shape for layer in layers} == {
        "embedding": "(B, T, 4)",
        "rnn": "(T, B, 3)",
        "counts": "no row per text",
        "narrow": "(B, 5, T − 2)",
        "pool": "(B, 5, 1)",
        "output": "(B, 2)",
    }
    by_name = {layer.name: layer for layer in layers}
    assert by_name["rnn"].arranged(torch.zeros(7, 2, 3)).shape == (2, 7, 3)
    assert by_name["narrow"].arranged(torch.zeros(2, 5, 7)).shape == (2, 7, 5)
    assert by_name["pool"].arranged(torch.zeros(2, 5, 1)).shape == (2, 5)
    assert before_last(network, 1, CPU).name == "pool"
    shapes = [(7, 2, 3), (7, 2), (6, 2, 3)]
    assert [by_name["rnn"].fits(torch.zeros(shape), 7) for shape in shapes] == [True, False, False]
    with pytest.raises(ValueError, match="'counts' puts out no row per text; take one of 'embedding', 'rnn'"):
        choose_layers(["counts"], layers)
    with pytest.raises(ValueError, match=r"one of 'embedding', .*got 'idle'"):
        choose_layers(["idle"], layers)
    with pytest.raises(ValueError, match="did you mean 'narrow'"):
        choose_layers(["narow"], layers)
    with pytest.raises(ValueError, match="got none"):
        choose_layers([], layers)
    with pytest.raises(ValueError, match="no layer before its last one"):
        before_last(Alone(), 1, CPU)


class Alone(nn.Module):
    """Nothing stands before its last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.embedding(ids).mean(1)


class Pools(nn.Module):
    """Reads a text and sums it up inline, as users' own networks do."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.own = nn.Parameter(torch.ones(1))  # which makes it no last layer
        self.embedding = nn.Embedding(9, 4)
        self.rnn = nn.GRU(4, 3, batch_first=True)
        self.convolution = nn.Conv1d(4, 5, 3, padding=2)
        self.scorer = nn.Linear(3, 1)
        self.gate = nn.Linear(3, 3)
        self.first = nn.Linear(3, 6)
        self.act = nn.ReLU(inplace=True)
        self.output = nn.Linear({"hidden": 6, "filters": 5, "words": 4}.get(how, 3), 2)
        self.softmax = nn.LogSoftmax(1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        if self.how == "filters":
            return self.output(self.convolution(embedded.transpose(1, 2)).relu().amax(2))
        if self.how == "words":
            return self.output(embedded.mean(1))
        states, final = self.rnn(embedded)
        if self.how == "final":
            return self.output(final[-1])
        if self.how == "hidden":
            return self.softmax(self.output(self.act(self.first(final[-1]))))
        if self.how == "gated":
            return self.output(self.gate(final[-1]).sigmoid())
        scores = self.scorer(states)
        return self.output((scores.softmax(1) * states).sum(1))


class Wrapped(nn.Module):
    def __init__(self, how: str) -> None:
        super().__init__()
        self.inside = Pools(how)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.inside(ids, mask)


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("attends", "rnn"),  # not the scorer, (B, T, 1)
        ("final", "rnn"),
        ("filters", "convolution"),
        ("words", "embedding"),  # the only one there is
        ("hidden", "act"),  # whose output the last layer with weights reads as it is
        ("gated", "gate"),  # the last with one vector per text
    ],
)
def test_what_the_last_layer_reads_is_found_though_the_network_pools_by_itself(how: str, name: str) -> None:
    network = Wrapped(how).eval()
    assert before_last(network, 1, CPU).name == f"inside.{name}"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


class Averages(nn.Module):
    """Two layers that are neither recurrent nor convolutional, and a mean that is no module's."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 4)
        self.mixer = nn.Linear(4, 4)
        self.output = nn.Linear(4, 2)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.output(self.mixer(self.embedding(ids)).mean(1))


def test_where_it_cannot_be_told_what_the_last_layer_reads_a_layer_must_be_named() -> None:
    network = Averages().eval()
    message = "the last layer, 'output', reads no other layer's output as it is; name one of 'embedding', 'mixer' with"
    with pytest.raises(ValueError, match=message):
        before_last(network, 1, CPU)


def test_layers_come_in_the_networks_order_whatever_the_names_order() -> None:
    layers = find_layers(Odd().eval(), 1, CPU)
    assert [layer.name for layer in choose_layers(["output", "rnn", "output"], layers)] == ["rnn", "output"]


def test_hooks_are_gone_afterwards_also_after_an_error() -> None:
    network = Odd()
    ids = torch.ones(2, 9, dtype=torch.int64)
    with watched(network, ["rnn", "narrow"]) as outputs:
        network(ids, ids > 0)
    assert list(outputs) == ["rnn", "narrow"]
    with pytest.raises(KeyError), watched(network, ["rnn", "nowhere"]):
        pass
    with pytest.raises(RuntimeError, match="broke"), watched(network, ["rnn"]):
        raise RuntimeError("broke")
    assert not any(module._forward_hooks for module in network.modules())


def test_what_is_seen_is_kept_though_the_network_writes_over_it() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True))
    with watched(network, ["0"]) as outputs:
        network(x := torch.randn(50, 2))
    seen = outputs["0"]
    assert seen is not None
    torch.testing.assert_close(seen, network[0](x))
