"""A classifier's fingerprint changes with each thing that an answer depends on, and with nothing else."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import printed
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.fingerprint import FORMAT, fingerprint
from attribkit.models.model_folder import bundled
from attribkit.projection.reference_map import map_reference
from attribkit.text.encoded import Encoded
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.text.word_index import WordIndex

VOCABULARY = {"<pad>": 0, "<unk>": 1, "good": 2, "bad": 3, "film": 4}
TEXTS = ["a good film", "the worst movie ever , dull and bad"]


def of(network: nn.Module, tokenizer: Any = None) -> str:
    return fingerprint(network, tokenizer or WordIndex(VOCABULARY), ("neg", "pos"))


class Own(nn.Module):
    """A user's own network with much that is no weight: a counter, a hidden buffer, plain settings."""

    def __init__(self, temperature: float = 1.0, act: Callable[[Any], Any] = torch.relu, stride: int = 1) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embedding = nn.Embedding(5, 4)
            self.convolution = nn.Conv1d(4, 4, 3, padding=1, stride=stride)
            self.norm = nn.BatchNorm1d(4)
            self.output = nn.Linear(4, 2)
        self.register_buffer("places", torch.arange(3.0), persistent=False)
        self.temperature, self.act = temperature, act
        self.attention: torch.Tensor | None = None

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        values = self.embedding(ids) * mask.unsqueeze(-1)
        self.attention = values.sum(2)  # as many networks do, for whoever wants to look at it
        hidden = self.norm(self.act(self.convolution(values.transpose(1, 2)))).amax(2)
        return self.output(hidden) / self.temperature


def test_settings_that_no_weight_shows_count(make_classifier: Callable[..., Classifier]) -> None:
    found = {make_classifier("lstm", summary=how).fingerprint() for how in ("final", "last", "mean", "max")}
    weights = {str(make_classifier("lstm", summary=how).network.state_dict()) for how in ("final", "max")}
    assert len(found) == 4 and len(weights) == 1


def test_labels_and_their_order_count(make_classifier: Callable[..., Classifier]) -> None:
    labels = [("neg", "pos"), ("pos", "neg"), ("ne", "gpos"), ("neg", "pos!")]
    assert len({make_classifier(labels=one).fingerprint() for one in labels}) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"max_length": 3},
        {"truncate": "start"},
        {"lowercase": False},
        {"level": "character"},
        {"stop_words": ("a",)},
        {"remove_parenthesised": True},
        {"remove_non_alphanumeric": True},
    ],
)
def test_every_setting_of_the_tokenizer_counts(make_classifier: Callable[..., Classifier], change: Any) -> None:
    model = make_classifier()
    vocabulary, settings = model.tokenizer.vocabulary, model.tokenizer.settings  # type: ignore[attr-defined]  # ours
    same = Classifier(model.network, Tokenizer.of(vocabulary, settings), model.labels)
    other = Classifier(model.network, Tokenizer.of(vocabulary, replace(settings, **change)), model.labels)
    assert same.fingerprint() == model.fingerprint() != other.fingerprint()


