"""What other people's networks return is shown as they mean it: the probability is the network's own."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attribkit.errors import InputError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.network_output import to_logits
from attribkit.text import WordIndex

WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}
TEXTS = ["the film was not very good", "bad", "not bad"]
Last = Callable[[Tensor], Any]


class Mean(nn.Module):
    """The mean of embeddings, a linear layer, and whatever comes last."""

    def __init__(self, last: Last, classes: int = 2) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words, self.linear = nn.Embedding(9, 8), nn.Linear(8, classes)
        self.last = last

    def forward(self, x: Tensor) -> Any:
        return self.last(3 * self.linear(self.words(x).mean(1)))


def model(network: nn.Module, labels: tuple[str, ...] = ("neg", "pos"), **options: Any) -> Classifier:
    return Classifier(Adapted(network, **options), WordIndex(WORDS), labels)


def own(network: nn.Module, text: str) -> Any:
    with torch.no_grad():
        return network(torch.tensor([[WORDS[word] for word in text.split()]]))


SINGLE: dict[str, Last] = {
    "module": nn.Sigmoid(),
    "torch": torch.sigmoid,
    "functional": F.sigmoid,
    "method, squeezed": lambda z: z.sigmoid().squeeze(1),
    "squeezed to nothing": lambda z: torch.sigmoid(z).squeeze(),
    "in place": lambda z: z.clone().sigmoid_(),
    "indexed": lambda z: torch.sigmoid(z)[:, 0],
}
SEVERAL: dict[str, Last] = {
    "softmax module": nn.Softmax(1),
    "softmax": lambda z: F.softmax(z, dim=-1),
    "log-softmax": nn.LogSoftmax(1),
    "both sides of a sigmoid": lambda z: torch.cat((1 - z[:, :1].sigmoid(), z[:, :1].sigmoid()), 1),
    "exp over sum": lambda z: z.exp() / z.exp().sum(1, keepdim=True),
    "logits": lambda z: z,
}


@pytest.mark.parametrize("outputs", [None, "probability", "logit"])
@pytest.mark.parametrize("kind", SINGLE)
def test_a_sigmoids_probability_is_shown_as_it_is(kind: str, outputs: Any) -> None:
    network = Mean(SINGLE[kind], 1)
    shown = model(network, outputs=outputs).predict(TEXTS)["pos"]
    assert shown.tolist() == pytest.approx([float(own(network, text)) for text in TEXTS], abs=1e-6)


@pytest.mark.parametrize("kind", SEVERAL)
def test_a_softmaxs_probabilities_are_shown_as_they_are(kind: str) -> None:
    network = Mean(SEVERAL[kind])
    shown = model(network).predict(TEXTS)[["neg", "pos"]].to_numpy()
    for row, text in zip(shown, TEXTS, strict=True):
        outputs = own(network, text)[0]
        right = {"log-softmax": outputs.exp(), "logits": outputs.softmax(0)}.get(kind, outputs)
        assert row.tolist() == pytest.approx(right.tolist(), abs=1e-6)


def test_a_sigmoid_inside_is_no_probability() -> None:
    network = Mean(lambda z: 2 * torch.sigmoid(z) - 3, 1)
    shown = model(network).predict(TEXTS)["pos"]
    assert shown.tolist() == pytest.approx([float(own(network, text).sigmoid()) for text in TEXTS], abs=1e-6)


def test_logits_that_lie_between_0_and_1_are_logits() -> None:
    network = Mean(lambda z: 0.5 + 0.01 * z, 1)
    shown = model(network).predict(TEXTS)["pos"]
    assert shown.tolist() == pytest.approx([float(own(network, text).sigmoid()) for text in TEXTS], abs=1e-6)


@pytest.mark.parametrize(
    "last",
    [
        lambda z: (z, z + 1),
        lambda z: (z.sum(), z),
        lambda z: {"loss": z.sum(), "logits": z},
        lambda z: {"scores": z},
        lambda z: SimpleNamespace(logits=z),
        lambda z: z.unsqueeze(0),
        lambda z: z.unsqueeze(1),
        lambda z: z.squeeze(),
    ],
    ids=["tuple", "loss first", "mapping", "one entry", "object", "(1, B, C)", "(B, 1, C)", "squeezed"],
)
def test_the_outputs_are_found_in_what_is_returned(last: Last) -> None:
    plain = model(Mean(lambda z: z)).predict(TEXTS)
    assert model(Mean(last)).predict(TEXTS)["pos"].tolist() == plain["pos"].tolist()


def test_ids_may_be_taken_time_first() -> None:
    class TimeFirst(Mean):
        def forward(self, x: Tensor) -> Any:
            return super().forward(x.T)

    plain = model(Mean(lambda z: z)).predict(TEXTS)["pos"].tolist()
    assert model(TimeFirst(lambda z: z), batch_first=False).predict(TEXTS)["pos"].tolist() == plain


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (lambda z: {"a": z, "b": z}, r"got dict of 'a' \(1, 2\), 'b' \(1, 2\); wrap it"),
        (lambda z: "neg", r"got str; wrap it"),
        (lambda z: z.expand(6, 1, 2)[:, 0], r"\(B, C\) for 1 text, got \(6, 2\); pool over the tokens"),
        (lambda z: z.sigmoid(), r"sigmoid for each of 2 outputs, so that several labels may hold at once"),
    ],
)
def test_what_cannot_be_read_is_named(last: Last, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        model(Mean(last)).predict("bad")


def test_the_logits_of_a_certain_probability_are_finite() -> None:
    logits = to_logits(torch.tensor([0.0, 0.5, 1.0]), "probability")
    assert logits.isfinite().all() and logits.softmax(1)[:, 1].tolist() == pytest.approx([0, 0.5, 1], abs=1e-6)
    assert to_logits(torch.tensor([[0.0, 1.0]]), "probabilities").isfinite().all()


def test_an_unknown_kind_of_outputs_is_refused() -> None:
    with pytest.raises(InputError, match=r"`outputs` must be one of 'logits', 'log_probabilities'.* got 'scores'"):
        Adapted(Mean(lambda z: z), outputs="scores")  # type: ignore[arg-type]  # on purpose