def test_the_vocabulary_counts(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    vocabulary = dict(model.tokenizer.vocabulary)  # type: ignore[attr-defined]  # ours
    vocabulary["good"], vocabulary["bad"] = vocabulary["bad"], vocabulary["good"]
    other = Classifier(model.network, Tokenizer.of(vocabulary, TextSettings(min_frequency=1)), model.labels)
    assert other.fingerprint() != model.fingerprint()
    assert other.predict(TEXTS[:1]).iloc[0, 2] != model.predict(TEXTS[:1]).iloc[0, 2]


def test_a_word_index_counts_with_its_vocabulary_length_and_function() -> None:
    network = Own()
    found = [
        of(network, one)
        for one in (
            WordIndex(VOCABULARY),
            WordIndex(VOCABULARY, split=lambda text: text.split()),
            WordIndex(VOCABULARY, split=lambda text: text.lower().split()),
            WordIndex(VOCABULARY, max_length=5),
            WordIndex(VOCABULARY, unk="bad"),
            WordIndex(VOCABULARY | {"story": 4}),
        )
    ]
    assert len(set(found)) == len(found)
    assert of(network, WordIndex(dict(reversed(VOCABULARY.items())))) == found[0]


class Letters:
    """A user's own tokenizer that keeps what it has seen."""

    pad_id, unk_id = 0, 1

    def __init__(self, words: Mapping[str, int], lower: bool = True) -> None:
        self.words, self.lower, self.seen = words, lower, object()

    def encode(self, texts: Any) -> list[Encoded]:
        raise NotImplementedError

    def ids(self, texts: Any) -> list[np.ndarray]:
        raise NotImplementedError


class Told(Letters):
    """One that says itself what it is."""

    def fingerprint(self) -> str:
        return "as I was on Monday"


def test_a_users_own_tokenizer_counts_as_far_as_it_can_be_seen() -> None:
    network = Own()
    plain = of(network, Letters(VOCABULARY))
    assert plain == of(network, Letters(VOCABULARY))
    assert len({plain, of(network, Letters(VOCABULARY, False)), of(network, Letters({"a": 2}))}) == 3
    assert of(network, Told({"a": 2})) == of(network, Told({"b": 2})) != plain


def test_what_a_users_own_network_is_made_of_counts() -> None:
    plain = Own()
    variants: list[nn.Module] = [plain, Own(temperature=2.0), Own(act=torch.tanh), Own(stride=2)]
    variants += [
        Adapted(Own(), "ids, mask"),
        Adapted(Own(), "ids, mask", length=9),
        Adapted(Own(), "ids, mask", "logit"),
    ]
    moved = Own()
    moved.get_buffer("places").add_(1)
    counted = Own()
    counted.get_buffer("norm.num_batches_tracked").add_(1)
    variants += [moved, counted, Own().double(), Own().to(torch.bfloat16), type("Other", (Own,), {})()]
    found = [of(one) for one in variants]
    assert len(set(found)) == len(found)
    assert of(Own()) == found[0]


def test_running_mode_gradients_and_copies_change_nothing() -> None:
    network = Own()
    before = of(network)
    network.eval()(torch.tensor([[2, 3, 4]]), torch.ones(1, 3, dtype=torch.bool)).sum().backward()
    assert network.attention is not None and network.output.weight.grad is not None
    network.requires_grad_(False)
    network.attention = network.attention.detach()
    assert before == of(network) == of(network.train()) == of(copy.deepcopy(network))


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn", "lstm"])
def test_explaining_and_copying_change_nothing(make_classifier: Callable[..., Classifier], architecture: str) -> None:
    model = make_classifier(architecture)
    before = model.fingerprint()
    assert ak.explain(model, TEXTS)[0].provenance["fingerprint"] == before
    assert before == model.fingerprint() == model.copy().fingerprint() == copy.deepcopy(model).fingerprint()
    assert model.copy(share_weights=True).fingerprint() == before


TENSORS = {
    "of no dimension": torch.tensor(3),
    "empty": torch.empty(0, 4),
    "transposed": torch.arange(6.0).reshape(2, 3).T,
    "repeated": torch.ones(3).expand(2, 3),
    "half": torch.ones(2, dtype=torch.float16),
    "bf16": torch.tensor(1.5, dtype=torch.bfloat16),
    "fp8": torch.ones(2, dtype=torch.float8_e4m3fn),
    "conjugate": torch.tensor([1 + 2j]).conj(),
    "bool": torch.tensor(True),
    "sparse": torch.eye(3).to_sparse(),
}


class Holding(nn.Module):
    """A network that has one tensor more."""

    def __init__(self, tensor: torch.Tensor) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(torch.zeros(5, 2))
        self.register_buffer("held", tensor)


@pytest.mark.parametrize("name", TENSORS)
def test_every_kind_of_tensor_can_be_hashed(name: str) -> None:
    tensor = TENSORS[name]
    found = of(Holding(tensor))
    assert found == of(Holding(tensor.clone()))
    assert found not in {of(Holding(other)) for key, other in TENSORS.items() if key != name}


def test_the_layout_in_memory_does_not_count_and_the_shape_does() -> None:
    tensor = torch.arange(6.0).reshape(2, 3)
    assert of(Holding(tensor.T)) == of(Holding(tensor.T.contiguous())) != of(Holding(tensor.reshape(3, 2)))
    assert of(Holding(tensor)) != of(Holding(tensor.flatten())) != of(Holding(tensor.double().flatten()))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
@pytest.mark.filterwarnings("ignore:torch.ao.quantization")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_quantised_numbers_count_with_their_scale() -> None:
    values = torch.tensor([1.0, 2.0])
    found = [
        torch.quantize_per_tensor(values, scale, zero, torch.qint8) for scale, zero in ((0.5, 0), (1.0, 0), (0.5, 1))
    ]
    channels = torch.quantize_per_channel(torch.ones(2, 2), torch.tensor([0.5, 1.0]), torch.zeros(2), 0, torch.qint8)
    assert len({of(Holding(one)) for one in (*found, channels)}) == 4


@given(st.lists(st.floats(width=32), min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 31))
def test_any_bit_of_any_weight_counts(values: list[float], place: int, bit: int) -> None:
    one = np.array(values, dtype=np.float32)
    other = one.copy()
    other.view(np.uint32)[place % len(one)] ^= np.uint32(1 << bit)
    before = of(Holding(torch.from_numpy(one)))
    assert before == of(Holding(torch.from_numpy(one.copy()))) != of(Holding(torch.from_numpy(other)))


@given(st.lists(st.text(max_size=3), min_size=2, max_size=4, unique=True), st.data())
def test_no_two_lists_of_labels_are_alike(labels: list[str], data: st.DataObject) -> None:
    other = data.draw(st.permutations(labels).filter(lambda one: list(one) != labels))
    index, network = WordIndex(VOCABULARY), Holding(torch.zeros(1))
    found = [fingerprint(network, index, one) for one in (labels, other, [*labels, ""], ["".join(labels)])]
    assert len(set(found)) == 4


def test_it_is_the_same_in_another_process() -> None:
    code = "import attribkit as ak; print(ak.load('imdb-cnn', 'cpu').fingerprint())"
    assert printed(code) == ak.load("imdb-cnn", "cpu").fingerprint()


@pytest.mark.parametrize("name", bundled())
def test_the_points_that_a_bundled_model_carries_fit_it(name: str) -> None:
    model = ak.load(name, "cpu")
    assert model.reference is None or model.reference.fingerprint == model.fingerprint()


def test_networks_with_a_counter_are_explained(make_classifier: Callable[..., Classifier]) -> None:
    """BatchNorm counts its batches in a tensor of no dimension."""
    model = Classifier(Own().eval(), WordIndex(VOCABULARY), ("neg", "pos"))
    texts = ["good film", "bad bad film", "film good bad", "good"]
    assert ak.explain(model, texts[0], method="quadrature").provenance["fingerprint"] == model.fingerprint()
    assert ak.project(model, texts, layer="embedding").provenance["fingerprint"] == model.fingerprint()


def test_points_kept_under_another_tokenizer_do_not_fit(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    ak.keep_reference(model, [*TEXTS, "such a great show", "it was a horrible movie"])
    assert model.reference is not None and model.reference.fingerprint == model.fingerprint()
    settings = replace(model.tokenizer.settings, truncate="start", max_length=2)  # type: ignore[attr-defined]
    model.tokenizer = Tokenizer.of(model.tokenizer.vocabulary, settings)  # type: ignore[attr-defined]  # ours
    with pytest.raises(ValueError, match="the model has changed since the one it carries was made"):
        map_reference(model)


def test_a_weight_edited_past_autograd_counts(make_classifier: Callable[..., Classifier]) -> None:
    model = make_classifier()
    before, then = model.fingerprint(), ak.explain(model, TEXTS[0])
    model.network.output.weight.data[1] *= 3  # which leaves no trace in the tensor's version
    why = ak.explain(model, TEXTS[0])
    assert why.provenance["fingerprint"] == model.fingerprint() != before
    assert not why.to_frame().equals(then.to_frame())


def test_points_that_an_earlier_version_kept_are_known_again(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    model = make_classifier()
    ak.keep_reference(model, [*TEXTS, "such a great show", "it was a horrible movie"])
    assert model.reference is not None and model.reference.fingerprint.startswith(FORMAT)
    earlier = model.earlier_fingerprint()
    assert len(earlier) == 32 and earlier != model.fingerprint().removeprefix(FORMAT)
    model.reference = replace(model.reference, fingerprint=earlier)
    loaded = Classifier.load(model.save(tmp_path / "theirs"), "cpu")
    assert loaded.reference is not None and loaded.reference.fingerprint == loaded.fingerprint()
    assert map_reference(loaded).scatter.maps
    model.network.output.bias.data += 1
    stale = Classifier.load(model.save(tmp_path / "other"), "cpu")
    assert stale.reference is not None and stale.reference.fingerprint == earlier
    with pytest.raises(ValueError, match="the model has changed since the one it carries was made"):
        map_reference(stale)


def test_one_explanation_hashes_its_model_once(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_classifier()
    ak.keep_reference(model, [*TEXTS, "such a great show", "it was a horrible movie"])
    hashed: list[Any] = []

    def counted(*given: Any) -> str:
        hashed.append(given)
        return fingerprint(*given)

    monkeypatch.setattr("attribkit.models.classifier.fingerprint", counted)
    for text in TEXTS:
        assert "projection" in ak.explain(model, text, views="all").provenance["settings"]["views"]
    assert len(hashed) == len(TEXTS)
    model.fingerprint()
    assert len(hashed) == len(TEXTS) + 1
